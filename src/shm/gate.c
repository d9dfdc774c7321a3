/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "plat/futex.h"
#include "shm/mutex.h"
#include "shm/object.h"

int fl_gate_init(void *body, const struct fl_shm_spec *spec)
{
	struct fl_gate_body *g = body;

	g->units = spec->count;
	atomic_store(&g->value, spec->count);
	return fl_mutex_init(&g->lock);
}

/* The table is sound at every instruction: there is nothing to recover. */
static int enter(struct fl_gate_body *g)
{
	int r = fl_mutex_lock(&g->lock, FL_FOREVER, NULL, NULL);

	return r < 0 ? r : 0;
}

static void pass_turn(struct fl_gate_body *g)
{
	atomic_fetch_add(&g->turn, 1);
	if (atomic_load(&g->waiters) > 0)
		fl_futex_wake(&g->turn, INT32_MAX);
}

static bool admits(const struct fl_gate_body *g, uint32_t mode)
{
	const struct fl_holder *h = g->holders;

	switch (mode) {
	case FL_HOLD_READ:
		return fl_holder_count(h, FL_HOLD_WRITE) == 0 &&
		       fl_holder_count(h, FL_HOLD_WANT) == 0;
	case FL_HOLD_WRITE:
		return fl_holder_count(h, FL_HOLD_WRITE) == 0 &&
		       fl_holder_count(h, FL_HOLD_READ) == 0;
	default:
		return fl_holder_count(h, FL_HOLD_UNIT) < g->units;
	}
}

/* One try, with the lock held. Return: 0: it has it; 1: and a dead one had it; -EBUSY; -EAGAIN. */
static int try_enter(struct fl_gate_body *g, uint32_t mode, bool look_for_dead)
{
	unsigned dead = 0;
	int r;

	if (!admits(g, mode) && look_for_dead)
		dead = fl_holder_purge(g->holders);
	if (!admits(g, mode))
		return -EBUSY;
	r = fl_holder_add(g->holders, mode);
	return r < 0 ? r : dead > 0;
}

static int acquire(struct fl_gate_body *g, uint32_t mode, uint64_t timeout_ns)
{
	uint64_t deadline = fl_deadline_ns(timeout_ns), left;
	bool wanted = false;
	uint32_t seen;
	int r;

	for (;;) {
		r = enter(g);
		if (r < 0)
			return r;
		r = try_enter(g, mode, true);
		left = fl_left_ns(deadline);
		if (r == -EBUSY && left > 0 && mode == FL_HOLD_WRITE && !wanted)
			wanted = fl_holder_add(g->holders, FL_HOLD_WANT) == 0;
		if (r != -EBUSY || left == 0) {
			if (wanted) {
				(void)fl_holder_drop(g->holders, FL_HOLD_WANT);
				pass_turn(g);
			}
			fl_mutex_unlock(&g->lock);
			return r == -EBUSY ? -ETIMEDOUT : r;
		}
		seen = atomic_load(&g->turn);
		fl_mutex_unlock(&g->lock);
		atomic_fetch_add(&g->waiters, 1);
		(void)fl_futex_wait(&g->turn, seen, left);
		atomic_fetch_sub(&g->waiters, 1);
	}
}

static int release(struct fl_gate_body *g, uint32_t mode)
{
	int r = enter(g);

	if (r < 0)
		return r;
	r = fl_holder_drop(g->holders, mode);
	if (r == 0)
		pass_turn(g);
	fl_mutex_unlock(&g->lock);
	return r;
}

int fl_shm_read_lock(struct fl_shm_object *o, uint64_t timeout_ns)
{
	return o->kind == FL_SHM_RWLOCK ? acquire(fl_object_body(o), FL_HOLD_READ, timeout_ns)
					: -EINVAL;
}

int fl_shm_write_lock(struct fl_shm_object *o, uint64_t timeout_ns)
{
	return o->kind == FL_SHM_RWLOCK ? acquire(fl_object_body(o), FL_HOLD_WRITE, timeout_ns)
					: -EINVAL;
}

int fl_shm_rw_unlock(struct fl_shm_object *o)
{
	int r;

	if (o->kind != FL_SHM_RWLOCK)
		return -EINVAL;
	r = release(fl_object_body(o), FL_HOLD_WRITE);
	return r == -EPERM ? release(fl_object_body(o), FL_HOLD_READ) : r;
}

static int take_unit(struct fl_gate_body *g, uint64_t timeout_ns)
{
	uint64_t deadline = fl_deadline_ns(timeout_ns), left;
	uint32_t value = atomic_load(&g->value);

	for (;;) {
		while (value > 0)
			if (atomic_compare_exchange_weak(&g->value, &value, value - 1))
				return 0;
		left = fl_left_ns(deadline);
		if (left == 0)
			return -ETIMEDOUT;
		atomic_fetch_add(&g->waiters, 1);
		(void)fl_futex_wait(&g->value, 0, left);
		atomic_fetch_sub(&g->waiters, 1);
		value = atomic_load(&g->value);
	}
}

int fl_shm_sem_wait(struct fl_shm_object *o, uint64_t timeout_ns)
{
	if (o->kind != FL_SHM_SEMAPHORE)
		return -EINVAL;
	if (o->flags & FL_SHM_OWNED)
		return acquire(fl_object_body(o), FL_HOLD_UNIT, timeout_ns);
	return take_unit(fl_object_body(o), timeout_ns);
}

int fl_shm_sem_post(struct fl_shm_object *o)
{
	struct fl_gate_body *g = fl_object_body(o);
	uint32_t value;

	if (o->kind != FL_SHM_SEMAPHORE)
		return -EINVAL;
	if (o->flags & FL_SHM_OWNED)
		return release(g, FL_HOLD_UNIT);
	value = atomic_load(&g->value);
	do
		if (value == INT32_MAX)
			return -EOVERFLOW;
	while (!atomic_compare_exchange_weak(&g->value, &value, value + 1));
	if (atomic_load(&g->waiters) > 0)
		fl_futex_wake(&g->value, 1);
	return 0;
}
