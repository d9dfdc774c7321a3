/* SPDX-License-Identifier: MIT */
#include "engine/ring.h"

#include <errno.h>
#include <stdlib.h>

#include "engine/part_impl.h"

int fl_ring_init(struct fl_ring *ring, unsigned depth, unsigned operators, size_t part_limit)
{
	unsigned i, k;

	*ring = (struct fl_ring){.depth = depth, .operators = operators};
	pthread_mutex_init(&ring->lock, NULL);
	pthread_cond_init(&ring->moved, NULL);
	ring->slots = calloc(depth, sizeof(*ring->slots));
	if (!ring->slots)
		return -ENOMEM;
	for (i = 0; i < depth; i++) {
		ring->slots[i].parts = calloc(operators, sizeof(struct fl_part));
		if (!ring->slots[i].parts)
			return -ENOMEM;
		for (k = 0; k < operators; k++)
			ring->slots[i].parts[k].limit = part_limit;
	}
	return 0;
}

void fl_ring_done(struct fl_ring *ring)
{
	unsigned i, k;

	for (i = 0; ring->slots && i < ring->depth; i++) {
		for (k = 0; ring->slots[i].parts && k < ring->operators; k++)
			fl_part_free(&ring->slots[i].parts[k]);
		free(ring->slots[i].parts);
	}
	free(ring->slots);
	ring->slots = NULL;
	pthread_cond_destroy(&ring->moved);
	pthread_mutex_destroy(&ring->lock);
}

/* Under the lock. */
static void wait_for_move(struct fl_ring *ring)
{
	ring->waiting++;
	pthread_cond_wait(&ring->moved, &ring->lock);
	ring->waiting--;
}

static void has_moved(struct fl_ring *ring)
{
	if (ring->waiting > 0)
		pthread_cond_broadcast(&ring->moved);
}

struct fl_slot *fl_ring_enter(struct fl_ring *ring, uint64_t seq)
{
	struct fl_slot *slot = &ring->slots[seq % ring->depth];
	unsigned k;
	bool stop;

	pthread_mutex_lock(&ring->lock);
	while (!ring->stop && seq >= ring->head + ring->depth)
		wait_for_move(ring);
	stop = ring->stop;
	pthread_mutex_unlock(&ring->lock);
	if (stop)
		return NULL;
	slot->seq = seq;
	slot->result = 0;
	slot->sound = false;
	slot->failed_op = FL_OPERATOR_NONE;
	for (k = 0; k < ring->operators; k++)
		fl_part_reset(&slot->parts[k]);
	return slot;
}

/* Under the lock, which is let go during the folds. */
static void fold_ready(struct fl_ring *ring)
{
	struct fl_slot *slot = &ring->slots[ring->head % ring->depth];
	int r;

	ring->folding = true;
	while (!ring->stop && slot->ready) {
		pthread_mutex_unlock(&ring->lock);
		r = ring->fold(ring->arg, slot);
		pthread_mutex_lock(&ring->lock);
		slot->ready = false;
		ring->head++;
		if (r != 0)
			ring->stop = true;
		has_moved(ring);
		slot = &ring->slots[ring->head % ring->depth];
	}
	ring->folding = false;
	has_moved(ring);
}

void fl_ring_publish(struct fl_ring *ring, struct fl_slot *slot)
{
	pthread_mutex_lock(&ring->lock);
	slot->ready = true;
	if (!ring->folding)
		fold_ready(ring);
	pthread_mutex_unlock(&ring->lock);
}

bool fl_ring_is_next(struct fl_ring *ring, const struct fl_slot *slot)
{
	bool next;

	pthread_mutex_lock(&ring->lock);
	next = ring->head == slot->seq && !ring->folding;
	pthread_mutex_unlock(&ring->lock);
	return next;
}

int fl_ring_turn(struct fl_ring *ring, const struct fl_slot *slot)
{
	bool stop;

	pthread_mutex_lock(&ring->lock);
	while (!ring->stop && (ring->head != slot->seq || ring->folding))
		wait_for_move(ring);
	stop = ring->stop;
	if (!stop)
		ring->folding = true;
	pthread_mutex_unlock(&ring->lock);
	return stop ? -FL_ECANCELED : 0;
}

void fl_ring_yield(struct fl_ring *ring)
{
	/* The head is still the slot whose turn it was: nobody else can go on. */
	pthread_mutex_lock(&ring->lock);
	ring->folding = false;
	pthread_mutex_unlock(&ring->lock);
}

void fl_ring_stop(struct fl_ring *ring)
{
	pthread_mutex_lock(&ring->lock);
	ring->stop = true;
	has_moved(ring);
	pthread_mutex_unlock(&ring->lock);
}

bool fl_ring_stopped(struct fl_ring *ring)
{
	bool stop;

	pthread_mutex_lock(&ring->lock);
	stop = ring->stop;
	pthread_mutex_unlock(&ring->lock);
	return stop;
}
