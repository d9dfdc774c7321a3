/* SPDX-License-Identifier: MIT */
#ifndef FL_WINDOW_SEAM_H
#define FL_WINDOW_SEAM_H

#include <stdbool.h>
#include <stdint.h>

#include <faultline/operator.h>

#include "window/plan.h"
#include "window/window.h"

/**
 * DOC: Seams.
 *
 * A chunk [off, end) owns the records, and the units, that *start* in it. The
 * seam finds where the first one starts and where the last one ends, looking
 * at the byte before the chunk and as far behind its end as the last record
 * reaches. Every byte of the range belongs to exactly one chunk, whatever the
 * chunk size; that is what makes results independent of it.
 */

/**
 * struct fl_chunk - the unit of work
 * @seq:           0, 1, 2 ... in file order
 * @off, @end:     bytes from the start of the source
 * @begin:         of the range: units count from here
 * @unit_end:      units end here: end of the range, or of the stream if it is known
 * @limit:         records end here at the latest: end of the source
 * @starts_record: a record starts at @off (no look-behind needed)
 * @whole_groups:  @off and @end are where groups of records begin and end
 */
struct fl_chunk {
	uint64_t seq;
	uint64_t off;
	uint64_t end;
	uint64_t begin;
	uint64_t unit_end;
	uint64_t limit;
	bool starts_record;
	bool whole_groups;
};

/**
 * struct fl_slicer - walks a chunk in slices
 * @record_pos, @record_done: where the next whole record begins
 * @record_end: records that start before it are the chunk's
 * @unit_pos, @unit_end:      the same for units
 */
struct fl_slicer {
	struct fl_window *window;
	const struct fl_needs *needs;
	const struct fl_chunk *chunk;
	size_t slice_bytes;
	uint64_t record_pos;
	uint64_t record_end;
	bool record_done;
	uint64_t unit_pos;
	uint64_t unit_end;
};

/**
 * struct fl_slice - what one step shows
 * @records: whole records, or len 0
 * @units:   whole units, or len 0; may be another range than @records
 */
struct fl_slice {
	struct fl_view records;
	struct fl_view units;
};

/** fl_slicer_init() - find the chunk's first record. Return: 0 or as fl_window_show(). */
int fl_slicer_init(struct fl_slicer *s, struct fl_window *window, const struct fl_needs *needs,
		   const struct fl_chunk *chunk, struct fl_error *reterr);

/** fl_record_too_long() - that at @off, more than @most bytes. Return: -FL_ELIMIT. */
int fl_record_too_long(uint64_t off, uint64_t most, struct fl_error *reterr);

/**
 * fl_slicer_next() - the next slice; views are valid until the call after
 * Return: 1; 0 at the end of the chunk; errors as fl_window_show().
 */
int fl_slicer_next(struct fl_slicer *s, struct fl_slice *ret, struct fl_error *reterr);

#endif
