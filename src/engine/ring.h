/* SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_RING_H
#define FL_ENGINE_RING_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <faultline/error.h>
#include <faultline/operator.h>
#include <faultline/pipeline.h>

/**
 * DOC: The bounded ordered ring.
 *
 * Chunk k has slot k % depth. A worker enters its slot when the chunk that held
 * it before has been folded (back-pressure), fills it, and publishes it.
 * Whoever publishes and finds the fold baton free takes it and folds all slots
 * that are ready, in order, holding no lock meanwhile.
 */

/**
 * struct fl_slot - one chunk's results
 * @parts:  one per operator
 * @result: 0 or the error of its map, with detail in @error
 * @failed_op: the operator it is of, at @failed_off, or FL_OPERATOR_NONE
 * @sound:  with an error: what the parts hold was seen before it, in bytes that can be trusted
 * @end:    input bytes up to here are done once it is folded
 */
struct fl_slot {
	uint64_t seq;
	bool ready;
	struct fl_part *parts;
	int result;
	bool sound;
	struct fl_error error;
	uint32_t failed_op;
	uint64_t failed_off;
	uint64_t end;
};

/**
 * struct fl_ring
 * @fold: called in order, without the lock; non-zero stops the ring
 * @head: the chunk that is folded next
 * @folding: the baton is taken
 */
struct fl_ring {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	struct fl_slot *slots;
	unsigned depth;
	unsigned operators;
	uint64_t head;
	bool folding;
	bool stop;
	unsigned waiting;
	int (*fold)(void *arg, struct fl_slot *slot);
	void *arg;
};

/** fl_ring_init() - @part_limit: bytes, for every part. Return: 0 or -ENOMEM. */
int fl_ring_init(struct fl_ring *ring, unsigned depth, unsigned operators, size_t part_limit);
void fl_ring_done(struct fl_ring *ring);

/** fl_ring_enter() - wait for chunk seq's slot. Return: the slot, parts empty; NULL once stopped. */
struct fl_slot *fl_ring_enter(struct fl_ring *ring, uint64_t seq);

/** fl_ring_publish() - the slot is complete; may fold, for itself and others */
void fl_ring_publish(struct fl_ring *ring, struct fl_slot *slot);

/** fl_ring_is_next() - are all chunks before this slot's folded? Then nobody folds until it is published. */
bool fl_ring_is_next(struct fl_ring *ring, const struct fl_slot *slot);

/**
 * fl_ring_turn() - wait until all earlier chunks are folded, and take the baton
 *
 * For parts that are full before their chunk ends. Give it back with
 * fl_ring_yield(). Return: 0; -FL_ECANCELED once stopped.
 */
int fl_ring_turn(struct fl_ring *ring, const struct fl_slot *slot);
void fl_ring_yield(struct fl_ring *ring);

/** fl_ring_stop() - nobody waits any longer, nothing more is folded; any thread */
void fl_ring_stop(struct fl_ring *ring);

/** fl_ring_stopped() */
bool fl_ring_stopped(struct fl_ring *ring);

#endif
