/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include <faultline/pipeline.h>

#include "bench/rng.h"
#include "bench/sums.h"
#include "plat/file.h"

#define BYTES 100003u

static uint64_t naive(const unsigned char *p, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i += 8) {
		unsigned char word[8] = {0};
		uint64_t value;

		memcpy(word, p + i, n - i < 8 ? n - i : 8);
		memcpy(&value, word, 8);
		sum += value;
	}
	return sum;
}

static unsigned char *bytes(void)
{
	unsigned char *p = malloc(BYTES);
	uint64_t rng = 5;

	cr_assert(p);
	for (size_t i = 0; i < BYTES; i++)
		p[i] = (unsigned char)fl_rng_next(&rng);
	return p;
}

Test(sums, of_any_length_at_any_place)
{
	unsigned char *p = bytes();

	for (size_t n = 0; n < 200; n++)
		for (size_t at = 0; at < 9; at++)
			cr_assert_eq(fl_sum_words(p + at, n), naive(p + at, n), "%zu at %zu", n,
				     at);
	cr_assert_eq(fl_sum_words(p, BYTES), naive(p, BYTES));
	free(p);
}

static uint64_t run(int fd, const struct fl_operator *ops, unsigned threads, size_t chunk_bytes)
{
	struct fl_pipeline *pl = NULL;
	struct fl_source *src = NULL;
	struct fl_options opt;
	uint64_t sum = 7;

	fl_options_init(&opt);
	opt.threads = threads;
	opt.chunk_bytes = chunk_bytes;
	cr_assert_eq(fl_source_open_fd(fd, "bytes", &src, NULL), 0);
	cr_assert_eq(fl_pipeline_new(&opt, &pl, NULL), 0);
	cr_assert_eq(fl_pipeline_add(pl, ops, &sum), 0);
	cr_assert_eq(fl_pipeline_run(pl, src, NULL), 0);
	fl_pipeline_free(pl);
	fl_source_close(src);
	return sum;
}

/* A run adds up anew, and the same whatever the cuts. */
Test(sums, operators_give_the_sums_of_the_file)
{
	unsigned char *p = bytes();
	int fd = fl_file_temp_in(NULL);
	uint64_t touched = 0;

	cr_assert(fd >= 0);
	cr_assert_eq(fl_fd_pwrite(fd, p, BYTES, 0), 0);
	for (size_t i = 0; i < BYTES; i += 4096)
		touched += p[i];
	for (unsigned threads = 1; threads <= 3; threads++) {
		cr_assert_eq(run(fd, &fl_sum_operator, threads, 4096 * threads), naive(p, BYTES));
		cr_assert_eq(run(fd, &fl_touch_operator, threads, 4096 * threads), touched);
	}
	cr_assert_eq(run(fd, &fl_sum_operator, 1, 0), naive(p, BYTES));
	fl_fd_close(fd);
	free(p);
}
