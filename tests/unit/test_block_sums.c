/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <string.h>

#include <xxhash.h>

#include "base/cpu.h"
#include "kern/block_sums.h"
#include "kern/kernels.h"
#include "kern/xxh3.h"

#include "../support/guardbuf.h"
#include "../support/variants.h"
#include "../support/scale.h"

#define BLOCKS_MAX 70
#define ALIGNMENTS 64

static struct guardbuf room;
static struct guardbuf sums_room;
static unsigned char secret[FL_XXH3_SECRET_BYTES];

static void make_rooms(void)
{
	unsigned seed = 1;

	room = guardbuf_new(BLOCKS_MAX * FL_XXH3_BLOCK_BYTES + ALIGNMENTS);
	sums_room = guardbuf_new(BLOCKS_MAX * FL_XXH3_LANES * sizeof(uint64_t));
	for (unsigned char *p = room.begin; p < room.end; p++)
		*p = (unsigned char)(rand_r(&seed) >> 7);
	fl_xxh3_derive_secret(0, secret);
}

static void free_rooms(void)
{
	guardbuf_free(&room);
	guardbuf_free(&sums_room);
}

TestSuite(block_sums, .init = make_rooms, .fini = free_rooms);

/* The sums end where the next byte written would fault. */
static uint64_t *sums_for(size_t blocks)
{
	unsigned char *p = sums_room.end - blocks * FL_XXH3_LANES * sizeof(uint64_t);

	return (uint64_t *)(void *)p;
}

