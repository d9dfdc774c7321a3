/* SPDX-License-Identifier: MIT */
#ifndef FL_STORE_MOVE_BUILD_H
#define FL_STORE_MOVE_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/move_plan.h"
#include "store/store_job.h"

/**
 * DOC: What a batch becomes.
 *
 * The source is read in pieces that stay in the processor's cache while their CRC32C is taken, and
 * what is left of them is copied; removed bytes go into the undo log. Nothing is stored here, and
 * a source that has not been stored is overwritten by no batch before it (move_plan.h): so batches
 * may be made ahead of their turn, by any thread.
 */

/** struct fl_made_bytes - a buffer that grows */
struct fl_made_bytes {
	unsigned char *data;
	size_t len;
	size_t cap;
};

/**
 * struct fl_made - a batch that is ready to be stored; all zero to begin with
 * @result: what it becomes
 * @undo:   its changes, with the old bytes, and one byte for each change's new ones
 * @crc:    of the result, where it is asked for
 * @changes: that were made
 * @piece:  of the source
 */
struct fl_made {
	struct fl_made_bytes result;
	struct fl_made_bytes undo;
	struct fl_made_bytes piece;
	uint32_t crc;
	uint64_t changes;
};

/** fl_made_done() - free; all zero is fine */
void fl_made_done(struct fl_made *made);

/**
 * fl_move_build() - read a batch, and make what it becomes
 * @x:    the batch; x[1] is the one behind it
 * @runs: its changes: bare rows (change.h) in runs (same_store.h), @len bytes
 * @crc:  is the result's wanted?
 *
 * Threads: any, each with its own @made.
 * Return: 0; -FL_ECHANGED where source or result are not what the plan says; -FL_ETRUNCATED;
 * -ENOMEM; -errno.
 */
int fl_move_build(struct fl_store_job *job, const struct fl_batch *x, const unsigned char *runs,
		  size_t len, bool crc, struct fl_made *made, struct fl_error *reterr);

#endif
