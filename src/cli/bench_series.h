/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_BENCH_SERIES_H
#define FAULTLINE_CLI_BENCH_SERIES_H

#include <stdio.h>

#include "cli/bench_matrix.h"

#define BENCH_SERIES_COLORS 8u

/**
 * struct bench_series - the methods of a matrix, with hint and window, each once
 *
 * The n-th has colour n modulo BENCH_SERIES_COLORS, and another dash and mark after each round of
 * colours.
 */
struct bench_series {
	char **names;
	unsigned count;
};

/** bench_series_init() - in the order of the cells */
void bench_series_init(struct bench_series *ret, const struct bench_matrix *m);

/** bench_series_of() - the number of a cell's method; @cell must be of the matrix */
unsigned bench_series_of(const struct bench_series *names, const struct bench_cell *cell);

/** bench_series_styles() - the colours as gnuplot's line types 1 to BENCH_SERIES_COLORS */
void bench_series_styles(FILE *script);

/** bench_series_look() - of the @n-th: line type, dash and mark, as options of plot */
void bench_series_look(FILE *script, unsigned n);

/** bench_series_legend() - colours, dashes, marks and names, as HTML */
void bench_series_legend(const struct bench_series *names, FILE *page);

/** bench_series_free() - the names */
void bench_series_free(struct bench_series *names);

#endif
