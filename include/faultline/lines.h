/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_LINES_H
#define FAULTLINE_LINES_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>
#include <faultline/export.h>
#include <faultline/operator.h>

FL_BEGIN_DECLS

/**
 * DOC: Handing on some of the lines, or bytes, by where they stand.
 *
 * What is selected is handed to a function of the caller's, in file order. A
 * line is a record of the pipeline; the last one may lack its delimiter.
 */
struct fl_lines;

enum fl_lines_mode {
	FL_LINES_ALL,     /* every byte */
	FL_LINES_SLICE,   /* lines [from, to) */
	FL_LINES_BYTES,   /* bytes [from, to), counted from the start of the input */
	FL_LINES_LAST,    /* the last `to` lines */
	FL_LINES_EVERY,   /* lines from, from + every, from + 2 every, ... */
	FL_LINES_FRACTION /* each line with probability `fraction`, drawn from seed and offset */
};

/**
 * struct fl_lines_options - what to hand on
 * @size:      sizeof this struct
 * @from, @to: counted from 0; @to = UINT64_MAX: to the end
 * @every:     FL_LINES_EVERY: >= 1
 * @fraction:  0 .. 1
 * @seed:      the same seed and input give the same lines
 * @max_bytes: FL_LINES_LAST: more than this is an error; 0 = 16 MiB
 * @write:     takes the bytes; called by fold. Return: 0; FL_FOLD_STOP: no more is needed; a
 *             negative error, which ends the run
 * @done:      called once the run has ended well, or NULL. Return: 0 or a negative error
 * @arg:       handed to both
 */
struct fl_lines_options {
	size_t size;
	enum fl_lines_mode mode;
	uint64_t from;
	uint64_t to;
	uint64_t every;
	double fraction;
	uint64_t seed;
	size_t max_bytes;
	int (*write)(void *arg, const void *data, size_t len);
	int (*done)(void *arg);
	void *arg;
};

/**
 * fl_lines_new() - an operator that hands on some of its input
 *
 * FL_LINES_SLICE and FL_LINES_BYTES stop a run as soon as the rest is not wanted.
 * Return: 0; -EINVAL for options out of range; -ENOMEM.
 */
FL_API int fl_lines_new(const struct fl_lines_options *opt, struct fl_lines **ret,
			struct fl_error *reterr);

/** fl_lines_operator() - its code, for fl_pipeline_add() */
FL_API const struct fl_operator *fl_lines_operator(const struct fl_lines *lines);

/** fl_lines_free() - NULL is fine */
FL_API void fl_lines_free(struct fl_lines *lines);

FL_END_DECLS

#endif
