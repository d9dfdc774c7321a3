/* SPDX-License-Identifier: MIT */
#ifndef FL_KERN_KERNELS_H
#define FL_KERN_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kern/streams.h"

/**
 * DOC: Byte kernels.
 *
 * Pure functions over bytes, one table per instruction set, chosen once at run
 * time. Every one of them reads exactly the bytes it is given, never beyond.
 */

/* XXH3's numbers, from the xxHash specification (doc/xxhash_spec.md, XXH3 long input):
 * a stripe is 64 bytes, a secret of 192 bytes allows (192-64)/8 = 16 stripes to a block. */
#define FL_XXH3_STRIPE_BYTES 64
#define FL_XXH3_BLOCK_BYTES 1024
#define FL_XXH3_SECRET_BYTES 192
#define FL_XXH3_LANES 8

/**
 * struct fl_literal - a byte string prepared for searching
 * @bytes: what to find, lower-cased with @icase; the caller's, must outlive this
 * @len:   >= 1
 * @icase: ASCII letters match in either case
 * @rare1, @rare2: offsets (rare1 < rare2, or both 0 when len is 1) of the two bytes
 *         that are tested first: those that are rarest in text
 */
struct fl_literal {
	const unsigned char *bytes;
	size_t len;
	bool icase;
	size_t rare1;
	size_t rare2;
};

/**
 * fl_literal_init() - choose the bytes to test first
 * @bytes: must be lower-case with @icase
 *
 * Source: kern/byte_freq.c, measured. Cost: one look at each byte.
 */
void fl_literal_init(struct fl_literal *lit, const unsigned char *bytes, size_t len, bool icase);

struct fl_byte_ranges;
struct fl_packed;
struct fl_translation;

/* Of count_blocks: a line of a log is some hundred bytes, and to count in half a block is little. */
#define FL_COUNT_BLOCK_BYTES ((size_t)1024)

/**
 * struct fl_xxh3_late - sums of earlier blocks, which are applied while new ones are made
 * @acc:  8 lanes
 * @sums: of @blocks blocks
 */
struct fl_xxh3_late {
	uint64_t *acc;
	const uint64_t *sums;
	size_t blocks;
};

/**
 * struct fl_kernels - one instruction set's functions
 * @name:            "generic", "avx2"
 * @count_byte:      how often @c stands in [p, p+n)
 * @count_blocks:    the same for each of @blocks blocks of FL_COUNT_BLOCK_BYTES, in counts[0] ...;
 *                   returns whether there is a NUL in any of them
 * @find_literal:    first occurrence, or NULL
 * @count_words_ascii: words as wc(1) counts them in the C locale (see below)
 * @run_streams:     a program (streams.h) on the 64 * @words bytes at @p; @words is a multiple of 8;
 *                   FL_STREAM_START is set, and the words in front of all slots are zero
 * @streams_are_fast: the processor looks 16 bytes up at once
 * @quad_ends:       the ends of quads (quads.h) in the 64 * @words bytes at @p; as run_streams, but
 *                   nothing is set
 * @find_ranges:     first place of this kind (byte_ranges.h), or NULL
 * @find_packed:     first place of any of a few literals (packed.h), or NULL
 * @translate:       dst[i] = table[src[i]] (translate.h); @changed gets a bit for each block of 64
 *                   bytes, set if something in it is different, in whole words; returns how many
 *                   bytes are different; @dst may not overlap @src
 * @xxh3_block_sums: for each of @blocks blocks of 1024 bytes, the 8 lanes that its 16
 *                   stripes add to the accumulators, starting from zero; little-endian
 *                   values in host order at sums[8 * block]; meanwhile all of @late (may be NULL), as xxh3_apply_blocks
 *                   does: that waits for its own results, as summing does for memory, and beside it
 *                   takes next to no time
 * @xxh3_apply_blocks: adds the sums of each block to @acc and scrambles it with @key, the
 *                   secret's last 64 bytes
 *
 * count_words_ascii: @in_word is the state carried in and out (false at the start of a
 * file): a byte that is white space (9-13, 32) ends a word, a printable one (33-126)
 * begins or continues one, any other leaves the state as it is. Returns the number of
 * words that begin in [p, p+n).
 */
struct fl_kernels {
	const char *name;
	uint64_t (*count_byte)(const unsigned char *p, size_t n, unsigned char c);
	bool (*count_blocks)(const unsigned char *p, size_t blocks, unsigned char c,
			     uint16_t *counts);
	const unsigned char *(*find_literal)(const struct fl_literal *lit, const unsigned char *p,
					     size_t n);
	uint64_t (*count_words_ascii)(const unsigned char *p, size_t n, bool *in_word);
	void (*run_streams)(const struct fl_stream_program *prog, const unsigned char *p,
			    size_t words, uint64_t *slots);
	bool streams_are_fast;
	void (*quad_ends)(const unsigned char *p, size_t words, uint64_t *slots);
	const unsigned char *(*find_ranges)(const struct fl_byte_ranges *r, const unsigned char *p,
					    size_t n);
	const unsigned char *(*find_packed)(const struct fl_packed *k, const unsigned char *p,
					    size_t n);
	uint64_t (*translate)(const struct fl_translation *t, const unsigned char *src, size_t n,
			      unsigned char *dst, uint64_t *changed);
	void (*xxh3_block_sums)(const unsigned char *p, size_t blocks,
				const unsigned char secret[FL_XXH3_SECRET_BYTES], uint64_t *sums,
				const struct fl_xxh3_late *late);
	void (*xxh3_apply_blocks)(uint64_t acc[FL_XXH3_LANES], const uint64_t *sums, size_t blocks,
				  const unsigned char key[FL_XXH3_STRIPE_BYTES]);
};

/** fl_kernels_get() - the best set for this processor; any thread, same answer always */
const struct fl_kernels *fl_kernels_get(void);

/* Every variant this build has, for tests and --version -v. */
struct fl_kernels_variant {
	const struct fl_kernels *kernels;
	bool (*supported)(void);
};

/** fl_kernels_variants() - newest first; *ret_count entries */
const struct fl_kernels_variant *fl_kernels_variants(size_t *ret_count);

#endif
