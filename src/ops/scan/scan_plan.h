/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_SCAN_SCAN_PLAN_H
#define FL_OPS_SCAN_SCAN_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include <faultline/scan.h>

#include "kern/kernels.h"
#include "ops/scan/literal.h"
#include "ops/scan/match.h"

enum fl_scan_method {
	FL_SCAN_BY_LINE,  /* PCRE2 on each line: the reference */
	FL_SCAN_NONE,     /* the literal holds the line's end: no line matches */
	FL_SCAN_EVERY,    /* the empty pattern: every line */
	FL_SCAN_LITERAL,  /* the literal decides */
	FL_SCAN_PROPOSED, /* the literal proposes a line, PCRE2 decides */
	FL_SCAN_WHOLE     /* PCRE2 on many lines at once */
};

/**
 * struct fl_scan_plan - how a pattern will be searched; constant after init, any thread
 * @method:      chosen; a view may need FL_SCAN_BY_LINE all the same
 * @needs_regex: @regex is compiled
 * @ascii_only:  the literal is complete for ASCII text only: caseless "k" and "s" have
 *               a third form beyond it (Unicode's KELVIN SIGN and LONG S)
 * @is_crlf:     a CR before a line's end belongs to it
 * @pattern:     PCRE2's text, owned
 * @text:        for people
 */
struct fl_scan_plan {
	enum fl_scan_method method;
	bool needs_regex;
	bool ascii_only;
	bool is_utf_locale;
	bool is_crlf;
	char *pattern;
	size_t pattern_len;
	struct fl_pattern_facts facts;
	struct fl_literal literal;
	struct fl_regex regex;
	char text[128];
};

/**
 * fl_scan_plan_init() - choose and compile
 * Return: 0; -EINVAL; -ENOMEM; -FL_EUNSUPPORTED, as fl_scan_new().
 */
int fl_scan_plan_init(struct fl_scan_plan *plan, const struct fl_scan_options *opt,
		      struct fl_error *reterr);

/** fl_scan_plan_done() - free; all zero is fine */
void fl_scan_plan_done(struct fl_scan_plan *plan);

#endif
