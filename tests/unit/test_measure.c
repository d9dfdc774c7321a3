/* SPDX-License-Identifier: MIT */
/* One sample in this very process; fl_bench_run() takes each in a child: test_bench.c. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "bench/bench_impl.h"
#include "bench/sums.h"
#include "plat/file.h"

#define BYTES (((uint64_t)4 << 20) + 5)

static struct fl_bench *bench(void)
{
	struct fl_bench_options opt = {.size = sizeof(opt), .bytes = BYTES, .seed = 1};
	struct fl_bench *b = NULL;

	cr_assert_eq(fl_bench_new(&opt, &b, NULL), 0);
	return b;
}

static struct fl_bench_sample sample(const struct fl_bench *b, enum fl_bench_op op,
				     enum fl_bench_method method)
{
	struct fl_bench_cell cell = {
		.size = sizeof(cell), .op = op, .method = method, .threads = 1};
	struct fl_bench_sample s;
	struct fl_error err = {.text = ""};

	cr_assert_eq(fl_bench_measure(b, &cell, &s, &err), 0, "%s", err.text);
	cr_assert(s.ns > 0 && s.size == sizeof(s));
	return s;
}

Test(measure, a_sum_is_the_files)
{
	struct fl_bench *b = bench();
	unsigned char *all = malloc(BYTES);
	uint64_t sum = 0;
	size_t got;

	cr_assert_eq(fl_file_pread(b->sample_fd, all, BYTES, 0, &got), 0);
	cr_assert_eq(fl_bench_sum(b->sample_fd, BYTES, &sum), 0);
	cr_assert_eq(sum, fl_sum_words(all, BYTES));
	cr_assert_eq(fl_bench_sum(b->sample_fd, 1000, &sum), 0);
	cr_assert_eq(sum, fl_sum_words(all, 1000));
	cr_assert(fl_bench_sum(-1, BYTES, &sum) < 0);
	free(all);
	fl_bench_free(b);
}

Test(measure, bytes_that_calls_copy_are_counted_by_method)
{
	struct fl_bench *b = bench();
	struct fl_bench_sample s = sample(b, FL_BENCH_SUM, FL_BENCH_PREAD);

	cr_assert_eq(s.copied_bytes, BYTES);
	cr_assert_eq(s.io_used, FL_IO_READ);
	s = sample(b, FL_BENCH_SUM, FL_BENCH_WINDOW);
	cr_assert_eq(s.copied_bytes, 0u);
	cr_assert_eq(s.io_used, FL_IO_MMAP);
	s = sample(b, FL_BENCH_COPY, FL_BENCH_READ_WRITE);
	cr_assert_eq(s.copied_bytes, 2 * BYTES);
	cr_assert_eq(s.memcpy_bytes, 0u);
	s = sample(b, FL_BENCH_COPY, FL_BENCH_MMAP_MMAP);
	cr_assert_eq(s.copied_bytes, 0u);
	cr_assert_eq(s.memcpy_bytes, BYTES);
	s = sample(b, FL_BENCH_RANDOM, FL_BENCH_PREAD);
	cr_assert_eq(s.copied_bytes, (uint64_t)FL_RANDOM_READS * FL_RANDOM_BYTES);
	cr_assert_eq(s.bytes, s.copied_bytes);
	fl_bench_free(b);
}

/* A pattern that is none would be the user's --literal: any bytes are one. */
Test(measure, a_scan_counts_lines_with_the_literal)
{
	struct fl_bench_options opt = {
		.size = sizeof(opt), .bytes = BYTES, .seed = 1, .literal = "no line has this"};
	struct fl_bench *b = NULL;

	cr_assert_eq(fl_bench_new(&opt, &b, NULL), 0);
	cr_assert_eq(sample(b, FL_BENCH_SCAN, FL_BENCH_PREAD).checksum, 0u);
	fl_bench_free(b);
	opt.literal = "[(*";
	cr_assert_eq(fl_bench_new(&opt, &b, NULL), 0);
	cr_assert_eq(sample(b, FL_BENCH_SCAN, FL_BENCH_PREAD).checksum, 0u);
	fl_bench_free(b);
}
