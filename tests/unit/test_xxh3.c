/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <string.h>

#include <xxhash.h>

#include "kern/xxh3.h"

#include "../support/guardbuf.h"
#include "../support/scale.h"

/* The long form begins after this length (specification). */
#define SHORT_MAX 240
#define INPUT_MAX 70000
#define BLOCKS_MAX (INPUT_MAX / FL_XXH3_BLOCK_BYTES)
#define STRIPES (FL_XXH3_BLOCK_BYTES / FL_XXH3_STRIPE_BYTES)

static unsigned char input[INPUT_MAX];
static const uint64_t seeds[] = {0, 1, UINT64_C(0x9E3779B185EBCA87), UINT64_MAX};

static void fill(unsigned seed)
{
	for (size_t i = 0; i < INPUT_MAX; i++)
		input[i] = (unsigned char)(rand_r(&seed) >> 7);
}

TestSuite(xxh3);

/* The sums of a block from fl_xxh3_accumulate_stripe() alone. */
static void sums_of(const unsigned char *p, size_t blocks, const unsigned char *secret,
		    uint64_t *sums)
{
	for (size_t b = 0; b < blocks; b++, sums += FL_XXH3_LANES) {
		memset(sums, 0, FL_XXH3_LANES * sizeof(*sums));
		for (size_t s = 0; s < STRIPES; s++, p += FL_XXH3_STRIPE_BYTES)
			fl_xxh3_accumulate_stripe(sums, p, secret + 8 * s);
	}
}

/* What follows the last scrambled block: whole stripes, then the last 64 bytes. */
static void add_rest(uint64_t *acc, size_t len, const unsigned char *secret)
{
	size_t at = (len - 1) / FL_XXH3_BLOCK_BYTES * FL_XXH3_BLOCK_BYTES;
	size_t s = 0;

	for (; at + FL_XXH3_STRIPE_BYTES < len; at += FL_XXH3_STRIPE_BYTES, s++)
		fl_xxh3_accumulate_stripe(acc, input + at, secret + 8 * s);
	fl_xxh3_accumulate_stripe(acc, input + len - FL_XXH3_STRIPE_BYTES,
				  secret + FL_XXH3_SECRET_BYTES - FL_XXH3_STRIPE_BYTES - 7);
}

/* `cut`: so many blocks are applied by a first call, the others by a second one. */
static void check_digest(size_t len, uint64_t seed, size_t cut)
{
	static uint64_t sums[BLOCKS_MAX * FL_XXH3_LANES];
	unsigned char secret[FL_XXH3_SECRET_BYTES];
	uint64_t acc[FL_XXH3_LANES], lo, hi;
	size_t blocks = (len - 1) / FL_XXH3_BLOCK_BYTES;
	XXH128_hash_t want = XXH3_128bits_withSeed(input, len, seed);

	fl_xxh3_derive_secret(seed, secret);
	fl_xxh3_init_acc(acc);
	sums_of(input, blocks, secret, sums);
	fl_xxh3_apply_blocks(acc, sums, cut, secret);
	fl_xxh3_apply_blocks(acc, sums + cut * FL_XXH3_LANES, blocks - cut, secret);
	add_rest(acc, len, secret);

	cr_assert(fl_xxh3_finish64(acc, len, secret) == XXH3_64bits_withSeed(input, len, seed),
		  "XXH3 of %zu bytes, seed %llx, cut %zu", len, (unsigned long long)seed, cut);
	fl_xxh3_finish128(acc, len, secret, &lo, &hi);
	cr_assert(lo == want.low64 && hi == want.high64, "XXH128 of %zu bytes, seed %llx, cut %zu",
		  len, (unsigned long long)seed, cut);
}

Test(xxh3, every_length)
{
	fill(1);
	for (size_t len = SHORT_MAX + 1; len <= 4 * FL_XXH3_BLOCK_BYTES; len++)
		for (size_t s = 0; s < sizeof(seeds) / sizeof(*seeds); s++)
			check_digest(len, seeds[s], 0);
}

Test(xxh3, every_cut)
{
	fill(2);
	for (size_t len = 10000; len < 10000 + 2 * FL_XXH3_BLOCK_BYTES; len += 31)
		for (size_t cut = 0; cut <= (len - 1) / FL_XXH3_BLOCK_BYTES; cut++)
			check_digest(len, seeds[cut % 4], cut);
}

Test(xxh3, random_lengths_and_seeds)
{
	unsigned seed = 3;

	for (double i = 0; i < 300 * test_scale(); i++) {
		size_t len = SHORT_MAX + 1 + (size_t)rand_r(&seed) % (INPUT_MAX - SHORT_MAX);
		uint64_t key = (uint64_t)rand_r(&seed) * UINT64_C(0x9E3779B185EBCA87);

		if ((int)i % 50 == 0)
			fill(seed);
		check_digest(len, key, (size_t)rand_r(&seed) % (1 + (len - 1) / 1024));
	}
}
