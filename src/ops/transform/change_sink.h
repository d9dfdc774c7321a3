/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_TRANSFORM_CHANGE_SINK_H
#define FL_OPS_TRANSFORM_CHANGE_SINK_H

#include <stdatomic.h>

#include "ops/transform/edit_repeats.h"
#include "ops/transform/inplace.h"
#include "store/change.h"

/* In a part: u64 offset of the view, u64 its end, u64 bytes of changes, u64 by which it grows,
 * u64 register of CRC32C over it (where it is measured), u64 old bytes that a bare row leaves out,
 * then, of struct fl_record_ends, where records are compared, five u64; then the changes. */
#define FL_SINK_HEAD_BYTES ((size_t)88)

/* Changes with fewer bytes than this between them become one: it costs less than another head, and
 * bounds what the journal of a whole file can take (same_store.c). */
#define FL_SINK_JOIN_BYTES 5u

/**
 * struct fl_change_sink - changes of one view on their way into a part
 * @begin:  where this view's run begins in the part; @first_begin: its first one, of several
 * @base:   end of the last change that was written
 * @from, @to: the old bytes of the change that is still open; equal = none
 * @text:   its new bytes, @text_len of them
 * @growth: of the view, modulo 2^64
 * @old_bytes: of its changes, where the row is bare
 * @keeps_length: refuse others, and put old bytes; else the row is bare (change.h)
 * @measured: views without changes are put, too, and all with their CRC
 * @compared: views without changes are put, too, and all with @ends: of the records that they become
 * @moves: not NULL: what the view becomes is put, not its changes (change_text.c); true once what is
 *         before the view has become shorter, so that all of it moves
 * @copying: what stands between changes is copied, too
 */
struct fl_change_sink {
	const struct fl_view *view;
	struct fl_part *part;
	size_t begin;
	size_t first_begin;
	uint64_t base;
	uint64_t from;
	uint64_t to;
	bool is_open;
	unsigned char *text;
	size_t text_len;
	size_t text_cap;
	uint64_t growth;
	uint64_t old_bytes;
	bool keeps_length;
	bool measured;
	bool compared;
	struct fl_record_ends ends;
	const atomic_bool *moves;
	bool copying;
};

/** fl_change_sink_begin() - a view's changes follow; @text of an earlier one is used again */
int fl_change_sink_begin(struct fl_change_sink *sink, const struct fl_view *view,
			 struct fl_part *part);

/** fl_change_sink_end() - the view is through; its run is in the part if it had changes */
int fl_change_sink_end(struct fl_change_sink *sink);

/**
 * fl_change_text_begin(), fl_change_text_put(), fl_change_text_end() - the same where @moves is given
 *
 * No change may be longer than what it takes the place of. A run is either text, FL_SINK_TEXT in place
 * of its CRC, or stays as it is.
 */
int fl_change_text_begin(struct fl_change_sink *sink);
int fl_change_text_put(struct fl_change_sink *sink, uint64_t off, uint64_t old_len,
		       const unsigned char *new_bytes, size_t new_len);
int fl_change_text_end(struct fl_change_sink *sink);

#define FL_SINK_TEXT 1u

/** fl_change_sink_put_ends() - into the head of a view's first run */
void fl_change_sink_put_ends(unsigned char *head, const struct fl_record_ends *ends);

/** fl_change_sink_done() - free */
void fl_change_sink_done(struct fl_change_sink *sink);

#endif
