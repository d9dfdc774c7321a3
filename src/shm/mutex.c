/* SPDX-License-Identifier: MIT */
#include "shm/mutex.h"

#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "base/size.h"

#define NS_PER_S UINT64_C(1000000000)

int fl_mutex_init(struct fl_mutex_body *m)
{
	pthread_mutexattr_t attr;
	int r = pthread_mutexattr_init(&attr);

	if (r != 0)
		return -r;
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
	r = pthread_mutex_init(&m->mutex, &attr);
	pthread_mutexattr_destroy(&attr);
	atomic_store(&m->state, FL_MUTEX_USABLE);
	atomic_store(&m->recovered, 0);
	fl_owner_clear(&m->owner);
	return -r;
}

void fl_owner_set(struct fl_owner *owner, const struct fl_process *who)
{
	atomic_store_explicit(&owner->start, who->start, memory_order_relaxed);
	atomic_store_explicit(&owner->since_s, fl_clock_wall_s(), memory_order_relaxed);
	atomic_store_explicit(&owner->pid, who->pid, memory_order_release);
}

void fl_owner_clear(struct fl_owner *owner)
{
	atomic_store_explicit(&owner->pid, 0, memory_order_release);
}

/* ThreadSanitizer (of gcc 12) does not know pthread_mutex_clocklock(): to it, what was locked by
 * that would be unlocked without having been locked. */
#ifdef __SANITIZE_THREAD__
#define LOCK_CLOCK CLOCK_REALTIME
#define lock_until(mutex, until) pthread_mutex_timedlock(mutex, until)
#else
#define LOCK_CLOCK CLOCK_MONOTONIC
#define lock_until(mutex, until) pthread_mutex_clocklock(mutex, LOCK_CLOCK, until)
#endif

static int lock_within(pthread_mutex_t *mutex, uint64_t timeout_ns)
{
	struct timespec until;
	uint64_t at;

	if (timeout_ns == FL_FOREVER)
		return pthread_mutex_lock(mutex);
	if (timeout_ns == 0)
		return pthread_mutex_trylock(mutex);
	clock_gettime(LOCK_CLOCK, &until);
	at = fl_add_sat((uint64_t)until.tv_sec * NS_PER_S + (uint64_t)until.tv_nsec, timeout_ns);
	until.tv_sec = (time_t)(at / NS_PER_S);
	until.tv_nsec = (long)(at % NS_PER_S);
	return lock_until(mutex, &until);
}

/* Unlocked without having been made consistent, a robust mutex can never be locked again. */
static int recover_state(struct fl_mutex_body *m, int (*recover)(void *arg), void *arg)
{
	int r = recover ? recover(arg) : 0;

	if (r < 0) {
		atomic_store(&m->state, FL_MUTEX_BROKEN);
		fl_owner_clear(&m->owner);
		pthread_mutex_unlock(&m->mutex);
		return r;
	}
	atomic_fetch_add(&m->recovered, 1);
	pthread_mutex_consistent(&m->mutex);
	return 1;
}

int fl_mutex_lock(struct fl_mutex_body *m, uint64_t timeout_ns, int (*recover)(void *arg),
		  void *arg)
{
	struct fl_process self;
	int r;

	/* glibc 2.36's trylock says so, too, but leaves the mutex locked by whoever asked. */
	if (atomic_load(&m->state) == FL_MUTEX_BROKEN)
		return -ENOTRECOVERABLE;
	r = lock_within(&m->mutex, timeout_ns);
	if (r == EBUSY)
		return -ETIMEDOUT;
	if (r != 0 && r != EOWNERDEAD)
		return -r;
	if (r == EOWNERDEAD) {
		r = recover_state(m, recover, arg);
		if (r < 0)
			return r;
	}
	fl_process_self(&self);
	fl_owner_set(&m->owner, &self);
	return r;
}

int fl_mutex_unlock(struct fl_mutex_body *m)
{
	struct fl_process self;
	int32_t nobody = 0;
	bool ours;
	int r;

	if (atomic_load(&m->state) == FL_MUTEX_BROKEN)
		return -EPERM;
	fl_process_self(&self);
	ours = atomic_load_explicit(&m->owner.pid, memory_order_relaxed) == self.pid;
	if (ours)
		fl_owner_clear(&m->owner);
	r = pthread_mutex_unlock(&m->mutex);
	/* It is another thread's. */
	if (r == EPERM && ours)
		atomic_compare_exchange_strong(&m->owner.pid, &nobody, self.pid);
	return -r;
}
