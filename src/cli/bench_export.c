/* SPDX-License-Identifier: MIT */
#include "cli/bench_export.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/out_file.h"
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
	if (c->runs >= FL_BENCH_INTERVAL_MIN)
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

int bench_files_check(const struct bench_options *opt)
{
	const char *const names[] = {opt->json, opt->csv, opt->markdown, opt->report};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i] != NULL && out_file_check(names[i]) != 0)
			return EXIT_TROUBLE;
	return 0;
}

static void print_json(FILE *f, void *arg)
{
	(void)json_dumpf(arg, f, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
	fputc('\n', f);
}

int bench_write_json(json_t *doc, const char *name)
{
	return out_file_write(name, print_json, doc);
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

static void print_csv(FILE *f, void *arg)
{
	const size_t n = sizeof(csv_keys) / sizeof(*csv_keys);
	json_t *cell;
	size_t i;

	for (size_t k = 0; k < n; k++)
		fprintf(f, "%s%s", k > 0 ? "," : "", csv_keys[k]);
	fputc('\n', f);
	json_array_foreach(json_object_get(arg, "results"), i, cell)
	{
		for (size_t k = 0; k < n; k++) {
			if (k > 0)
				fputc(',', f);
			write_csv_value(f, json_object_get(cell, csv_keys[k]));
		}
		fputc('\n', f);
	}
}

int bench_write_csv(json_t *doc, const char *name)
{
	return out_file_write(name, print_csv, doc);
}

static void print_markdown(FILE *f, void *arg)
{
	struct text_table t;
	char *text;

	bench_table(arg, &t);
	text = text_table_markdown(&t);
	fputs(text, f);
	free(text);
	text_table_free(&t);
}

int bench_write_markdown(struct bench_matrix *m, const char *name)
{
	return out_file_write(name, print_markdown, m);
}
