/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "base/size.h"
#include "plat/futex.h"
#include "shm/mutex.h"
#include "shm/object.h"

/* 16 MiB: larger things go through a ring. */
#define MESSAGE_MAX (UINT64_C(16) << 20)
#define SLOTS_MAX 65536u

uint32_t fl_queue_stride(uint32_t message_bytes)
{
	return (uint32_t)fl_round_up((uint64_t)message_bytes + sizeof(uint32_t), 8);
}

uint64_t fl_queue_bytes(const struct fl_shm_spec *spec)
{
	if (spec->bytes == 0 || spec->bytes > MESSAGE_MAX || spec->count == 0 ||
	    spec->count > SLOTS_MAX)
		return 0;
	return sizeof(struct fl_queue_body) +
	       (uint64_t)spec->count * fl_queue_stride((uint32_t)spec->bytes);
}

int fl_queue_init(void *body, const struct fl_shm_spec *spec)
{
	struct fl_queue_body *q = body;

	q->slots = spec->count;
	q->message_bytes = (uint32_t)spec->bytes;
	return fl_mutex_init(&q->lock);
}

/**
 * struct view - what the body says about itself, read once and checked
 */
struct view {
	struct fl_queue_body *q;
	uint32_t slots;
	uint32_t most;
	uint32_t stride;
};

static int look(const struct fl_shm_object *o, struct view *v)
{
	if (o->kind != FL_SHM_QUEUE)
		return -EINVAL;
	v->q = fl_object_body(o);
	v->slots = v->q->slots;
	v->most = v->q->message_bytes;
	v->stride = fl_queue_stride(v->most);
	if (v->slots == 0 || v->slots > SLOTS_MAX || v->most == 0 || v->most > MESSAGE_MAX ||
	    (uint64_t)v->slots * v->stride > o->bytes - sizeof(*v->q))
		return -FL_ECORRUPT;
	return 0;
}

static uint32_t role_of(const struct fl_shm_object *o)
{
	return o->flags & FL_SHM_PRODUCER ? FL_HOLD_PRODUCER : FL_HOLD_CONSUMER;
}

static int enter(struct fl_queue_body *q)
{
	/* Head and tail move by one store each, after the message was copied: always sound. */
	int r = fl_mutex_lock(&q->lock, FL_FOREVER, NULL, NULL);

	return r < 0 ? r : 0;
}

static void wake_all(struct fl_queue_body *q)
{
	atomic_fetch_add(&q->data_turn, 1);
	atomic_fetch_add(&q->room_turn, 1);
	fl_futex_wake(&q->data_turn, INT32_MAX);
	fl_futex_wake(&q->room_turn, INT32_MAX);
}

/* With the lock held. Return: rows that are free now. */
static unsigned bury(struct fl_queue_body *q)
{
	unsigned before = fl_holder_count(q->peers, FL_HOLD_PRODUCER);
	unsigned dead = fl_holder_purge(q->peers);

	atomic_fetch_add(&q->dead_producers, before - fl_holder_count(q->peers, FL_HOLD_PRODUCER));
	return dead;
}

int fl_queue_join(struct fl_shm_object *o)
{
	unsigned role = o->flags & (FL_SHM_PRODUCER | FL_SHM_CONSUMER);
	struct view v;
	int r = look(o, &v);

	if (r < 0)
		return r;
	r = enter(v.q);
	if (r < 0)
		return r;
	r = fl_holder_add(v.q->peers, role_of(o));
	if (r == -EAGAIN && bury(v.q) > 0)
		r = fl_holder_add(v.q->peers, role_of(o));
	if (r == 0)
		atomic_store(role == FL_SHM_PRODUCER ? &v.q->producers_seen : &v.q->consumers_seen,
			     1);
	fl_mutex_unlock(&v.q->lock);
	return r;
}

void fl_queue_leave(struct fl_shm_object *o)
{
	struct view v;

	if (look(o, &v) < 0 || enter(v.q) < 0)
		return;
	(void)fl_holder_drop(v.q->peers, role_of(o));
	fl_mutex_unlock(&v.q->lock);
	wake_all(v.q);
}

/* With the lock held. Are those on the other side gone? Only when there were any. */
static int peers_gone(struct fl_queue_body *q, uint32_t mode, const _Atomic uint32_t *seen)
{
	(void)bury(q);
	if (atomic_load(seen) == 0 || fl_holder_count(q->peers, mode) > 0)
		return 0;
	return mode == FL_HOLD_PRODUCER && atomic_load(&q->dead_producers) > 0 ? -EOWNERDEAD
									       : -EPIPE;
}

