/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_TRANSFORM_H
#define FAULTLINE_TRANSFORM_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>
#include <faultline/export.h>
#include <faultline/operator.h>

FL_BEGIN_DECLS

/**
 * DOC: Editing, as sed does, on all processors.
 *
 * An edit program is a list of steps that are applied, in order, to each
 * record (line). What comes out is handed to a function of the caller's, in
 * the order of the file.
 */
struct fl_transform;

/**
 * struct fl_transform_step - one step, as a user writes it
 * @text: "s/REGEX/REPL/gi2", "y/abc/xyz/", "mask=REGEX", "redact=ipv4,email", "delete=REGEX", "keep=REGEX", "upper",
 *        "lower", "dos2unix", "unix2dos", "dedup-adjacent" (the last one only, with no range and no
 *        @where); faultline-transform(1) explains them
 */
struct fl_transform_step {
	const char *text;
	size_t len;
};

#define FL_TRANSFORM_UTF 1u       /* texts are UTF-8 */
#define FL_TRANSFORM_MULTILINE 2u /* ^ and $ match at newlines within a record, too */
#define FL_TRANSFORM_HASH 4u      /* redact= puts keyed pseudonyms, not mask characters */
#define FL_TRANSFORM_DRY_RUN 8u   /* nothing is written, only counted */

#define FL_TRANSFORM_KEY_BYTES 16

/**
 * struct fl_transform_change - a record before and after
 * @off: where it begins, bytes from the start of the file
 * @old_text, @new_text: without the record's end; of long ones the beginning
 * @is_deleted: it goes, end and all
 */
struct fl_transform_change {
	size_t size;
	uint64_t off;
	const char *old_text;
	size_t old_len;
	const char *new_text;
	size_t new_len;
	int is_deleted;
};

/**
 * struct fl_transform_options - a job; fill it with fl_transform_options_init() first
 * @size:       sizeof this struct
 * @steps:      @step_count of them, >= 1; copied
 * @where:      only records in which this regex matches before the first step; or NULL; copied
 * @flags:      FL_TRANSFORM_...
 * @delimiter:  ends a record; must be the pipeline's
 * @mask_char:  for mask= and redact=
 * @range_off, @range_len: only records that start there are edited; all are written
 * @key:        for FL_TRANSFORM_HASH
 * @label:      what its errors begin with in fl_transforms_in_place(), or NULL; copied
 * @write:      takes the result, in the order of the file; called by fold; returns 0 or a
 *              negative error, which ends the run; NULL with FL_TRANSFORM_DRY_RUN
 * @diff_count: how many changed records to hand to @diff, the first ones of each run
 * @diff:       called by fold, before what they are part of is written; or NULL
 * @arg:        handed to both
 */
struct fl_transform_options {
	size_t size;
	const struct fl_transform_step *steps;
	size_t step_count;
	const char *where;
	size_t where_len;
	unsigned flags;
	unsigned char delimiter;
	unsigned char mask_char;
	uint64_t range_off;
	uint64_t range_len;
	unsigned char key[FL_TRANSFORM_KEY_BYTES];
	const char *label;
	int (*write)(void *arg, const void *data, size_t len);
	uint64_t diff_count;
	int (*diff)(void *arg, const struct fl_transform_change *change);
	void *arg;
};

/**
 * struct fl_transform_result - what a run did
 * @matches:   of all steps
 * @changes:   places that changed; neighbours may count as one
 * @old_bytes: that went there
 * @new_bytes: that came instead
 * @pages:     of 4 KiB of the input that hold a change
 */
struct fl_transform_result {
	size_t size;
	uint64_t matches;
	uint64_t changes;
	uint64_t old_bytes;
	uint64_t new_bytes;
	uint64_t pages;
};

/** fl_transform_options_init() - no steps, lines, '*', everything */
FL_API void fl_transform_options_init(struct fl_transform_options *opt);

/**
 * fl_transform_new() - compile an edit program
 * Return: 0; -EINVAL with what is wrong in it; -ENOMEM.
 */
FL_API int fl_transform_new(const struct fl_transform_options *opt, struct fl_transform **ret,
			    struct fl_error *reterr);

/** fl_transform_operator() - its code, for fl_pipeline_add() */
FL_API const struct fl_operator *fl_transform_operator(const struct fl_transform *transform);

/** fl_transform_result() - of the last run, also of one that failed; ret->size must be set.
 * Return: 0 or -EINVAL. */
FL_API int fl_transform_result(const struct fl_transform *transform,
			       struct fl_transform_result *ret);

/** fl_transform_plan() - how matches are looked for: "literal 'x'; ..."; lives as long as it */
FL_API const char *fl_transform_plan(const struct fl_transform *transform);

/** fl_transform_free() - NULL is fine */
FL_API void fl_transform_free(struct fl_transform *transform);

FL_END_DECLS

#endif
