/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_BENCH_REPORT_H
#define FAULTLINE_CLI_BENCH_REPORT_H

#include <jansson.h>

#include "cli/bench_matrix.h"

/**
 * bench_write_report() - one HTML page that loads nothing: tables, verdicts, pictures
 * @doc: from bench_document()
 *
 * Pictures are drawn by gnuplot(1) and stand in the page as SVG; without it the page says so and
 * has the tables only.
 * Return: 0, or EXIT_TROUBLE with a message.
 */
int bench_write_report(const struct bench_matrix *m, const json_t *doc, const char *name);

#endif
