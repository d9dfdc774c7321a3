/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/bench.h>

#include "bench/rng.h"

static double uniform(uint64_t *rng)
{
	return ((double)(fl_rng_next(rng) >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(uint64_t *rng)
{
	return sqrt(-2 * log(uniform(rng))) * cos(6.283185307179586 * uniform(rng));
}

/* Timings as shared machines give them: 4 % of spread to the right, every twentieth run disturbed
 * by up to half, and a level that wanders by 3 % from round to round for everybody. */
struct world {
	uint64_t rng;
	double level;
	double factor[4];
	unsigned round;
};

static double draw(struct world *w, size_t cell)
{
	double t = 0.2 * w->factor[cell] * exp(0.04 * normal(&w->rng)) * w->level;

	if (uniform(&w->rng) < 0.05)
		t *= 1 + 0.5 * uniform(&w->rng);
	return t;
}

static int run(void *arg, size_t cell, unsigned round, double *ret_seconds)
{
	struct world *w = arg;

	if (round != w->round) {
		w->round = round;
		w->level *= exp(0.03 * normal(&w->rng));
	}
	*ret_seconds = draw(w, cell);
	return 0;
}

static uint64_t no_clock(void *arg)
{
	(void)arg;
	return 0;
}

#define RUNS 24

/* One whole session with two methods; the verdict on the second against the first. */
static enum fl_bench_verdict session(uint64_t seed, double factor, int *ret_narrow)
{
	struct world w = {.rng = seed, .level = 1, .factor = {1, factor}, .round = ~0u};
	const unsigned same[2] = {0, 0};
	struct fl_bench_rounds plan = {.size = sizeof(plan),
				       .cells = 2,
				       .states = same,
				       .groups = same,
				       .runs_min = FL_BENCH_ROUNDS_MIN,
				       .runs_max = RUNS,
				       .seed = seed,
				       .now = no_clock,
				       .run = run,
				       .arg = &w};
	double seconds[2 * RUNS];
	struct fl_bench_pair pair;
	unsigned runs[2];

	cr_assert_eq(fl_bench_rounds(&plan, seconds, runs), 0);
	cr_assert_eq(runs[0], runs[1]);
	cr_assert_eq(fl_bench_compare(seconds + RUNS, seconds, runs[0], &pair), 0);
	*ret_narrow = pair.narrow;
	return pair.verdict;
}

#define SESSIONS 400

static unsigned count(double factor, enum fl_bench_verdict verdict, uint64_t seed)
{
	unsigned n = 0;
	int narrow;

	for (unsigned i = 0; i < SESSIONS; i++)
		n += session(seed + i, factor, &narrow) == verdict;
	return n;
}

Test(stats, a_method_beside_itself_is_no_different)
{
	unsigned n = count(1, FL_BENCH_SAME, 1000);

	cr_assert(n >= SESSIONS * 98 / 100, "%u of %u", n, SESSIONS);
}

/* Half of a per cent is nobody's concern, however sure it is; nor is what may be that little. */
Test(stats, a_difference_of_less_than_one_percent_is_none)
{
	double a[8], b[8];
	struct fl_bench_pair p;

	for (unsigned i = 0; i < 8; i++) {
		b[i] = 1;
		a[i] = 1.005 + i * 0.002;
	}
	cr_assert_eq(fl_bench_compare(a, b, 8, &p), 0);
	cr_assert(p.ratio > 1.01 && p.low > 1 && p.low < 1.01);
	cr_assert(p.verdict == FL_BENCH_SAME && p.narrow);
	for (unsigned i = 0; i < 8; i++)
		a[i] += 0.01;
	cr_assert_eq(fl_bench_compare(a, b, 8, &p), 0);
	cr_assert(p.verdict == FL_BENCH_SLOWER && p.narrow);
	cr_assert_eq(fl_bench_compare(b, a, 8, &p), 0);
	cr_assert(p.verdict == FL_BENCH_FASTER && p.narrow);
}

Test(stats, ten_percent_are_found)
{
	unsigned slower = count(1.1, FL_BENCH_SLOWER, 2000);
	unsigned faster = count(1 / 1.1, FL_BENCH_FASTER, 3000);

	cr_assert(slower >= SESSIONS * 95 / 100, "%u of %u", slower, SESSIONS);
	cr_assert(faster >= SESSIONS * 95 / 100, "%u of %u", faster, SESSIONS);
}

/* The interval holds the true ratio as often as it says. */
Test(stats, intervals_hold_the_ratio)
{
	double a[12], b[12];
	struct fl_bench_pair p;
	unsigned held = 0;

	for (unsigned i = 0; i < 1000; i++) {
		struct world w = {.rng = 77 + i, .level = 1, .factor = {1.3, 1}};

		for (unsigned k = 0; k < 12; k++) {
			a[k] = draw(&w, 0);
			b[k] = draw(&w, 1);
		}
		cr_assert_eq(fl_bench_compare(a, b, 12, &p), 0);
		cr_assert(p.low <= p.ratio && p.ratio <= p.high);
		held += p.low <= 1.3 && 1.3 <= p.high;
	}
	cr_assert(held >= 975, "%u", held);
}

Test(stats, few_rounds_give_no_verdict)
{
	double slow[8] = {9, 9, 9, 9, 9, 9, 9, 9}, fast[8] = {1, 1, 1, 1, 1, 1, 1, 1};
	struct fl_bench_pair p;

	cr_assert_eq(fl_bench_compare(slow, fast, FL_BENCH_ROUNDS_MIN - 1, &p), 0);
	cr_assert_eq(p.verdict, FL_BENCH_SAME);
	cr_assert_not(p.narrow);
	cr_assert_eq(fl_bench_compare(slow, fast, FL_BENCH_ROUNDS_MIN, &p), 0);
	cr_assert_eq(p.verdict, FL_BENCH_SLOWER);
	cr_assert(p.narrow && fabs(p.ratio - 9) < 1e-9 && p.level >= 0.99);
}

/* Known values: Hollander and Wolfe, table A.4: n = 10, the interval at 99 % is (W(4), W(52)). */
Test(stats, ranks_are_those_of_the_tables)
{
	double a[10], b[10];
	struct fl_bench_pair p;

	/* Differences of logarithms 1 .. 10: means of two of them are 1, 1.5, 2, 2, 2.5, ... */
	for (unsigned i = 0; i < 10; i++) {
		a[i] = exp(i + 1.0);
		b[i] = 1;
	}
	cr_assert_eq(fl_bench_compare(a, b, 10, &p), 0);
	cr_assert(fabs(log(p.low) - 2) < 1e-9 && fabs(log(p.high) - 9) < 1e-9, "%f %f", log(p.low),
		  log(p.high));
	cr_assert(fabs(p.level - (1 - 2 * 5 / 1024.0)) < 1e-9, "%f", p.level);
	cr_assert(fabs(log(p.ratio) - 5.5) < 1e-9);
}

Test(stats, more_than_fifty_rounds_go_on_smoothly)
{
	double a[60], b[60];
	struct fl_bench_pair exact, normal_pair;
	uint64_t rng = 5;

	for (unsigned i = 0; i < 60; i++) {
		a[i] = exp(0.1 * normal(&rng));
		b[i] = exp(0.1 * normal(&rng));
	}
	cr_assert_eq(fl_bench_compare(a, b, 50, &exact), 0);
	cr_assert_eq(fl_bench_compare(a, b, 51, &normal_pair), 0);
	cr_assert(fabs(exact.low - normal_pair.low) < 0.02);
	cr_assert(fabs(exact.high - normal_pair.high) < 0.02);
}

Test(stats, summary_of_known_samples)
{
	const double v[] = {5, 1, 4, 2, 3};
	struct fl_bench_summary s, again;

	cr_assert_eq(fl_bench_summarize(v, 5, 1, &s), 0);
	cr_assert(s.median == 3 && s.mad == 1 && s.min == 1 && s.max == 5);
	cr_assert(s.ci_low >= 1 && s.ci_low <= 3 && s.ci_high >= 3 && s.ci_high <= 5);
	cr_assert_eq(fl_bench_summarize(v, 5, 1, &again), 0);
	cr_assert_eq(memcmp(&s, &again, sizeof(s)), 0, "the same seed, the same interval");
	cr_assert_eq(fl_bench_summarize(v, 2, 1, &s), 0);
	cr_assert(s.median == 3);
	cr_assert_eq(fl_bench_summarize(v, 0, 1, &s), -EINVAL);
	cr_assert_eq(fl_bench_compare(v, v, 0, &(struct fl_bench_pair){0}), -EINVAL);
}

Test(stats, sessions_apart_are_compared)
{
	double base[20], now[20];
	struct fl_bench_pair p;
	uint64_t rng = 9;

	for (unsigned i = 0; i < 20; i++) {
		base[i] = exp(0.03 * normal(&rng));
		now[i] = 1.2 * exp(0.03 * normal(&rng));
	}
	cr_assert_eq(fl_bench_compare_apart(now, 20, base, 20, &p), 0);
	cr_assert_eq(p.verdict, FL_BENCH_SLOWER);
	cr_assert(p.low > 1.1 && p.high < 1.3 && fabs(p.ratio - 1.2) < 0.05);
	cr_assert_eq(fl_bench_compare_apart(base, 20, base, 20, &p), 0);
	cr_assert_eq(p.verdict, FL_BENCH_SAME);
	cr_assert_eq(fl_bench_compare_apart(base, 0, base, 20, &p), -EINVAL);
	cr_assert_eq(fl_bench_compare_apart(base, 20, base, 1001, &p), -EINVAL);
}

/* Of few runs no order is so unlikely that it proves something: 2 of the 70 orders of 4 and 4 are the
 * two extreme ones, 2 of the 252 of 5 and 5. */
Test(stats, sessions_apart_need_five_runs_each)
{
	const double a[5] = {1, 1.01, 1.02, 1.03, 1.04}, b[5] = {2, 2.01, 2.02, 2.03, 2.04};
	struct fl_bench_pair p;

	cr_assert_eq(fl_bench_compare_apart(b, 1, a, 1, &p), 0);
	cr_assert(p.verdict == FL_BENCH_SAME && !p.narrow && p.level < 0.99);
	cr_assert_eq(fl_bench_compare_apart(b, 4, a, 4, &p), 0);
	cr_assert(p.verdict == FL_BENCH_SAME && fabs(p.level - (1 - 2.0 / 70)) < 1e-12);
	cr_assert_eq(fl_bench_compare_apart(b, 5, a, 5, &p), 0);
	cr_assert(p.verdict == FL_BENCH_SLOWER && fabs(p.level - (1 - 2.0 / 252)) < 1e-12);
	cr_assert(fabs(p.low - 2 / 1.04) < 1e-12 && fabs(p.high - 2.04) < 1e-12);
	/* 8 and 8: the eighth smallest and largest ratio (Mann, Whitney 1947; critical value 7). */
	cr_assert_eq(fl_bench_compare_apart((double[]){1, 2, 3, 4, 5, 6, 7, 8}, 8,
					    (double[]){1, 1, 1, 1, 1, 1, 1, 1}, 8, &p),
		     0);
	cr_assert(fabs(p.low - 1) < 1e-12 && fabs(p.high - 8) < 1e-12);
}

static unsigned wrong_of_400(size_t n, double *ret_held)
{
	double a[60], b[60];
	struct fl_bench_pair p;
	unsigned wrong = 0, held = 0;
	uint64_t rng = n;

	for (unsigned i = 0; i < SESSIONS; i++) {
		for (size_t k = 0; k < n; k++) {
			a[k] = exp(0.1 * normal(&rng)) * (uniform(&rng) < 0.1 ? 1.5 : 1);
			b[k] = exp(0.1 * normal(&rng)) * (uniform(&rng) < 0.1 ? 1.5 : 1);
		}
		cr_assert_eq(fl_bench_compare_apart(a, n, b, n, &p), 0);
		wrong += p.verdict != FL_BENCH_SAME;
		held += p.low <= 1 && p.high >= 1;
	}
	*ret_held = (double)held / SESSIONS;
	return wrong;
}

/* One in a hundred is wrong, whatever the noise and however few the runs: three times that is luck's
 * (above 12 of 400 by less than 1 in 10,000). */
Test(stats, sessions_apart_that_are_alike_are_no_different)
{
	static const size_t sizes[] = {5, 6, 8, 12, 24, 60};
	double held;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		unsigned wrong = wrong_of_400(sizes[i], &held);

		cr_assert(wrong <= 12, "%zu runs: %u of %u", sizes[i], wrong, SESSIONS);
		cr_assert(held >= 0.97, "%zu runs: %.3f", sizes[i], held);
	}
}
