/* SPDX-License-Identifier: MIT */
#ifndef FL_STORE_MOVE_STORE_H
#define FL_STORE_MOVE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/move_build.h"
#include "store/move_plan.h"
#include "store/recovery.h"
#include "store/store_job.h"

/**
 * DOC: Changes that move what follows.
 *
 * Batches are stored in the order of the plan. A batch is stored when the batches before it are on
 * the device and the journal says, durably, that it is its turn: the removed bytes (to undo it)
 * and, where it overwrites its own source, all that is about to be stored: its image. So at any
 * moment every batch but one is either as it was or as it will be, and that one can be done again:
 * from its source, which is intact, or from the image.
 *
 * There is room for two images, so that one can be written while the batch before is on its way to
 * the device: when a third one is written over the first, the batch that this is of is on the device.
 * Where the image is not that of the batch whose turn it is, by its CRC32C, that batch was not begun,
 * or is complete.
 */

/**
 * struct fl_move_tail - where a file ends, and what others appended to it
 * @keep:  bytes before it
 * @from:  where it begins now; behind @keep, or there
 * @image: its first @len bytes, where the journal holds them; malloc'ed
 */
struct fl_move_tail {
	uint64_t keep;
	uint64_t from;
	unsigned char *image;
	size_t len;
};

/**
 * struct fl_move - a rewrite under way
 * @next: place in the order of the batch that is stored next
 * @images_off: where in the journal the images stand
 * @tail: bytes that others appended, and that the journal holds already
 */
