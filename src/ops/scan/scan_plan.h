/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_SCAN_SCAN_PLAN_H
#define FL_OPS_SCAN_SCAN_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include <faultline/scan.h>

#include "kern/kernels.h"
#include "ops/regex/regex_streams.h"
#include "ops/scan/hyperscan.h"
#include "ops/scan/literal.h"
#include "ops/scan/literal_set.h"
#include "ops/scan/match.h"
#include "ops/scan/multi.h"
#include "ops/scan/replacement.h"

enum fl_scan_method {
	FL_SCAN_BY_LINE,  /* PCRE2 on each line: the reference */
	FL_SCAN_NONE,     /* the literal holds the line's end: no line matches */
	FL_SCAN_EVERY,    /* the empty pattern: every line */
	FL_SCAN_LITERAL,  /* the literal decides */
	FL_SCAN_PROPOSED, /* the literal proposes a line, PCRE2 decides */
	FL_SCAN_SET,      /* one of several literals decides, or proposes a line for PCRE2 */
	FL_SCAN_MULTI,    /* PCRE2 across lines (multi.h) */
	FL_SCAN_WHOLE,    /* PCRE2 on many lines at once */
	FL_SCAN_STREAMS,  /* bit streams decide, or propose lines of which PCRE2 decides */
	FL_SCAN_HS        /* Hyperscan proposes lines, PCRE2 decides */
};

/**
 * struct fl_scan_plan - how a pattern will be searched; constant after init and grow, any thread
 * @method:      chosen; a view may need FL_SCAN_BY_LINE all the same
 * @without_hs:  with FL_SCAN_HS: for views where that is slower, or does not apply
 * @needs_regex: @regex is compiled
 * @ascii_only:  the literal is complete for ASCII text only: caseless "k" and "s" have
 *               a third form beyond it (Unicode's KELVIN SIGN and LONG S)
 * @is_crlf:     a CR before a line's end belongs to it
 * @pattern:     PCRE2's text, owned
 * @marked:      the same with a mark behind each alternative, for FL_SCAN_PATTERN_ID, or NULL; owned
 * @replacement:    what is written in place of matches, with @replaces
 * @hs_patterns: @hs_count of them, for Hyperscan; none: not for it; owned
 * @hs:          compiled from them, or NULL
 * @hs_decides:  a literal that was found makes its line match
 * @hs_non_ascii: lines that hold other bytes than ASCII may match in ways that it does not see
 * @hs_caseless: letters in either case
 * @hs_anchored: they may hold ^ or $, which Hyperscan does not see beside a NUL byte
 * @streams:     the pattern on bit streams, with @has_streams
 * @streams_decide: a line that they are sure of matches
 * @set:         with FL_SCAN_SET
 * @set_decides: a line that holds one of its literals matches
 * @literal_leads: PCRE2 had best look where the literal was found first
 * @hs_is_better: than streams
 * @multi:       with FL_SCAN_MULTI
 * @text:        for people: what is done, and why
 */
struct fl_scan_plan {
	enum fl_scan_method method;
	enum fl_scan_method without_hs;
	bool needs_regex;
	bool ascii_only;
	bool is_utf_locale;
	bool is_crlf;
	char *pattern;
	size_t pattern_len;
	char *marked;
	size_t marked_len;
	struct fl_replacement replacement;
	bool replaces;
	struct fl_pattern_facts facts;
	struct fl_literal literal;
	struct fl_regex regex;
	struct fl_hs_pattern *hs_patterns;
	size_t hs_count;
	bool hs_decides;
	bool hs_non_ascii;
	bool hs_caseless;
	bool hs_anchored;
	struct fl_hs *hs;
	struct fl_streams streams;
	bool has_streams;
	bool streams_decide;
	struct fl_literal_set set;
	bool set_decides;
	bool literal_leads;
	bool hs_is_better;
	struct fl_multi_regex multi;
	char text[192];
};

/**
 * fl_scan_plan_init() - choose and compile
 * Return: 0; -EINVAL; -ENOMEM; -FL_EUNSUPPORTED, as fl_scan_new().
 */
int fl_scan_plan_init(struct fl_scan_plan *plan, const struct fl_scan_options *opt,
		      struct fl_error *reterr);

/**
 * fl_scan_plan_grow() - a large text will be searched: what takes milliseconds to prepare pays
 *
 * Not while maps run. Where Hyperscan is not to be had, nothing changes.
 */
void fl_scan_plan_grow(struct fl_scan_plan *plan);

/** fl_scan_plan_done() - free; all zero is fine */
void fl_scan_plan_done(struct fl_scan_plan *plan);

#endif
