/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_REGEX_REGEX_NODES_H
#define FL_OPS_REGEX_REGEX_NODES_H

#include <stdbool.h>
#include <stdint.h>

/** DOC: A regular expression, read (regex_streams.c). */

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

static inline bool fl_regex_set_has(const struct fl_regex_set *s, unsigned c)
{
	return s->low[c / 64] >> (c % 64) & 1;
}

#endif
