/* SPDX-License-Identifier: MIT */
/*
 * XXH3 and XXH128 of the whole program's engine are libxxhash's: at random lengths up to 64 MiB,
 * for seeds, threads, chunk sizes and loaders that are drawn, too. 500 of them, times the scale.
 */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xxhash.h>

#include <faultline/hash.h>
#include <faultline/pipeline.h>
#include <faultline/source.h>

#include "../support/scale.h"

#define LENGTH_MAX ((size_t)64 << 20)

static unsigned char *text;
static int fd;

static uint64_t draw(uint64_t *state)
{
	/* Marsaglia's xorshift64, "Xorshift RNGs" (2003) */
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void make_text(void)
{
	char path[] = "/var/tmp/fl-lengths-XXXXXX";
	uint64_t state = 0x9E3779B97F4A7C15u;

	text = malloc(LENGTH_MAX);
	cr_assert(text);
	for (size_t i = 0; i < LENGTH_MAX; i += sizeof(state)) {
		draw(&state);
		memcpy(text + i, &state, sizeof(state));
	}
	fd = mkstemp(path);
	cr_assert(fd >= 0);
	unlink(path);
	for (size_t at = 0; at < LENGTH_MAX;) {
		ssize_t n = write(fd, text + at, LENGTH_MAX - at);

		cr_assert(n > 0);
		at += (size_t)n;
	}
}

static void free_text(void)
{
	close(fd);
	free(text);
}

TestSuite(hash_lengths, .init = make_text, .fini = free_text);

static void digests_of(const struct fl_options *how, uint64_t seed, uint64_t *ret64,
		       XXH128_hash_t *ret128)
{
	struct fl_hash_options opts[] = {
		{.size = sizeof(opts[0]), .alg = FL_HASH_XXH3, .seed = seed},
		{.size = sizeof(opts[0]), .alg = FL_HASH_XXH128, .seed = seed}};
	unsigned char digest[FL_HASH_DIGEST_MAX];
	struct fl_pipeline *pl = NULL;
	struct fl_hash_set *set = NULL;
	struct fl_source *src = NULL;
	XXH64_canonical_t c64;
	XXH128_canonical_t c128;

	cr_assert(lseek(fd, 0, SEEK_SET) == 0);
	cr_assert(fl_source_open_fd(fd, "text", &src, NULL) == 0);
	cr_assert(fl_pipeline_new(how, &pl, NULL) == 0);
	cr_assert(fl_hash_set_new(opts, 2, &set, NULL) == 0);
	cr_assert(fl_hash_set_add(set, pl) == 0);
	cr_assert(fl_pipeline_run(pl, src, NULL) == 0);
	cr_assert(fl_hash_set_digest(set, 0, digest) == sizeof(c64));
	memcpy(&c64, digest, sizeof(c64));
	*ret64 = XXH64_hashFromCanonical(&c64);
	cr_assert(fl_hash_set_digest(set, 1, digest) == sizeof(c128));
	memcpy(&c128, digest, sizeof(c128));
	*ret128 = XXH128_hashFromCanonical(&c128);
	fl_pipeline_free(pl);
	fl_hash_set_free(set);
	fl_source_close(src);
}

Test(hash_lengths, are_libxxhashs)
{
	static const size_t chunks[] = {0, 4096, 4099, 65536, 1000003, SIZE_MAX / 16};
	unsigned long rounds = (unsigned long)(500 * test_scale()) + 1;
	uint64_t state = 42;

	for (unsigned long i = 0; i < rounds; i++) {
		/* As many between 2^k and 2^(k+1) for each k, and some at every place of a block. */
		size_t len = (size_t)(draw(&state) % (LENGTH_MAX >> draw(&state) % 27)) + 1;
		size_t off = (size_t)(draw(&state) % (LENGTH_MAX - len + 1));
		uint64_t seed = i % 3 ? draw(&state) : 0, got64;
		struct fl_options how;
		XXH128_hash_t got128, want128;

		if (i % 5 == 0)
			len = len > 1024 ? len - len % 1024 : len;
		fl_options_init(&how);
		how.range_off = off;
		how.range_len = len;
		how.threads = (unsigned)(i % 7) + 1;
		how.chunk_bytes = chunks[draw(&state) % 6];
		if (len > 1 << 20 && how.chunk_bytes > 0 && how.chunk_bytes < 65536)
			how.chunk_bytes = 65537;
		how.io = draw(&state) % 2 ? FL_IO_MMAP : draw(&state) % 2 ? FL_IO_READ : FL_IO_AUTO;
		digests_of(&how, seed, &got64, &got128);
		want128 = XXH3_128bits_withSeed(text + off, len, seed);
		cr_assert(got64 == XXH3_64bits_withSeed(text + off, len, seed) &&
				  XXH128_isEqual(got128, want128),
			  "%zu bytes at %zu, seed %llu, -j%u, chunk %zu", len, off,
			  (unsigned long long)seed, how.threads, how.chunk_bytes);
	}
}
