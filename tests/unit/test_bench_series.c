/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bench_series.h"

#include "../support/madebench.h"

static char *written(void (*write)(FILE *f, const struct bench_series *s, unsigned n),
		     const struct bench_series *s, unsigned n)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	write(f, s, n);
	fclose(f);
	return text;
}

static void legend(FILE *f, const struct bench_series *s, unsigned n)
{
	(void)n;
	bench_series_legend(s, f);
}

static void look(FILE *f, const struct bench_series *s, unsigned n)
{
	(void)s;
	bench_series_look(f, n);
}

static void styles(FILE *f, const struct bench_series *s, unsigned n)
{
	(void)s;
	(void)n;
	bench_series_styles(f);
}

Test(bench_series, a_method_has_one_colour_in_all_pictures)
{
	struct made t;
	struct bench_series s;
	char *text;

	made_init(&t);
	made_add(&t, FL_BENCH_WINDOW, 1, 0, 1);
	made_add(&t, FL_BENCH_MMAP_MMAP, 1, 0, 1);
	made_add(&t, FL_BENCH_WINDOW, 2, 1, 1);
	made_add(&t, FL_BENCH_WINDOW, 2, 1, 1)->what.window_bytes = 1 << 20;
	made_add(&t, FL_BENCH_READ, 2, 1, 0);
	bench_series_init(&s, &t.m);
	cr_assert_eq(s.count, 3u, "what was not measured has no name");
	cr_assert_eq(bench_series_of(&s, &t.cells[0]), 0u);
	cr_assert_eq(bench_series_of(&s, &t.cells[1]), 1u);
	cr_assert_eq(bench_series_of(&s, &t.cells[2]), 0u);
	cr_assert_eq(bench_series_of(&s, &t.cells[3]), 2u);
	text = written(legend, &s, 0);
	cr_assert(strstr(text, "mmap-&gt;mmap</span>"), "%s", text);
	cr_assert(strstr(text, "window 1M</span>"), "%s", text);
	free(text);
	text = written(styles, &s, 0);
	cr_assert(strstr(text, "set linetype 8 "), "%s", text);
	free(text);
	bench_series_free(&s);
}

/* Colour, dash and mark: no two of the first 64 look alike. */
Test(bench_series, no_two_methods_look_alike)
{
	char *looks[64];

	for (unsigned n = 0; n < 64; n++) {
		looks[n] = written(look, NULL, n);
		for (unsigned k = 0; k < n; k++)
			cr_assert_neq(strcmp(looks[k], looks[n]), 0, "%u, %u: %s", k, n, looks[n]);
	}
	for (unsigned n = 0; n < 64; n++)
		free(looks[n]);
}
