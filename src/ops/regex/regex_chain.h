/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_REGEX_REGEX_CHAIN_H
#define FL_OPS_REGEX_REGEX_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ops/regex/regex_nodes.h"

/**
 * DOC: Chains: patterns whose matches are found without a search.
 *
 * A chain is a row of classes, each repeated a fixed number of times, or as often as it can be within
 * limits: [0-9]+\.[0-9]+, or user=\w{1,8}. Where the number is not fixed, no byte of the class may
 * begin what can follow it, nor end what can stand before it. Then
 *
 * - from one start a match goes one way: what a repetition gives back could only be taken by what
 *   follows it, which begins with other bytes, so the greedy way is the only one, or the end is reached
 *   and nothing needs to be given back. The same holds from an end to the left.
 * - of matches A and B, where A begins before B, B's end is not before A's, if B begins as far to the
 *   left as any match with its end does. For suppose that B lies within A. Take the last class before
 *   which A stands left of B; behind it A stands level with B or right of it, so A has more of this class
 *   than B, and its number is not fixed. The byte before B's first of them is one of A's, so in this
 *   class. If B has anything before, it ends with that byte: but such bytes were excluded. If it has
 *   nothing, B could begin with that byte: but it begins as far to the left as it can.
 *
 * So the first place at which any match ends belongs to the first match, which begins where the walk
 * to the left from there comes to; and from there the greedy walk finds its end.
 */

#define FL_CHAIN_ITEMS_MAX 32

/* A class, @min to @max times; max 0: no limit. */
struct fl_chain_item {
	unsigned min;
	unsigned max;
};

/**
 * struct fl_chain - constant after init, any thread
 * @items:  @count of them; 0: the pattern is no chain
 * @member: for each byte, bit i: it is in the class of item i
 * @has_high: bytes from 128 on may match
 * @one_end: from one start only one end is reached where the last class ends
 */
struct fl_chain {
	struct fl_chain_item items[FL_CHAIN_ITEMS_MAX];
	unsigned count;
	uint32_t member[256];
	bool has_high;
	bool one_end;
};

/**
 * fl_chain_init() - is the pattern one?
 * @nodes:    the pattern begins with node @root
 * @caseless: letters of other alphabets may match, too, in UTF-8: that is taken for @has_high
 */
void fl_chain_init(struct fl_chain *chain, const struct fl_regex_node *nodes, unsigned root,
		   bool caseless);

/**
 * fl_chain_left() - where the match that ends at @end begins as far to the left as it can
 * @low: but not before that
 * Return: the place; NULL where none ends there.
 */
const unsigned char *fl_chain_left(const struct fl_chain *chain, const unsigned char *low,
				   const unsigned char *end);

/** fl_chain_right() - where the greedy match that begins at @begin, and there is one, ends: @high at most */
const unsigned char *fl_chain_right(const struct fl_chain *chain, const unsigned char *begin,
				    const unsigned char *high);

#endif
