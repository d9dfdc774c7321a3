/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_TRANSFORM_EDIT_PATTERN_H
#define FL_OPS_TRANSFORM_EDIT_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct fl_edit_facts - what a look at a pattern tells
 * @literal: bytes that every match holds, the longest such; NULL if none are known
 * @exact:   the pattern is that literal and nothing else
 * @whole:   a pattern with the same matches in each line, none of which holds a newline: for
 *           many lines at once; NULL if there is none
 */
struct fl_edit_facts {
	char *literal;
	size_t literal_len;
	bool exact;
	char *whole;
	size_t whole_len;
};

/**
 * fl_edit_pattern_read() - look at a pattern
 *
 * It knows characters, classes, groups, alternatives, greedy and lazy repetition, ^, $, \b and
 * the escapes of these; whatever else it meets, it gives up and knows nothing.
 * Return: 0; -ENOMEM.
 */
int fl_edit_pattern_read(const char *p, size_t len, struct fl_edit_facts *ret);

/** fl_edit_facts_done() - all zero is fine */
void fl_edit_facts_done(struct fl_edit_facts *f);

#endif
