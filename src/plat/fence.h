/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_FENCE_H
#define FL_PLAT_FENCE_H

#include <stdbool.h>

/**
 * DOC: Memory barriers that only one side pays for.
 *
 * Two that each write a word and then read the other's need a full barrier in between, or both may
 * miss what the other one wrote. Where one of them does so a million times a second and the other
 * one seldom, the seldom one can run the barrier for both: it has the kernel interrupt the
 * processors that the other one may be running on (membarrier(2), MEMBARRIER_CMD_GLOBAL_EXPEDITED).
 */

/**
 * fl_fence_join() - the calling process takes part: fl_fence_all() of others reaches it from now on
 *
 * Children of fork(2) take part, too.
 * Cost: 1 us; with several threads 10 ms, the first time.
 * Return: true; false: this kernel cannot do it, or may not.
 */
bool fl_fence_join(void);

/**
 * fl_fence_all() - a full barrier here, and on all processors that run a process which has joined
 *
 * For the others it is as if they had run one at some moment of the call; between their write and
 * their read they have to keep the compiler's order (atomic_signal_fence(3)), no more.
 * Cost: 0.4 us; 9 us of a virtual machine when a processor has to be interrupted.
 */
void fl_fence_all(void);

#endif
