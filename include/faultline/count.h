/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_COUNT_H
#define FAULTLINE_COUNT_H

#include <stdint.h>

#include <faultline/error.h>
#include <faultline/export.h>
#include <faultline/operator.h>

FL_BEGIN_DECLS

/**
 * DOC: Counting lines, words and bytes, as wc(1) does.
 *
 * Words follow the locale in force when fl_count_new() is called (LC_CTYPE), as
 * GNU wc 9.1 counts them. Only what is asked for is computed.
 */
struct fl_count;

#define FL_COUNT_LINES 1u
#define FL_COUNT_WORDS 2u
#define FL_COUNT_BYTES 4u
#define FL_COUNT_RECORDS 8u /* with a range: of the records that start in it, not of its bytes */

struct fl_count_result {
	uint64_t lines; /* delimiter bytes */
	uint64_t words;
	uint64_t bytes;
};

/** fl_count_new() - @what: FL_COUNT_... or'ed. Return: 0; -EINVAL; -ENOMEM. */
FL_API int fl_count_new(unsigned what, struct fl_count **ret);

/** fl_count_operator() - its code, for fl_pipeline_add() */
FL_API const struct fl_operator *fl_count_operator(const struct fl_count *count);

/** fl_count_result() - of the last run that ended without error */
FL_API void fl_count_result(const struct fl_count *count, struct fl_count_result *ret);

/** fl_count_free() - NULL is fine */
FL_API void fl_count_free(struct fl_count *count);

FL_END_DECLS

#endif
