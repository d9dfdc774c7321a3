/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <xxhash.h>

#include <faultline/hash.h>
#include <faultline/pipeline.h>
#include <faultline/source.h>

#include "../support/opharness.h"
#include "../support/scale.h"

#define TEXT_MAX 20000
#define ALGS (FL_HASH_FSVERITY + 1)

static unsigned char text[TEXT_MAX];

static void fill(unsigned seed)
{
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (unsigned char)rand_r(&seed);
}

static const char *const evp_names[] = {
	[FL_HASH_MD5] = "MD5",
	[FL_HASH_SHA1] = "SHA1",
	[FL_HASH_SHA224] = "SHA224",
	[FL_HASH_SHA256] = "SHA256",
	[FL_HASH_SHA384] = "SHA384",
	[FL_HASH_SHA512] = "SHA512",
	[FL_HASH_SHA3_256] = "SHA3-256",
	[FL_HASH_SHA512_256] = "SHA512-256",
	[FL_HASH_BLAKE2B] = "BLAKE2b512",
	[FL_HASH_BLAKE2S] = "BLAKE2s256",
};

static size_t expected_evp(const char *name, const void *data, size_t len, unsigned char *ret)
{
	size_t n = 0;

	cr_assert(EVP_Q_digest(NULL, name, NULL, data, len, ret, &n));
	return n;
}

static size_t expected_crc(uint32_t poly, size_t len, unsigned char *ret)
{
	uint32_t reg = UINT32_MAX;

	for (size_t i = 0; i < len; i++) {
		reg ^= text[i];
		for (int bit = 0; bit < 8; bit++)
			reg = (reg >> 1) ^ (reg & 1 ? poly : 0);
	}
	for (int i = 0; i < 4; i++)
		ret[i] = (unsigned char)(~reg >> (24 - 8 * i));
	return 4;
}

static const unsigned char no_salt[1];
static struct fl_hash_options verity = {
	.size = sizeof(verity), .alg = FL_HASH_FSVERITY, .salt = no_salt, .block_bytes = 1024};

/* One level after the other, all of it in memory: hashes the level in place. */
static size_t merkle_level(unsigned char *level, size_t len)
{
	size_t block = verity.block_bytes, n = 0;
	unsigned char padded[64 + 4096];

	for (size_t at = 0; at < len; at += block, n += 32) {
		size_t salt = verity.salt_len ? 64 : 0;

		memset(padded, 0, sizeof(padded));
		memcpy(padded, verity.salt, verity.salt_len);
		memcpy(padded + salt, level + at, len - at < block ? len - at : block);
		expected_evp("SHA256", padded, salt + block, level + n);
	}
	return n;
}

static size_t expected_verity(size_t len, unsigned char *ret)
{
	static unsigned char level[TEXT_MAX];
	unsigned char d[256] = {1, 1, 0, (unsigned char)verity.salt_len};
	size_t n = len;

	memcpy(level, text, len);
	while (n > 0 && (n = merkle_level(level, n)) > 32)
		;
	d[2] = (unsigned char)__builtin_ctz(verity.block_bytes);
	d[8] = (unsigned char)len;
	d[9] = (unsigned char)(len >> 8);
	memcpy(d + 16, level, n);
	memcpy(d + 80, verity.salt, verity.salt_len);
	return expected_evp("SHA256", d, sizeof(d), ret);
}

/* libxxhash's answer in canonical form, libcrypto's, or a plain loop's */
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
	case FL_HASH_CRC32:
		return expected_crc(0xEDB88320u, len, ret);
	case FL_HASH_CRC32C:
		return expected_crc(0x82F63B78u, len, ret);
	case FL_HASH_FSVERITY:
		return expected_verity(len, ret);
	default:
		return expected_evp(evp_names[alg], text, len, ret);
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
	struct fl_hash_options opt = {.size = sizeof(opt), .alg = alg, .seed = seed};
	int r = fl_hash_new_with(alg == FL_HASH_FSVERITY ? &verity : &opt, &hash, NULL);

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

		for (unsigned alg = 0; alg < ALGS; alg++)
			compare((enum fl_hash_alg)alg, len, 0, &how);
	}
}

Test(hash, fsverity_options)
{
	static const unsigned char salt[32] = "salt, not more than 32 bytes";
	unsigned seed = 5;

	fill(5);
	verity.salt = salt;
	for (unsigned i = 0; i < 200 * test_rounds(1, 1); i++) {
		size_t len = (size_t)rand_r(&seed) % TEXT_MAX;
		struct opharness how = {.chunk = 1 + (size_t)rand_r(&seed) % 9000,
					.slice = 1 + (size_t)rand_r(&seed) % 5000,
					.part_limit = (size_t)rand_r(&seed) % 600,
					.seed = seed};

		verity.salt_len = i % 33;
		verity.block_bytes = 64u << i % 7;
		compare(FL_HASH_FSVERITY, i % 4 ? len : len - len % 4096, 0, &how);
	}
}

