/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "engine/part_impl.h"
#include "engine/ring.h"

#define DEPTH 5

/* What the folds saw. Only the holder of the baton writes. */
struct seen {
	uint64_t next;
	bool ordered;
	_Atomic int inside;
	bool alone;
	uint64_t stop_at;
	int stop_with;
};

static int fold(void *arg, struct fl_slot *slot)
{
	struct seen *s = arg;

	s->alone &= atomic_fetch_add(&s->inside, 1) == 0;
	s->ordered &= slot->seq == s->next;
	s->next++;
	atomic_fetch_sub(&s->inside, 1);
	return slot->seq == s->stop_at ? s->stop_with : 0;
}

static struct seen new_seen(void)
{
	return (struct seen){.ordered = true, .alone = true, .stop_at = UINT64_MAX};
}

static void begin(struct fl_ring *ring, struct seen *s)
{
	cr_assert_eq(fl_ring_init(ring, DEPTH, 2, 4096), 0);
	ring->fold = fold;
	ring->arg = s;
}

Test(ring, folds_in_order_whatever_the_order_of_publishing)
{
	static const unsigned order[] = {3, 1, 4, 0, 2};
	struct fl_slot *slots[DEPTH];
	struct seen s = new_seen();
	struct fl_ring ring;

	begin(&ring, &s);
	for (unsigned i = 0; i < DEPTH; i++) {
		slots[i] = fl_ring_enter(&ring, i);
		cr_assert_not_null(slots[i]);
		cr_assert_eq(slots[i]->seq, i);
	}
	for (unsigned i = 0; i < DEPTH; i++) {
		fl_ring_publish(&ring, slots[order[i]]);
		cr_assert_eq(s.next, i < 3 ? 0u : i == 3 ? 2u : 5u);
	}
	cr_assert(s.ordered && s.alone);
	fl_ring_done(&ring);
}

Test(ring, a_slot_comes_back_empty)
{
	struct seen s = new_seen();
	struct fl_ring ring;
	struct fl_slot *slot;

	begin(&ring, &s);
	slot = fl_ring_enter(&ring, 0);
	cr_assert_eq(fl_part_append(&slot->parts[1], "abc", 3), 0);
	slot->result = -5;
	slot->parts[1].end = 77;
	fl_ring_publish(&ring, slot);
	for (uint64_t seq = 1; seq <= DEPTH; seq++) {
		slot = fl_ring_enter(&ring, seq);
		cr_assert_eq(slot->result, 0);
		cr_assert_eq(slot->parts[1].len, 0u);
		cr_assert_eq(slot->parts[1].end, 0u);
		fl_ring_publish(&ring, slot);
	}
	fl_ring_done(&ring);
}

struct crowd {
	struct fl_ring ring;
	struct seen seen;
	_Atomic uint64_t next;
	uint64_t chunks;
	_Atomic uint64_t turns;
	_Atomic bool misplaced;
};

static void *worker(void *arg)
{
	struct crowd *c = arg;
	unsigned seed = (unsigned)(uintptr_t)pthread_self();
	struct fl_slot *slot;
	uint64_t seq;

	while ((seq = atomic_fetch_add(&c->next, 1)) < c->chunks) {
		slot = fl_ring_enter(&c->ring, seq);
		if (!slot)
			break;
		if (rand_r(&seed) % 64 == 0)
			usleep((unsigned)rand_r(&seed) % 200);
		/* A full part in the middle of a chunk. */
		if (rand_r(&seed) % 8 == 0 && fl_ring_turn(&c->ring, slot) == 0) {
			if (c->seen.next != seq || atomic_fetch_add(&c->seen.inside, 1) != 0)
				atomic_store(&c->misplaced, true);
			atomic_fetch_sub(&c->seen.inside, 1);
			atomic_fetch_add(&c->turns, 1);
			fl_ring_yield(&c->ring);
		}
		fl_ring_publish(&c->ring, slot);
	}
	return NULL;
}

static void run_crowd(struct crowd *c, unsigned threads)
{
	pthread_t thread[16];

	begin(&c->ring, &c->seen);
	for (unsigned i = 0; i < threads; i++)
		cr_assert_eq(pthread_create(&thread[i], NULL, worker, c), 0);
	for (unsigned i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
}

Test(ring, many_threads_one_order)
{
	for (unsigned threads = 1; threads <= 9; threads += 4) {
		struct crowd c = {.seen = new_seen(), .chunks = 3000};

		run_crowd(&c, threads);
		cr_assert_eq(c.seen.next, 3000u);
		cr_assert(c.seen.ordered && c.seen.alone && !c.misplaced);
		cr_assert(c.turns > 100);
		fl_ring_done(&c.ring);
	}
}

Test(ring, a_fold_that_says_stop_ends_all)
{
	struct crowd c = {.seen = new_seen(), .chunks = UINT64_MAX};

	c.seen.stop_at = 700;
	c.seen.stop_with = 1;
	run_crowd(&c, 7);
	cr_assert_eq(c.seen.next, 701u);
	cr_assert(fl_ring_stopped(&c.ring));
	cr_assert_null(fl_ring_enter(&c.ring, 702));
	fl_ring_done(&c.ring);
}

struct waiter {
	struct fl_ring *ring;
	struct fl_slot *slot;
	_Atomic int state; /* 0 waits, 1 went on, 2 was turned away */
	bool turn;
};

static void *wait_for_it(void *arg)
{
	struct waiter *w = arg;
	bool ok = w->turn ? fl_ring_turn(w->ring, w->slot) == 0
			  : fl_ring_enter(w->ring, DEPTH) != NULL;

	atomic_store(&w->state, ok ? 1 : 2);
	return NULL;
}

Test(ring, back_pressure_at_its_depth)
{
	struct seen s = new_seen();
	struct fl_slot *slots[DEPTH];
	struct fl_ring ring;
	struct waiter w = {.ring = &ring};
	pthread_t thread;

	begin(&ring, &s);
	for (unsigned i = 0; i < DEPTH; i++)
		slots[i] = fl_ring_enter(&ring, i);
	cr_assert_eq(pthread_create(&thread, NULL, wait_for_it, &w), 0);
	for (unsigned i = DEPTH; i-- > 1;)
		fl_ring_publish(&ring, slots[i]);
	usleep(20000);
	cr_assert_eq(atomic_load(&w.state), 0, "chunk 0 is not folded: no room");
	fl_ring_publish(&ring, slots[0]);
	pthread_join(thread, NULL);
	cr_assert_eq(atomic_load(&w.state), 1);
	fl_ring_done(&ring);
}

Test(ring, stop_wakes_everybody)
{
	struct seen s = new_seen();
	struct fl_ring ring;
	struct waiter w[2] = {{.ring = &ring}, {.ring = &ring, .turn = true}};
	pthread_t thread[2];

	begin(&ring, &s);
	for (unsigned i = 0; i < DEPTH; i++)
		w[1].slot = fl_ring_enter(&ring, i);
	for (int i = 0; i < 2; i++)
		cr_assert_eq(pthread_create(&thread[i], NULL, wait_for_it, &w[i]), 0);
	usleep(20000);
	fl_ring_stop(&ring);
	for (int i = 0; i < 2; i++) {
		pthread_join(thread[i], NULL);
		cr_assert_eq(atomic_load(&w[i].state), 2);
	}
	fl_ring_done(&ring);
}
