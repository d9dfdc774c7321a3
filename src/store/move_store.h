/* SPDX-License-Identifier: MIT */
#ifndef FL_STORE_MOVE_STORE_H
#define FL_STORE_MOVE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/move_plan.h"
#include "store/recovery.h"
#include "store/store_job.h"

/**
 * DOC: Changes that move what follows.
 *
 * Batches are stored in the order of the plan. A batch is stored when the batches before it are on
 * the device and the journal says, durably, that it is its turn: the removed bytes (to undo it)
 * and, where it overwrites its own source, all that is about to be stored. So at any moment every
 * batch but one is either as it was or as it will be, and that one can be done again: from its
 * source, which is intact, or from the journal.
 */

/**
 * struct fl_move - a rewrite under way
 * @next: place in the order of the batch that is stored next
 * @source, @result: of a batch
 * @undo: its changes without their new bytes
 */
struct fl_move {
	struct fl_store_job *job;
	struct fl_move_plan plan;
	size_t next;
	unsigned char *source;
	size_t source_cap;
	unsigned char *result;
	size_t result_cap;
	unsigned char *undo;
	size_t undo_cap;
};

/** fl_move_init(), fl_move_done() */
void fl_move_init(struct fl_move *m, struct fl_store_job *job);
void fl_move_done(struct fl_move *m);

/**
 * fl_move_begin() - plan, journal, and a file that is long enough
 *
 * The plan is complete. Others may not have the file open.
 * Return: 0; -EAGAIN when they have; -ENOSPC; -FL_ELIMIT; -errno. Nothing was stored.
 */
int fl_move_begin(struct fl_move *m, struct fl_error *reterr);

/**
 * fl_move_batch() - store the batch whose turn it is
 * @runs: its changes (same_store.h), @len bytes
 *
 * Return: 0; -FL_ECHANGED when its source or its result is not what the plan says; -errno.
 */
int fl_move_batch(struct fl_move *m, const unsigned char *runs, size_t len,
		  struct fl_error *reterr);

/**
 * fl_move_finish() - all batches are stored: what others appended, COMMIT, the new size
 * Return: 0; -EAGAIN when others have the file open: resume later; -errno.
 */
int fl_move_finish(struct fl_move *m, struct fl_error *reterr);

/** fl_move_commit_size() - after COMMIT: make the file @bytes long, and remove the journal */
int fl_move_commit_size(struct fl_store_job *job, uint64_t bytes, struct fl_error *reterr);

/** fl_move_read() - [off, off + len) of the target into a buffer that grows. Return: 0 or -errno. */
int fl_move_read(struct fl_store_job *job, uint64_t off, uint64_t len, unsigned char **buf,
		 size_t *cap, struct fl_error *reterr);

/**
 * fl_move_rebuild() - what a batch becomes, or what it was
 * @in:   @in_len bytes of the source that begins at @src, or of the result
 * @runs: its changes; @back: from the result to the source
 * @ret:  exactly @ret_len bytes
 * Return: 0; -FL_ECORRUPT where they do not go together.
 */
int fl_move_rebuild(const unsigned char *in, size_t in_len, uint64_t src, const unsigned char *runs,
		    size_t len, bool back, unsigned char *ret, size_t ret_len);

/**
 * struct fl_move_found - what the journal of such a rewrite says
 * @plan:    empty until a PLAN was read
 * @placed:  batches whose turn had come
 * @back:    rollback: place of the batch whose turn has come; SIZE_MAX = none has begun
 * @block, @seq: of the BATCH groups, by place
 * @crc:     of their results
 * @tail_block, @tail_seq, @tail_len: of the TAIL group; len 0 = none
 * @commit:  size of the file; UINT64_MAX = no COMMIT
 */
struct fl_move_found {
	struct fl_move_plan plan;
	size_t placed;
	size_t back;
	uint64_t *block;
	uint64_t *seq;
	uint32_t *crc;
	uint64_t tail_block;
	uint64_t tail_seq;
	uint64_t tail_len;
	uint64_t commit;
};

/** fl_move_found_init(), fl_move_found_done() */
void fl_move_found_init(struct fl_move_found *f);
void fl_move_found_done(struct fl_move_found *f);

/** fl_move_found_add() - a group of the survey. @block: where it began. Return: 0; -FL_ECORRUPT. */
int fl_move_found_add(struct fl_move_found *f, const struct fl_jgroup *g, uint64_t block);

/** fl_move_compare() - is every batch where the journal says? Return: as fl_recovery_survey(). */
int fl_move_compare(struct fl_recovery *rec, struct fl_error *reterr);

/** fl_move_roll_back() - make the file the old one; after fl_recovery_take(). Return: 0 or -errno. */
int fl_move_roll_back(struct fl_recovery *rec, struct fl_error *reterr);

/**
 * fl_move_continue() - a rewrite that goes on; after fl_recovery_take()
 * @m: gets the plan; batches from m->next on are to be stored
 */
int fl_move_continue(struct fl_recovery *rec, struct fl_move *m, struct fl_error *reterr);

#endif
