/* SPDX-License-Identifier: MIT */
#ifndef FL_KERN_STREAMS_H
#define FL_KERN_STREAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * DOC: Bit streams.
 *
 * A block of text becomes one stream of bits per class of bytes: bit i says whether byte i is in the
 * class. On these streams a regular expression is a short program of ANDs, shifts and additions, and
 * 64 bytes (or 256, in a vector) take one step of it (R. D. Cameron et al., "Bitwise Data
 * Parallelism in Regular Expression Matching", PACT 2014). A set bit in a stream that is not a
 * class's is a place up to which something has matched.
 */

/* Streams of this many bytes of text, 20 or so of them, stay in the first-level cache. */
#define FL_STREAM_BYTES ((size_t)8192)
#define FL_STREAM_WORDS (FL_STREAM_BYTES / 64)
/* The kernels' steps: what they read is a multiple of it. */
#define FL_STREAM_STEP_BYTES ((size_t)512)
/* In front of each stream is room for the word before its first, which is zero. */
#define FL_STREAM_PAD_WORDS ((size_t)8)
#define FL_STREAM_STRIDE (FL_STREAM_WORDS + FL_STREAM_PAD_WORDS)

#define FL_STREAM_CLASSES_MAX 24
#define FL_STREAM_OPS_MAX 96
#define FL_STREAM_SLOTS_MAX 48

/* Slots that every program has. */
#define FL_STREAM_ENDS 0  /* bytes that end lines: its class is the first */
#define FL_STREAM_START 1 /* all places: made by the caller */
#define FL_STREAM_FIRST 2 /* the first slot of the other classes */

/**
 * struct fl_stream_class - bytes
 * @low:  bit h of low[n]: the byte 16 h + n is in it, for bytes below 128
 * @high: so are bytes from 128 on
 */
struct fl_stream_class {
	unsigned char low[16];
	bool high;
};

enum fl_stream_kind {
	FL_STREAM_ADVANCE,    /* places behind a byte of class b at the places a */
	FL_STREAM_ADVANCE_OR, /* the same, and the places c */
	FL_STREAM_SPAN,       /* the places a, and those behind any number of bytes of class b */
	FL_STREAM_OR,         /* a or b */
	FL_STREAM_AND,        /* a and b */
	FL_STREAM_LINE_START, /* places behind a byte of class b, and the first */
	FL_STREAM_EDGE,       /* places where class b begins or ends */
	FL_STREAM_NO_EDGE     /* the others */
};

/* One step; @to is none of the others. */
struct fl_stream_op {
	enum fl_stream_kind kind;
	uint8_t to, a, b, c;
};

/**
 * struct fl_stream_program - what is done with each block
 * @classes: [0] ends lines; class i is in the slot FL_STREAM_FIRST - 1 + i, for i > 0
 * @result:  the slot of the places where matches end
 */
struct fl_stream_program {
	struct fl_stream_class classes[FL_STREAM_CLASSES_MAX];
	size_t class_count;
	struct fl_stream_op ops[FL_STREAM_OPS_MAX];
	size_t op_count;
	size_t slot_count;
	uint8_t result;
};

/** fl_stream() - where a slot's words are */
static inline uint64_t *fl_stream(uint64_t *slots, size_t slot)
{
	return slots + slot * FL_STREAM_STRIDE + FL_STREAM_PAD_WORDS;
}

#endif
