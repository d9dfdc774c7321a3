/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_DIFF_H
#define FAULTLINE_DIFF_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>
#include <faultline/export.h>
#include <faultline/operator.h>
#include <faultline/source.h>

FL_BEGIN_DECLS

/**
 * DOC: Comparing two files byte by byte.
 *
 * The pipeline runs over one file; the operator looks at the other one at the same
 * offsets, through windows of its own. It sees as much as both have; what is left
 * of the longer one is the caller's to tell.
 */
struct fl_diff;

/* Equal bytes that do not end a range, by default: what lies closer together is one change to those
 * who read about it, and random bytes are equal for so long once in 2^128 bytes. */
#define FL_DIFF_GAP_DEFAULT 16

/**
 * struct fl_diff_range - bytes that differ
 * @off:    first byte that differs, from the start of both files
 * @len:    up to the last one that does
 * @differ: how many of them differ
 */
struct fl_diff_range {
	uint64_t off;
	uint64_t len;
	uint64_t differ;
};

/**
 * struct fl_diff_options
 * @size:      sizeof this struct
 * @other:     the other file, seekable; must outlive the operator
 * @gap_bytes: up to so many equal bytes between two that differ belong to the range
 * @cold:      drop from the page cache what the run brings in of @other
 * @brief:     a range is told before its end is known, and the run ends behind the end of @other: for
 *             those who want to know only whether there is one
 * @range:     called for each range, in file order, on the folding thread.
 *             Return: 0; FL_FOLD_STOP; a negative error
 * @arg:       for @range
 */
struct fl_diff_options {
	size_t size;
	struct fl_source *other;
	uint64_t gap_bytes;
	int cold;
	int brief;
	int (*range)(void *arg, const struct fl_diff_range *range);
	void *arg;
};

/**
 * fl_diff_new() - Return: 0; -EINVAL; -ENOMEM; -FL_EUNSUPPORTED where @other is a pipe or the
 * like: let the pipeline run over that one
 */
FL_API int fl_diff_new(const struct fl_diff_options *opt, struct fl_diff **ret,
		       struct fl_error *reterr);

/** fl_diff_operator() - its code, for fl_pipeline_add() */
FL_API const struct fl_operator *fl_diff_operator(const struct fl_diff *diff);

/**
 * fl_diff_seen() - where the last run ended in the file that the pipeline ran over
 *
 * Beyond the other file's size, all of a stream has been read, and of other files some.
 */
FL_API uint64_t fl_diff_seen(const struct fl_diff *diff);

/** fl_diff_free() - NULL is fine */
FL_API void fl_diff_free(struct fl_diff *diff);

FL_END_DECLS

#endif
