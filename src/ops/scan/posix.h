/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_SCAN_POSIX_H
#define FL_OPS_SCAN_POSIX_H

#include <stddef.h>

#include <faultline/error.h>

#include "ops/scan/text.h"

/**
 * fl_posix_translate() - a POSIX regular expression as PCRE2 writes it
 * @pattern:  @len bytes
 * @flags:    FL_SCAN_EXTENDED: extended syntax (grep -E), else basic (grep -G); FL_SCAN_IGNORE_CASE
 * @out:      appended to
 *
 * GNU's additions are understood: \w \W \s \S \b \B \< \> \` \' \1 to \9, and in basic syntax
 * \+ \? \|.
 *
 * What matches is the same as with grep, but for the rule of the longest match (longest.h): PCRE2 takes
 * the first alternative that matches.
 *
 * Return: 0; -EINVAL with grep's message and the offset in the pattern; -ENOMEM.
 */
int fl_posix_translate(const char *pattern, size_t len, unsigned flags, struct fl_text *out,
		       struct fl_error *reterr);

#endif
