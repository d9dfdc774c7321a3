/* SPDX-License-Identifier: MIT */
#include "madebench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void made_init(struct made *t)
{
	memset(t, 0, sizeof(*t));
	t->opt.sample.file = "x";
	t->opt.runs = MADE_RUNS;
	t->m = (struct bench_matrix){.opt = &t->opt, .cells = t->cells, .bytes = 1000000000};
}

static void fill(struct fl_bench_sample *s, double seconds)
{
	*s = (struct fl_bench_sample){.size = sizeof(*s),
				      .bytes = 1000000000,
				      .checksum = 0xabc,
				      .minor_faults = 16,
				      .user_ns = (uint64_t)(seconds * 5e8),
				      .tlb_shootdowns = FL_BENCH_UNKNOWN,
				      .cycles = FL_BENCH_UNKNOWN,
				      .dtlb_misses = FL_BENCH_UNKNOWN,
				      .resident_before = 100,
				      .resident_after = 100,
				      .latency_ns = {1000, 2000, 3000, 4000, 5000},
				      .io_used = FL_IO_MMAP};
	for (unsigned i = 0; i < FL_BENCH_STEPS; i++)
		s->step_ns[i] = (uint64_t)(seconds * 1e9 * (i + 1) / FL_BENCH_STEPS);
}

void made_conclude(struct made *t, struct bench_cell *cell)
{
	unsigned n;

	cell->base = NULL;
	for (size_t i = 0; cell->base == NULL && i < t->m.count; i++)
		if (t->cells[i].group == cell->group && t->cells[i].runs > 0)
			cell->base = &t->cells[i];
	n = cell->base->runs < cell->runs ? cell->base->runs : cell->runs;
	if (fl_bench_summarize(cell->seconds, cell->runs, 1, &cell->time) < 0 ||
	    fl_bench_compare(cell->seconds, cell->base->seconds, n, &cell->pair) < 0)
		abort();
}

struct bench_cell *made_add(struct made *t, enum fl_bench_method method, unsigned threads,
			    unsigned group, double seconds)
{
	size_t i = t->m.count++;
	struct bench_cell *c = &t->cells[i];

	if (i == MADE_CELLS)
		abort();
	*c = (struct bench_cell){.what = {.size = sizeof(c->what),
					  .op = FL_BENCH_SUM,
					  .method = method,
					  .cache = FL_BENCH_WARM,
					  .threads = threads},
				 .group = group,
				 .samples = t->samples[i],
				 .seconds = t->seconds[i]};
	if (seconds <= 0) {
		strcpy(c->problem, "the kernel says <no> & \"never\"");
		return c;
	}
	c->runs = MADE_RUNS;
	for (unsigned k = 0; k < MADE_RUNS; k++) {
		t->seconds[i][k] = seconds * (1 + k / 1e4);
		fill(&t->samples[i][k], t->seconds[i][k]);
	}
	made_conclude(t, c);
	return c;
}

void made_three(struct made *t)
{
	made_init(t);
	made_add(t, FL_BENCH_PREAD, 1, 0, 1);
	made_add(t, FL_BENCH_WINDOW, 1, 0, 2);
	made_add(t, FL_BENCH_URING, 1, 0, 0);
}

char *made_text(const char *path)
{
	const size_t size = 1 << 20;
	FILE *f = fopen(path, "re");
	char *text = calloc(1, size);

	if (!f || !text || fread(text, 1, size - 1, f) == 0)
		abort();
	fclose(f);
	return text;
}
