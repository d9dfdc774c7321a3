/* SPDX-License-Identifier: MIT */
#ifndef FL_KERN_GRAMS_H
#define FL_KERN_GRAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * DOC: Thousands of literals at once.
 *
 * Four bytes of text (a gram) are hashed into a bitmap. Of each literal
 * @stride grams that follow each other are in it, so looking at every @stride-th place of a text is
 * enough to see one of them. Where the bit is set, a table leads to the literals with that gram.
 */
#define FL_GRAM_BYTES 4
#define FL_GRAMS_STRIDE_MAX 4

/*
 * 64 KiB. 2500 words of seven letters in 256 MiB of logs, one core of a Zen 5: with 2**18 bits 2.8 GB/s,
 * with 2**19 3.1, with 2**20 3.2: from the second-level cache, but less of it is set by chance.
 */
#define FL_GRAMS_BITS_LOG2 19
#define FL_GRAMS_SLOTS_LOG2 14

/** struct fl_gram_literal - @bytes: lower-case with icase */
struct fl_gram_literal {
	const unsigned char *bytes;
	size_t len;
};

/** struct fl_gram_entry - literals[@literal] has @gram at @at */
struct fl_gram_entry {
	uint32_t gram;
	uint32_t literal;
	size_t at;
};

/**
 * struct fl_grams - literals prepared for searching; constant after init, any thread
 * @fold:    bits that are set in grams: those in which the cases of letters differ
 * @bitmap:  a bit for each hash of a gram
 * @entries: by slot; those of slot i from @first[i] on to @first[i + 1]
 */
struct fl_grams {
	struct fl_gram_literal *literals;
	size_t count;
	bool icase;
	uint32_t fold;
	unsigned stride;
	uint32_t *bitmap;
	uint32_t *first;
	struct fl_gram_entry *entries;
};

/**
 * fl_grams_init() - choose grams
 * @literals: @count of them; the bytes must outlive @g
 * Return: 0; -ENOMEM; -EINVAL: one is shorter than a gram.
 */
int fl_grams_init(struct fl_grams *g, const struct fl_gram_literal *literals, size_t count,
		  bool icase);

/** fl_grams_done() - free; all zero is fine */
void fl_grams_done(struct fl_grams *g);

/**
 * fl_find_grams() - a literal in a text
 * Return: where one begins that stands in [p, p + n), so that no other one ends there or before;
 * NULL if there is none.
 */
const unsigned char *fl_find_grams(const struct fl_grams *g, const unsigned char *p, size_t n);

#endif
