/* SPDX-License-Identifier: MIT */
#ifndef FL_TESTS_NAIVE_H
#define FL_TESTS_NAIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <faultline/count.h>
#include <faultline/hash.h>
#include <faultline/scan.h>

/**
 * struct naive_range - what of a buffer is looked at
 * @data, @len:   the whole buffer
 * @begin, @end:  the range: its bytes, or the lines that start in it
 */
struct naive_range {
	const unsigned char *data;
	size_t len;
	size_t begin;
	size_t end;
};

/** struct naive_text - bytes that grow; free @data */
struct naive_text {
	char *data;
	size_t len;
	size_t size;
};

/** naive_text_add() - aborts without memory */
void naive_text_add(struct naive_text *t, const void *data, size_t len);

/** naive_lines_span() - the range's lines as one range of bytes: they are contiguous */
struct naive_range naive_lines_span(const struct naive_range *in);

/** naive_count() - lines, words (of the locale in force) and bytes of the range's bytes */
void naive_count(const struct naive_range *in, struct fl_count_result *ret);

/**
 * naive_hash() - libxxhash's canonical digest of the range's bytes
 *
 * Return: its length; 0 for an algorithm that is not one of libxxhash.
 */
size_t naive_hash(enum fl_hash_alg alg, uint64_t seed, const struct naive_range *in,
		  unsigned char *ret);

/**
 * struct naive_pattern - a pattern for PCRE2, and the same by hand
 * @flags: FL_SCAN_FIXED, FL_SCAN_IGNORE_CASE or neither
 * @find:  the first match at or after *at: 1, and where it begins and ends; or 0
 */
struct naive_pattern {
	const char *text;
	unsigned flags;
	int (*find)(const unsigned char *line, size_t len, size_t *at, size_t *ret_end);
};

/** naive_pattern() - the i-th, NULL after the last */
const struct naive_pattern *naive_pattern(size_t i);

/**
 * naive_scan() - what a search prints, as if the whole were text
 * @flags: FL_SCAN_...; line numbers count from the range's first line
 * Return: lines selected.
 */
uint64_t naive_scan(const struct naive_pattern *pattern, unsigned flags,
		    const struct naive_range *in, struct naive_text *out);

/** naive_same() - do @len bytes stand at @p? @icase: they are lower-case, the text need not be */
bool naive_same(const unsigned char *p, const unsigned char *bytes, size_t len, bool icase);

#endif
