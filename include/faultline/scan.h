/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_SCAN_H
#define FAULTLINE_SCAN_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>
#include <faultline/export.h>
#include <faultline/operator.h>

/**
 * DOC: Searching, as grep -P does.
 *
 * PCRE2 decides what matches, on one line at a time; faster means only propose
 * lines. Output is made in file order and handed to a function of the caller's.
 */
struct fl_scan;

#define FL_SCAN_FIXED 1u          /* -F: the pattern is a literal */
#define FL_SCAN_IGNORE_CASE 2u    /* -i */
#define FL_SCAN_INVERT 4u         /* -v */
#define FL_SCAN_COUNT 8u          /* -c: nothing is written, only counted */
#define FL_SCAN_ONLY_MATCHING 16u /* -o */
#define FL_SCAN_LINE_NUMBER 32u   /* -n */
#define FL_SCAN_BYTE_OFFSET 64u   /* -b */
#define FL_SCAN_QUIET 128u        /* -q: stop at the first selected line, write nothing */
#define FL_SCAN_TEXT 256u         /* -a: binary data are treated as text */

enum fl_scan_engine {
	FL_SCAN_ENGINE_AUTO,
	FL_SCAN_ENGINE_PCRE2, /* PCRE2 line by line, no proposer: the reference */
	FL_SCAN_ENGINE_LIT    /* literal proposer; an error where the pattern has no literal */
};

/**
 * struct fl_scan_options - what to search for
 * @size:        sizeof this struct
 * @pattern:     bytes, @pattern_len of them; copied. Newlines separate
 *               alternative patterns with FL_SCAN_FIXED, as in grep
 * @flags:       FL_SCAN_...
 * @engine:      how
 * @prefix:      written before each output line (file name and separator), or NULL; copied
 * @write:       takes output, in file order; called by fold; returns 0 or a negative error,
 *               which ends the run; NULL with FL_SCAN_COUNT or FL_SCAN_QUIET
 * @write_arg:   handed to @write
 */
struct fl_scan_options {
	size_t size;
	const char *pattern;
	size_t pattern_len;
	unsigned flags;
	enum fl_scan_engine engine;
	const char *prefix;
	int (*write)(void *arg, const void *data, size_t len);
	void *write_arg;
};

struct fl_scan_result {
	uint64_t selected; /* lines */
	int binary;        /* 1: the data held a NUL byte, so lines were counted, not written */
	const char *plan;  /* "literal 'Failed password'", "pcre2-jit on whole views", ... */
};

/**
 * fl_scan_new() - compile a search
 * Return: 0; -EINVAL with the compiler's message and the offset in the pattern;
 * -ENOMEM; -FL_EUNSUPPORTED for an engine that this pattern cannot use.
 */
FL_API int fl_scan_new(const struct fl_scan_options *opt, struct fl_scan **ret,
		       struct fl_error *reterr);

/** fl_scan_set_prefix() - for the next run (the next file); copied. Return: 0; -ENOMEM. */
FL_API int fl_scan_set_prefix(struct fl_scan *scan, const char *prefix);

/**
 * fl_scan_set_base_line() - for the next runs: lines before the first one that is searched
 *
 * A range does not know how many lines precede it; FL_SCAN_LINE_NUMBER adds this.
 */
FL_API void fl_scan_set_base_line(struct fl_scan *scan, uint64_t lines);

/** fl_scan_operator() - its code, for fl_pipeline_add() */
FL_API const struct fl_operator *fl_scan_operator(const struct fl_scan *scan);

/** fl_scan_result() - of the last run, also of one that failed: what was selected until then */
FL_API void fl_scan_result(const struct fl_scan *scan, struct fl_scan_result *ret);

/** fl_scan_free() - NULL is fine */
FL_API void fl_scan_free(struct fl_scan *scan);

#endif
