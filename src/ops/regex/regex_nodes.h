/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_REGEX_REGEX_NODES_H
#define FL_OPS_REGEX_REGEX_NODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** DOC: A regular expression, read (regex_parse.c). */

/* Bytes below 128, and all others together. */
struct fl_regex_set {
	uint64_t low[2];
	bool high;
};

enum fl_regex_kind {
	NODE_EMPTY,
	NODE_SET,
	NODE_LINE_START,
	NODE_LINE_END,
	NODE_EDGE,
	NODE_NO_EDGE,
	NODE_SEQUENCE, /* left, then right */
	NODE_EITHER,   /* left or right */
	NODE_REPEAT    /* left, at least min and at most max times; max 0: no limit */
};

/* @lazy: a REPEAT that takes as few as it can */
struct fl_regex_node {
	enum fl_regex_kind kind;
	unsigned left, right;
	unsigned min, max;
	bool lazy;
	struct fl_regex_set set;
};

/** struct fl_regex_tree - @count nodes; the expression is that of @root */
struct fl_regex_tree {
	struct fl_regex_node *nodes;
	unsigned count;
	unsigned root;
};

/**
 * fl_regex_parse() - what bit streams and chains can do; anything else is refused
 * @ret: its nodes are to be freed by free(3)
 * Return: 0; -FL_EUNSUPPORTED.
 */
int fl_regex_parse(const char *pattern, size_t len, bool caseless, struct fl_regex_tree *ret);

/** fl_regex_words() - what \w is, in the C locale */
struct fl_regex_set fl_regex_words(void);

static inline bool fl_regex_set_has(const struct fl_regex_set *s, unsigned c)
{
	return s->low[c / 64] >> (c % 64) & 1;
}

#endif
