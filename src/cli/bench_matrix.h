/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_BENCH_MATRIX_H
#define FAULTLINE_CLI_BENCH_MATRIX_H

#include <stddef.h>

#include <faultline/bench.h>

#include "cli/bench_options.h"

/**
 * struct bench_cell - a cell and what came out of it
 * @state, @group: for fl_bench_rounds(): cells of a group differ in how they load only
 * @samples:  @runs of them
 * @seconds:  the same times, for the statistics
 * @problem:  why there are no samples, or no more
 * @base:     the first cell of the group
 * @pair:     beside @base
 */
struct bench_cell {
	struct fl_bench_cell what;
	unsigned state;
	unsigned group;
	struct fl_bench_sample *samples;
	const double *seconds;
	unsigned runs;
	unsigned taken;
	char problem[300];
	struct fl_bench_summary time;
	struct fl_bench_pair pair;
	const struct bench_cell *base;
};

/**
 * struct bench_matrix - all of them
 * @others: part of the machine's processors that other programs took meanwhile
 * @spread: median over the cells of MAD / median; negative where all had too few samples to tell
 * @differ: cells whose checksum is not that of their operation
 */
struct bench_matrix {
	const struct bench_options *opt;
	struct fl_bench *bench;
	struct bench_cell *cells;
	size_t count;
	double *seconds;
	uint64_t bytes;
	double others;
	double spread;
	unsigned differ;
};

/** bench_matrix_run() - measure. Return: 0; EXIT_TROUBLE with a message printed. */
int bench_matrix_run(struct bench_matrix *m);

/** bench_matrix_free() - all but the options */
void bench_matrix_free(struct bench_matrix *m);

/**
 * bench_cell_median() - of a uint64_t member of the samples
 * @offset: offsetof(struct fl_bench_sample, member)
 * Return: FL_BENCH_UNKNOWN where that is its value, or there are no samples.
 */
uint64_t bench_cell_median(const struct bench_cell *cell, size_t offset);

#define BENCH_MEDIAN(cell, member) bench_cell_median(cell, offsetof(struct fl_bench_sample, member))

/** bench_cell_rate() - GB/s of the median */
double bench_cell_rate(const struct bench_cell *cell);

/** bench_cell_us_per_fault() - system time by page fault, for what is mapped; 0 = does not apply */
double bench_cell_us_per_fault(const struct bench_cell *cell);

/** bench_cell_copies() - how often each byte was moved: by calls, in user space, to and from disk */
double bench_cell_copies(const struct bench_cell *cell);

/** bench_cell_name() - "window sequential 8M": method, hint, window; static */
const char *bench_cell_name(const struct bench_cell *cell);

/** bench_measured_anything() - has at least one cell a run? */
int bench_measured_anything(const struct bench_matrix *m);

/** bench_noise_text() - a sentence about the machine, as far as anything was measured; static */
const char *bench_noise_text(const struct bench_matrix *m);

/** bench_short_text() - a sentence where samples are too short to say much, or NULL */
const char *bench_short_text(const struct bench_matrix *m);

/** bench_sample_text() - a sentence where the sample is smaller than asked for, or NULL; static */
const char *bench_sample_text(const struct bench_matrix *m);

/** bench_pair_has_interval() - were there runs enough for a verdict? */
int bench_pair_has_interval(const struct fl_bench_pair *p);

/** bench_pair_text() - "1.52 x faster (1.47 - 1.58)", "no difference", ...; static */
const char *bench_pair_text(const struct fl_bench_pair *p);

/** bench_verdict_text() - that of a cell beside its base; "(base)", "not measured"; static */
const char *bench_verdict_text(const struct bench_cell *cell);

#endif
