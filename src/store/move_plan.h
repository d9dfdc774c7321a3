/* SPDX-License-Identifier: MIT */
#ifndef FL_STORE_MOVE_PLAN_H
#define FL_STORE_MOVE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * DOC: The plan of a rewrite that changes lengths.
 *
 * A dry pass cuts the source into batches at starts of records, and finds out where each goes.
 * Batches are then stored one after another, as memmove would: a batch overwrites sources of
 * other batches only when these have been stored. Where everything before a batch shrank, it goes
 * to the left, and over sources of batches before it: such batches ascend. Where it grew, they
 * descend. The boundary between two batches moves either to the left or to the right, so a
 * batch never waits for one that waits for it.
 */

/**
 * struct fl_batch - a stretch of the source
 * @src, @dst: where it begins, and where it goes
 * @crc:       register of CRC32C over its bytes, begun with 0
 * @changes:   bytes of the changes in it
 */
struct fl_batch {
	uint64_t src;
	uint64_t dst;
	uint64_t changes;
	uint32_t crc;
};

/**
 * struct fl_move_plan - all batches
 * @batch: @count of them and one behind the last: ends of source and destination
 * @order: in which they are stored, @moves of them: those that stay as they are, are left out
 * @open_growth: of the batch that views are added to, modulo 2^64
 */
struct fl_move_plan {
	struct fl_batch *batch;
	size_t count;
	size_t capacity;
	uint32_t *order;
	size_t moves;
	uint64_t open_growth;
};

/* With source, result, journal and what maps them, two of these are far below 64 MiB; a sync or
 * two per batch (1-2 ms) cost less than writing it does (4 ms at 2 GB/s). */
#define FL_BATCH_BYTES ((size_t)8 << 20)

/** fl_move_plan_begin() - empty, for a source from byte 0 on. Return: 0; -ENOMEM. */
int fl_move_plan_begin(struct fl_move_plan *p);

/** fl_move_plan_done() - free; zeroed is fine */
void fl_move_plan_done(struct fl_move_plan *p);

/**
 * fl_move_plan_add() - a view follows
 * @off, @end: of the view; it begins at a record
 * @changes:   bytes of its changes; @growth: by which it becomes longer
 * @crc:       of its bytes
 * @batch_bytes: of source, of result or of changes that make a batch
 *
 * Return: 0; -ENOMEM.
 */
int fl_move_plan_add(struct fl_move_plan *p, uint64_t off, uint64_t end, uint64_t changes,
		     int64_t growth, uint32_t crc, size_t batch_bytes);

/** fl_move_plan_end() - the source ends at @size; finds the order. Return: 0; -ENOMEM. */
int fl_move_plan_end(struct fl_move_plan *p, uint64_t size);

/** fl_move_plan_overlaps() - would storing batch b overwrite its own source? */
bool fl_move_plan_overlaps(const struct fl_move_plan *p, size_t b);

/** fl_move_plan_image_bytes() - of the longest result that overwrites its own source; 0 = none does */
uint64_t fl_move_plan_image_bytes(const struct fl_move_plan *p);

/** fl_move_plan_old_size(), fl_move_plan_new_size(): bytes */
uint64_t fl_move_plan_old_size(const struct fl_move_plan *p);
uint64_t fl_move_plan_new_size(const struct fl_move_plan *p);

/** fl_move_plan_save() - as bytes for the journal; malloc'ed. Return: 0; -ENOMEM. */
int fl_move_plan_save(const struct fl_move_plan *p, unsigned char **ret, size_t *ret_len);

/** fl_move_plan_load() - Return: 0; -FL_ECORRUPT; -ENOMEM. */
int fl_move_plan_load(struct fl_move_plan *p, const unsigned char *data, size_t len);

#endif
