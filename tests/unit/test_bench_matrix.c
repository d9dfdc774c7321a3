/* SPDX-License-Identifier: MIT */
/* Cells are known before anything is measured; the runs themselves are small ones. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "cli/bench_matrix.h"
#include "cli/verbs.h"

static struct bench_options opt;
static struct bench_matrix m;

/* One run of each, of 1 MiB. */
static void begin(void)
{
	opt = (struct bench_options){.runs = 1, .duration = 1, .quiet = 1};
	opt.sample.size = sizeof(opt.sample);
	opt.sample.bytes = 1 << 20;
	opt.cache = (struct bench_list){.v = {FL_BENCH_WARM}, .n = 1};
	opt.op = (struct bench_list){.v = {FL_BENCH_SUM}, .n = 1};
	opt.advise = (struct bench_list){.v = {FL_ADVISE_NORMAL}, .n = 1};
	opt.threads = (struct bench_list){.v = {1}, .n = 1};
	opt.window = (struct bench_list){.v = {0}, .n = 1};
	m = (struct bench_matrix){.opt = &opt};
}

static const char *names(void)
{
	static char text[1024];

	text[0] = '\0';
	for (size_t i = 0; i < m.count; i++) {
		strcat(text, bench_cell_name(&m.cells[i]));
		strcat(text, ",");
	}
	return text;
}

static void set(struct bench_list *list, size_t n, const unsigned *values)
{
	list->n = n;
	for (size_t i = 0; i < n; i++)
		list->v[i] = values[i];
}

#define SET(list, ...)                                                                             \
	set(list, sizeof((unsigned[]){__VA_ARGS__}) / sizeof(unsigned), (unsigned[]){__VA_ARGS__})

/* Hints and windows are for what maps windows: others are not measured again for each. */
Test(bench_matrix, nothing_is_measured_twice)
{
	begin();
	SET(&opt.io, FL_BENCH_PREAD, FL_BENCH_MMAP, FL_BENCH_WINDOW);
	SET(&opt.advise, FL_ADVISE_NORMAL, FL_ADVISE_RANDOM);
	SET(&opt.window, 1 << 20, 2 << 20);
	cr_assert_eq(bench_matrix_run(&m), 0);
	cr_assert_str_eq(names(), "pread,mmap,mmap random,window 1M,window 2M,window random 1M,"
				  "window random 2M,");
	bench_matrix_free(&m);
}

Test(bench_matrix, what_works_alone_has_one_thread)
{
	begin();
	SET(&opt.op, FL_BENCH_COPY, FL_BENCH_SUM);
	SET(&opt.io, FL_BENCH_READ_WRITE, FL_BENCH_PREAD);
	SET(&opt.threads, 2, 1);
	cr_assert_eq(bench_matrix_run(&m), 0);
	cr_assert_str_eq(names(), "read+write,pread,pread,");
	cr_assert(m.cells[0].what.threads == 1 && m.cells[1].what.threads == 2);
	cr_assert(m.cells[1].group != m.cells[2].group, "threads are not compared");
	bench_matrix_free(&m);
}

Test(bench_matrix, samples_without_the_warm_up)
{
	begin();
	opt.runs = 2;
	opt.warmup = 1;
	SET(&opt.io, FL_BENCH_PREAD, FL_BENCH_PREAD);
	cr_assert_eq(bench_matrix_run(&m), 0);
	cr_assert_eq(m.count, 2u);
	for (size_t i = 0; i < 2; i++) {
		const struct bench_cell *c = &m.cells[i];

		if (c->problem[0] != '\0')
			continue;
		cr_assert(c->runs == 2 && c->taken == 3);
		for (unsigned k = 0; k < 2; k++)
			cr_assert(c->samples[k].ns > 0 &&
				  c->samples[k].ns == (uint64_t)(c->seconds[k] * 1e9 + 0.5));
		cr_assert(c->time.median > 0 && c->base != NULL);
	}
	cr_assert_eq(m.differ, 0u);
	cr_assert_eq(m.bytes, 1u << 20);
	bench_matrix_free(&m);
}

Test(bench_matrix, what_cannot_be_measured_is_trouble)
{
	begin();
	SET(&opt.io, FL_BENCH_SENDFILE);
	cr_assert_eq(bench_matrix_run(&m), EXIT_TROUBLE, "it cannot add up");
	bench_matrix_free(&m);
	begin();
	opt.sample.file = "/nonexistent/file";
	cr_assert_eq(bench_matrix_run(&m), EXIT_TROUBLE);
	bench_matrix_free(&m);
}
