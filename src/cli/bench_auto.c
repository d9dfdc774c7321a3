/* SPDX-License-Identifier: MIT */
#include "cli/bench_auto.h"

#include <math.h>
#include <stdio.h>

#include "cli/json_doc.h"

/* Percent of the file that may be more or less in the page cache afterwards. */
#define SAME_RESIDENCY 50

static unsigned left_in_cache(const struct bench_cell *c)
{
	return c->samples[c->runs - 1].resident_after;
}

static int is_rival(const struct bench_cell *cell, const struct bench_cell *other)
{
	unsigned a, b;

	if (other->group != cell->group || other->runs == 0 ||
	    other->what.method == FL_BENCH_AUTO || other->problem[0] != '\0')
		return 0;
	a = left_in_cache(cell);
	b = left_in_cache(other);
	return (a > b ? a - b : b - a) < SAME_RESIDENCY;
}

int bench_auto_of(const struct bench_matrix *m, size_t i, struct bench_auto *ret)
{
	const struct bench_cell *cell = &m->cells[i], *best = NULL;

	if (cell->what.method != FL_BENCH_AUTO || cell->runs == 0)
		return 0;
	for (size_t k = 0; k < m->count; k++)
		if (is_rival(cell, &m->cells[k]) &&
		    (best == NULL || m->cells[k].time.median < best->time.median))
			best = &m->cells[k];
	if (best == NULL)
		return 0;
	ret->cell = cell;
	ret->best = best;
	return fl_bench_compare(cell->seconds, best->seconds,
				cell->runs < best->runs ? cell->runs : best->runs, &ret->pair) == 0;
}

enum column {
	COLUMN_OP,
	COLUMN_CACHE,
	COLUMN_THREADS,
	COLUMN_RATE,
	COLUMN_CHOSE,
	COLUMN_BEST,
	COLUMN_BEST_RATE,
	COLUMN_LOSS,
	COLUMN_VERDICT
};

static void add_columns(struct text_table *t)
{
	static const struct {
		const char *name;
		int right;
	} columns[] = {{"op", 0},        {"cache", 0},    {"-j", 1},
		       {"auto GB/s", 1}, {"it chose", 0}, {"best fixed", 0},
		       {"its GB/s", 1},  {"loss %", 1},   {"auto beside it", 0}};

	for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++)
		text_table_column(t, columns[i].name, columns[i].right);
}

static void add_row(struct text_table *t, const struct bench_auto *a)
{
	const struct fl_bench_cell *w = &a->cell->what;

	text_table_row(t);
	text_table_set(t, COLUMN_OP, "%s", fl_bench_op_name(w->op));
	text_table_set(t, COLUMN_CACHE, "%s", fl_bench_cache_name(w->cache));
	text_table_set(t, COLUMN_THREADS, "%u", w->threads);
	text_table_set(t, COLUMN_RATE, "%.2f", bench_cell_rate(a->cell));
	text_table_set(t, COLUMN_CHOSE, "%s", fl_io_name(a->cell->samples[0].io_used));
	text_table_set(t, COLUMN_BEST, "%s", bench_cell_name(a->best));
	text_table_set(t, COLUMN_BEST_RATE, "%.2f", bench_cell_rate(a->best));
	text_table_set(t, COLUMN_LOSS, "%.1f", 100 * (a->pair.ratio - 1));
	text_table_set(t, COLUMN_VERDICT, "%s", bench_pair_text(&a->pair));
}

size_t bench_auto_table(const struct bench_matrix *m, struct text_table *ret)
{
	struct bench_auto a;

	*ret = (struct text_table){.columns = 0};
	add_columns(ret);
	for (size_t i = 0; i < m->count; i++)
		if (bench_auto_of(m, i, &a))
			add_row(ret, &a);
	return ret->rows;
}

const char *bench_auto_text(const struct bench_matrix *m)
{
	static char text[320];
	struct bench_auto a, worst = {.cell = NULL};
	const struct fl_bench_cell *w;

	for (size_t i = 0; i < m->count; i++)
		if (bench_auto_of(m, i, &a) &&
		    (worst.cell == NULL || a.pair.ratio > worst.pair.ratio))
			worst = a;
	if (worst.cell == NULL)
		return NULL;
	w = &worst.cell->what;
	snprintf(text, sizeof(text),
		 "--io=auto beside the best fixed method that leaves the page cache alike: %s "
		 "%.1f %% %s (%s, %s, -j%u, %s: %s)",
		 worst.pair.ratio > 1 ? "at worst" : "nowhere slower; closest:",
		 100 * fabs(worst.pair.ratio - 1), worst.pair.ratio > 1 ? "slower" : "faster",
		 fl_bench_op_name(w->op), fl_bench_cache_name(w->cache), w->threads,
		 bench_cell_name(worst.best), bench_pair_text(&worst.pair));
	return text;
}

json_t *bench_auto_document(const struct bench_matrix *m)
{
	json_t *list = json_array(), *o;
	struct bench_auto a;

	for (size_t i = 0; i < m->count; i++) {
		if (!bench_auto_of(m, i, &a))
			continue;
		o = json_pack("{s:s, s:s, s:i, s:s, s:f, s:f, s:f, s:s}", "op",
			      fl_bench_op_name(a.cell->what.op), "cache",
			      fl_bench_cache_name(a.cell->what.cache), "threads",
			      (int)a.cell->what.threads, "best", bench_cell_name(a.best), "ratio",
			      a.pair.ratio, "ratio_low", a.pair.low, "ratio_high", a.pair.high,
			      "verdict", fl_bench_verdict_name(a.pair.verdict));
		json_array_append_new(list, o);
	}
	return list;
}
