/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "cli/bench_auto.h"

#define RUNS 8

/* A cell whose runs took @seconds each, one a little more than the one before. */
static struct bench_cell cell(enum fl_bench_method method, double seconds, unsigned resident_after,
			      unsigned group)
{
	struct bench_cell c = {.what = {.size = sizeof(c.what),
					.op = FL_BENCH_HASH,
					.method = method,
					.cache = FL_BENCH_COLD,
					.threads = 2},
			       .group = group,
			       .runs = RUNS};
	double *v = calloc(RUNS, sizeof(*v));

	c.samples = calloc(RUNS, sizeof(*c.samples));
	for (unsigned i = 0; i < RUNS; i++) {
		v[i] = seconds * (1 + i / 1e5);
		c.samples[i].bytes = 1000000000;
		c.samples[i].resident_after = resident_after;
		c.samples[i].io_used = FL_IO_MMAP;
	}
	c.seconds = v;
	cr_assert_eq(fl_bench_summarize(v, RUNS, 1, &c.time), 0);
	return c;
}

static void drop(struct bench_cell *cells, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(cells[i].samples);
		free((void *)(uintptr_t)cells[i].seconds);
	}
}

Test(bench_auto, the_best_is_of_the_same_group_and_leaves_the_cache_alike)
{
	struct bench_cell cells[] = {
		cell(FL_BENCH_READ, 1.3, 100, 0),       cell(FL_BENCH_WINDOW, 1, 98, 0),
		cell(FL_BENCH_URING_DIRECT, 0.5, 0, 0), cell(FL_BENCH_AUTO, 1.1, 100, 0),
		cell(FL_BENCH_POPULATE, 0.7, 100, 1),   cell(FL_BENCH_FREAD, 0.6, 100, 0)};
	struct bench_matrix m = {.cells = cells, .count = 6};
	struct bench_auto a;

	/* What gave a problem in the middle is no rival either. */
	strcpy(cells[5].problem, "gone");
	cr_assert_eq(bench_auto_of(&m, 0, &a), 0);
	cr_assert_eq(bench_auto_of(&m, 3, &a), 1);
	cr_assert_eq(a.cell, &cells[3]);
	cr_assert_eq(a.best, &cells[1]);
	cr_assert(a.pair.ratio > 1.099 && a.pair.ratio < 1.101);
	cr_assert_eq(a.pair.verdict, FL_BENCH_SLOWER);
	/* Where it leaves nothing behind, it is measured by those that leave nothing. */
	for (unsigned i = 0; i < RUNS; i++)
		cells[3].samples[i].resident_after = 0;
	cr_assert_eq(bench_auto_of(&m, 3, &a), 1);
	cr_assert_eq(a.best, &cells[2]);
	drop(cells, 6);
}

Test(bench_auto, the_worst_loss_is_told)
{
	struct bench_cell cells[] = {
		cell(FL_BENCH_READ, 1, 100, 0), cell(FL_BENCH_AUTO, 0.9, 100, 0),
		cell(FL_BENCH_READ, 1, 100, 1), cell(FL_BENCH_AUTO, 1.2, 100, 1)};
	struct bench_matrix m = {.cells = cells, .count = 4};
	struct text_table t;
	json_t *list;

	cells[2].what.op = cells[3].what.op = FL_BENCH_SCAN;
	cr_assert(strstr(bench_auto_text(&m), "at worst 20.0 % slower (scan, cold, -j2, read"),
		  "%s", bench_auto_text(&m));
	cr_assert_eq(bench_auto_table(&m, &t), 2u);
	cr_assert_str_eq(t.cells[0], "hash");
	cr_assert_str_eq(t.cells[t.columns + 5], "read");
	cr_assert_str_eq(t.cells[t.columns + 7], "20.0");
	text_table_free(&t);
	list = bench_auto_document(&m);
	cr_assert_eq(json_array_size(list), 2u);
	cr_assert_str_eq(json_string_value(json_object_get(json_array_get(list, 0), "verdict")),
			 "faster");
	json_decref(list);
	/* Where it is nowhere slower, the sentence does not say that it is. */
	m.count = 2;
	cr_assert(
		strstr(bench_auto_text(&m), "nowhere slower; closest: 10.0 % faster (hash, cold, "),
		"%s", bench_auto_text(&m));
	m.count = 1;
	cr_assert_null(bench_auto_text(&m));
	cr_assert_eq(bench_auto_table(&m, &t), 0u);
	text_table_free(&t);
	drop(cells, 4);
}
