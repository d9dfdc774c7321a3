/* SPDX-License-Identifier: MIT */
#include "cli/bench_export.h"

#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/verbs.h"

enum column {
	COLUMN_OP,
	COLUMN_CACHE,
	COLUMN_THREADS,
	COLUMN_IO,
	COLUMN_RATE,
	COLUMN_TIME,
	COLUMN_SPREAD,
	COLUMN_RUNS,
	COLUMN_FAULTS,
	COLUMN_US_PER_FAULT,
	COLUMN_COPIES,
	COLUMN_RSS,
	COLUMN_P99,
	COLUMN_VERDICT
};

static const struct {
	const char *name;
	int right;
} columns[] = {{"op", 0},     {"cache", 0},   {"-j", 1},     {"io", 0},     {"GB/s", 1},
	       {"ms", 1},     {"±%", 1},      {"runs", 1},   {"faults", 1}, {"us/fault", 1},
	       {"copies", 1}, {"RSS MiB", 1}, {"p99 us", 1}, {"verdict", 0}};

static void set_numbers(struct text_table *t, const struct bench_cell *c)
{
	uint64_t faults = BENCH_MEDIAN(c, minor_faults) + BENCH_MEDIAN(c, major_faults);
	uint64_t p99 = bench_cell_median(c, offsetof(struct fl_bench_sample, latency_ns) +
						    2 * sizeof(uint64_t));

	text_table_set(t, COLUMN_RATE, "%.2f", bench_cell_rate(c));
	text_table_set(t, COLUMN_TIME, "%.1f", 1e3 * c->time.median);
	text_table_set(t, COLUMN_SPREAD, "%.1f",
		       100 * (c->time.ci_high - c->time.ci_low) / 2 / c->time.median);
	text_table_set(t, COLUMN_RUNS, "%u", c->runs);
	text_table_set(t, COLUMN_FAULTS, "%" PRIu64, faults);
	if (bench_cell_us_per_fault(c) > 0)
		text_table_set(t, COLUMN_US_PER_FAULT, "%.1f", bench_cell_us_per_fault(c));
	text_table_set(t, COLUMN_COPIES, "%.1f/%u", bench_cell_copies(c),
		       fl_bench_copies_told(c->what.method, c->what.op));
	text_table_set(t, COLUMN_RSS, "%.0f+%.0f",
		       (double)BENCH_MEDIAN(c, rss_anon_bytes) / 1048576,
		       (double)BENCH_MEDIAN(c, rss_file_bytes) / 1048576);
	if (p99 > 0)
		text_table_set(t, COLUMN_P99, "%.0f", (double)p99 / 1e3);
}

void bench_table(const struct bench_matrix *m, struct text_table *ret)
{
	*ret = (struct text_table){.columns = 0};
	for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++)
		text_table_column(ret, columns[i].name, columns[i].right);
	for (size_t i = 0; i < m->count; i++) {
		const struct bench_cell *c = &m->cells[i];

		text_table_row(ret);
		text_table_set(ret, COLUMN_OP, "%s", fl_bench_op_name(c->what.op));
		text_table_set(ret, COLUMN_CACHE, "%s", fl_bench_cache_name(c->what.cache));
		text_table_set(ret, COLUMN_THREADS, "%u", c->what.threads);
		text_table_set(ret, COLUMN_IO, "%s", bench_cell_name(c));
		if (c->runs > 0)
			set_numbers(ret, c);
		text_table_set(ret, COLUMN_VERDICT, "%s", bench_verdict_text(c));
	}
}

static int write_failed(const char *name)
{
	struct fl_error err = {.code = -errno, .off = FL_OFF_NONE};

	snprintf(err.text, sizeof(err.text), "%s", strerror(errno));
	message_file(name, &err);
	return EXIT_TROUBLE;
}

/* Without making it: nothing has been measured yet. */
static int can_write(const char *name)
{
	char *copy;
	int rc;

	if (access(name, F_OK) == 0)
		return access(name, W_OK) == 0;
	copy = strdup(name);
	rc = copy != NULL && access(dirname(copy), W_OK | X_OK) == 0;
	free(copy);
	return rc;
}

int bench_files_check(const struct bench_options *opt)
{
	const char *const names[] = {opt->json, opt->csv, opt->markdown, opt->report};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i] != NULL && !can_write(names[i]))
			return write_failed(names[i]);
	return 0;
}

int bench_write_json(const json_t *doc, const char *name)
{
	FILE *f = fopen(name, "we");
	int rc;

	if (f == NULL)
		return write_failed(name);
	rc = json_dumpf(doc, f, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
	if (fputc('\n', f) == EOF || rc != 0) {
		fclose(f);
		return write_failed(name);
	}
	return fclose(f) == 0 ? 0 : write_failed(name);
}

/* Columns are the members of a cell that are one value. */
static const char *const csv_keys[] = {"op",
				       "cache",
				       "io",
				       "advise",
				       "threads",
				       "window_size",
				       "bytes",
				       "median",
				       "mad",
				       "ci_low",
				       "ci_high",
				       "min",
				       "max",
				       "gb_per_s",
				       "user",
				       "system",
				       "minor_faults",
				       "major_faults",
				       "us_per_fault",
				       "copied_bytes",
				       "memcpy_bytes",
				       "storage_bytes",
				       "copies_told",
				       "copies_measured",
				       "rss_anon",
				       "rss_file",
				       "page_table_bytes",
				       "tlb_shootdowns",
				       "cycles",
				       "dtlb_misses",
				       "voluntary_switches",
				       "involuntary_switches",
				       "resident_before",
				       "resident_after",
				       "base",
				       "ratio",
				       "ratio_low",
				       "ratio_high",
				       "verdict",
				       "problem"};

static void write_csv_value(FILE *f, const json_t *value)
{
	if (json_is_string(value)) {
		const char *text = json_string_value(value);

		fputc('"', f);
		for (; *text != '\0'; text++)
			fprintf(f, *text == '"' ? "\"\"" : "%c", *text);
		fputc('"', f);
	} else if (json_is_integer(value)) {
		fprintf(f, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	} else if (json_is_real(value)) {
		fprintf(f, "%.9g", json_real_value(value));
	}
}

int bench_write_csv(const json_t *doc, const char *name)
{
	const size_t n = sizeof(csv_keys) / sizeof(*csv_keys);
	FILE *f = fopen(name, "we");
	json_t *cell;
	size_t i;

	if (f == NULL)
		return write_failed(name);
	for (size_t k = 0; k < n; k++)
		fprintf(f, "%s%s", k > 0 ? "," : "", csv_keys[k]);
	fputc('\n', f);
	json_array_foreach(json_object_get(doc, "results"), i, cell)
	{
		for (size_t k = 0; k < n; k++) {
			if (k > 0)
				fputc(',', f);
			write_csv_value(f, json_object_get(cell, csv_keys[k]));
		}
		fputc('\n', f);
	}
	if (ferror(f)) {
		fclose(f);
		return write_failed(name);
	}
	return fclose(f) == 0 ? 0 : write_failed(name);
}

int bench_write_markdown(const struct bench_matrix *m, const char *name)
{
	FILE *f = fopen(name, "we");
	struct text_table t;
	char *text;

	if (f == NULL)
		return write_failed(name);
	bench_table(m, &t);
	text = text_table_markdown(&t);
	fputs(text, f);
	free(text);
	text_table_free(&t);
	if (ferror(f)) {
		fclose(f);
		return write_failed(name);
	}
	return fclose(f) == 0 ? 0 : write_failed(name);
}
