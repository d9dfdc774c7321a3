/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_TRANSFORM_EDIT_PIECE_H
#define FL_OPS_TRANSFORM_EDIT_PIECE_H

#include <stddef.h>

#include <faultline/error.h>
#include <faultline/operator.h>

/**
 * DOC: Views, edited in pieces.
 *
 * A delta takes 32 bytes. Where every byte changes, those of a view of 256 KiB would take 8 MiB for each
 * thread and each edit of a pipeline. So a view whose deltas do not fit is edited in pieces of whole
 * records; only those of a single record have all the memory they need.
 */

/* 4096 deltas and 64 KiB of new bytes: pieces of 4 KiB at least, unless a record is longer. */
#define FL_EDIT_PIECE_LIMIT ((size_t)192 << 10)

/* Of struct fl_edit_pieces.edit: the deltas do not fit, nothing was put anywhere. */
#define FL_EDIT_FULL 2

/**
 * struct fl_edit_pieces - of one thread; all zero at first, but for what it is asked to do
 * @edit:        edit @piece with at most @limit_bytes for a list of deltas and hand on what comes of
 *               it. Return: 0; FL_FOLD_STOP; FL_EDIT_FULL; an error.
 * @delimiter:   ends a record
 * @limit_bytes: for the deltas of one record
 * @bytes:       the length that pieces should have; 0 = as long as the view
 * @fitting:     so many in a row did not need to be shorter
 */
struct fl_edit_pieces {
	int (*edit)(void *arg, const struct fl_view *piece, size_t limit_bytes,
		    struct fl_error *reterr);
	unsigned char delimiter;
	size_t limit_bytes;
	size_t bytes;
	unsigned fitting;
};

/** fl_edit_in_pieces() - all of a view, in order. Return: what @p->edit returned. */
int fl_edit_in_pieces(struct fl_edit_pieces *p, void *arg, const struct fl_view *in,
		      struct fl_error *reterr);

#endif
