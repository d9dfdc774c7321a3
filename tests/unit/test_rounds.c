/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <string.h>

#include <faultline/bench.h>

#define CELLS 4
#define RUNS 20

/* What was asked for, in order. */
struct log {
	size_t cell[CELLS * (RUNS + 2)];
	unsigned n;
	unsigned stop_after;
	size_t bad;
	uint64_t clock;
};

static const unsigned states[CELLS] = {0, 1, 0, 1};
static const unsigned groups[CELLS] = {0, 1, 0, 1};

static int run(void *arg, size_t cell, unsigned round, double *ret_seconds)
{
	struct log *l = arg;

	l->cell[l->n++] = cell;
	l->clock += 1000;
	if (cell == l->bad && round >= 2)
		return FL_BENCH_DROP;
	/* Cells 0 and 2 are far apart, 1 and 3 never settle. */
	*ret_seconds = cell == 2 ? 2 : cell == 0 ? 1 : 1 + (double)((round * 7 + cell) % 5);
	return l->stop_after && l->n >= l->stop_after ? FL_BENCH_STOP : 0;
}

static uint64_t now(void *arg)
{
	return ((struct log *)arg)->clock;
}

static int go(struct log *l, struct fl_bench_rounds plan, double *seconds, unsigned *runs)
{
	plan.size = sizeof(plan);
	plan.cells = CELLS;
	plan.states = states;
	plan.groups = groups;
	plan.runs_min = plan.runs_min ? plan.runs_min : 8;
	plan.runs_max = RUNS;
	plan.now = now;
	plan.run = run;
	plan.arg = l;
	return fl_bench_rounds(&plan, seconds, runs);
}

Test(rounds, settled_groups_are_left_alone_and_open_ones_go_on)
{
	struct log l = {.bad = CELLS};
	double seconds[CELLS * RUNS];
	unsigned runs[CELLS];

	cr_assert_eq(go(&l, (struct fl_bench_rounds){.seed = 3}, seconds, runs), 0);
	cr_assert(runs[0] == 8 && runs[2] == 8, "%u", runs[0]);
	cr_assert(runs[1] == RUNS && runs[3] == RUNS);
	cr_assert_eq(seconds[0], 1.0);
	cr_assert_eq(seconds[2 * RUNS], 2.0);
}

Test(rounds, each_round_has_each_cell_once_and_states_stay_together)
{
	struct log l = {.bad = CELLS};
	double seconds[CELLS * RUNS];
	unsigned runs[CELLS], first_differs = 0;

	cr_assert_eq(go(&l, (struct fl_bench_rounds){.seed = 3, .warmup = 2}, seconds, runs), 0);
	cr_assert(l.n >= 10 * CELLS);
	for (unsigned i = 0; i < 10; i++) {
		size_t *c = l.cell + i * CELLS;
		unsigned seen = 0;

		for (unsigned k = 0; k < CELLS; k++)
			seen |= 1u << c[k];
		cr_assert_eq(seen, 15u);
		cr_assert(states[c[0]] == states[c[1]] && states[c[2]] == states[c[3]]);
		first_differs |= 1u << c[0];
	}
	cr_assert(first_differs & (first_differs - 1), "the order never changed");
	cr_assert_eq(runs[0], 8u);
}

Test(rounds, the_seed_decides_the_order)
{
	struct log a = {.bad = CELLS}, b = {.bad = CELLS}, c = {.bad = CELLS};
	double seconds[CELLS * RUNS];
	unsigned runs[CELLS];

	go(&a, (struct fl_bench_rounds){.seed = 3}, seconds, runs);
	go(&b, (struct fl_bench_rounds){.seed = 3}, seconds, runs);
	go(&c, (struct fl_bench_rounds){.seed = 4}, seconds, runs);
	cr_assert_eq(memcmp(a.cell, b.cell, sizeof(a.cell)), 0);
	cr_assert(memcmp(a.cell, c.cell, sizeof(a.cell)) != 0);
}

Test(rounds, limits_of_time_and_a_stop_are_obeyed)
{
	struct log l = {.bad = CELLS}, stopped = {.bad = CELLS, .stop_after = 5};
	double seconds[CELLS * RUNS];
	unsigned runs[CELLS];

	/* The least number of rounds is done whatever the time. */
	go(&l, (struct fl_bench_rounds){.duration_ns = 1}, seconds, runs);
	cr_assert(runs[0] == 8 && runs[1] == 8);
	go(&stopped, (struct fl_bench_rounds){0}, seconds, runs);
	cr_assert_eq(stopped.n, 5u);
}

Test(rounds, what_cannot_be_measured_is_left_out)
{
	struct log l = {.bad = 3};
	double seconds[CELLS * RUNS];
	unsigned runs[CELLS];

	cr_assert_eq(go(&l, (struct fl_bench_rounds){0}, seconds, runs), 0);
	cr_assert_eq(runs[3], 2u);
	/* Nothing is left to compare with: the other one of its group is done as well. */
	cr_assert_eq(runs[1], 8u);
	cr_assert_eq(go(&l, (struct fl_bench_rounds){.runs_min = RUNS + 1}, seconds, runs),
		     -EINVAL);
}
