/* SPDX-License-Identifier: MIT */
/*
 * Verdicts on differences that are known, with the noise of this machine as it is: sessions of real
 * runs, as `faultline bench` has them, of a method beside itself, and beside itself with 10 % added
 * to each of its times. 8 of each, times the scale; test_stats.c has 400 with made-up noise.
 */
#include <criterion/criterion.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <faultline/bench.h>

#include "../support/scale.h"

#define SAMPLE_BYTES ((uint64_t)16 << 20)
#define RUNS 24

/* Noise that bench calls quiet: MAD by median. */
#define QUIET 0.03

struct session {
	struct fl_bench *bench;
	double factor;
};

static unsigned sessions(void)
{
	return test_rounds(8, 3);
}

static uint64_t now(void *arg)
{
	struct timespec t;

	(void)arg;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int run(void *arg, size_t cell, unsigned round, double *ret_seconds)
{
	struct session *s = arg;
	struct fl_bench_cell what = {.size = sizeof(what),
				     .op = FL_BENCH_SUM,
				     .method = FL_BENCH_PREAD,
				     .cache = FL_BENCH_WARM,
				     .threads = 1};
	struct fl_bench_sample sample;
	struct fl_error err = {.text = ""};
	int r = fl_bench_run(s->bench, &what, &sample, &err);

	(void)round;
	cr_assert_eq(r, 0, "%s", err.text);
	*ret_seconds = (double)sample.ns / 1e9 * (cell == 1 ? s->factor : 1);
	return 0;
}

/* The second cell beside the first; *ret_spread: of the first one. */
static struct fl_bench_pair session(struct fl_bench *bench, double factor, uint64_t seed,
				    double *ret_spread)
{
	struct session s = {.bench = bench, .factor = factor};
	const unsigned same[2] = {0, 0};
	struct fl_bench_rounds plan = {.size = sizeof(plan),
				       .cells = 2,
				       .states = same,
				       .groups = same,
				       .runs_min = FL_BENCH_ROUNDS_MIN,
				       .runs_max = RUNS,
				       .seed = seed,
				       .now = now,
				       .run = run,
				       .arg = &s};
	double seconds[2 * RUNS];
	struct fl_bench_summary summary;
	struct fl_bench_pair pair;
	unsigned runs[2];

	cr_assert_eq(fl_bench_rounds(&plan, seconds, runs), 0);
	cr_assert_eq(fl_bench_compare(seconds + RUNS, seconds, runs[0], &pair), 0);
	cr_assert_eq(fl_bench_summarize(seconds, runs[0], 1, &summary), 0);
	*ret_spread = summary.mad / summary.median;
	return pair;
}

/* @n sessions of each kind. Return: no more of them are wrong than of so many may be. */
static bool are_right(struct fl_bench *bench, unsigned n, uint64_t seed)
{
	unsigned same = 0, found = 0, wrong = 0, denied = 0, missed = 0, i;
	/* Of so few, two more than one in twenty are no proof of anything. */
	unsigned most = n / 20 + 2;
	struct fl_bench_pair pair;
	double spread;

	for (i = 0; i < n; i++) {
		same += session(bench, 1, seed + i, &spread).verdict == FL_BENCH_SAME;
		pair = session(bench, 1.1, 1000 + seed + i, &spread);
		found += pair.verdict == FL_BENCH_SLOWER;
		wrong += pair.verdict == FL_BENCH_FASTER;
		denied += pair.verdict == FL_BENCH_SAME && pair.narrow;
		/* Who is noisy may be unsure, and says so. */
		missed += pair.verdict != FL_BENCH_SLOWER && spread <= QUIET;
	}
	fprintf(stderr,
		"of %u: no difference %u; 10 %%: found %u, not sure %u, denied %u; missed on a "
		"quiet machine %u\n",
		n, same, found, n - found - wrong - denied, denied, missed);
	return same + most >= n && wrong + denied <= most && missed <= most;
}

Test(verdicts, known_differences_are_found_and_no_others)
{
	struct fl_bench_options opt = {.size = sizeof(opt), .bytes = SAMPLE_BYTES, .seed = 7};
	unsigned n = sessions(), batch = 0;
	struct fl_bench *bench;
	struct fl_error err;

	cr_assert_eq(fl_bench_new(&opt, &bench, &err), 0, "%s", err.text);
	/* One verdict in twenty may be wrong, and three of eight are in one run of two hundred; three
	 * times in a row is no chance. */
	while (batch < 3 && !are_right(bench, n, batch * n))
		batch++;
	fl_bench_free(bench);
	cr_assert(batch < 3);
}
