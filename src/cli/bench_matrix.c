/* SPDX-License-Identifier: MIT */
#include "cli/bench_matrix.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/message.h"
#include "cli/stop_signals.h"
#include "cli/verbs.h"

static void *need(void *p)
{
	if (p != NULL)
		return p;
	message_error("%s", strerror(ENOMEM));
	exit(EXIT_TROUBLE);
}

/* What is measured of an operation when nothing was asked for. */
static const struct bench_list *methods_for(const struct bench_options *opt, enum fl_bench_op op,
					    struct bench_list *room)
{
	static const unsigned usual[] = {FL_BENCH_PREAD, FL_BENCH_MMAP, FL_BENCH_WINDOW,
					 FL_BENCH_AUTO, FL_BENCH_URING_DIRECT};
	size_t n = sizeof(usual) / sizeof(*usual);

	if (opt->io.n > 0)
		return &opt->io;
	room->n = 0;
	if (op == FL_BENCH_COPY || op == FL_BENCH_UPDATE || op == FL_BENCH_RANDOM) {
		for (unsigned i = 0; fl_bench_method_name((enum fl_bench_method)i) != NULL; i++)
			room->v[room->n++] = i;
		return room;
	}
	for (size_t i = 0; i < n; i++)
		room->v[room->n++] = usual[i];
	return room;
}

/* Does the method map windows whose hint and size can be chosen? */
static int has_windows(const struct fl_bench_cell *what)
{
	return what->method == FL_BENCH_WINDOW ||
	       (what->method == FL_BENCH_MMAP && what->op != FL_BENCH_RANDOM);
}

static int is_repeated(const struct bench_matrix *m, const struct fl_bench_cell *what)
{
	const struct bench_options *opt = m->opt;
	int serial = what->op == FL_BENCH_COPY || what->op == FL_BENCH_UPDATE;

	if (serial && what->threads != opt->threads.v[0])
		return 1;
	if (!has_windows(what) && what->advise != (enum fl_advise)opt->advise.v[0])
		return 1;
	return what->method != FL_BENCH_WINDOW && what->window_bytes != (size_t)opt->window.v[0];
}

static void add_cell(struct bench_matrix *m, struct fl_bench_cell what, unsigned group)
{
	struct bench_cell *cell;

	if (!fl_bench_method_fits(what.method, what.op) || is_repeated(m, &what))
		return;
	if (what.op == FL_BENCH_COPY || what.op == FL_BENCH_UPDATE)
		what.threads = 1;
	if (!has_windows(&what))
		what.advise = FL_ADVISE_NORMAL;
	if (what.method != FL_BENCH_WINDOW)
		what.window_bytes = 0;
	m->cells = need(realloc(m->cells, (m->count + 1) * sizeof(*m->cells)));
	cell = &m->cells[m->count++];
	*cell = (struct bench_cell){.what = what, .state = what.cache, .group = group};
	/* What is changed has pages of its own. */
	if (what.op == FL_BENCH_UPDATE)
		cell->state += 16;
}

static void add_group(struct bench_matrix *m, struct fl_bench_cell what, unsigned group)
{
	const struct bench_options *opt = m->opt;
	struct bench_list room;
	const struct bench_list *io = methods_for(opt, what.op, &room);

	for (size_t i = 0; i < io->n; i++)
		for (size_t a = 0; a < opt->advise.n; a++)
			for (size_t w = 0; w < opt->window.n; w++) {
				what.method = (enum fl_bench_method)io->v[i];
				what.advise = (enum fl_advise)opt->advise.v[a];
				what.window_bytes = (size_t)opt->window.v[w];
				add_cell(m, what, group);
			}
}

static void build(struct bench_matrix *m)
{
	const struct bench_options *opt = m->opt;
	struct fl_bench_cell what = {.size = sizeof(what)};
	unsigned group = 0;

	for (size_t o = 0; o < opt->op.n; o++)
		for (size_t c = 0; c < opt->cache.n; c++)
			for (size_t t = 0; t < opt->threads.n; t++) {
				what.op = (enum fl_bench_op)opt->op.v[o];
				what.cache = (enum fl_bench_cache)opt->cache.v[c];
				what.threads = (unsigned)opt->threads.v[t];
				add_group(m, what, group++);
			}
	m->seconds = need(calloc(m->count + 1, opt->runs * sizeof(double)));
	for (size_t i = 0; i < m->count; i++) {
		m->cells[i].samples =
			need(calloc(opt->runs + opt->warmup, sizeof(*m->cells[i].samples)));
		m->cells[i].seconds = m->seconds + i * opt->runs;
	}
}

