/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_SCAN_HYPERSCAN_H
#define FL_OPS_SCAN_HYPERSCAN_H

#include <stdbool.h>
#include <stddef.h>

#include <faultline/error.h>

/**
 * DOC: Hyperscan as a proposer of lines.
 *
 * Finds where any of many patterns ends, at several GB/s, and so names the lines that may match;
 * PCRE2 decides. libhs.so.5 is loaded when a large search first wants it: linking it would multiply
 * the program's start-up time. Only Hyperscan 5.4.0 to 5.4.2 is trusted: Vectorscan 5.4.9 misses
 * matches in the middle of a buffer, which a self-test looks for, too.
 */
struct fl_hs;

/**
 * struct fl_hs_pattern - one expression
 * @text:    no match of which leaves its line
 * @literal: @literal_len bytes, if that is all it matches, else NULL
 */
struct fl_hs_pattern {
	char *text;
	char *literal;
	size_t literal_len;
};

/**
 * fl_hs_new() - load the library and compile
 * @patterns: must outlive the result
 * @caseless: of ASCII letters
 * Return: 0; -FL_EUNSUPPORTED: not built in, not to be had, not trusted, or not for these
 * patterns; -ENOMEM.
 */
int fl_hs_new(const struct fl_hs_pattern *patterns, size_t count, bool caseless, struct fl_hs **ret,
	      struct fl_error *reterr);

/**
 * fl_hs_version() - which library is there, trusted or not
 * @ret: the library's
 * Return: 0; -FL_EUNSUPPORTED.
 */
int fl_hs_version(const char **ret, struct fl_error *reterr);

/** fl_hs_free() - NULL is fine */
void fl_hs_free(struct fl_hs *hs);

/* Texts for which a lane is not used after one with many matches. */
#define FL_HS_REST 15u

/**
 * struct fl_hs_line - a proposed line
 * @begin: of it
 * @from:  of the match that Hyperscan saw, or before: where PCRE2 had best look first
 * @sure:  a literal was found in it, and compared
 */
struct fl_hs_line {
	size_t begin;
	size_t from;
	bool sure;
};

/**
 * struct fl_hs_lane - what one thread needs
 * @scratch: Hyperscan's
 * @lines:   the proposed lines of the last text, @count of them, ascending
 * @calls:   match ends that Hyperscan reported for it
 * @tail:    a copy of the end of a text, @tail_size bytes
 * @rest:    texts left to be searched in another way
 */
struct fl_hs_lane {
	const struct fl_hs *hs;
	void *scratch;
	struct fl_hs_line *lines;
	size_t count;
	size_t size;
	size_t calls;
	unsigned char *tail;
	size_t tail_size;
	unsigned rest;
};

/** fl_hs_lane_init() - @hs: NULL is fine: there is nothing to do. Return: 0; -ENOMEM. */
int fl_hs_lane_init(struct fl_hs_lane *lane, const struct fl_hs *hs);

/** fl_hs_lane_done() - free; all zero is fine */
void fl_hs_lane_done(struct fl_hs_lane *lane);

/**
 * fl_hs_propose() - find the lines of a text that may match
 * @data:      @len bytes that begin at a line's start; lines end with '\n'
 * @non_ascii: lines with other bytes than ASCII are proposed, too
 * Return: 0, all lines that match are among @lane->lines; -ENOMEM; -EINVAL.
 */
int fl_hs_propose(struct fl_hs_lane *lane, const unsigned char *data, size_t len, bool non_ascii);

#endif
