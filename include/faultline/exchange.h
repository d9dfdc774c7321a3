/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_EXCHANGE_H
#define FAULTLINE_EXCHANGE_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>
#include <faultline/export.h>

FL_BEGIN_DECLS

/**
 * DOC: How fast two processes exchange messages.
 *
 * One process sends, the other one, its child, takes each message into memory of its own; or both
 * send the same message to and fro. The ways differ in how often a message is copied, and in what
 * the waiting side does.
 */
enum fl_exchange {
	FL_EXCHANGE_RING_POSIX, /* fl_shm_ring_write() in a segment of each kind */
	FL_EXCHANGE_RING_SYSV,
	FL_EXCHANGE_RING_FILE, /* a file in TMPDIR, else /var/tmp */
	FL_EXCHANGE_RING_MEMFD,
	FL_EXCHANGE_PIPE,   /* write(2), read(2) */
	FL_EXCHANGE_UNIX,   /* a stream socket pair */
	FL_EXCHANGE_SPLICE, /* the same, filled by vmsplice(2) and splice(2) */
	FL_EXCHANGE_MQUEUE  /* mq_send(3) */
};

/**
 * struct fl_exchange_result - one measurement
 * @size:      sizeof this struct
 * @messages:  sent one way, in @ns
 * @rounds:    to and fro; half of the median and of the 99th percentile of their times is
 *             @latency_ns and @latency_p99_ns
 * @copies:    of each message between the sender's memory and the receiver's
 */
struct fl_exchange_result {
	size_t size;
	uint64_t messages;
	uint64_t ns;
	uint64_t rounds;
	uint64_t latency_ns;
	uint64_t latency_p99_ns;
	unsigned copies;
};

/** fl_exchange_name() - "ring-posix", ..., "pipe", "unix", "splice", "mqueue"; NULL for another value */
FL_API const char *fl_exchange_name(enum fl_exchange way);

/**
 * fl_exchange_run() - measure one way with messages of one size
 * @message_bytes: 1 .. 64 MiB
 * @budget_ns: about how long each of the two measurements may take
 * @ret: its size must be set
 *
 * Cost: twice the budget, and a child process. Nothing is left behind.
 * Return: 0; -EINVAL; -EMSGSIZE: the way does not take messages of that size; -FL_EUNSUPPORTED:
 * this kernel has not got it; -EOWNERDEAD: the child was killed; -errno.
 */
FL_API int fl_exchange_run(enum fl_exchange way, uint64_t message_bytes, uint64_t budget_ns,
			   struct fl_exchange_result *ret, struct fl_error *reterr);

FL_END_DECLS

#endif
