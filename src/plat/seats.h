/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_SEATS_H
#define FL_PLAT_SEATS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"

/**
 * DOC: Threads of one run that share a processor while another one idles.
 *
 * A hypervisor says of a virtual processor that has halted that it is not running, and the kernel's wake-up takes one
 * that is not running for one that is not free (vcpu_is_preempted() in available_idle_cpu(), kernel/sched). Whoever
 * is woken then lands beside its waker, and the two share that processor until the load is balanced, up to 40 ms
 * later: as long as two threads take for 300 MB. So they look around between chunks, which is a few ns as long as
 * nobody else was seen there, and one of two that share leaves.
 */

/* More threads are not looked after: of so many, one that shares a processor is no great part. */
#define FL_SEATS_MAX 64u

/**
 * struct fl_seat - where a thread was seen; all but the first line is the thread's own
 * @cpu: number, or -1; @tid: 0 before it has looked
 * @preempted: times until the last look around
 * @pause_ns: the last move led to a busy processor: no other one for so long; @until_ns: by the clock
 */
struct fl_seat {
	FL_CACHE_ALIGNED _Atomic int cpu;
	_Atomic int tid;
	uint64_t preempted;
	uint64_t pause_ns;
	uint64_t until_ns;
};

/** struct fl_seats - @count: threads that are looked after; 0: none */
struct fl_seats {
	unsigned count;
	struct fl_seat seat[FL_SEATS_MAX];
};

/** fl_seats_init() - for threads 0 .. @threads - 1; if there are more than processors, nothing will be done */
void fl_seats_init(struct fl_seats *s, unsigned threads);

/**
 * fl_seats_look() - thread @i leaves its processor if another one of @s runs there, too, and has kept it waiting
 *
 * Its affinity is as before when it returns. Threads: each with its own number.
 * Return: has it left?
 */
bool fl_seats_look(struct fl_seats *s, unsigned i);

#endif
