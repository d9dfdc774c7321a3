/* SPDX-License-Identifier: MIT */
#include "kern/block_sums.h"

#include <string.h>

#include "base/load.h"
#include "kern/xxh3.h"

/*
 * Two lanes of a block at a time: they exchange their inputs, and both sums stay in registers, where
 * eight would go through memory with each stripe (4.4 GB/s instead of 12).
 */
static void lane_pair(const unsigned char *p, const unsigned char *secret, uint64_t *sums)
{
	uint64_t even = 0, odd = 0;
	size_t s;

	for (s = 0; s < FL_XXH3_STRIPES; s++, p += FL_XXH3_STRIPE_BYTES, secret += 8) {
		uint64_t v = fl_load64(p), w = fl_load64(p + 8);
		uint64_t k = v ^ fl_load64(secret), l = w ^ fl_load64(secret + 8);

		even += w + (k & UINT32_MAX) * (k >> 32);
		odd += v + (l & UINT32_MAX) * (l >> 32);
	}
	sums[0] = even;
	sums[1] = odd;
}

void fl_block_sums_generic(const unsigned char *p, size_t blocks,
			   const unsigned char secret[FL_XXH3_SECRET_BYTES], uint64_t *sums,
			   const struct fl_xxh3_late *late)
{
	size_t b, lane;

	for (b = 0; b < blocks; b++, p += FL_XXH3_BLOCK_BYTES, sums += FL_XXH3_LANES)
		for (lane = 0; lane < FL_XXH3_LANES; lane += 2)
			lane_pair(p + 8 * lane, secret + 8 * lane, sums + lane);
	/* Nothing waits for memory here: there is nothing to hide behind. */
	if (late)
		fl_apply_blocks_generic(late->acc, late->sums, late->blocks,
					secret + FL_XXH3_KEY_AT);
}

/* The key is taken first: only the shift waits for the sum. */
static inline uint64_t scramble(uint64_t acc, uint64_t sum, uint64_t key)
{
	acc += sum;
	return (acc ^ key ^ (acc >> 47)) * FL_XXH3_PRIME32_1;
}

/*
 * The one part of the digest that no other core can help with. All lanes stay in registers: 8
 * chains of 7 cycles side by side.
 */
void fl_apply_blocks_generic(uint64_t acc[FL_XXH3_LANES], const uint64_t *sums, size_t blocks,
			     const unsigned char key[FL_XXH3_STRIPE_BYTES])
{
	uint64_t k[FL_XXH3_LANES], a0 = acc[0], a1 = acc[1], a2 = acc[2], a3 = acc[3], a4 = acc[4],
				   a5 = acc[5], a6 = acc[6], a7 = acc[7];

	memcpy(k, key, sizeof(k));
	for (; blocks > 0; blocks--, sums += FL_XXH3_LANES) {
		a0 = scramble(a0, sums[0], k[0]);
		a1 = scramble(a1, sums[1], k[1]);
		a2 = scramble(a2, sums[2], k[2]);
		a3 = scramble(a3, sums[3], k[3]);
		a4 = scramble(a4, sums[4], k[4]);
		a5 = scramble(a5, sums[5], k[5]);
		a6 = scramble(a6, sums[6], k[6]);
		a7 = scramble(a7, sums[7], k[7]);
	}
	acc[0] = a0, acc[1] = a1, acc[2] = a2, acc[3] = a3;
	acc[4] = a4, acc[5] = a5, acc[6] = a6, acc[7] = a7;
}
