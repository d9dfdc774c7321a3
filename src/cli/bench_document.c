/* SPDX-License-Identifier: MIT */
#include "cli/bench_export.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <faultline/info.h>

#include "cli/bench_auto.h"
#include "cli/json_doc.h"

static void set_real(json_t *o, const char *key, double value)
{
	json_doc_set(o, key, json_real(value));
}

static void set_text(json_t *o, const char *key, const char *value)
{
	json_t *text = json_string(value != NULL ? value : "");

	json_doc_set(o, key, text != NULL ? text : json_string("?"));
}

/* What could not be counted is null. */
static void set_number(json_t *o, const char *key, uint64_t value)
{
	json_doc_set(o, key,
		     value == FL_BENCH_UNKNOWN ? json_null() : json_integer((json_int_t)value));
}

/* Members of the samples whose medians are told, under the same names. */
static const struct {
	const char *key;
	size_t offset;
} counters[] = {
#define MEMBER(name)                                                                               \
	{                                                                                          \
#name, offsetof(struct fl_bench_sample, name)                                      \
	}
	MEMBER(minor_faults),
	MEMBER(major_faults),
	MEMBER(voluntary_switches),
	MEMBER(involuntary_switches),
	MEMBER(copied_bytes),
	MEMBER(memcpy_bytes),
	MEMBER(storage_read_bytes),
	MEMBER(storage_written_bytes),
	{"rss_anon", offsetof(struct fl_bench_sample, rss_anon_bytes)},
	{"rss_file", offsetof(struct fl_bench_sample, rss_file_bytes)},
	MEMBER(page_table_bytes),
	MEMBER(tlb_shootdowns),
	MEMBER(cycles),
	MEMBER(dtlb_misses),
#undef MEMBER
};

static const char *const latency_keys[5] = {"p50", "p90", "p99", "p99.9", "max"};

static void set_latency(json_t *o, const struct bench_cell *cell)
{
	json_t *us = json_object();

	json_doc_set(o, "latency_us", us);
	for (size_t i = 0; i < 5; i++)
		set_real(us, latency_keys[i],
			 (double)bench_cell_median(cell,
						   offsetof(struct fl_bench_sample, latency_ns) +
							   i * sizeof(uint64_t)) /
				 1e3);
}

static void set_steps(json_t *o, const struct bench_cell *cell)
{
	json_t *steps = json_array();

	json_doc_set(o, "step_seconds", steps);
	for (size_t i = 0; i < FL_BENCH_STEPS; i++) {
		uint64_t ns = bench_cell_median(cell, offsetof(struct fl_bench_sample, step_ns) +
							      i * sizeof(uint64_t));

		/* Operations without steps have none. */
		if (ns > 0)
			json_array_append_new(steps, json_real((double)ns / 1e9));
	}
}

static void set_measured(json_t *o, const struct bench_cell *cell)
{
	const struct fl_bench_sample *first = &cell->samples[0];
	json_t *samples = json_array();
	char hex[24];

	json_doc_set(o, "samples", samples);
	for (unsigned i = 0; i < cell->runs; i++)
		json_array_append_new(samples, json_real(cell->seconds[i]));
	set_real(o, "median", cell->time.median);
	set_real(o, "mad", cell->time.mad);
	set_real(o, "ci_low", cell->time.ci_low);
	set_real(o, "ci_high", cell->time.ci_high);
	set_real(o, "min", cell->time.min);
	set_real(o, "max", cell->time.max);
	set_number(o, "bytes", first->bytes);
	set_real(o, "gb_per_s", bench_cell_rate(cell));
	set_real(o, "user", (double)BENCH_MEDIAN(cell, user_ns) / 1e9);
	set_real(o, "system", (double)BENCH_MEDIAN(cell, sys_ns) / 1e9);
	for (size_t i = 0; i < sizeof(counters) / sizeof(*counters); i++)
		set_number(o, counters[i].key, bench_cell_median(cell, counters[i].offset));
	set_number(o, "storage_bytes",
		   BENCH_MEDIAN(cell, storage_read_bytes) +
			   BENCH_MEDIAN(cell, storage_written_bytes));
	set_real(o, "us_per_fault", bench_cell_us_per_fault(cell));
	set_real(o, "copies_measured", bench_cell_copies(cell));
	set_number(o, "resident_before", first->resident_before);
	set_number(o, "resident_after", first->resident_after);
	set_latency(o, cell);
	set_steps(o, cell);
	snprintf(hex, sizeof(hex), "%016" PRIx64, first->checksum);
	set_text(o, "checksum", hex);
	set_text(o, "loader", fl_io_name(first->io_used));
	set_text(o, "loader_reason", first->io_reason);
}

