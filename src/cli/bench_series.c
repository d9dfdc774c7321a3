/* SPDX-License-Identifier: MIT */
#include "cli/bench_series.h"

#include <stdlib.h>
#include <string.h>

/* Black text and lines become the page's colour by its style sheet, so that both its themes work;
 * these eight can be told apart on either, and by those who see red and green alike
 * (Okabe, Ito: Color Universal Design, 2008). */
static const char *const colors[BENCH_SERIES_COLORS] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
							"#E69F00", "#56B4E9", "#8A6FDF", "#999999"};

/* In the legend; gnuplot's dash types 1 to 4 look like them. */
static const char *const dashes[4] = {"solid", "dashed", "dotted", "double"};

/* The same name has the same number; no memory for another one: it shares the first's look. */
static unsigned find(const struct bench_series *s, const char *name)
{
	for (unsigned i = 0; i < s->count; i++)
		if (strcmp(s->names[i], name) == 0)
			return i;
	return s->count;
}

void bench_series_init(struct bench_series *ret, const struct bench_matrix *m)
{
	*ret = (struct bench_series){.names = calloc(m->count + 1, sizeof(*ret->names))};
	for (size_t i = 0; ret->names != NULL && i < m->count; i++) {
		const char *name = bench_cell_name(&m->cells[i]);

		if (m->cells[i].runs == 0 || find(ret, name) < ret->count)
			continue;
		ret->names[ret->count] = strdup(name);
		if (ret->names[ret->count] != NULL)
			ret->count++;
	}
}

unsigned bench_series_of(const struct bench_series *names, const struct bench_cell *cell)
{
	unsigned n = find(names, bench_cell_name(cell));

	return n < names->count ? n : 0;
}

void bench_series_styles(FILE *script)
{
	static const unsigned marks[BENCH_SERIES_COLORS] = {7, 5, 9, 13, 11, 6, 4, 8};

	for (unsigned i = 0; i < BENCH_SERIES_COLORS; i++)
		fprintf(script, "set linetype %u lc rgb '%s' lw 1.8 pt %u\n", i + 1, colors[i],
			marks[i]);
}

static void escaped(FILE *f, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '>')
			fputs("&gt;", f);
		else
			fputc(*text, f);
	}
}

void bench_series_legend(const struct bench_series *names, FILE *page)
{
	fputs("<p class=\"key\">", page);
	for (unsigned i = 0; i < names->count; i++) {
		fprintf(page, "<span><i style=\"border-top: 4px %s %s\"></i>",
			dashes[i / BENCH_SERIES_COLORS % 4], colors[i % BENCH_SERIES_COLORS]);
		escaped(page, names->names[i]);
		fputs("</span> ", page);
	}
	fputs("</p>\n", page);
}

void bench_series_free(struct bench_series *names)
{
	for (unsigned i = 0; i < names->count; i++)
		free(names->names[i]);
	free(names->names);
}
