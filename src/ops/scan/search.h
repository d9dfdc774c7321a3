/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_SCAN_SEARCH_H
#define FL_OPS_SCAN_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

#include "ops/scan/match.h"
#include "ops/scan/scan_plan.h"

/**
 * struct fl_search - looking for matching lines in one view
 * @eol:       ends a line
 * @split_nul: so does a NUL byte: in binary data GNU grep -P takes NULs for line ends
 * @empties:   fl_search_each() tells empty matches, too
 * @only_ends: where a matching line begins need not be told: it is somewhere in the line
 * @method:    of this view
 * @whole:     FL_SCAN_WHOLE: the view made ready
 * @lane:      the thread's, for FL_SCAN_HS
 * @streams:   the thread's, for FL_SCAN_STREAMS
 * @multi:     the thread's, for FL_SCAN_MULTI: what was found in the view
 * @proposed:  the next of their lines
 */
struct fl_search {
	const struct fl_scan_plan *plan;
	struct fl_matcher *matcher;
	const unsigned char *data;
	size_t len;
	unsigned char eol;
	bool split_nul;
	bool empties;
	bool only_ends;
	enum fl_scan_method method;
	struct fl_pcre_subject whole;
	struct fl_hs_lane *lane;
	struct fl_streams_lane *streams;
	struct fl_multi *multi;
	size_t proposed;
};

/**
 * fl_search_begin() - choose the method; plan, matcher, lane, data, len, eol
 * and split_nul are set by the caller
 * Return: 0; -ENOMEM.
 */
int fl_search_begin(struct fl_search *s);

/** fl_search_line_end() - where the line that holds @pos ends: at its end byte, or at len */
size_t fl_search_line_end(const struct fl_search *s, size_t pos);

/**
 * fl_search_line_begin() - where the line that holds @pos begins
 * @low: a line's start at or before @pos
 */
size_t fl_search_line_begin(const struct fl_search *s, size_t low, size_t pos);

/**
 * fl_search_next() - the next line that matches
 * @pos: a line's start
 * @ret: the line without its end; after an error, the line that caused it
 * Return: 1; 0 for none; errors of fl_matcher_find().
 */
int fl_search_next(struct fl_search *s, size_t pos, struct fl_span *ret);

/**
 * fl_search_each() - the matches within one line, as grep -o finds them
 * @line: the line's bytes
 * @each: called for each match that is not empty, and with @empties for empty ones that do not
 *        stand right behind another match; stops on a value other than 0. Where the plan needs a
 *        regex, it may ask the matcher for groups and the mark
 * Return: 0; what @each returned; errors of fl_matcher_find().
 */
int fl_search_each(struct fl_search *s, const struct fl_span *line,
		   int (*each)(void *arg, const struct fl_span *match), void *arg);

#endif
