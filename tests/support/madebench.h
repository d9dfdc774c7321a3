/* SPDX-License-Identifier: MIT */
#ifndef FL_TESTS_MADEBENCH_H
#define FL_TESTS_MADEBENCH_H

#include "cli/bench_matrix.h"

#define MADE_RUNS 8
#define MADE_CELLS 12

/**
 * struct made - a matrix that was not measured: what `faultline bench` makes of numbers that are known
 */
struct made {
	struct fl_bench_sample samples[MADE_CELLS][MADE_RUNS];
	double seconds[MADE_CELLS][MADE_RUNS];
	struct bench_cell cells[MADE_CELLS];
	struct bench_options opt;
	struct bench_matrix m;
};

/** made_init() - an empty matrix of a file "x" */
void made_init(struct made *t);

/**
 * made_add() - a warm cell of the operation sum
 * @seconds: of each run, a ten-thousandth more from run to run; 0 = not measured, with a problem
 *
 * 10^9 bytes, 16 page faults a run, 64 steps. The first cell that was measured of its group is its base.
 * Return: the cell, to be changed further.
 */
struct bench_cell *made_add(struct made *t, enum fl_bench_method method, unsigned threads,
			    unsigned group, double seconds);

/** made_conclude() - statistics of what was changed in @cell since */
void made_conclude(struct made *t, struct bench_cell *cell);

/** made_three() - a base, one of twice its time, one that failed */
void made_three(struct made *t);

/** made_text() - what a file holds, less than 1 MiB and not nothing; malloc'ed */
char *made_text(const char *path);

#endif
