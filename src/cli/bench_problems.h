/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_BENCH_PROBLEMS_H
#define FAULTLINE_CLI_BENCH_PROBLEMS_H

#include "cli/bench_matrix.h"

/**
 * bench_problem_text() - "no copy can be made in D: ...: copy warm -j1 read+write, splice; ..."
 *
 * A reason is told once, with all cells that it kept from being measured to the end.
 * Return: malloc'ed text; NULL where the @i-th cell has no problem, or an earlier one has the same.
 */
char *bench_problem_text(const struct bench_matrix *m, size_t i);

/**
 * bench_left_out_text() - the operations that no method of --io does
 * Return: malloc'ed text; NULL where there are none.
 */
char *bench_left_out_text(const struct bench_matrix *m);

#endif
