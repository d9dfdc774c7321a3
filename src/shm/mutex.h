/* SPDX-License-Identifier: MIT */
#ifndef FL_SHM_MUTEX_H
#define FL_SHM_MUTEX_H

#include <stdint.h>

#include "shm/segment_impl.h"

/* "wait for ever" of all timeouts here; as in shm_sync.h */
#define FL_FOREVER UINT64_MAX

/** fl_mutex_init() - robust, shared between processes, error checking. Return: 0 or -errno. */
int fl_mutex_init(struct fl_mutex_body *m);

/**
 * fl_mutex_lock() - @timeout_ns: 0 = try, FL_FOREVER
 * @recover: called with the lock held when the last owner died; 0 = what it protects is sound again
 *
 * Without @recover the state is taken for sound. When @recover fails the mutex is broken for good.
 * Cost: 25 ns without contention.
 * Return: 0; 1: recovered; -ETIMEDOUT; -EDEADLK: the caller has it; -ENOTRECOVERABLE; what
 * @recover returned.
 */
int fl_mutex_lock(struct fl_mutex_body *m, uint64_t timeout_ns, int (*recover)(void *arg),
		  void *arg);

/** fl_mutex_unlock() - Return: 0; -EPERM: the caller has not got it. */
int fl_mutex_unlock(struct fl_mutex_body *m);

/** fl_owner_set(), fl_owner_clear() - note who holds something, since now */
void fl_owner_set(struct fl_owner *owner, const struct fl_process *who);
void fl_owner_clear(struct fl_owner *owner);

#endif
