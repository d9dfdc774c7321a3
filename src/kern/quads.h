/* SPDX-License-Identifier: MIT */
#ifndef FL_KERN_QUADS_H
#define FL_KERN_QUADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kern/streams.h"

/**
 * DOC: Four numbers with dots between them.
 *
 * They are found on bit streams (streams.h): one of digits, one of dots, and one of the bytes
 * before which a row of numbers and dots has come so far, which moves on by a number and a dot at a time. What a byte is
 * depends on the 20 before it and on nothing else, so blocks overlap by a word of 64 bytes and carry
 * nothing.
 */

/* Slots: digits; dots; the bytes before which four numbers end. */
#define FL_QUAD_DIGITS 0
#define FL_QUAD_DOTS 1
#define FL_QUAD_ENDS 2
#define FL_QUAD_SLOTS 8

/**
 * struct fl_quads - the quads of a text, one after the other
 * @from:  none may begin before; what stands there is looked at, though
 * @base:  of the block in @slots, which has @words words; @bits: of its word @word, to be looked at
 */
struct fl_quads {
	const unsigned char *p;
	size_t len;
	size_t from;
	size_t base;
	size_t words;
	size_t word;
	uint64_t bits;
	uint64_t slots[FL_QUAD_SLOTS * FL_STREAM_STRIDE];
};

/** fl_quads_init() - @p: @len bytes, which must stay; they may change, and what is found is anybody's guess then */
void fl_quads_init(struct fl_quads *q, const unsigned char *p, size_t len, size_t from);

/**
 * fl_quads_next() - the next one: four numbers of one to three digits, each at most 255, with single dots between
 * them, no digit on either side, and not a part of a longer row of numbers and dots
 *
 * Return: false for none.
 */
bool fl_quads_next(struct fl_quads *q, size_t *ret_begin, size_t *ret_end);

#endif
