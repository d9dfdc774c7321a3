/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <string.h>

#include "cli/bench_matrix.h"

/* Nine samples; their minor faults are 0 to 8, not in order. */
static struct bench_cell cell(struct fl_bench_sample *samples, enum fl_bench_method method)
{
	for (uint64_t i = 0; i < 9; i++)
		samples[i] = (struct fl_bench_sample){.bytes = 1000000000,
						      .minor_faults = i * 7 % 9,
						      .sys_ns = 12000,
						      .io_used = FL_IO_MMAP};
	return (struct bench_cell){
		.what = {.method = method}, .samples = samples, .runs = 9, .time = {.median = 0.5}};
}

Test(bench_cell, medians_are_of_the_runs_whatever_their_order)
{
	struct fl_bench_sample samples[9];
	struct bench_cell c = cell(samples, FL_BENCH_WINDOW);

	cr_assert_eq(BENCH_MEDIAN(&c, minor_faults), 4u);
	cr_assert_eq(BENCH_MEDIAN(&c, major_faults), 0u);
	c.runs = 1;
	cr_assert_eq(BENCH_MEDIAN(&c, minor_faults), 0u);
	c.runs = 0;
	cr_assert_eq(BENCH_MEDIAN(&c, minor_faults), FL_BENCH_UNKNOWN);
}

Test(bench_cell, rates_faults_and_copies)
{
	struct fl_bench_sample samples[9];
	struct bench_cell c = cell(samples, FL_BENCH_WINDOW);

	cr_assert(bench_cell_rate(&c) > 1.999 && bench_cell_rate(&c) < 2.001);
	/* 12 us of the system's for four faults */
	cr_assert(bench_cell_us_per_fault(&c) > 2.999 && bench_cell_us_per_fault(&c) < 3.001);
	cr_assert_eq(bench_cell_copies(&c), 0);
	for (unsigned i = 0; i < 9; i++) {
		samples[i].copied_bytes = 1000000000;
		samples[i].memcpy_bytes = 500000000;
		samples[i].storage_read_bytes = 1000000000;
	}
	cr_assert(bench_cell_copies(&c) > 2.499 && bench_cell_copies(&c) < 2.501);
	/* Where calls copy, the system's time is not that of the faults. */
	cr_assert_eq(bench_cell_us_per_fault(&c), 0);
	c.what.method = FL_BENCH_PREAD;
	cr_assert_eq(bench_cell_us_per_fault(&c), 0);
	c.runs = 0;
	cr_assert_eq(bench_cell_rate(&c), 0);
	cr_assert_eq(bench_cell_copies(&c), 0);
}

Test(bench_cell, names)
{
	struct bench_cell c = {.what = {.method = FL_BENCH_WINDOW}};

	cr_assert_str_eq(bench_cell_name(&c), "window");
	c.what.window_bytes = 256 << 10;
	cr_assert_str_eq(bench_cell_name(&c), "window 256K");
	c.what.window_bytes = 8 << 20;
	c.what.advise = FL_ADVISE_SEQUENTIAL;
	cr_assert_str_eq(bench_cell_name(&c), "window sequential 8M");
	/* Two windows of different sizes have different names. */
	c.what.advise = FL_ADVISE_NORMAL;
	c.what.window_bytes = 1536 << 10;
	cr_assert_str_eq(bench_cell_name(&c), "window 1536K");
	c.what.window_bytes = 1;
	cr_assert_str_eq(bench_cell_name(&c), "window 1");
	c.what.window_bytes = (size_t)1000 << 40;
	cr_assert_str_eq(bench_cell_name(&c), "window 1000T");
}

Test(bench_cell, verdicts_in_words)
{
	struct fl_bench_pair p = {.ratio = 0.5,
				  .low = 0.4,
				  .high = 0.8,
				  .level = 0.992,
				  .verdict = FL_BENCH_FASTER,
				  .narrow = 1};
	struct bench_cell c = {.runs = 0, .pair = p};

	cr_assert_str_eq(bench_pair_text(&p), "2.00 x faster (1.25 - 2.50)");
	p.verdict = FL_BENCH_SLOWER;
	p.ratio = 2;
	cr_assert_str_eq(bench_pair_text(&p), "2.00 x slower (0.40 - 0.80)");
	p.verdict = FL_BENCH_SAME;
	cr_assert_str_eq(bench_pair_text(&p), "no difference (0.40 - 0.80)");
	p.narrow = 0;
	cr_assert_str_eq(bench_pair_text(&p), "no difference, but not sure (0.40 - 0.80)");
	/* An interval of three runs is none. */
	p.level = 0.75;
	cr_assert_str_eq(bench_pair_text(&p), "too few runs (2.00)");
	cr_assert_str_eq(bench_verdict_text(&c), "not measured");
	c.runs = 8;
	c.base = &c;
	cr_assert_str_eq(bench_verdict_text(&c), "(base)");
}

/* What fl_bench_compare() says of few runs, and of as many as it needs. */
Test(bench_cell, an_interval_takes_eight_runs)
{
	const double a[8] = {1, 1.1, 1, 1.2, 1, 1.1, 1, 1}, b[8] = {2, 2, 2.1, 2, 2, 2.2, 2, 2};
	struct fl_bench_pair p;

	for (size_t n = 1; n <= 8; n++) {
		cr_assert_eq(fl_bench_compare(a, b, n, &p), 0);
		cr_assert_eq(bench_pair_has_interval(&p), n == FL_BENCH_ROUNDS_MIN, "%zu", n);
		cr_assert_eq(strncmp(bench_pair_text(&p), "too few runs", 12) == 0, n < 8);
	}
}

Test(bench_cell, the_machine_and_the_sample_in_words)
{
	struct bench_options opt = {.quiet = 0};
	struct bench_cell cell = {.runs = 0};
	struct bench_matrix m = {
		.opt = &opt, .cells = &cell, .count = 1, .spread = 0.01, .others = 0.01};

	cr_assert_str_eq(bench_noise_text(&m), "Nothing was measured");
	cell.runs = 1;
	cr_assert(strstr(bench_noise_text(&m), "is quiet"), "%s", bench_noise_text(&m));
	m.others = 0.3;
	cr_assert(strstr(bench_noise_text(&m), "is noisy"), "%s", bench_noise_text(&m));
	m.others = 0;
	m.spread = 0.1;
	cr_assert(strstr(bench_noise_text(&m), "is noisy"), "%s", bench_noise_text(&m));
	m.spread = -1;
	cr_assert(strstr(bench_noise_text(&m), "not known"), "%s", bench_noise_text(&m));
	m.others = 0.3;
	cr_assert(strstr(bench_noise_text(&m), "is noisy"), "%s", bench_noise_text(&m));
	cell.time.median = 0.0009;
	cr_assert(strstr(bench_short_text(&m), "less than 1 ms"), "%s", bench_short_text(&m));
	cell.time.median = 0.0011;
	cr_assert_null(bench_short_text(&m));
	m.bytes = FL_BENCH_SAMPLE_BYTES;
	cr_assert_null(bench_sample_text(&m));
	m.bytes /= 4;
	cr_assert(strstr(bench_sample_text(&m), "256 MiB instead of 1024"), "%s",
		  bench_sample_text(&m));
	opt.sample.bytes = m.bytes;
	cr_assert_null(bench_sample_text(&m));
	/* A user's file has the size that it has. */
	opt.sample.bytes = 0;
	opt.sample.file = "x";
	cr_assert_null(bench_sample_text(&m));
}
