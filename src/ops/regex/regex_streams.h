/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_REGEX_REGEX_STREAMS_H
#define FL_OPS_REGEX_REGEX_STREAMS_H

#include <stdbool.h>
#include <stddef.h>

#include "kern/streams.h"
#include "ops/regex/regex_chain.h"

/**
 * DOC: Regular expressions as programs on bit streams (kern/streams.h).
 *
 * A pattern of characters, classes, anchors, alternatives and repetitions, with no groups repeated
 * without an end, becomes a program that says which lines match. Where a group is repeated without an end it says
 * which lines may match. Characters are bytes; in UTF-8 lines with bytes beyond ASCII are left to
 * PCRE2.
 */

/**
 * struct fl_streams - a pattern; constant after init, any thread
 * @text:  program for lines that end with a newline
 * @split: for lines that a NUL byte ends, too
 * @exact: a line that they find matches
 * @has_sets: some class is more than a character, or a letter in both cases
 * @chain: the pattern as one, where it is one
 * @chain_last: the slot of its last class in @text, where that has no limit; else 0
 */
struct fl_streams {
	struct fl_stream_program text;
	struct fl_stream_program split;
	bool exact;
	bool has_sets;
	struct fl_chain chain;
	uint8_t chain_last;
};

/**
 * fl_streams_init() - translate
 * @pattern: @len bytes of PCRE2's syntax that fl_pattern_read() understands, ASCII only
 * @caseless: ASCII letters in either case
 *
 * Return: 0; -FL_EUNSUPPORTED: the pattern is not one for streams, or too long a program;
 * -ENOMEM.
 */
int fl_streams_init(struct fl_streams *s, const char *pattern, size_t len, bool caseless);

/** fl_streams_know_locale() - are letters and classes those of ASCII, or of UTF-8? */
bool fl_streams_know_locale(bool is_utf);

/* On one core of a Sapphire Rapids PCRE2 on whole views takes as long as programs of this cost. */
#define FL_STREAMS_COST_MAX 300

/** fl_streams_cost() - what 64 bytes take, about, in instructions of AVX2 */
size_t fl_streams_cost(const struct fl_streams *s);

/**
 * struct fl_stream_line - a line that matches, or may
 * @begin, @end: of it, without its end
 * @sure: it matches
 */
struct fl_stream_line {
	size_t begin;
	size_t end;
	bool sure;
};

/**
 * struct fl_streams_lane - what one thread needs; all zero to begin with
 * @lines: of the last text, @count of them, ascending
 */
struct fl_streams_lane {
	uint64_t *slots;
	unsigned char *copy;
	struct fl_stream_line *lines;
	size_t count;
	size_t size;
};

/** fl_streams_lane_init() - Return: 0; -ENOMEM. */
int fl_streams_lane_init(struct fl_streams_lane *lane);

/** fl_streams_lane_done() - free; all zero is fine */
void fl_streams_lane_done(struct fl_streams_lane *lane);

/**
 * fl_streams_find() - the lines of a text that may match, into @lane->lines
 * @data:  @len bytes that begin at a line's start
 * @flags: FL_STREAMS_SPLIT: NUL bytes end lines, too; FL_STREAMS_UTF: lines with bytes beyond ASCII
 *         may match, whatever the streams say
 * Return: 0; -ENOMEM.
 */
int fl_streams_find(const struct fl_streams *s, struct fl_streams_lane *lane,
		    const unsigned char *data, size_t len, unsigned flags);

/**
 * fl_streams_spans() - the matches of a chain in a text, into @lane->lines
 * @data: @len bytes that begin at a line's start
 *
 * What is sure is a match [begin, end), as PCRE2 would find them one after the other. What is not are
 * whole lines, without the last one's end, in which matches have not been looked for.
 * Return: 0; -ENOMEM.
 */
int fl_streams_spans(const struct fl_streams *s, struct fl_streams_lane *lane,
		     const unsigned char *data, size_t len);

/* @flags */
#define FL_STREAMS_SPLIT 1u
#define FL_STREAMS_UTF 2u

#endif
