/* SPDX-License-Identifier: MIT */
#include "shm/byte_ring.h"

#include <errno.h>
#include <string.h>

#include <faultline/error.h>

#include "base/clock.h"
#include "base/size.h"
#include "plat/futex.h"
#include "plat/thread.h"
#include "shm/mutex.h"
#include "shm/object.h"

/* 1 TiB: no machine has more, and sums of it do not overflow. */
#define CAPACITY_MAX (UINT64_C(1) << 40)

/* A wake by futex takes 5 to 50 us, an answer through the cache 0.1 us: spinning for about as long
 * as a wake would take at most doubles the wait (competitive spinning; Karlin et al., SOSP 1991). */
#define SPINS 2000u

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static uint64_t power_of_two(uint64_t n)
{
	uint64_t p = 64;

	while (p < n)
		p *= 2;
	return p;
}

uint64_t fl_bytering_bytes(uint64_t capacity)
{
	if (capacity == 0 || capacity > CAPACITY_MAX)
		return 0;
	return sizeof(struct fl_bytering_body) + power_of_two(capacity);
}

void fl_bytering_init(struct fl_bytering_body *body, uint64_t capacity)
{
	body->capacity = power_of_two(capacity);
}

static bool taken(const struct fl_peer *peer)
{
	struct fl_process p = {.pid = atomic_load(&peer->pid), .start = atomic_load(&peer->start)};
	struct fl_process self;

	fl_process_self(&self);
	return p.pid != 0 && atomic_load(&peer->closed) == 0 &&
	       (p.pid != self.pid || p.start != self.start) && fl_process_alive(&p);
}

int fl_bytering_open(struct fl_bytering *ring, struct fl_bytering_body *body, uint64_t bytes,
		     bool producer)
{
	struct fl_peer *peer = producer ? &body->producer : &body->consumer;
	uint64_t capacity = body->capacity;
	uint64_t head = atomic_load(&body->head), tail = atomic_load(&body->tail);
	struct fl_process self;

	if (capacity < 64 || (capacity & (capacity - 1)) || bytes < sizeof(*body) ||
	    capacity > bytes - sizeof(*body) || head - tail > capacity)
		return -FL_ECORRUPT;
	if (taken(peer))
		return -EBUSY;
	fl_process_self(&self);
	*ring = (struct fl_bytering){.body = body,
				     .capacity = capacity,
				     .mine = producer ? head : tail,
				     .seen = producer ? tail : head,
				     .producer = producer,
				     .spin = fl_cpu_count() > 1};
	atomic_store(&peer->closed, 0);
	atomic_store(&peer->start, self.start);
	atomic_store(&peer->pid, self.pid);
	return 0;
}

/* Positions, flags of closing and the sleeper's flag are written and then looked at in one total
 * order (all sequentially consistent): of a sleeper and the one that would wake it, one sees the
 * other. */
static void wake(_Atomic uint32_t *turn, _Atomic uint32_t *sleeps)
{
	if (atomic_load(sleeps) == 0)
		return;
	atomic_store(sleeps, 0);
	atomic_fetch_add(turn, 1);
	fl_futex_wake(turn, 1);
}

void fl_bytering_close(struct fl_bytering *ring)
{
	struct fl_bytering_body *b = ring->body;

	if (!b)
		return;
	if (ring->producer) {
		atomic_store(&b->producer.closed, 1);
		wake(&b->data_turn, &b->consumer_sleeps);
	} else {
		atomic_store(&b->consumer.closed, 1);
		wake(&b->room_turn, &b->producer_sleeps);
	}
	ring->body = NULL;
}

/* Look at the other side's position, once. Return: bytes in the ring; -FL_ECORRUPT. */
static int64_t look(struct fl_bytering *ring)
{
	struct fl_bytering_body *b = ring->body;
	uint64_t seen = atomic_load(ring->producer ? &b->tail : &b->head);
	uint64_t used = ring->producer ? ring->mine - seen : seen - ring->mine;

	if (used > ring->capacity)
		return -FL_ECORRUPT;
	ring->seen = seen;
	return (int64_t)used;
}

int64_t fl_bytering_used(struct fl_bytering *ring)
{
	return look(ring);
}

/* Is there what is wanted: room for the producer, bytes for the consumer? */
static int enough(struct fl_bytering *ring, uint64_t want)
{
	int64_t used = look(ring);

	if (used < 0)
		return (int)used;
	return ring->producer ? ring->capacity - (uint64_t)used >= want : (uint64_t)used >= want;
}

