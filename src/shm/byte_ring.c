/* SPDX-License-Identifier: MIT */
#include "shm/byte_ring.h"

#include <errno.h>
#include <string.h>

#include <faultline/error.h>

#include "base/clock.h"
#include "base/size.h"
#include "base/stream_copy.h"
#include "plat/fence.h"
#include "plat/futex.h"
#include "shm/mutex.h"
#include "shm/object.h"

/* 1 TiB: no machine has more, and sums of it do not overflow. */
#define CAPACITY_MAX (UINT64_C(1) << 40)

/* The first sleep of a wait: so long a producer may oversleep what it waits for, and so late is it
 * seen that the other side has died. Short for a person, long against the 10 us of the look. */
#define FIRST_NAP_NS UINT64_C(1000000)

/* Looks between two looks at the clock, which takes as long as one of them (30 to 40 ns). */
#define LOOKS 8u

/* A write of more than the capacity goes in such parts of it: the other side reads the one while the
 * next one is written. */
#define PARTS 4u

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

static struct fl_nap *own_nap(const struct fl_bytering *ring)
{
	return ring->producer ? &ring->body->room : &ring->body->data;
}

/* Another process may be taking the place of one that has gone. */
static struct fl_process process_at(const struct fl_peer *peer)
{
	struct fl_process p;

	do {
		p.pid = atomic_load(&peer->pid);
		p.start = atomic_load(&peer->start);
	} while (atomic_load(&peer->pid) != p.pid);
	return p;
}

static bool taken(const struct fl_peer *peer)
{
	struct fl_process p = process_at(peer), self;

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
				     .producer = producer};
	fl_storing_init(&ring->storing, capacity);
	atomic_store(&own_nap(ring)->fences, 0);
	atomic_store(&peer->pid, 0);
	atomic_store(&peer->closed, 0);
	atomic_store(&peer->start, self.start);
	atomic_store(&peer->pid, self.pid);
	return 0;
}

static void wake(struct fl_nap *nap)
{
	atomic_store(&nap->sleeps, 0);
	atomic_fetch_add(&nap->turn, 1);
	fl_futex_wake(&nap->turn, 1);
}

/* Of a sleeper and the one that would wake it, one sees the other: between writing its word, the position
 * here, the flag there, and looking at the other one's each has a full barrier, or is given one. */
static void publish(struct fl_bytering *ring)
{
	struct fl_bytering_body *b = ring->body;
	_Atomic uint64_t *position = ring->producer ? &b->head : &b->tail;
	struct fl_nap *nap = ring->producer ? &b->data : &b->room;

	if (ring->fences && atomic_load_explicit(&nap->fences, memory_order_relaxed)) {
		atomic_store_explicit(position, ring->mine, memory_order_release);
		atomic_signal_fence(memory_order_seq_cst);
	} else {
		atomic_store(position, ring->mine);
	}
	if (atomic_load(&nap->sleeps) != 0 && (int64_t)(ring->mine - atomic_load(&nap->from)) >= 0)
		wake(nap);
}

void fl_bytering_lighten(struct fl_bytering *ring)
{
	ring->fences = fl_fence_join();
	atomic_store(&own_nap(ring)->fences, ring->fences);
}

void fl_bytering_nudge(struct fl_bytering *ring)
{
	struct fl_nap *nap = &ring->body->data;

	if (atomic_load(&nap->sleeps) != 0)
		wake(nap);
}