Test(hash, fsverity_options_that_do_not_exist)
{
	static const unsigned char salt[33];
	struct fl_hash_options opt = verity;
	struct fl_hash *hash = NULL;

	opt.block_bytes = 4095;
	cr_assert(fl_hash_new_with(&opt, &hash, NULL) == -EINVAL);
	opt.block_bytes = 32;
	cr_assert(fl_hash_new_with(&opt, &hash, NULL) == -EINVAL);
	opt.block_bytes = 2u << 20;
	cr_assert(fl_hash_new_with(&opt, &hash, NULL) == -EINVAL);
	opt.block_bytes = 0;
	opt.salt = salt;
	opt.salt_len = 33;
	cr_assert(fl_hash_new_with(&opt, &hash, NULL) == -EINVAL);
	opt.alg = FL_HASH_SHA256;
	opt.salt_len = 1;
	cr_assert(fl_hash_new_with(&opt, &hash, NULL) == -EINVAL);
	cr_assert(fl_hash_new(FL_HASH_MD5, 1, &hash) == -EINVAL);
	cr_assert(hash == NULL);
}

/* All of them, in an order that mixes kinds, in one pass of the engine. */
Test(hash, sets_over_a_pipe_and_a_file)
{
	struct fl_hash_options opts[ALGS];
	struct fl_hash_set *set = NULL;
	unsigned char want[FL_HASH_DIGEST_MAX], got[FL_HASH_DIGEST_MAX];

	fill(6);
	verity.salt_len = 0;
	verity.block_bytes = 1024;
	for (size_t i = 0; i < ALGS; i++)
		opts[i] = (struct fl_hash_options){.size = sizeof(opts[i]),
						   .alg = (enum fl_hash_alg)(i * 5 % ALGS)};
	for (size_t i = 0; i < ALGS; i++)
		if (opts[i].alg == FL_HASH_FSVERITY)
			opts[i] = verity;
	cr_assert(fl_hash_set_new(opts, ALGS, &set, NULL) == 0);
	for (int round = 0; round < 6; round++) {
		struct fl_pipeline *pl = NULL;
		struct fl_source *src = NULL;
		struct fl_options opt;
		FILE *file = tmpfile();
		size_t len = round % 3 ? TEXT_MAX - (size_t)round : 0;

		fl_options_init(&opt);
		opt.threads = 1 + (unsigned)round % 3;
		opt.io = round % 2 ? FL_IO_READ : FL_IO_MMAP;
		opt.chunk_bytes = round < 4 ? 4096 : 0;
		cr_assert(fwrite(text, 1, len, file) == len && fflush(file) == 0);
		rewind(file);
		cr_assert(fl_pipeline_new(&opt, &pl, NULL) == 0 && fl_hash_set_add(set, pl) == 0);
		cr_assert(fl_source_open_fd(fileno(file), "file", &src, NULL) == 0);
		cr_assert(fl_pipeline_run(pl, src, NULL) == 0);
		for (size_t i = 0; i < ALGS; i++) {
			size_t n = fl_hash_set_digest(set, i, got);

			cr_assert(n == expected(opts[i].alg, len, 0, want));
			cr_assert(memcmp(got, want, n) == 0, "%s, round %d",
				  fl_hash_alg_name(opts[i].alg), round);
		}
		cr_assert(fl_hash_set_digest(set, ALGS, got) == 0);
		fl_pipeline_free(pl);
		fl_source_close(src);
		fclose(file);
	}
	fl_hash_set_free(set);
	fl_hash_set_free(NULL);
	cr_assert(fl_hash_set_new(opts, 0, &set, NULL) == -EINVAL);
	opts[3].seed = UINT64_MAX;
	opts[3].alg = FL_HASH_MD5;
	cr_assert(fl_hash_set_new(opts, ALGS, &set, NULL) == -EINVAL);
}

Test(hash, random_cuts_and_seeds)
{
	unsigned seed = 2;

	for (unsigned i = 0; i < 3000 * test_rounds(1, 1); i++) {
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
		if (i % 2)
			compare((enum fl_hash_alg)(4 + i % (ALGS - 4)), len, 0, &how);
	}
}