struct fl_move {
	struct fl_store_job *job;
	struct fl_move_plan plan;
	size_t next;
	uint64_t images_off;
	struct fl_move_tail tail;
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
 * fl_move_make() - make the batch of place @k, whose turn may be yet to come
 * @runs: its changes (move_build.h), @len bytes
 *
 * Threads: any, once fl_move_begin() or fl_move_continue() has returned.
 * Return: as fl_move_build().
 */
int fl_move_make(const struct fl_move *m, size_t k, const unsigned char *runs, size_t len,
		 struct fl_made *made, struct fl_error *reterr);

/** fl_move_store() - store the batch whose turn it is. @made: of place m->next. Return: 0; -errno. */
int fl_move_store(struct fl_move *m, const struct fl_made *made, struct fl_error *reterr);

/**
 * fl_move_finish() - all batches are stored: what others appended, COMMIT, the new size
 * Return: 0; -EAGAIN when others have the file open: resume later; -errno.
 */
int fl_move_finish(struct fl_move *m, struct fl_error *reterr);

/**
 * fl_move_settle() - all batches are where they belong: bring what others appended behind them
 * @type: FL_JGROUP_COMMIT or FL_JGROUP_ROLLBACK
 *
 * The tail is logged and moved, a group says how long the file will be, it is cut, the journal goes.
 * Return: 0; -EAGAIN when others have the file open; -FL_ETRUNCATED; -FL_ELIMIT when there is too
 * much of it; -errno.
 */
int fl_move_settle(struct fl_store_job *job, enum fl_jgroup_type type, const struct fl_move_tail *t,
		   struct fl_error *reterr);

/**
 * fl_move_alone() - a lease: nobody else has the file open, or can open it until it is given back
 * Return: 0; -EAGAIN; -EACCES when the file is somebody else's; -errno.
 */
int fl_move_alone(struct fl_store_job *job, struct fl_error *reterr);

/** fl_move_end() - the file becomes @bytes long where it is longer, and the journal goes */
int fl_move_end(struct fl_store_job *job, uint64_t bytes, struct fl_error *reterr);

/** fl_move_read() - [off, off + len) of the target into a buffer that grows. Return: 0 or -errno. */
int fl_move_read(struct fl_store_job *job, uint64_t off, uint64_t len, unsigned char **buf,
		 size_t *cap, struct fl_error *reterr);

/**
 * fl_move_restore() - what a batch was
 * @in:   @in_len bytes of the result; @src: where its source began
 * @undo: @len bytes
 * @ret:  exactly @ret_len bytes
 * Return: 0; -FL_ECORRUPT where they do not go together.
 */
int fl_move_restore(const unsigned char *in, size_t in_len, uint64_t src, const unsigned char *undo,
		    size_t len, unsigned char *ret, size_t ret_len);

/**
 * struct fl_move_found - what the journal of such a rewrite says
 * @plan:    empty until a PLAN was read
 * @placed:  batches whose turn had come
 * @back:    rollback: place of the batch whose turn has come; SIZE_MAX = none has begun
 * @block, @seq: of the BATCH groups, by place
 * @crc:     of their results
 * @images_off: where in the journal the images stand
 * @tail_block, @tail_seq, @tail_len: of the last TAIL group; len 0 = none since @end
 * @end:     FL_JGROUP_COMMIT, FL_JGROUP_ROLLBACK; 0 = none
 * @end_keep: size of the file from then on; @end_from: before it is cut to that
 * @end_crc: of the bytes that are cut off, FL_MOVE_CUT_BYTES of them at most
 * @now:     size of the file
 * @is_cut:  it was cut after @end
 */
struct fl_move_found {
	struct fl_move_plan plan;
	size_t placed;
	size_t back;
	uint64_t *block;
	uint64_t *seq;
	uint32_t *crc;
	uint64_t images_off;
	uint64_t tail_block;
	uint64_t tail_seq;
	size_t tail_len;
	uint32_t end;
	uint32_t end_crc;
	uint64_t end_keep;
	uint64_t end_from;
	uint64_t now;
	bool is_cut;
};

/* What others append to a file that was cut must differ from what was cut off: more than a line. */
#define FL_MOVE_CUT_BYTES ((uint64_t)1 << 20)

/** fl_move_crc() - register over [off, off + len) of @fd. Return: 0; -FL_ECHANGED at its end. */
int fl_move_crc(int fd, uint64_t off, uint64_t len, uint32_t *ret);

/** fl_move_found_init(), fl_move_found_done() */
void fl_move_found_init(struct fl_move_found *f);
void fl_move_found_done(struct fl_move_found *f);

/* Images that a journal has room for. */
#define FL_MOVE_IMAGES 2

/** fl_move_image_blocks() - that an image of a plan takes in the journal */
uint64_t fl_move_image_blocks(const struct fl_move_plan *p);

/** fl_move_image_off() - where in the journal the image of place @k stands */
uint64_t fl_move_image_off(const struct fl_move_plan *p, uint64_t images_off, size_t k);

/** fl_move_found_add() - a group of the survey. @block: where it began. Return: 0; -FL_ECORRUPT. */
int fl_move_found_add(struct fl_move_found *f, const struct fl_jgroup *g, uint64_t block);

/** fl_move_compare() - is every batch where the journal says? Return: as fl_recovery_survey(). */
int fl_move_compare(struct fl_recovery *rec, struct fl_error *reterr);

/** fl_move_is_undone() - has a rollback begun, so that no other way is left? */
bool fl_move_is_undone(const struct fl_recovery *rec);

/** fl_move_settle_again() - after COMMIT or ROLLBACK; after fl_recovery_take(). Return: 0 or -errno. */
int fl_move_settle_again(struct fl_recovery *rec, struct fl_error *reterr);

/**
 * fl_move_roll_back() - make the file the old one; after fl_recovery_take()
 *
 * What others appended stays behind it. Return: 0 or -errno.
 */
int fl_move_roll_back(struct fl_recovery *rec, struct fl_error *reterr);

/**
 * fl_move_continue() - a rewrite that goes on; after fl_recovery_take()
 * @m: gets the plan; batches from m->next on are to be stored
 *
 * Return: 0; -FL_EUNSUPPORTED when others appended before the file had grown; -errno.
 */
int fl_move_continue(struct fl_recovery *rec, struct fl_move *m, struct fl_error *reterr);

#endif
