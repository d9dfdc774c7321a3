/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_BENCH_AUTO_H
#define FAULTLINE_CLI_BENCH_AUTO_H

#include <jansson.h>

#include "cli/bench_matrix.h"
#include "cli/text_table.h"

/**
 * struct bench_auto - --io=auto beside the best fixed method of its group
 * @cell: auto's
 * @best: the one with the lowest median among those that leave the page cache as @cell does: what
 *        reads past the cache is faster once, and leaves the next run as slow again
 * @pair: @cell beside @best; with noise the best of many medians is a lucky one, so that auto looks
 *        the worse the more methods there are
 */
struct bench_auto {
	const struct bench_cell *cell;
	const struct bench_cell *best;
	struct fl_bench_pair pair;
};

/**
 * bench_auto_of() - of the cell with that index
 * Return: 1; 0 where it is not auto's, or there is nothing to put it beside.
 */
int bench_auto_of(const struct bench_matrix *m, size_t i, struct bench_auto *ret);

/** bench_auto_table() - all of them; free it with text_table_free(). Return: how many. */
size_t bench_auto_table(const struct bench_matrix *m, struct text_table *ret);

/** bench_auto_text() - the worst of them in a sentence; static; NULL where there is none */
const char *bench_auto_text(const struct bench_matrix *m);

/** bench_auto_document() - an array, empty where there is none */
json_t *bench_auto_document(const struct bench_matrix *m);

#endif