/* Return: 0: it is there; -EPIPE, -EOWNERDEAD: not, and will never move again. */
static int peer_state(const struct fl_bytering *ring)
{
	const struct fl_peer *peer = ring->producer ? &ring->body->consumer : &ring->body->producer;
	struct fl_process p = {.pid = atomic_load(&peer->pid), .start = atomic_load(&peer->start)};

	if (atomic_load(&peer->closed))
		return -EPIPE;
	if (p.pid != 0 && !fl_process_alive(&p))
		return -EOWNERDEAD;
	return 0;
}

static int sleep_once(struct fl_bytering *ring, uint64_t want, uint64_t deadline)
{
	struct fl_bytering_body *b = ring->body;
	_Atomic uint32_t *turn = ring->producer ? &b->room_turn : &b->data_turn;
	_Atomic uint32_t *sleeps = ring->producer ? &b->producer_sleeps : &b->consumer_sleeps;
	uint32_t seen = atomic_load(turn);
	uint64_t left = fl_left_ns(deadline);
	int r;

	if (left == 0)
		return -ETIMEDOUT;
	atomic_store(sleeps, 1);
	r = enough(ring, want);
	if (r != 0)
		return r;
	r = peer_state(ring);
	if (r < 0) {
		/* It may have published before it went. */
		int last = enough(ring, want);

		return last != 0 ? last : r;
	}
	(void)fl_futex_wait(turn, seen, left);
	return 0;
}

/* Return: 1; -ETIMEDOUT; -EPIPE, -EOWNERDEAD; -FL_ECORRUPT. */
static int await(struct fl_bytering *ring, uint64_t want, uint64_t timeout_ns)
{
	uint64_t deadline = 0;
	unsigned i;
	int r = enough(ring, want);

	for (i = 0; r == 0 && ring->spin && timeout_ns > 0 && i < SPINS; i++) {
		relax();
		r = enough(ring, want);
	}
	if (r == 0)
		deadline = fl_deadline_ns(timeout_ns);
	while (r == 0) {
		r = sleep_once(ring, want, deadline);
		if (r == 0)
			r = enough(ring, want);
	}
	return r;
}

static void copy_in(struct fl_bytering *ring, const unsigned char *data, size_t len)
{
	size_t at = (size_t)(ring->mine & (ring->capacity - 1));
	size_t first = fl_min_size(len, (size_t)ring->capacity - at);

	memcpy(ring->body->data + at, data, first);
	memcpy(ring->body->data, data + first, len - first);
}

static void copy_out(struct fl_bytering *ring, unsigned char *buf, size_t len)
{
	size_t at = (size_t)(ring->mine & (ring->capacity - 1));
	size_t first = fl_min_size(len, (size_t)ring->capacity - at);

	memcpy(buf, ring->body->data + at, first);
	memcpy(buf + first, ring->body->data, len - first);
}

int fl_bytering_write(struct fl_bytering *ring, const void *data, size_t len, uint64_t timeout_ns)
{
	struct fl_bytering_body *b = ring->body;
	const unsigned char *p = data;
	size_t n;
	int r;

	while (len > 0) {
		n = fl_min_size(len, (size_t)ring->capacity);
		if (ring->capacity - (ring->mine - ring->seen) < n) {
			r = await(ring, n, timeout_ns);
			if (r < 0)
				return r == -EOWNERDEAD ? -EPIPE : r;
		}
		copy_in(ring, p, n);
		ring->mine += n;
		atomic_store(&b->head, ring->mine);
		wake(&b->data_turn, &b->consumer_sleeps);
		p += n;
		len -= n;
	}
	return 0;
}

int64_t fl_bytering_read(struct fl_bytering *ring, void *buf, size_t len, uint64_t timeout_ns)
{
	struct fl_bytering_body *b = ring->body;
	int r;

	if (len == 0)
		return 0;
	if (ring->seen == ring->mine) {
		r = await(ring, 1, timeout_ns);
		if (r < 0)
			return r == -EPIPE ? 0 : r;
	}
	len = (size_t)fl_min_u64(len, ring->seen - ring->mine);
	copy_out(ring, buf, len);
	ring->mine += len;
	atomic_store(&b->tail, ring->mine);
	wake(&b->room_turn, &b->producer_sleeps);
	return (int64_t)len;
}
