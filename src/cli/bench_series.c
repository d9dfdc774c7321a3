/* SPDX-License-Identifier: MIT */
#include "cli/bench_series.h"

#include <stdlib.h>
#include <string.h>

#include "cli/html_page.h"

/* Black text and lines become the page's colour by its style sheet, so that both its themes work;
 * these eight can be told apart on either, and by those who see red and green alike
 * (Okabe, Ito: Color Universal Design, 2008). */
static const char *const colors[BENCH_SERIES_COLORS] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
							"#E69F00", "#56B4E9", "#8A6FDF", "#999999"};

/* SVG's stroke-dasharray; gnuplot's dash types 1 to 4 look like them. */
static const char *const dashes[4] = {"none", "5,3", "2,3", "8,3,2,3"};

/* gnuplot's point types, full and hollow, and how the legend draws the same. */
static const struct {
	unsigned full;
	unsigned hollow;
	const char *path;
} marks[BENCH_SERIES_COLORS] = {
	{7, 6, "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z"},
	{5, 4, "M-3.5-3.5h7v7h-7z"},
	{9, 8, "M0-4.5l4.5 8h-9z"},
	{13, 12, "M0-5l4.5 5l-4.5 5l-4.5-5z"},
	{11, 10, "M0 4.5l4.5-8h-9z"},
	{15, 14, "M0-4.5l4.5 3.3l-1.7 5.2h-5.6l-1.7-5.2z"},
	{2, 2, "M-3.5-3.5l7 7M-3.5 3.5l7-7"},
	{1, 1, "M-4.5 0h9M0-4.5v9"},
};

/* Points have no dashes, so their shapes must tell the rounds of colours apart: 3 and 8 have no
 * common divisor, and a colour meets each shape once in eight rounds. */
static unsigned mark_of(unsigned n)
{
	return (n % BENCH_SERIES_COLORS + n / BENCH_SERIES_COLORS * 3) % BENCH_SERIES_COLORS;
}

static int is_hollow(unsigned n)
{
	return n / BENCH_SERIES_COLORS % 2 == 1;
}

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
	for (unsigned i = 0; i < BENCH_SERIES_COLORS; i++)
		fprintf(script, "set linetype %u lc rgb '%s' lw 1.8\n", i + 1, colors[i]);
}

void bench_series_look(FILE *script, unsigned n)
{
	fprintf(script, " lt %u dt %u pt %u", n % BENCH_SERIES_COLORS + 1,
		n / BENCH_SERIES_COLORS % 4 + 1,
		is_hollow(n) ? marks[mark_of(n)].hollow : marks[mark_of(n)].full);
}

void bench_series_legend(const struct bench_series *names, FILE *page)
{
	fputs("<p class=\"key\">", page);
	for (unsigned i = 0; i < names->count; i++) {
		const char *color = colors[i % BENCH_SERIES_COLORS];

		fprintf(page,
			"<span><svg width=\"30\" height=\"12\" viewBox=\"-15 -6 30 12\" "
			"stroke=\"%s\" stroke-width=\"1.8\" aria-hidden=\"true\">"
			"<path d=\"M-15 0h30\" stroke-dasharray=\"%s\"/>"
			"<path d=\"%s\" fill=\"%s\"/></svg>",
			color, dashes[i / BENCH_SERIES_COLORS % 4], marks[mark_of(i)].path,
			is_hollow(i) ? "none" : color);
		html_text(page, names->names[i]);
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
