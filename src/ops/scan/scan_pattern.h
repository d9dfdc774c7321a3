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

/** fl_scan_pattern_wrap() - as -w or -x want it, as grep -P does it. Return: 0; -ENOMEM. */
int fl_scan_pattern_wrap(unsigned flags, const char *p, size_t len, struct fl_text *ret);

#endif
