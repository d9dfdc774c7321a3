/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_TRANSFORM_RECORD_SEAM_H
#define FL_OPS_TRANSFORM_RECORD_SEAM_H

#include "ops/transform/inplace_map.h"

/**
 * DOC: Where views meet: does the first record of one equal the last record before it?
 *
 * Asked in file order, by the fold.
 */

/** struct fl_record_seam - @before: the last record so far, where @known */
struct fl_record_seam {
	struct fl_record_tag before;
	bool known;
};

/** fl_record_seam_next() - a view, or its first run, follows. Return: does its first record go? */
bool fl_record_seam_next(struct fl_record_seam *seam, const struct fl_record_ends *ends);

/** struct fl_shortened - a run without its first record, in memory that is used again */
struct fl_shortened {
	unsigned char *data;
	size_t size;
};

/** fl_shortened_done() - free */
void fl_shortened_done(struct fl_shortened *s);

/**
 * fl_edit_run_shorten() - take the first @len bytes away from what a view becomes
 * @run: its bare changes; its bytes stand in @s then
 * Return: 0; -ENOMEM; -FL_ECORRUPT where it does not become so many.
 */
int fl_edit_run_shorten(struct fl_edit_part_run *run, uint64_t len, struct fl_shortened *s);

#endif
