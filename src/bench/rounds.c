/* SPDX-License-Identifier: MIT */
#include <faultline/bench.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bench/rng.h"

/* Rounds between two looks at the verdicts. */
#define LOOK_EVERY 4

/**
 * struct schedule
 * @order:    cells as they come in this round
 * @dropped:  cannot be measured
 * @settled:  of each cell: nothing in its group is open any more
 */
struct schedule {
	const struct fl_bench_rounds *plan;
	double *seconds;
	unsigned *runs;
	size_t *order;
	uint64_t *keys;
	bool *dropped;
	bool *settled;
	uint64_t rng;
	uint64_t begin_ns;
};

/* First a random number for each state, then one for each cell: states stay together. */
static int by_key(const void *a, const void *b, void *arg)
{
	const struct schedule *s = arg;
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	unsigned sx = s->plan->states[x], sy = s->plan->states[y];
	uint64_t rx = s->rng ^ sx, ry = s->rng ^ sy;

	rx = fl_rng_next(&rx);
	ry = fl_rng_next(&ry);
	if (sx != sy)
		return (rx > ry) - (rx < ry);
	return (s->keys[x] > s->keys[y]) - (s->keys[x] < s->keys[y]);
}

static void draw_order(struct schedule *s)
{
	size_t i;

	for (i = 0; i < s->plan->cells; i++) {
		s->order[i] = i;
		s->keys[i] = fl_rng_next(&s->rng);
	}
	qsort_r(s->order, s->plan->cells, sizeof(*s->order), by_key, s);
}

static bool group_is_settled(const struct schedule *s, unsigned group)
{
	const unsigned *groups = s->plan->groups;
	const double *first = NULL;
	unsigned n = 0;
	struct fl_bench_pair pair;
	size_t i;

	for (i = 0; i < s->plan->cells; i++) {
		if (groups[i] != group || s->dropped[i])
			continue;
		if (!first) {
			first = s->seconds + i * s->plan->runs_max;
			n = s->runs[i];
		} else if (fl_bench_compare(first, s->seconds + i * s->plan->runs_max,
					    n < s->runs[i] ? n : s->runs[i], &pair) < 0 ||
			   !pair.narrow) {
			return false;
		}
	}
	return true;
}

/* Return: is there anything left to measure? */
static bool look(struct schedule *s)
{
	bool open = false;
	size_t i;

	for (i = 0; i < s->plan->cells; i++) {
		s->settled[i] = s->settled[i] || group_is_settled(s, s->plan->groups[i]);
		open = open || (!s->settled[i] && !s->dropped[i]);
	}
	return open;
}

/* Return: false when no more rounds are wanted. A cell that fails in the middle loses its place in
 * later rounds, so that those before stay pairs. */
static bool one_round(struct schedule *s, unsigned round, bool keep)
{
	double seconds = 0;
	size_t i;
	int r;

	draw_order(s);
	for (i = 0; i < s->plan->cells; i++) {
		size_t cell = s->order[i];

		if (s->dropped[cell] || s->settled[cell])
			continue;
		r = s->plan->run(s->plan->arg, cell, round, &seconds);
		if (r == FL_BENCH_STOP)
			return false;
		if (r != 0)
			s->dropped[cell] = true;
		else if (keep)
			s->seconds[cell * s->plan->runs_max + s->runs[cell]++] = seconds;
	}
	return true;
}

static bool time_is_up(const struct schedule *s, unsigned round)
{
	const struct fl_bench_rounds *p = s->plan;

	return p->duration_ns > 0 && round >= p->runs_min &&
	       p->now(p->arg) - s->begin_ns >= p->duration_ns;
}

static void all_rounds(struct schedule *s)
{
	const struct fl_bench_rounds *p = s->plan;
	unsigned round;

	for (round = 0; round < p->warmup; round++)
		if (!one_round(s, round, false))
			return;
	s->begin_ns = p->now(p->arg);
	for (round = 0; round < p->runs_max && !time_is_up(s, round); round++) {
		if (round >= p->runs_min && (round - p->runs_min) % LOOK_EVERY == 0 && !look(s))
			return;
		if (!one_round(s, p->warmup + round, true))
			return;
	}
}

int fl_bench_rounds(const struct fl_bench_rounds *plan, double *seconds, unsigned *ret_runs)
{
	struct schedule s = {.plan = plan, .seconds = seconds, .runs = ret_runs, .rng = plan->seed};
	size_t n = plan->cells;
	int r = -ENOMEM;

	if (plan->size != sizeof(*plan) || n == 0 || plan->runs_max == 0 ||
	    plan->runs_min > plan->runs_max || !plan->run || !plan->now)
		return -EINVAL;
	s.order = calloc(n, sizeof(*s.order));
	s.keys = calloc(n, sizeof(*s.keys));
	s.dropped = calloc(n, sizeof(*s.dropped));
	s.settled = calloc(n, sizeof(*s.settled));
	if (s.order && s.keys && s.dropped && s.settled) {
		memset(ret_runs, 0, n * sizeof(*ret_runs));
		all_rounds(&s);
		r = 0;
	}
	free(s.order);
	free(s.keys);
	free(s.dropped);
	free(s.settled);
	return r;
}