static uint64_t now_ns(void *arg)
{
	struct timespec t;

	(void)arg;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void show_progress(const struct bench_matrix *m, const struct bench_cell *cell,
			  unsigned round)
{
	if (m->opt->quiet || !isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\r\033[Kround %u: %s %s %s", round + 1, fl_bench_op_name(cell->what.op),
		fl_bench_cache_name(cell->what.cache), fl_bench_method_name(cell->what.method));
}

static void end_progress(const struct bench_matrix *m)
{
	if (!m->opt->quiet && isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

static int run_cell(void *arg, size_t i, unsigned round, double *ret_seconds)
{
	struct bench_matrix *m = arg;
	struct bench_cell *cell = &m->cells[i];
	struct fl_bench_sample sample;
	struct fl_error err;
	int rc;

	if (stop_signals_caught())
		return FL_BENCH_STOP;
	show_progress(m, cell, round);
	rc = fl_bench_run(m->bench, &cell->what, &sample, &err);
	if (stop_signals_caught())
		return FL_BENCH_STOP;
	if (rc < 0) {
		snprintf(cell->problem, sizeof(cell->problem), "%s", err.text);
		return FL_BENCH_DROP;
	}
	*ret_seconds = (double)sample.ns / 1e9;
	cell->samples[cell->taken++] = sample;
	return 0;
}

/* The first samples are the warm-up's. */
static void drop_warmup(struct bench_cell *cell)
{
	memmove(cell->samples, cell->samples + (cell->taken - cell->runs),
		cell->runs * sizeof(*cell->samples));
}

static void compare_checksums(struct bench_matrix *m, struct bench_cell *cell)
{
	for (size_t k = 0; k < m->count; k++) {
		const struct bench_cell *first = &m->cells[k];

		if (first->what.op != cell->what.op || first->runs == 0)
			continue;
		for (unsigned i = 0; i < cell->runs; i++)
			if (cell->samples[i].checksum != first->samples[0].checksum) {
				snprintf(cell->problem, sizeof(cell->problem),
					 "another result than %s",
					 fl_bench_method_name(first->what.method));
				m->differ++;
				return;
			}
		return;
	}
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void conclude_cell(struct bench_matrix *m, struct bench_cell *cell)
{
	unsigned n;

	fl_bench_summarize(cell->seconds, cell->runs, m->opt->sample.seed, &cell->time);
	for (size_t k = 0; cell->base == NULL && k < m->count; k++)
		if (m->cells[k].group == cell->group && m->cells[k].runs > 0)
			cell->base = &m->cells[k];
	n = cell->base->runs < cell->runs ? cell->base->runs : cell->runs;
	fl_bench_compare(cell->seconds, cell->base->seconds, n, &cell->pair);
	compare_checksums(m, cell);
}

static void conclude(struct bench_matrix *m, const unsigned *runs)
{
	double *spread = need(calloc(m->count + 1, sizeof(*spread)));
	size_t n = 0;

	for (size_t i = 0; i < m->count; i++) {
		m->cells[i].runs = runs[i];
		drop_warmup(&m->cells[i]);
	}
	for (size_t i = 0; i < m->count; i++) {
		if (m->cells[i].runs == 0)
			continue;
		conclude_cell(m, &m->cells[i]);
		if (m->cells[i].runs >= FL_BENCH_INTERVAL_MIN)
			spread[n++] = m->cells[i].time.mad / m->cells[i].time.median;
	}
	qsort(spread, n, sizeof(*spread), by_value);
	m->spread = n > 0 ? spread[n / 2] : -1;
	free(spread);
}

static int measure(struct bench_matrix *m)
{
	const struct bench_options *opt = m->opt;
	unsigned *numbers = need(calloc(3 * m->count + 1, sizeof(*numbers)));
	unsigned *states = numbers, *groups = numbers + m->count, *runs = groups + m->count;
	uint64_t machine[2], own[2], begin = now_ns(NULL), wall;
	struct fl_bench_rounds plan = {
		.size = sizeof(plan),
		.cells = m->count,
		.states = states,
		.groups = groups,
		.runs_max = opt->runs,
		.runs_min = opt->runs < FL_BENCH_ROUNDS_MIN ? opt->runs : FL_BENCH_ROUNDS_MIN,
		.warmup = opt->warmup,
		.duration_ns = (uint64_t)(opt->duration * 1e9),
		.seed = opt->sample.seed,
		.now = now_ns,
		.run = run_cell,
		.arg = m};
	int rc;

	for (size_t i = 0; i < m->count; i++) {
		states[i] = m->cells[i].state;
		groups[i] = m->cells[i].group;
	}
	fl_bench_cpu(&machine[0], &own[0]);
	rc = fl_bench_rounds(&plan, m->seconds, runs);
	end_progress(m);
	fl_bench_cpu(&machine[1], &own[1]);
	wall = (now_ns(NULL) - begin) * (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);
	if (machine[1] - machine[0] > own[1] - own[0] && wall > 0)
		m->others = (double)(machine[1] - machine[0] - (own[1] - own[0])) / (double)wall;
	if (rc == 0)
		conclude(m, runs);
	free(numbers);
	return rc;
}

int bench_matrix_run(struct bench_matrix *m)
{
	struct fl_error err;
	int rc = fl_bench_new(&m->opt->sample, &m->bench, &err);

	if (rc < 0) {
		message_file(m->opt->sample.file != NULL ? m->opt->sample.file : "(sample)", &err);
		return EXIT_TROUBLE;
	}
	m->bytes = fl_bench_bytes(m->bench);
	build(m);
	if (m->count == 0) {
		message_error("no method of --io does an operation of --op");
		return EXIT_TROUBLE;
	}
	stop_signals_install(NULL);
	rc = measure(m);
	if (rc < 0)
		message_error("%s", fl_strerror(rc));
	return rc < 0 ? EXIT_TROUBLE : 0;
}

void bench_matrix_free(struct bench_matrix *m)
{
	for (size_t i = 0; i < m->count; i++)
		free(m->cells[i].samples);
	free(m->cells);
	free(m->seconds);
	fl_bench_free(m->bench);
}
