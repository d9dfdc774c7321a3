/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_CHANNEL_H
#define FL_PLAT_CHANNEL_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

/**
 * DOC: The kernel's own ways from one process to another, to be measured against.
 *
 * One direction each; made before fork(2), after which either side keeps one end.
 */
enum fl_channel_kind {
	FL_CHANNEL_PIPE,
	FL_CHANNEL_UNIX,
	FL_CHANNEL_SPLICE,
	FL_CHANNEL_MQUEUE
};

enum fl_channel_end {
	FL_CHANNEL_SENDER,
	FL_CHANNEL_RECEIVER
};

/**
 * struct fl_channel - one direction
 * @in, @out: its ends; of a queue the same
 * @pipe:     splice: what pages go through
 * @peer:     queue: number of the process that has the other end
 * @look:     queue: CLOCK_REALTIME, when a waiter next looks whether @peer is alive
 */
struct fl_channel {
	enum fl_channel_kind kind;
	int in;
	int out;
	int pipe[2];
	size_t message_bytes;
	int32_t peer;
	struct timespec look;
};

/** fl_channel_open() - Return: 0; -EMSGSIZE: messages too large for a queue; -errno. */
int fl_channel_open(enum fl_channel_kind kind, size_t message_bytes, struct fl_channel *ret);

/**
 * fl_channel_keep() - close the other end, so that @peer's death is noticed
 * @peer: the process that keeps the other one: a child that is not reaped yet, or the parent
 */
void fl_channel_keep(struct fl_channel *ch, enum fl_channel_end end, int32_t peer);

/**
 * fl_channel_send(), fl_channel_receive() - one whole message
 *
 * To be called with SIGPIPE held back (fl_sigpipe_hold()).
 * Return: 0; -EPIPE, -ECONNRESET: the other end is gone; -errno.
 */
int fl_channel_send(struct fl_channel *ch, const void *data, size_t len);
int fl_channel_receive(struct fl_channel *ch, void *buf, size_t len);

/** fl_channel_close() - the ends that are open */
void fl_channel_close(struct fl_channel *ch);

#endif
