/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_TRANSFORM_INPLACE_MAP_H
#define FL_OPS_TRANSFORM_INPLACE_MAP_H

#include <stdatomic.h>

#include "ops/transform/edit_repeats.h"
#include "ops/transform/inplace.h"

/** DOC: The map that all rewrites in place share: an edit's changes as runs in a part. */

/**
 * struct fl_edit_run - the state of such an operator begins with this
 * @measured: see struct fl_change_sink
 */
struct fl_edit_run {
	const struct fl_inplace_edit *edit;
	bool measured;
};

/** fl_edit_worker_init(), fl_edit_worker_done(), fl_edit_run_map(): for struct fl_operator */
int fl_edit_worker_init(const void *op, void **ret_scratch, struct fl_error *reterr);
void fl_edit_worker_done(const void *op, void *scratch);
int fl_edit_run_map(const void *op, void *scratch, const struct fl_view *in, struct fl_part *part,
		    struct fl_error *reterr);

/** fl_edit_worker_moves() - what views become is put, see struct fl_change_sink */
void fl_edit_worker_moves(void *scratch, const atomic_bool *moves);

/**
 * struct fl_edit_part_run - one view's changes in a part
 * @off, @end: of the view; @p: @len bytes of changes, based on @off
 * @old_bytes: that the changes leave out, as they are bare
 * @growth:    by which it becomes longer
 * @crc:       where the run is measured
 * @ends:      of the view, in its first run, where the edit drops repeats; else all zero
 */
struct fl_edit_part_run {
	uint64_t off;
	uint64_t end;
	const unsigned char *p;
	size_t len;
	uint64_t old_bytes;
	int64_t growth;
	uint32_t crc;
	struct fl_record_ends ends;
};

/** fl_edit_part_next() - step through a part; @at: 0 first. Return: false at the end. */
bool fl_edit_part_next(const struct fl_part *part, size_t *at, struct fl_edit_part_run *ret);

/** fl_inplace_source() - the target as a source of the size it had at first. Return: as fl_source_open_fd(). */
int fl_inplace_source(const struct fl_store_job *job, struct fl_source **ret,
		      struct fl_error *reterr);

#endif