static uint64_t load(const unsigned char *p)
{
	uint64_t v = 0;

	for (int i = 7; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

/* The specification's accumulation, one lane after the other. */
static uint64_t plain_lane(const unsigned char *block, size_t lane)
{
	uint64_t sum = 0;

	for (size_t s = 0; s < FL_XXH3_BLOCK_BYTES / FL_XXH3_STRIPE_BYTES; s++) {
		const unsigned char *stripe = block + s * FL_XXH3_STRIPE_BYTES;
		uint64_t key = load(stripe + 8 * lane) ^ load(secret + 8 * s + 8 * lane);

		sum += load(stripe + 8 * (lane ^ 1));
		sum += (key & UINT32_MAX) * (key >> 32);
	}
	return sum;
}

/* AVX-512's own, on every processor that has it and not only where the kernels choose them. */
static bool have_avx512(void)
{
#if defined(__x86_64__)
	return fl_cpu_has(FL_CPU_AVX512BW) && __builtin_cpu_supports("avx512dq");
#else
	return false;
#endif
}

typedef void block_sums(const unsigned char *p, size_t blocks,
			const unsigned char secret[FL_XXH3_SECRET_BYTES], uint64_t *sums,
			const struct fl_xxh3_late *late);

static void check_variant(const char *name, block_sums *f, const unsigned char *p, size_t blocks,
			  const uint64_t *want)
{
	uint64_t *sums = sums_for(blocks);

	memset(sums_room.begin, 0xA5, (size_t)(sums_room.end - sums_room.begin));
	f(p, blocks, secret, sums, NULL);
	cr_assert(memcmp(sums, want, blocks * FL_XXH3_LANES * sizeof(*sums)) == 0,
		  "%s: %zu blocks at %p", name, blocks, (const void *)p);
	if ((unsigned char *)sums > sums_room.begin)
		cr_assert(((unsigned char *)sums)[-1] == 0xA5, "%s: before sums", name);
}

static void check_sums(const unsigned char *p, size_t blocks, const uint64_t *want)
{
	const struct fl_kernels *k;

	for (size_t v = 0; (k = kernels_variant(v)); v++)
		check_variant(k->name, k->xxh3_block_sums, p, blocks, want);
#if defined(__x86_64__)
	if (have_avx512())
		check_variant("AVX-512", fl_block_sums_avx512, p, blocks, want);
#endif
}

static void check_plain(const unsigned char *p, size_t blocks)
{
	static uint64_t want[BLOCKS_MAX * FL_XXH3_LANES];

	for (size_t b = 0; b < blocks; b++)
		for (size_t lane = 0; lane < FL_XXH3_LANES; lane++)
			want[b * FL_XXH3_LANES + lane] =
				plain_lane(p + b * FL_XXH3_BLOCK_BYTES, lane);
	check_sums(p, blocks, want);
}

/* The scrambling as the specification words it, one lane at a time. */
static uint64_t plain_apply(uint64_t acc, uint64_t sum, uint64_t key)
{
	acc += sum;
	acc ^= acc >> 47;
	acc ^= key;
	return acc * UINT64_C(0x9E3779B1);
}

typedef void apply_blocks(uint64_t acc[FL_XXH3_LANES], const uint64_t *sums, size_t blocks,
			  const unsigned char key[FL_XXH3_STRIPE_BYTES]);

static void check_apply(const char *name, apply_blocks *apply, const uint64_t *sums)
{
	const unsigned char *key = secret + FL_XXH3_SECRET_BYTES - FL_XXH3_STRIPE_BYTES;
	uint64_t acc[FL_XXH3_LANES], want[FL_XXH3_LANES];

	for (size_t blocks = 0; blocks <= BLOCKS_MAX; blocks++) {
		for (size_t lane = 0; lane < FL_XXH3_LANES; lane++) {
			acc[lane] = want[lane] = ~(lane * UINT64_C(0x123456789ABCDEF));
			for (size_t b = 0; b < blocks; b++)
				want[lane] = plain_apply(want[lane], sums[b * FL_XXH3_LANES + lane],
							 load(key + 8 * lane));
		}
		apply(acc, sums, blocks, key);
		cr_assert(memcmp(acc, want, sizeof(acc)) == 0, "%s: %zu blocks", name, blocks);
	}
}

Test(block_sums, every_variant_scrambles_alike)
{
	uint64_t *sums = sums_for(BLOCKS_MAX);
	const struct fl_kernels *k;

	for (size_t i = 0; i < BLOCKS_MAX * FL_XXH3_LANES; i++)
		sums[i] = i % 3 ? UINT64_MAX / (i + 1) : i * UINT64_C(0x9E3779B97F4A7C15);
	for (size_t v = 0; (k = kernels_variant(v)); v++)
		check_apply(k->name, k->xxh3_apply_blocks, sums);
#if defined(__x86_64__)
	if (have_avx512())
		check_apply("AVX-512", fl_apply_blocks_avx512, sums);
#endif
}

/* Sums of @blocks, while @n late blocks are applied that end where the next would fault. */
static void check_late(const char *name, block_sums *f, size_t blocks, size_t n)
{
	static uint64_t sums[9 * FL_XXH3_LANES], plain[9 * FL_XXH3_LANES];
	uint64_t acc[FL_XXH3_LANES], want[FL_XXH3_LANES];
	struct fl_xxh3_late late = {.acc = acc, .sums = sums_for(n), .blocks = n};
	const unsigned char *p = room.end - blocks * FL_XXH3_BLOCK_BYTES;

	for (size_t lane = 0; lane < FL_XXH3_LANES; lane++)
		acc[lane] = want[lane] = ~(lane * UINT64_C(0x123456789ABCDEF));
	fl_apply_blocks_generic(want, late.sums, n, secret + FL_XXH3_KEY_AT);
	fl_block_sums_generic(p, blocks, secret, plain, NULL);
	f(p, blocks, secret, sums, &late);
	cr_assert(memcmp(acc, want, sizeof(acc)) == 0, "%s: %zu late with %zu", name, n, blocks);
	cr_assert(memcmp(sums, plain, blocks * FL_XXH3_LANES * sizeof(*sums)) == 0,
		  "%s: %zu blocks with %zu late", name, blocks, n);
}

Test(block_sums, late_blocks_are_applied_meanwhile)
{
	uint64_t *sums = sums_for(BLOCKS_MAX);
	const struct fl_kernels *k;

	for (size_t i = 0; i < BLOCKS_MAX * FL_XXH3_LANES; i++)
		sums[i] = i % 3 ? UINT64_MAX / (i + 1) : i * UINT64_C(0x9E3779B97F4A7C15);
	for (size_t blocks = 0; blocks < 9; blocks++)
		for (size_t n = 0; n <= 40; n++) {
			for (size_t v = 0; (k = kernels_variant(v)); v++)
				check_late(k->name, k->xxh3_block_sums, blocks, n);
#if defined(__x86_64__)
			if (have_avx512())
				check_late("AVX-512", fl_block_sums_avx512, blocks, n);
#endif
		}
}

Test(block_sums, every_count_of_blocks_up_to_the_guards)
{
	for (size_t blocks = 0; blocks <= BLOCKS_MAX; blocks += blocks < 9 ? 1 : 7) {
		check_plain(room.begin, blocks);
		check_plain(room.end - blocks * FL_XXH3_BLOCK_BYTES, blocks);
	}
}

Test(block_sums, every_alignment)
{
	for (size_t shift = 0; shift < ALIGNMENTS; shift++) {
		check_plain(room.begin + shift, 3);
		check_plain(room.end - shift - 3 * FL_XXH3_BLOCK_BYTES, 3);
	}
}

/* The largest products and sums that carry out of 32 bits and wrap at 64. */
Test(block_sums, extreme_bytes)
{
	static const unsigned char fills[] = {0x00, 0xFF, 0x80, 0x7F};

	for (size_t i = 0; i < sizeof(fills); i++) {
		memset(room.begin, fills[i], (size_t)(room.end - room.begin));
		check_plain(room.begin + 1, 4);
		memset(secret, fills[i], sizeof(secret));
		check_plain(room.begin + 1, 4);
	}
}

/* A whole digest by one variant, its blocks summed in two calls that meet at `cut`. */
static uint64_t digest(const struct fl_kernels *k, size_t len, size_t cut)
{
	size_t blocks = (len - 1) / FL_XXH3_BLOCK_BYTES;
	const unsigned char *p = room.end - len, *at;
	uint64_t *sums = sums_for(blocks), acc[FL_XXH3_LANES];
	size_t s = 0;

	k->xxh3_block_sums(p, cut, secret, sums, NULL);
	k->xxh3_block_sums(p + cut * FL_XXH3_BLOCK_BYTES, blocks - cut, secret,
			   sums + cut * FL_XXH3_LANES, NULL);
	fl_xxh3_init_acc(acc);
	fl_xxh3_apply_blocks(acc, sums, blocks, secret);
	for (at = p + blocks * FL_XXH3_BLOCK_BYTES; at + FL_XXH3_STRIPE_BYTES < room.end;
	     at += FL_XXH3_STRIPE_BYTES)
		fl_xxh3_accumulate_stripe(acc, at, secret + 8 * s++);
	fl_xxh3_accumulate_stripe(acc, room.end - FL_XXH3_STRIPE_BYTES,
				  secret + FL_XXH3_SECRET_BYTES - FL_XXH3_STRIPE_BYTES - 7);
	return fl_xxh3_finish64(acc, len, secret);
}

Test(block_sums, digests_are_those_of_libxxhash)
{
	unsigned seed = 2;

	for (double i = 0; i < 400 * test_scale(); i++) {
		size_t len = 241 + (size_t)rand_r(&seed) % (BLOCKS_MAX * FL_XXH3_BLOCK_BYTES - 241);
		size_t cut = (size_t)rand_r(&seed) % (1 + (len - 1) / FL_XXH3_BLOCK_BYTES);
		uint64_t key = (int)i % 2 ? (uint64_t)rand_r(&seed) << 33 | 1 : 0;
		const struct fl_kernels *k;

		fl_xxh3_derive_secret(key, secret);
		for (size_t v = 0; (k = kernels_variant(v)); v++)
			cr_assert(digest(k, len, cut) ==
					  XXH3_64bits_withSeed(room.end - len, len, key),
				  "%s: %zu bytes, cut at block %zu", k->name, len, cut);
	}
}

Test(block_sums, every_cut)
{
	size_t len = 20 * FL_XXH3_BLOCK_BYTES;
	uint64_t want = XXH3_64bits(room.end - len, len);
	const struct fl_kernels *k;

	for (size_t cut = 0; cut < 20; cut++)
		for (size_t v = 0; (k = kernels_variant(v)); v++)
			cr_assert(digest(k, len, cut) == want, "%s: cut %zu", k->name, cut);
}
