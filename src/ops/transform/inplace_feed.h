/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_TRANSFORM_INPLACE_FEED_H
#define FL_OPS_TRANSFORM_INPLACE_FEED_H

#include <stdbool.h>

#include "ops/transform/inplace.h"

/**
 * DOC: Taps of a rewrite in place.
 *
 * Whoever looks at a file while it is rewritten must see each byte before it is stored to. So the
 * first pass over the file has one more operator, ahead of the one that edits: it sees the same
 * records, and hands on a copy of them, in order, as the source of the caller's pipeline, which runs
 * at the same time. A copy, because operators with other cuts than records (digests) look at places
 * where the changes of the chunk before may have been stored already.
 */

/**
 * struct fl_edit_pass - one way of an edit over the whole file
 * @ops, @op: what it does there
 * @run:   how to map
 * @feeds: the edit's taps, if it has any, read what this pass sees
 * @stats: takes the most memory that was seen, if that is more than it has
 */
struct fl_edit_pass {
	const struct fl_inplace_edit *edit;
	const struct fl_operator *ops;
	void *op;
	const struct fl_options *run;
	bool feeds;
	struct fl_store_stats *stats;
};

/**
 * fl_edit_pass_run() - do it, and wait for the taps
 * Return: 0; the first error, be it of the pass or of the taps.
 */
int fl_edit_pass_run(const struct fl_edit_pass *pass, struct fl_source *src,
		     struct fl_error *reterr);

#endif
