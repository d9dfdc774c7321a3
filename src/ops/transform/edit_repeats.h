/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_TRANSFORM_EDIT_REPEATS_H
#define FL_OPS_TRANSFORM_EDIT_REPEATS_H

#include <stdbool.h>
#include <stdint.h>

#include <faultline/operator.h>

#include "ops/transform/delta.h"
#include "ops/transform/siphash.h"

/**
 * DOC: Records that equal the one before them, view by view.
 *
 * Whether a record of the result goes depends on the one before it and on nothing else: so a view
 * knows it of all its records but the first. Of that one, and of the last, it hands on what a fold
 * needs to decide (record_ends.h), whatever lies between them in other views.
 */

/** struct fl_record_tag - 128 bits that stand for a record; all zero equals none */
struct fl_record_tag {
	uint64_t half[2];
};

/**
 * struct fl_record_ends - the first and the last record of a text
 * @first_len: of the first one, with its end; 0 = there is none
 */
struct fl_record_ends {
	uint64_t first_len;
	struct fl_record_tag first;
	struct fl_record_tag last;
};

/** fl_record_tags_equal() */
bool fl_record_tags_equal(const struct fl_record_tag *a, const struct fl_record_tag *b);

#define FL_RECORD_KEY_BYTES (2 * (size_t)FL_SIPHASH_KEY_BYTES)

/** fl_record_key() - a new one: tags of different keys do not compare. Return: 0; -EIO. */
int fl_record_key(unsigned char ret[FL_RECORD_KEY_BYTES]);

/**
 * fl_edit_repeats() - the records of an edited piece that equal the one before them
 * @piece: whole records of the original; @edit: what was done to them
 * @ends:  of the pieces of the view before this one; this one is added
 * @ret:   empty list that gets the deltas from the edited text to what is left of it
 *
 * Nothing is put together: the text may be as long as a file. Records longer than
 * FL_REPEATS_RECORD_MAX are never taken for repeats (repeats.h).
 * Return: 0; -ENOMEM; -FL_ELIMIT, and @ends is as it was.
 */
int fl_edit_repeats(const struct fl_view *piece, const struct fl_deltas *edit,
		    unsigned char delimiter, const unsigned char key[FL_RECORD_KEY_BYTES],
		    struct fl_record_ends *ends, struct fl_deltas *ret);

#endif