static void set_pair(json_t *o, const struct fl_bench_pair *p)
{
	set_text(o, "verdict", fl_bench_verdict_name(p->verdict));
	set_real(o, "ratio", p->ratio);
	set_real(o, "ratio_low", p->low);
	set_real(o, "ratio_high", p->high);
	set_real(o, "ratio_level", p->level);
	json_doc_set(o, "narrow", json_boolean(p->narrow));
}

static void set_cell(json_t *o, const struct bench_cell *cell)
{
	const struct fl_bench_cell *w = &cell->what;

	set_text(o, "op", fl_bench_op_name(w->op));
	set_text(o, "cache", fl_bench_cache_name(w->cache));
	set_text(o, "io", fl_bench_method_name(w->method));
	set_text(o, "advise", fl_advise_name(w->advise));
	set_number(o, "threads", w->threads);
	set_number(o, "window_size", w->window_bytes);
	set_number(o, "copies_told", fl_bench_copies_told(w->method, w->op));
	if (cell->problem[0] != '\0')
		set_text(o, "problem", cell->problem);
	if (cell->runs == 0)
		return;
	set_measured(o, cell);
	set_text(o, "base", fl_bench_method_name(cell->base->what.method));
	set_pair(o, &cell->pair);
}

static void add_pair(json_t *pairs, const struct bench_matrix *m, size_t i, size_t k)
{
	const struct bench_cell *a = &m->cells[i], *b = &m->cells[k];
	struct fl_bench_pair pair;
	json_t *o;

	if (a->group != b->group || a->runs == 0 || b->runs == 0)
		return;
	if (fl_bench_compare(a->seconds, b->seconds, a->runs < b->runs ? a->runs : b->runs, &pair) <
	    0)
		return;
	o = json_object();
	set_number(o, "first", i);
	set_number(o, "second", k);
	set_pair(o, &pair);
	json_array_append_new(pairs, o);
}

static void set_row(void *arg, const char *key, const char *value)
{
	set_text(arg, key, value);
}

static json_t *environment(const struct bench_matrix *m)
{
	json_t *o = json_object();

	fl_info(set_row, o);
	fl_info_machine(set_row, o);
	(void)fl_bench_info(m->bench, set_row, o);
	return o;
}

static void set_session(json_t *doc, const struct bench_matrix *m)
{
	char date[32] = "";
	time_t t = time(NULL);
	struct tm tm;

	if (gmtime_r(&t, &tm) != NULL)
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &tm);
	set_text(doc, "schema", "faultline-bench/1");
	set_text(doc, "version", fl_version());
	set_text(doc, "date", date);
	set_text(doc, "command", m->opt->command);
	set_text(doc, "file", m->opt->sample.file != NULL ? m->opt->sample.file : "(sample)");
	set_number(doc, "bytes", m->bytes);
	set_number(doc, "seed", m->opt->sample.seed);
	set_text(doc, "noise", bench_noise_text(m));
	json_doc_set(doc, "noise_spread", m->spread < 0 ? json_null() : json_real(m->spread));
	set_real(doc, "noise_others", m->others);
	json_doc_set(doc, "environment", environment(m));
}

json_t *bench_document(const struct bench_matrix *m)
{
	json_t *doc = json_object(), *results = json_array(), *pairs = json_array();

	set_session(doc, m);
	json_doc_set(doc, "results", results);
	json_doc_set(doc, "pairs", pairs);
	json_doc_set(doc, "auto", bench_auto_document(m));
	for (size_t i = 0; i < m->count; i++) {
		json_t *o = json_object();

		set_cell(o, &m->cells[i]);
		json_array_append_new(results, o);
		for (size_t k = i + 1; k < m->count; k++)
			add_pair(pairs, m, i, k);
	}
	return doc;
}
