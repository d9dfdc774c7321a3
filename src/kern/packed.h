/* SPDX-License-Identifier: MIT */
#ifndef FL_KERN_PACKED_H
#define FL_KERN_PACKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * DOC: A few literals at once.
 *
 * Of each literal a fragment of up to four bytes is looked for. The literals are in eight buckets, and a
 * table says for each byte of a fragment which buckets have it there: a byte of eight bits. A vector of
 * text becomes a vector of such bytes by shuffles; the AND of those for the fragment's first, second,
 * ... byte says where which buckets may stand. (The idea is that of "Teddy" in Hyperscan, Wang et al.,
 * NSDI 2019.) Where VBMI is to be had, one shuffle looks seven bits up; AVX2 takes two of four bits.
 */
#define FL_PACKED_MAX 64
#define FL_PACKED_BUCKETS 8
#define FL_PACKED_DEPTH_MAX 4

/** struct fl_packed_literal - @bytes: lower-case with icase; @at: where its fragment begins */
struct fl_packed_literal {
	const unsigned char *bytes;
	size_t len;
	size_t at;
};

/**
 * struct fl_packed - literals prepared for searching; constant after init, any thread
 * @literals: @count of them, those of bucket b from @first[b] on to @first[b + 1]
 * @depth:    bytes of the fragments
 * @icase:    ASCII letters match in either case
 * @seven:    buckets that have a byte with these low seven bits at this place of the fragment
 * @low, @high: the same for four bits; those of both are ANDed
 */
struct fl_packed {
	struct fl_packed_literal literals[FL_PACKED_MAX];
	size_t count;
	size_t first[FL_PACKED_BUCKETS + 1];
	unsigned depth;
	bool icase;
	unsigned char seven[FL_PACKED_DEPTH_MAX][128];
	unsigned char low[FL_PACKED_DEPTH_MAX][16];
	unsigned char high[FL_PACKED_DEPTH_MAX][16];
};

/**
 * fl_packed_init() - choose fragments and buckets
 * @literals: @count of them, 1 to FL_PACKED_MAX, none empty; bytes and len are set; the bytes must
 *            outlive @k
 */
void fl_packed_init(struct fl_packed *k, const struct fl_packed_literal *literals, size_t count,
		    bool icase);

/** fl_packed_candidates() - at what share of the places of a text literals must be compared */
double fl_packed_candidates(const struct fl_packed *k);

/**
 * fl_find_packed_generic(), _avx2(), _avx512() - fl_kernels.find_packed
 *
 * Return: where the literal begins whose fragment stands first in [p, p + n), of several fragments
 * at one place the first in @k->literals; NULL if there is none.
 */
const unsigned char *fl_find_packed_generic(const struct fl_packed *k, const unsigned char *p,
					    size_t n);
#if defined(__x86_64__)
const unsigned char *fl_find_packed_avx2(const struct fl_packed *k, const unsigned char *p,
					 size_t n);
const unsigned char *fl_find_packed_avx512(const struct fl_packed *k, const unsigned char *p,
					   size_t n);
#endif

#endif
