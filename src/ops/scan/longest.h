/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_SCAN_LONGEST_H
#define FL_OPS_SCAN_LONGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ops/regex/pcre.h"

/**
 * DOC: POSIX's longest match.
 *
 * Where the leftmost match begins is the same under both rules; Perl's takes the first alternative
 * from there on, POSIX's the one that comes farthest. pcre2_match(3) finds the beginning,
 * pcre2_dfa_match(3), which follows all alternatives at once, the end.
 */

/* What a thread needs for it; grows, is used again. */
struct fl_longest {
	pcre2_match_data *data;
	int *work;
	size_t work_count;
};

/**
 * fl_longest_differs() - may some match of the pattern be followed farther than Perl's rule does?
 * @pattern: PCRE2's text, @len bytes
 * Return: false only where it cannot.
 */
bool fl_longest_differs(const char *pattern, size_t len);

/**
 * fl_longest_end() - where the longest match from @begin on ends
 * @s:       valid text; its program, unlike its options, is not asked to bear anything else
 * @options: PCRE2_NOTBOL, PCRE2_NOTEOL, PCRE2_NO_UTF_CHECK
 * @ret:     unchanged where no match is found
 * Return: 0; -FL_ELIMIT; -ENOMEM; -EINVAL for what should not happen.
 */
int fl_longest_end(struct fl_longest *l, const struct fl_pcre_subject *s, size_t begin,
		   uint32_t options, size_t *ret);

/** fl_longest_done() - free; all zero is fine */
void fl_longest_done(struct fl_longest *l);

#endif
