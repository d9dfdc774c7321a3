/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "plat/futex.h"
#include "shm/mutex.h"
#include "shm/object.h"

int fl_event_init(void *body, const struct fl_shm_spec *spec)
{
	struct fl_event_body *e = body;

	e->auto_reset = (spec->flags & FL_SHM_AUTO_RESET) != 0;
	return 0;
}

void fl_shm_event_set(struct fl_shm_object *o)
{
	struct fl_event_body *e = fl_object_body(o);

	if (o->kind != FL_SHM_EVENT)
		return;
	atomic_store(&e->state, 1);
	if (atomic_load(&e->waiters) > 0)
		fl_futex_wake(&e->state, e->auto_reset ? 1 : INT32_MAX);
}

void fl_shm_event_reset(struct fl_shm_object *o)
{
	struct fl_event_body *e = fl_object_body(o);

	if (o->kind == FL_SHM_EVENT)
		atomic_store(&e->state, 0);
}

static bool is_set(struct fl_event_body *e)
{
	uint32_t one = 1;

	if (e->auto_reset)
		return atomic_compare_exchange_strong(&e->state, &one, 0);
	return atomic_load(&e->state) == 1;
}

int fl_shm_event_wait(struct fl_shm_object *o, uint64_t timeout_ns)
{
	struct fl_event_body *e = fl_object_body(o);
	uint64_t deadline, left;

	if (o->kind != FL_SHM_EVENT)
		return -EINVAL;
	deadline = fl_deadline_ns(timeout_ns);
	while (!is_set(e)) {
		left = fl_left_ns(deadline);
		if (left == 0)
			return -ETIMEDOUT;
		atomic_fetch_add(&e->waiters, 1);
		(void)fl_futex_wait(&e->state, 0, left);
		atomic_fetch_sub(&e->waiters, 1);
	}
	return 0;
}

/* No pthread_cond_t: a waiter that is killed leaves glibc's waiting for it for ever. Here a waiter
 * leaves nothing but a number that is too high by one. */
int fl_shm_cond_wait(struct fl_shm_object *cond, struct fl_shm_object *mutex, uint64_t timeout_ns)
{
	struct fl_event_body *e = fl_object_body(cond);
	uint32_t seen;
	int r, slept;

	if (cond->kind != FL_SHM_CONDITION || mutex->kind != FL_SHM_MUTEX)
		return -EINVAL;
	seen = atomic_load(&e->state);
	atomic_fetch_add(&e->waiters, 1);
	r = fl_shm_mutex_unlock(mutex);
	if (r < 0) {
		atomic_fetch_sub(&e->waiters, 1);
		return r;
	}
	/* A year is for ever: the caller looks at its condition and waits again. */
	slept = fl_futex_wait(&e->state, seen,
			      timeout_ns < UINT64_C(31536000000000000)
				      ? timeout_ns
				      : UINT64_C(31536000000000000));
	atomic_fetch_sub(&e->waiters, 1);
	r = fl_shm_mutex_lock(mutex, FL_FOREVER, NULL, NULL);
	return r != 0 ? r : slept;
}

void fl_shm_cond_wake(struct fl_shm_object *cond, int all)
{
	struct fl_event_body *e = fl_object_body(cond);

	if (cond->kind != FL_SHM_CONDITION)
		return;
	atomic_fetch_add(&e->state, 1);
	if (atomic_load(&e->waiters) > 0)
		fl_futex_wake(&e->state, all ? INT32_MAX : 1);
}
