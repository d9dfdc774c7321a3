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

/** bench_page_begin(), bench_page_end() - what a page of any report begins and ends with */
void bench_page_begin(FILE *page, const char *title);
void bench_page_end(FILE *page);

/**
 * bench_page_file() - make the file @name and have @write write it
 * Return: 0, or EXIT_TROUBLE with a message.
 */
int bench_page_file(const char *name, void (*write)(FILE *page, void *arg), void *arg);

#endif
