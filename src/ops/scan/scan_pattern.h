/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_SCAN_SCAN_PATTERN_H
#define FL_OPS_SCAN_SCAN_PATTERN_H

#include <faultline/scan.h>

#include "ops/scan/text.h"

/**
 * fl_scan_pattern_text() - all patterns of the options as one of PCRE2's
 * @utf: the locale's characters are UTF-8's
 * Return: 0; -EINVAL with a message; -ENOMEM.
 */
int fl_scan_pattern_text(const struct fl_scan_options *opt, bool utf, struct fl_text *ret,
			 struct fl_error *reterr);

/**
 * fl_scan_pattern_marked() - the same, with (*MARK:n) behind the n-th pattern, n from 1
 *
 * (pcre2pattern(3), "Backtracking control": the last mark on a match's way is told.)
 */
int fl_scan_pattern_marked(const struct fl_scan_options *opt, bool utf, struct fl_text *ret,
			   struct fl_error *reterr);

/** fl_scan_pattern_wrap() - as -w or -x want it, as grep -P does it. Return: 0; -ENOMEM. */
int fl_scan_pattern_wrap(unsigned flags, const char *p, size_t len, struct fl_text *ret);

/**
 * fl_scan_literals_quoted() - each literal of FL_SCAN_FIXED, as a regular expression
 * @ret: called for each; @text is its to free, the @len bytes of @literal are part of the options
 * Return: 0; -EINVAL: one is empty, or holds NUL; -ENOMEM; what @ret returned.
 */
int fl_scan_literals_quoted(const struct fl_scan_options *opt,
			    int (*ret)(void *arg, char *text, const char *literal, size_t len),
			    void *arg);

#endif
