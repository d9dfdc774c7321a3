/* SPDX-License-Identifier: MIT */
/* What came out of a cell, as numbers and in words. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bench_matrix.h"

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

uint64_t bench_cell_median(const struct bench_cell *cell, size_t offset)
{
	uint64_t *v, median;

	if (cell->runs == 0)
		return FL_BENCH_UNKNOWN;
	v = calloc(cell->runs, sizeof(*v));
	if (v == NULL)
		return FL_BENCH_UNKNOWN;
	for (unsigned i = 0; i < cell->runs; i++)
		memcpy(&v[i], (const char *)&cell->samples[i] + offset, sizeof(v[i]));
	qsort(v, cell->runs, sizeof(*v), by_number);
	median = v[cell->runs / 2];
	free(v);
	return median;
}

double bench_cell_rate(const struct bench_cell *cell)
{
	if (cell->runs == 0 || cell->time.median <= 0)
		return 0;
	return (double)cell->samples[0].bytes / cell->time.median / 1e9;
}

static int is_mapped(const struct bench_cell *cell)
{
	enum fl_bench_method m = cell->what.method;

	if (m == FL_BENCH_AUTO)
		return cell->samples[0].io_used == FL_IO_MMAP;
	return m == FL_BENCH_MMAP || m == FL_BENCH_WINDOW || m == FL_BENCH_POPULATE ||
	       m == FL_BENCH_MMAP_MMAP || m == FL_BENCH_MMAP_MSYNC;
}

double bench_cell_us_per_fault(const struct bench_cell *cell)
{
	uint64_t faults = BENCH_MEDIAN(cell, minor_faults) + BENCH_MEDIAN(cell, major_faults);

	/* Where bytes are loaded by calls, system time is not that of faults. */
	if (cell->runs == 0 || faults == 0 || !is_mapped(cell) ||
	    BENCH_MEDIAN(cell, copied_bytes) > 0)
		return 0;
	return (double)BENCH_MEDIAN(cell, sys_ns) / 1e3 / (double)faults;
}

double bench_cell_copies(const struct bench_cell *cell)
{
	if (cell->runs == 0)
		return 0;
	return (double)(BENCH_MEDIAN(cell, copied_bytes) + BENCH_MEDIAN(cell, memcpy_bytes) +
			BENCH_MEDIAN(cell, storage_read_bytes) +
			BENCH_MEDIAN(cell, storage_written_bytes)) /
	       (double)cell->samples[0].bytes;
}

/* In the largest unit that leaves no rest, so that different windows have different names. */
static void print_window(char *text, size_t room, size_t bytes)
{
	static const char units[] = "KMGT";
	/* A string, as gcc 12.2 without optimization crashes on a precision: "%.1s". */
	char unit[2] = "";

	for (size_t i = 0; i < sizeof(units) - 1 && bytes % 1024 == 0; i++) {
		bytes /= 1024;
		unit[0] = units[i];
	}
	snprintf(text, room, " %zu%s", bytes, unit);
}

const char *bench_cell_name(const struct bench_cell *cell)
{
	static char text[96];
	const struct fl_bench_cell *w = &cell->what;
	int n = snprintf(text, sizeof(text), "%s", fl_bench_method_name(w->method));

	if (w->advise != FL_ADVISE_NORMAL)
		n += snprintf(text + n, sizeof(text) - (size_t)n, " %s", fl_advise_name(w->advise));
	if (w->window_bytes > 0)
		print_window(text + n, sizeof(text) - (size_t)n, w->window_bytes);
	return text;
}

/* On a quiet machine cells spread by 1 % and less (2-core virtual machine, warm). */
#define SPREAD_NOISY 0.03
#define OTHERS_NOISY 0.05

int bench_measured_anything(const struct bench_matrix *m)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->cells[i].runs > 0)
			return 1;
	return 0;
}

const char *bench_noise_text(const struct bench_matrix *m)
{
	static char text[256];
	int noisy = m->spread > SPREAD_NOISY || m->others > OTHERS_NOISY;
	char spread[96];

	if (!bench_measured_anything(m))
		return "Nothing was measured";
	snprintf(spread, sizeof(spread), "the usual spread within a cell is %.1f %%",
		 100 * m->spread);
	if (m->spread < 0)
		snprintf(spread, sizeof(spread), "the spread within a cell takes %d runs to see",
			 FL_BENCH_INTERVAL_MIN);
	snprintf(text, sizeof(text), "%s: %s, other programs took %.0f %% of the processors",
		 noisy           ? "This machine is noisy"
		 : m->spread < 0 ? "Whether this machine is quiet is not known"
				 : "This machine is quiet",
		 spread, 100 * m->others);
	return text;
}

const char *bench_sample_text(const struct bench_matrix *m)
{
	static char text[160];
	uint64_t wanted = m->opt->sample.bytes > 0 ? m->opt->sample.bytes : FL_BENCH_SAMPLE_BYTES;

	if (m->opt->sample.file != NULL || m->bytes >= wanted)
		return NULL;
	snprintf(text, sizeof(text), "The disk is full: the sample has %.0f MiB instead of %.0f",
		 (double)m->bytes / 1048576, (double)wanted / 1048576);
	return text;
}

/* Starting threads takes 0.1 ms each here, and samples of less than a ms differ by that. */
#define SHORT_SECONDS 1e-3

const char *bench_short_text(const struct bench_matrix *m)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->cells[i].runs > 0 && m->cells[i].time.median < SHORT_SECONDS)
			return "Some samples took less than 1 ms: what differs there is the cost "
			       "of starting, not that of reading; take a larger file, or a larger "
			       "--size";
	return NULL;
}

int bench_pair_has_interval(const struct fl_bench_pair *p)
{
	return p->level >= 0.99 - 1e-9;
}

const char *bench_pair_text(const struct fl_bench_pair *p)
{
	static char text[160];

	if (!bench_pair_has_interval(p))
		snprintf(text, sizeof(text), "too few runs (%.2f)", p->ratio);
	else if (p->verdict == FL_BENCH_FASTER)
		snprintf(text, sizeof(text), "%.2f x faster (%.2f - %.2f)", 1 / p->ratio,
			 1 / p->high, 1 / p->low);
	else if (p->verdict == FL_BENCH_SLOWER)
		snprintf(text, sizeof(text), "%.2f x slower (%.2f - %.2f)", p->ratio, p->low,
			 p->high);
	else
		snprintf(text, sizeof(text), "no difference%s (%.2f - %.2f)",
			 p->narrow ? "" : ", but not sure", p->low, p->high);
	return text;
}

const char *bench_verdict_text(const struct bench_cell *cell)
{
	if (cell->runs == 0)
		return "not measured";
	return cell->base == cell ? "(base)" : bench_pair_text(&cell->pair);
}