Test(hash, one_object_many_runs)
{
	struct opharness how = {.chunk = 2048, .slice = 1024, .part_limit = 10000, .seed = 1};
	unsigned char want[FL_HASH_DIGEST_MAX];
	unsigned char got[FL_HASH_DIGEST_MAX];
	static const size_t lens[] = {0, 5000, 100, 0, 4096, 241};

	fill(3);
	verity.block_bytes = 4096;
	for (unsigned alg = 0; alg < ALGS; alg++) {
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
static int is_next(void *arg, const struct fl_part *part)
{
	(void)part;
	return *(const bool *)arg;
}

/* Bytes [off, end) as the engine would have them mapped: in views, from some place on as the part that is
 * next, and perhaps once in vain. */
static void map_part(struct fl_hash *hash, struct fl_part *part, size_t off, size_t end, bool *next,
		     unsigned *seed)
{
	const struct fl_operator *ops = fl_hash_operator(hash);
	bool again = rand_r(seed) % 3 == 0;

	*next = false;
	part->is_next = is_next;
	part->flush_arg = next;
	for (size_t at = off, n; at < end; at += n) {
		struct fl_view view = {.off = at, .data = text + at};

		*next |= rand_r(seed) % 3 == 0;
		n = 1024 * (size_t)(1 + rand_r(seed) % 3);
		view.len = n = n < end - at ? n : end - at;
		cr_assert_eq(ops->map(hash, NULL, &view, part, NULL), 0);
		if (again && rand_r(seed) % 2) {
			again = false;
			part->len = 0;
			at = off;
			n = 0;
		}
	}
}

Test(hash, what_a_map_prepares_for_its_fold)
{
	unsigned seed = 7;

	fill(9);
	for (double i = 0; i < 1000 * test_scale(); i++) {
		enum fl_hash_alg alg = (int)i % 2 ? FL_HASH_XXH3 : FL_HASH_XXH128;
		size_t len = (size_t)rand_r(&seed) % (TEXT_MAX + 1), n;
		unsigned char want[FL_HASH_DIGEST_MAX], got[FL_HASH_DIGEST_MAX];
		struct fl_part part = {.limit = SIZE_MAX / 4};
		bool next;
		const struct fl_operator *ops;
		struct fl_hash *hash;

		len -= rand_r(&seed) % 2 ? len % 1024 : 0;
		cr_assert_eq(fl_hash_new(alg, 0, &hash), 0);
		ops = fl_hash_operator(hash);
		cr_assert_eq(ops->start(hash, NULL, NULL), 0);
		for (size_t at = 0; at < len; at += n) {
			n = 1024 * (size_t)(1 + rand_r(&seed) % 9);
			n = n < len - at ? n : len - at;
			map_part(hash, &part, at, at + n, &next, &seed);
			cr_assert_eq(ops->fold(hash, &part, NULL), 0);
			part.len = 0;
		}
		cr_assert_eq(ops->finish(hash, NULL), 0);
		n = fl_hash_digest(hash, got);
		cr_assert_eq(n, expected(alg, len, 0, want));
		cr_assert(memcmp(got, want, n) == 0, "%zu bytes", len);
		free(part.data);
		fl_hash_free(hash);
	}
}

Test(hash, empty_without_run)
{
	unsigned char want[FL_HASH_DIGEST_MAX];
	unsigned char got[FL_HASH_DIGEST_MAX];

	verity.block_bytes = 4096;
	for (unsigned alg = 0; alg < ALGS; alg++) {
		struct fl_hash *hash = NULL;
		uint64_t seed = alg < 4 ? 7 : 0;
		size_t n;

		cr_assert(fl_hash_new((enum fl_hash_alg)alg, seed, &hash) == 0);
		n = fl_hash_digest(hash, got);
		cr_assert(n == expected((enum fl_hash_alg)alg, 0, seed, want));
		cr_assert(n == fl_hash_alg_bytes((enum fl_hash_alg)alg));
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
	for (unsigned i = 0; i < ALGS; i++) {
		const char *name = fl_hash_alg_name((enum fl_hash_alg)i);

		cr_assert(fl_hash_alg_from_name(name, &alg) == 0 && alg == (enum fl_hash_alg)i);
	}
	cr_assert(fl_hash_alg_name((enum fl_hash_alg)ALGS) == NULL);
	cr_assert(fl_hash_alg_name((enum fl_hash_alg)99) == NULL);
	cr_assert(fl_hash_alg_bytes((enum fl_hash_alg)99) == 0);
	cr_assert(fl_hash_alg_is_parallel(FL_HASH_CRC32C) && !fl_hash_alg_is_parallel(FL_HASH_MD5));
	cr_assert(fl_hash_new((enum fl_hash_alg)99, 0, &hash) == -EINVAL && hash == NULL);
	cr_assert(fl_hash_new(FL_HASH_XXH32, UINT64_C(1) << 32, &hash) == -EINVAL);
	fl_hash_free(NULL);
}
