/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_TRANSFORM_TRANSFORM_PART_H
#define FL_OPS_TRANSFORM_TRANSFORM_PART_H

#include <faultline/operator.h>
#include <faultline/transform.h>

#include "ops/transform/delta.h"

/**
 * DOC: What a map of transform hands to the fold.
 *
 * A part is a row of blocks: a struct fl_block_head, then its bytes. Numbers are in host order,
 * which is little-endian on every machine supported.
 */
enum fl_block_kind {
	FL_BLOCK_TEXT = 1, /* of the result */
	FL_BLOCK_COUNTS,   /* struct fl_block_counts */
	FL_BLOCK_CHANGE    /* struct fl_block_change, the old text, the new one */
};

#define FL_TRANSFORM_PART_VERSION 1

struct fl_block_head {
	uint16_t version;
	uint16_t kind;
	uint32_t reserved;
	uint64_t bytes;
};

/* As fl_transform_result; pages from @first_page to @last_page hold changes if @pages > 0. */
struct fl_block_counts {
	uint64_t matches;
	uint64_t changes;
	uint64_t old_bytes;
	uint64_t new_bytes;
	uint64_t pages;
	uint64_t first_page;
	uint64_t last_page;
};

struct fl_block_change {
	uint64_t off;
	uint64_t old_len;
	uint64_t new_len;
	uint64_t is_deleted;
};

/** fl_part_put_counts() - append a block of counts. Return: 0; -ENOMEM. */
int fl_part_put_counts(struct fl_part *part, const struct fl_deltas *d);

/**
 * fl_part_put_changes() - append the first records that change
 * @limit: how many at most
 * Return: 0; -ENOMEM.
 */
int fl_part_put_changes(struct fl_part *part, const struct fl_view *in, const struct fl_deltas *d,
			unsigned char delimiter, uint64_t limit);

/**
 * fl_part_put_text() - append the text that results from a view
 *
 * More than a part may hold is folded piece by piece.
 * Return: 0; FL_FOLD_STOP; -ENOMEM; errors of fl_part_flush().
 */
int fl_part_put_text(struct fl_part *part, const struct fl_view *in, const struct fl_deltas *d,
		     struct fl_error *reterr);

#endif
