/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_BENCH_PLOTS_H
#define FAULTLINE_CLI_BENCH_PLOTS_H

#include <stdio.h>

#include "cli/bench_matrix.h"

/**
 * bench_plots_write() - the pictures of a report, as figures with SVG in them, drawn by gnuplot(1)
 *
 * A picture has a panel for each operation, state and number of threads; a method has the same
 * colour in all of them.
 * Return: how many; 0 where gnuplot cannot be had.
 */
unsigned bench_plots_write(FILE *page, const struct bench_matrix *m);

#endif
