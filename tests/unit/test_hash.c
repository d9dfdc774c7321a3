/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include <faultline/hash.h>

#include "../support/opharness.h"

#define TEXT_MAX 20000

static unsigned char text[TEXT_MAX];

static unsigned long scale(void)
{
	const char *s = getenv("FL_TEST_SCALE");
	unsigned long n = s ? strtoul(s, NULL, 10) : 0;

	return n ? n : 1;
}

static void fill(unsigned seed)
{
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (unsigned char)rand_r(&seed);
}

/* libxxhash's answer in canonical form */
static size_t expected(enum fl_hash_alg alg, size_t len, uint64_t seed, unsigned char *ret)
{
	XXH32_canonical_t c32;
	XXH64_canonical_t c64;
	XXH128_canonical_t c128;

	switch (alg) {
	case FL_HASH_XXH32:
		XXH32_canonicalFromHash(&c32, XXH32(text, len, (XXH32_hash_t)seed));
		memcpy(ret, &c32, sizeof(c32));
		return sizeof(c32);
	case FL_HASH_XXH128:
		XXH128_canonicalFromHash(&c128, XXH3_128bits_withSeed(text, len, seed));
		memcpy(ret, &c128, sizeof(c128));
		return sizeof(c128);
	case FL_HASH_XXH64:
		XXH64_canonicalFromHash(&c64, XXH64(text, len, seed));
		break;
	case FL_HASH_XXH3:
		XXH64_canonicalFromHash(&c64, XXH3_64bits_withSeed(text, len, seed));
		break;
	}
	memcpy(ret, &c64, sizeof(c64));
	return sizeof(c64);
}

static void compare(enum fl_hash_alg alg, size_t len, uint64_t seed, const struct opharness *how)
{
	unsigned char want[FL_HASH_DIGEST_MAX];
	unsigned char got[FL_HASH_DIGEST_MAX];
	struct fl_hash *hash = NULL;
	size_t n;
	int r = fl_hash_new(alg, seed, &hash);

	cr_assert(r == 0);
	r = opharness_run(fl_hash_operator(hash), hash, text, len, how, NULL);
	cr_assert(r == 0, "%s of %zu bytes: %d", fl_hash_alg_name(alg), len, r);
	n = fl_hash_digest(hash, got);
	cr_assert(n == expected(alg, len, seed, want));
	cr_assert(memcmp(got, want, n) == 0, "%s of %zu bytes, chunk %zu slice %zu limit %zu",
		  fl_hash_alg_name(alg), len, how->chunk, how->slice, how->part_limit);
	fl_hash_free(hash);
}

Test(hash, every_short_length)
{
	fill(1);
	for (size_t len = 0; len <= 4200; len++) {
		struct opharness how = {.chunk = 1024 * (1 + len % 5),
					.slice = 1024 * (1 + len % 3),
					.part_limit = len % 7 ? 1000000 : 1,
					.seed = (unsigned)len};

		for (unsigned alg = 0; alg < 4; alg++)
			compare((enum fl_hash_alg)alg, len, 0, &how);
	}
}

Test(hash, random_cuts_and_seeds)
{
	unsigned seed = 2;

	for (unsigned i = 0; i < 3000 * scale(); i++) {
		size_t len = (size_t)rand_r(&seed) % TEXT_MAX;
		struct opharness how = {.chunk = 1 + (size_t)rand_r(&seed) % 9000,
					.slice = 1 + (size_t)rand_r(&seed) % 5000,
					.part_limit = (size_t)rand_r(&seed) % 3000,
					.base_off = (uint64_t)rand_r(&seed) << 5,
					.seed = seed};
		uint64_t key = i % 3 ? (uint64_t)rand_r(&seed) * 0x9E3779B185EBCA87u : 0;

		if (i % 100 == 0)
			fill(seed);
		if (i % 4 == 0)
			len -= len % 1024;
		if (i % 4 == FL_HASH_XXH32)
			key &= UINT32_MAX;
		compare((enum fl_hash_alg)((i + i / 4) % 4 == 0 ? 3 : 2), len, key, &how);
		compare((enum fl_hash_alg)(i % 4), len, key, &how);
	}
}

Test(hash, one_object_many_runs)
{
	struct opharness how = {.chunk = 2048, .slice = 1024, .part_limit = 10000, .seed = 1};
	unsigned char want[FL_HASH_DIGEST_MAX];
	unsigned char got[FL_HASH_DIGEST_MAX];
	static const size_t lens[] = {0, 5000, 100, 0, 4096, 241};

	fill(3);
	for (unsigned alg = 0; alg < 4; alg++) {
		struct fl_hash *hash = NULL;

		cr_assert(fl_hash_new((enum fl_hash_alg)alg, 0, &hash) == 0);
		for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
			size_t n;

			opharness_run(fl_hash_operator(hash), hash, text, lens[i], &how, NULL);
			n = fl_hash_digest(hash, got);
			expected((enum fl_hash_alg)alg, lens[i], 0, want);
			cr_assert(memcmp(got, want, n) == 0);
		}
		fl_hash_free(hash);
	}
}

/* A new object has the digest of the empty input, also when nothing was run. */
Test(hash, empty_without_run)
{
	unsigned char want[FL_HASH_DIGEST_MAX];
	unsigned char got[FL_HASH_DIGEST_MAX];

	for (unsigned alg = 0; alg < 4; alg++) {
		struct fl_hash *hash = NULL;
		size_t n;

		cr_assert(fl_hash_new((enum fl_hash_alg)alg, 7, &hash) == 0);
		n = fl_hash_digest(hash, got);
		cr_assert(n == expected((enum fl_hash_alg)alg, 0, 7, want));
		cr_assert(memcmp(got, want, n) == 0);
		fl_hash_free(hash);
	}
}

Test(hash, names)
{
	enum fl_hash_alg alg = FL_HASH_XXH32;
	struct fl_hash *hash = NULL;

	cr_assert(fl_hash_alg_from_name("XXH128", &alg) == 0 && alg == FL_HASH_XXH128);
	cr_assert(fl_hash_alg_from_name("md4", &alg) == -EINVAL && alg == FL_HASH_XXH128);
	for (unsigned i = 0; i < 4; i++) {
		const char *name = fl_hash_alg_name((enum fl_hash_alg)i);

		cr_assert(fl_hash_alg_from_name(name, &alg) == 0 && alg == (enum fl_hash_alg)i);
	}
	cr_assert(fl_hash_alg_name((enum fl_hash_alg)99) == NULL);
	cr_assert(fl_hash_new((enum fl_hash_alg)99, 0, &hash) == -EINVAL && hash == NULL);
	cr_assert(fl_hash_new(FL_HASH_XXH32, UINT64_C(1) << 32, &hash) == -EINVAL);
	fl_hash_free(NULL);
}
