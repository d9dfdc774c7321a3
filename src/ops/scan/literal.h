/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_SCAN_LITERAL_H
#define FL_OPS_SCAN_LITERAL_H

#include <stdbool.h>
#include <stddef.h>

/**
 * DOC: What can be known about a pattern without matching.
 *
 * A small conservative reader of PCRE2's syntax (pcre2pattern(3)): characters,
 * ".", classes, anchors, plain groups, alternation, greedy and lazy
 * quantifiers, and the commonest escapes. Anything else, and it knows nothing.
 */

/** struct fl_literal_part - @is_exact: an alternative is this and nothing else */
struct fl_literal_part {
	const unsigned char *bytes;
	size_t len;
	bool is_exact;
};

/**
 * struct fl_pattern_facts - what the reader found out
 * @literal:  bytes that stand in every match, or NULL; owned
 * @is_exact: the pattern is @literal and nothing else
 * @leads:    every match begins with @literal
 * @parts:    @part_count literals, one of each alternative: every match holds one of them; none:
 *            unknown; owned
 * @whole:    an equivalent pattern, on lines, none of whose parts can match a
 *            newline: it may be run over many lines at once; NULL if unknown; owned
 *
 * All zero when nothing is known.
 */
struct fl_pattern_facts {
	unsigned char *literal;
	size_t literal_len;
	bool is_exact;
	bool leads;
	struct fl_literal_part *parts;
	size_t part_count;
	unsigned char *part_bytes;
	char *whole;
	size_t whole_len;
};

/**
 * fl_pattern_read() - find out
 * @pattern: @len bytes of PCRE2 syntax
 * @utf:     characters are UTF-8's, else bytes
 *
 * Return: 0, also when nothing is known; -ENOMEM.
 */
int fl_pattern_read(const char *pattern, size_t len, bool utf, struct fl_pattern_facts *ret);

/** fl_pattern_facts_done() - free; all zero is fine */
void fl_pattern_facts_done(struct fl_pattern_facts *facts);

#endif