void fl_bytering_close(struct fl_bytering *ring)
{
	struct fl_bytering_body *b = ring->body;

	if (!b)
		return;
	if (ring->producer) {
		atomic_store(&b->producer.closed, 1);
		wake(&b->data);
	} else {
		atomic_store(&b->consumer.closed, 1);
		wake(&b->room);
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

/* Is there what is wanted: room for the producer, bytes for the consumer? */
static int enough(struct fl_bytering *ring, uint64_t want)
{
	int64_t used = look(ring);

	if (used < 0)
		return (int)used;
	return ring->producer ? ring->capacity - (uint64_t)used >= want : (uint64_t)used >= want;
}

static const struct fl_peer *peer_of(const struct fl_bytering *ring)
{
	return ring->producer ? &ring->body->consumer : &ring->body->producer;
}

static bool is_dead(const struct fl_bytering *ring)
{
	struct fl_process p = process_at(peer_of(ring));

	return p.pid != 0 && !fl_process_alive(&p);
}

/* The other side will never move again: but it may have, before it went. */
static int last_look(struct fl_bytering *ring, uint64_t want, int reason)
{
	int r = enough(ring, want);

	return r != 0 ? r : reason;
}

/* For who does not wait. Return: as await(). */
static int is_gone(struct fl_bytering *ring, uint64_t want)
{
	if (atomic_load(&peer_of(ring)->closed))
		return last_look(ring, want, -EPIPE);
	if (!ring->watched && is_dead(ring))
		return last_look(ring, want, -EOWNERDEAD);
	return -ETIMEDOUT;
}

/* Return: 1: there is enough; 0: not while it spun; -FL_ECORRUPT. */
static int spin(struct fl_bytering *ring, uint64_t want, uint64_t begin, uint64_t timeout_ns)
{
	uint64_t limit = fl_min_u64(fl_patience_ns(&ring->patience, begin), timeout_ns);
	uint64_t now = begin;
	int r = 0;

	if (limit == 0)
		return 0;
	while (r == 0 && now - begin < limit) {
		for (unsigned i = 0; r == 0 && i < LOOKS; i++) {
			relax();
			r = enough(ring, want);
		}
		now = fl_clock_ns();
	}
	fl_patience_learn(&ring->patience, now, now - begin, r > 0);
	return r;
}

/* From which position of the other side on it is worth waking us. */
static uint64_t worth_waking(const struct fl_bytering *ring, uint64_t want, bool lazy)
{
	if (!ring->producer)
		return ring->mine + fl_max_u64(want, ring->lot);
	if (lazy)
		want = fl_max_u64(want, ring->capacity / 2);
	return ring->mine + want - ring->capacity;
}

/* Return: 1: there is enough; 0: woken, or the time is over; <0: as await(). */
static int sleep_once(struct fl_bytering *ring, uint64_t want, uint64_t limit_ns, bool first)
{
	struct fl_nap *nap = own_nap(ring);
	uint32_t seen = atomic_load(&nap->turn);
	int r;

	atomic_store(&nap->from, worth_waking(ring, want, first));
	atomic_store(&nap->sleeps, 1);
	if (ring->fences)
		fl_fence_all();
	r = enough(ring, want);
	if (r == 0 && atomic_load(&peer_of(ring)->closed))
		r = last_look(ring, want, -EPIPE);
	if (r == 0 && fl_futex_wait(&nap->turn, seen, limit_ns) == -ETIMEDOUT && !ring->watched &&
	    is_dead(ring))
		r = last_look(ring, want, -EOWNERDEAD);
	if (r == 0)
		r = enough(ring, want);
	atomic_store(&nap->sleeps, 0);
	return r;
}

/* Return: 1; -ETIMEDOUT; -EPIPE, -EOWNERDEAD; -FL_ECORRUPT. */
static int await(struct fl_bytering *ring, uint64_t want, uint64_t timeout_ns)
{
	uint64_t begin, left;
	bool first = true;
	int r = enough(ring, want);

	if (r != 0)
		return r;
	if (timeout_ns == 0)
		return is_gone(ring, want);
	begin = fl_clock_ns();
	if (ring->spin)
		r = spin(ring, want, begin, timeout_ns);
	left = fl_min_u64(timeout_ns, FIRST_NAP_NS);
	while (r == 0 && left > 0) {
		r = sleep_once(ring, want, left, first);
		first = false;
		left = fl_left_ns(fl_add_sat(begin, timeout_ns));
	}
	return r != 0 ? r : -ETIMEDOUT;
}

static void copy_in(struct fl_bytering *ring, const unsigned char *data, size_t len)
{
	size_t at = (size_t)(ring->mine & (ring->capacity - 1));
	size_t first = fl_min_size(len, (size_t)ring->capacity - at);

	if (fl_storing_past(&ring->storing, len)) {
		fl_stream_copy(ring->body->bytes + at, data, first);
		fl_stream_copy(ring->body->bytes, data + first, len - first);
	} else {
		memcpy(ring->body->bytes + at, data, first);
		memcpy(ring->body->bytes, data + first, len - first);
	}
}

static void copy_out(struct fl_bytering *ring, unsigned char *buf, size_t len)
{
	size_t at = (size_t)(ring->mine & (ring->capacity - 1));
	size_t first = fl_min_size(len, (size_t)ring->capacity - at);

	memcpy(buf, ring->body->bytes + at, first);
	memcpy(buf + first, ring->body->bytes, len - first);
}

int fl_bytering_write(struct fl_bytering *ring, const void *data, size_t len, uint64_t timeout_ns)
{
	const unsigned char *p = data;
	size_t piece = (size_t)(len > ring->capacity ? ring->capacity / PARTS : ring->capacity);
	size_t n;
	int r;

	while (len > 0) {
		n = fl_min_size(len, piece);
		if (ring->capacity - (ring->mine - ring->seen) < n) {
			r = await(ring, n, timeout_ns);
			if (r < 0)
				return r == -EOWNERDEAD ? -EPIPE : r;
		}
		copy_in(ring, p, n);
		ring->mine += n;
		publish(ring);
		if (fl_storing_ended(&ring->storing, n))
			fl_storing_learn(&ring->storing, fl_clock_ns());
		p += n;
		len -= n;
	}
	return 0;
}

int64_t fl_bytering_read(struct fl_bytering *ring, void *buf, size_t len, uint64_t timeout_ns)
{
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
	publish(ring);
	return (int64_t)len;
}
