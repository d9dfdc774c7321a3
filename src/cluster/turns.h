/* SPDX-License-Identifier: MIT */
#ifndef FL_CLUSTER_TURNS_H
#define FL_CLUSTER_TURNS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cluster/cluster_impl.h"

/**
 * DOC: Folds that go from worker to worker.
 *
 * Parts of XXH3 are a sixteenth of the input, what its fold keeps is 1.2 KiB (struct fl_carry). So the
 * worker that made them holds them until all chunks before have been folded, goes on with what the folds
 * know then, and commits what they know now. There is room for two such states: the older one stays as it
 * is until the number of the next chunk says that the newer one is whole.
 *
 * Who is killed takes along what it held: those chunks have not ended, and are mapped again. If it had
 * committed and not yet said that the chunk ended, the next one to map it sees so, and only says it.
 */

/* Chunks a worker may hold, and bytes of parts after which it takes no more: those of one chunk of 8 MiB.
 * With four of these the memory had to be made for all of them, which took longer than the waiting: 5 of
 * 52 ms of processor time for a GB. */
#define FL_TURNS_CHUNKS 16u
#define FL_TURNS_BYTES (UINT64_C(512) << 10)

/* Parts of longer chunks are too many to be held: they go through the ring. */
#define FL_TURNS_CHUNK_MAX (UINT64_C(16) << 20)

/**
 * struct fl_turns_control - in shared memory
 * @next:   chunks before it have been folded into states[next % 2]
 * @states: two, of fl_stages_carry_bytes() each
 */
struct fl_turns_control {
	_Atomic uint64_t next;
	unsigned char states[];
};

/**
 * struct fl_held_part - of operator @stage
 */
struct fl_held_part {
	struct fl_held_part *next;
	unsigned stage;
	struct fl_part part;
};

/**
 * struct fl_held_chunk - @parts: in the order in which they are folded, up to @last
 * @end: what is to be said when they have been, if @ended
 */
struct fl_held_chunk {
	uint64_t chunk;
	bool ended;
	struct fl_message end;
	struct fl_held_part *parts;
	struct fl_held_part *last;
};

/**
 * struct fl_turns - a worker's side
 * @held:  @count of them
 * @spare: buffers to be used again, the last one first: it is in the caches
 * @bytes: of all parts that are held
 * @begun: the operators are in the middle of folding chunk @folding
 * @failed: a fold did, with @error
 * @say:   tells the coordinator that a chunk has ended. Return: 0, or an error that ends the worker
 */
struct fl_turns {
	struct fl_turns_control *control;
	struct fl_exec *x;
	size_t state_bytes;
	struct fl_held_chunk held[FL_TURNS_CHUNKS];
	unsigned count;
	struct fl_held_part *spare;
	uint64_t bytes;
	bool begun;
	uint64_t folding;
	bool failed;
	struct fl_error error;
	int (*say)(void *arg, const struct fl_message *m, const char *text);
	void *arg;
};

/** fl_turns_bytes() - of the control for this run; 0: nothing goes from worker to worker */
uint64_t fl_turns_bytes(const struct fl_exec *x);

/** fl_turns_begin() - by the coordinator, when the operators have been started */
void fl_turns_begin(struct fl_turns_control *c, const struct fl_pipeline *pl);

/**
 * fl_turns_finish() - the coordinator's operators know what the folds of all @chunks know
 * Return: 0; -FL_ECORRUPT: not all have been folded, or what is there is no such thing.
 */
int fl_turns_finish(const struct fl_turns_control *c, struct fl_pipeline *pl, uint64_t chunks);

/** fl_turns_takes() - is operator @k folded by turns? @t may be without a control */
bool fl_turns_takes(const struct fl_turns *t, unsigned k);

/**
 * fl_turns_part() - hold a part of @chunk
 * If its turn has come it is folded; else the part gets another buffer for the one that it loses.
 * Return: 0; -ENOMEM; what the fold returned.
 */
int fl_turns_part(struct fl_turns *t, uint64_t chunk, unsigned k, struct fl_part *part);

/** fl_turns_end() - a chunk has been mapped: @m is said when its turn has come */
int fl_turns_end(struct fl_turns *t, const struct fl_message *m);

/** fl_turns_drop() - a chunk failed: it has no turn */
void fl_turns_drop(struct fl_turns *t, uint64_t chunk);

/**
 * fl_turns_fold() - fold what can be folded now
 * Return: how many chunks; an error of @say. An error of a fold is said as the chunk's.
 */
int fl_turns_fold(struct fl_turns *t);

/** fl_turns_blame() - if a fold failed: the chunk's end says so, with t->error.text. Return: it did. */
bool fl_turns_blame(const struct fl_turns *t, struct fl_message *m);

/** fl_turns_full() - no chunk is to be taken before one has been folded */
bool fl_turns_full(const struct fl_turns *t);

/** fl_turns_done() - free what is held */
void fl_turns_done(struct fl_turns *t);

#endif