/* Message @at: its length word, then its bytes. */
static unsigned char *slot_of(const struct view *v, uint64_t at)
{
	return v->q->data + at % v->slots * v->stride;
}

static int try_push(const struct view *v, const void *data, uint32_t len)
{
	uint64_t head = atomic_load(&v->q->head), tail = atomic_load(&v->q->tail);
	unsigned char *slot = slot_of(v, tail);

	if (tail - head > v->slots)
		return -FL_ECORRUPT;
	if (tail - head == v->slots) {
		int r = peers_gone(v->q, FL_HOLD_CONSUMER, &v->q->consumers_seen);

		return r < 0 ? r : -EAGAIN;
	}
	memcpy(slot, &len, sizeof(len));
	memcpy(slot + sizeof(len), data, len);
	atomic_store(&v->q->tail, tail + 1);
	return 0;
}

static int64_t try_pop(const struct view *v, void *buf, size_t room)
{
	uint64_t head = atomic_load(&v->q->head), tail = atomic_load(&v->q->tail);
	const unsigned char *slot = slot_of(v, head);
	uint32_t len;

	if (tail - head > v->slots)
		return -FL_ECORRUPT;
	if (tail == head) {
		int r = peers_gone(v->q, FL_HOLD_PRODUCER, &v->q->producers_seen);

		return r < 0 ? r : -EAGAIN;
	}
	memcpy(&len, slot, sizeof(len));
	if (len > v->most)
		return -FL_ECORRUPT;
	if (len > room)
		return -EMSGSIZE;
	memcpy(buf, slot + sizeof(len), len);
	atomic_store(&v->q->head, head + 1);
	return (int64_t)len;
}

static void sleep_on(_Atomic uint32_t *turn, uint32_t seen, _Atomic uint32_t *waiters,
		     uint64_t left)
{
	(void)fl_futex_wait(turn, seen, left);
	atomic_fetch_sub(waiters, 1);
}

static void tell(_Atomic uint32_t *turn, const _Atomic uint32_t *waiters)
{
	atomic_fetch_add(turn, 1);
	if (atomic_load(waiters) > 0)
		fl_futex_wake(turn, 1);
}

int fl_shm_queue_push(struct fl_shm_object *o, const void *data, size_t len, uint64_t timeout_ns)
{
	uint64_t deadline = fl_deadline_ns(timeout_ns), left;
	struct view v;
	uint32_t seen;
	int r = look(o, &v);

	if (r == 0 && len > v.most)
		r = -EMSGSIZE;
	while (r == 0) {
		r = enter(v.q);
		if (r < 0)
			break;
		r = try_push(&v, data, (uint32_t)len);
		left = fl_left_ns(deadline);
		seen = atomic_load(&v.q->room_turn);
		if (r == -EAGAIN && left > 0)
			atomic_fetch_add(&v.q->room_waiters, 1);
		fl_mutex_unlock(&v.q->lock);
		if (r == 0) {
			tell(&v.q->data_turn, &v.q->data_waiters);
			break;
		}
		if (r == -EAGAIN) {
			r = left > 0 ? 0 : -ETIMEDOUT;
			if (left > 0)
				sleep_on(&v.q->room_turn, seen, &v.q->room_waiters, left);
		}
	}
	return r;
}

int64_t fl_shm_queue_pop(struct fl_shm_object *o, void *buf, size_t room, uint64_t timeout_ns)
{
	uint64_t deadline = fl_deadline_ns(timeout_ns), left;
	struct view v;
	uint32_t seen;
	int64_t n;
	int r = look(o, &v);

	while (r == 0) {
		r = enter(v.q);
		if (r < 0)
			break;
		n = try_pop(&v, buf, room);
		left = fl_left_ns(deadline);
		seen = atomic_load(&v.q->data_turn);
		if (n == -EAGAIN && left > 0)
			atomic_fetch_add(&v.q->data_waiters, 1);
		fl_mutex_unlock(&v.q->lock);
		if (n >= 0)
			tell(&v.q->room_turn, &v.q->room_waiters);
		if (n != -EAGAIN)
			return n;
		if (left == 0)
			return -ETIMEDOUT;
		sleep_on(&v.q->data_turn, seen, &v.q->data_waiters, left);
	}
	return r;
}
