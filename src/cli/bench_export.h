/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_BENCH_EXPORT_H
#define FAULTLINE_CLI_BENCH_EXPORT_H

#include <jansson.h>

#include "cli/bench_matrix.h"
#include "cli/text_table.h"

/** bench_document() - everything that was measured, as "faultline-bench/1". Return: the document. */
json_t *bench_document(const struct bench_matrix *m);

/** bench_table() - the rows that people read; free it with text_table_free() */
void bench_table(const struct bench_matrix *m, struct text_table *ret);

/**
 * bench_files_check() - can what the options name be written?
 * Return: 0, or EXIT_TROUBLE with a message about the first that cannot.
 */
int bench_files_check(const struct bench_options *opt);

/** bench_write_json(), ..._csv(), ..._markdown() - Return: 0, or EXIT_TROUBLE with a message. */
int bench_write_json(json_t *doc, const char *name);
int bench_write_csv(json_t *doc, const char *name);
int bench_write_markdown(struct bench_matrix *m, const char *name);

/** bench_facts_print() - `faultline bench facts`. Return: 0, EXIT_TROUBLE where one does not hold. */
int bench_facts_print(const char *dir);

/** bench_base_load() - an earlier document. Return: NULL with a message where it is none. */
json_t *bench_base_load(const char *name);

/**
 * bench_compare() - cells of @doc beside the same cells of @base
 * @base_name: for messages
 * @threshold: part of 1 that a cell may be slower
 * Prints a line for each cell that both have.
 * Return: 0; 1 when one is slower by more, and surely slower; EXIT_TROUBLE.
 */
int bench_compare(const json_t *doc, const json_t *base, const char *base_name, double threshold);

#endif
