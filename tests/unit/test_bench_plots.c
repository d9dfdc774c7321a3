/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bench_plots.h"

#include "../support/fakeplot.h"
#include "../support/madebench.h"

/* Two methods with one thread and two, a window of another size, one that failed. */
static void make(struct made *t)
{
	made_init(t);
	made_add(t, FL_BENCH_PREAD, 1, 0, 1);
	made_add(t, FL_BENCH_WINDOW, 1, 0, 0.5);
	made_add(t, FL_BENCH_WINDOW, 1, 0, 0.8)->what.window_bytes = 1 << 20;
	made_add(t, FL_BENCH_URING, 1, 0, 0);
	made_add(t, FL_BENCH_PREAD, 2, 1, 0.5);
	made_add(t, FL_BENCH_WINDOW, 2, 1, 0.25);
}

static unsigned count(const char *text, const char *word)
{
	unsigned n = 0;

	for (; (text = strstr(text, word)) != NULL; text += strlen(word))
		n++;
	return n;
}

/* The pictures of a matrix, and what gnuplot was told. */
static unsigned pictures(const struct made *t, char **ret_page, char **ret_scripts)
{
	size_t len;
	FILE *page = open_memstream(ret_page, &len);
	unsigned n;

	fakeplot_begin("echo '<svg></svg>'");
	n = bench_plots_write(page, &t->m);
	fclose(page);
	*ret_scripts = fakeplot_seen();
	fakeplot_end();
	return n;
}

Test(bench_plots, all_six_pictures)
{
	static const char *const titles[] = {
		"Throughput", "Page faults against throughput", "Throughput over time",
		"Latency",    "Scaling with threads",           "Scaling with the window"};
	char *page, *scripts, title[64];
	struct made t;

	make(&t);
	cr_assert_eq(pictures(&t, &page, &scripts), 6u);
	cr_assert_eq(count(page, "<svg></svg>"), 6u);
	for (size_t i = 0; i < 6; i++) {
		snprintf(title, sizeof(title), "<h3>%s</h3>", titles[i]);
		cr_assert_eq(count(page, title), 1u, "%s", titles[i]);
	}
	/* Bars: number, name, rate, interval, label. */
	cr_assert(strstr(scripts, "\n2 \"pread\" 0.9997 0.99"), "%s", scripts);
	cr_assert(strstr(scripts, "\n4 \"window 1M\" 1.24"), "%s", scripts);
	cr_assert(strstr(scripts, "set label 'sum, warm, 2 threads'"));
	/* Nothing is told of what was not measured. */
	cr_assert_null(strstr(scripts, "uring"));
	free(page);
	free(scripts);
}

/* A panel for each group, a line for each of its methods; a series of one point is no line. */
Test(bench_plots, panels_and_lines)
{
	char *page, *scripts, *scaling, *windows;
	struct made t;

	make(&t);
	pictures(&t, &page, &scripts);
	scaling = strstr(scripts, "set xlabel 'threads'");
	windows = strstr(scripts, "set xlabel 'window (MiB)'");
	cr_assert(scaling && windows && scaling < windows);
	*strstr(scaling, "set terminal") = '\0';
	cr_assert(strstr(scaling, "\n1.0000 0.99") && strstr(scaling, "\n2.0000 1.99"), "%s",
		  scaling);
	cr_assert_eq(count(scaling, "$p0 << EOD"), 1u);
	cr_assert_eq(count(scaling, "$p1 << EOD"), 1u);
	cr_assert_eq(count(scaling, "$p2 << EOD"), 0u, "one point");
	/* Where the window is automatic it has 8 MiB. */
	cr_assert(strstr(windows, "\n8.0000 1.99") && strstr(windows, "\n1.0000 1.24"), "%s",
		  windows);
	free(page);
	free(scripts);
}

Test(bench_plots, one_method_has_nothing_to_scale)
{
	char *page, *scripts;
	struct made t;

	made_init(&t);
	made_add(&t, FL_BENCH_PREAD, 1, 0, 1);
	cr_assert_eq(pictures(&t, &page, &scripts), 4u);
	cr_assert_null(strstr(page, "Scaling"));
	free(page);
	free(scripts);
}

Test(bench_plots, without_gnuplot_there_are_none)
{
	char *text = NULL;
	size_t len;
	FILE *page = open_memstream(&text, &len);
	struct made t;

	make(&t);
	setenv("PATH", "/nonexistent", 1);
	cr_assert_eq(bench_plots_write(page, &t.m), 0u);
	fclose(page);
	free(text);
}
