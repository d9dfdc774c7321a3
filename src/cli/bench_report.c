/* SPDX-License-Identifier: MIT */
#include "cli/bench_report.h"

#include <stdlib.h>

#include "cli/bench_auto.h"
#include "cli/bench_export.h"
#include "cli/bench_plots.h"
#include "cli/bench_problems.h"
#include "cli/html_page.h"
#include "cli/out_file.h"

static void write_numbers(FILE *f, const struct bench_matrix *m)
{
	struct text_table t;

	fputs("<h2>Numbers</h2>\n", f);
	bench_table(m, &t);
	html_table(f, &t);
	text_table_free(&t);
}

static void write_auto(FILE *f, const struct bench_matrix *m)
{
	struct text_table t;

	if (bench_auto_table(m, &t) > 0) {
		fputs("<h2>--io=auto</h2>\n<p>", f);
		html_text(f, bench_auto_text(m));
		fputs(".</p>\n", f);
		html_table(f, &t);
	}
	text_table_free(&t);
}

static const struct bench_cell *best_of(const struct bench_matrix *m, unsigned group)
{
	const struct bench_cell *best = NULL;

	for (size_t i = 0; i < m->count; i++) {
		const struct bench_cell *c = &m->cells[i];

		if (c->group == group && c->runs > 0 &&
		    (best == NULL || c->time.median < best->time.median))
			best = c;
	}
	return best;
}

/* Which of a group's cells a sentence is about. */
enum kind {
	KIND_SLOWER,
	KIND_SAME,
	KIND_UNSURE
};

static enum kind kind_of(const struct fl_bench_pair *p)
{
	if (p->verdict == FL_BENCH_SLOWER)
		return KIND_SLOWER;
	return p->narrow ? KIND_SAME : KIND_UNSURE;
}

static void write_kind(FILE *f, const struct bench_matrix *m, const struct bench_cell *best,
		       enum kind kind)
{
	static const char *const words[] = {"Slower: ", "No difference to ",
					    "Not sure, for too few runs or too much noise: "};
	struct fl_bench_pair p;
	int n = 0;

	for (size_t i = 0; i < m->count; i++) {
		const struct bench_cell *c = &m->cells[i];

		if (c->group != best->group || c->runs == 0 || c == best ||
		    fl_bench_compare(c->seconds, best->seconds,
				     c->runs < best->runs ? c->runs : best->runs, &p) < 0 ||
		    kind_of(&p) != kind)
			continue;
		fprintf(f, "%s", n++ == 0 ? words[kind] : ", ");
		html_text(f, bench_cell_name(c));
		if (!bench_pair_has_interval(&p))
			fprintf(f, " (%.2f times as long)", p.ratio);
		else if (kind == KIND_SLOWER)
			fprintf(f, " (%.2f times as long, %.2f to %.2f)", p.ratio, p.low, p.high);
		else
			fprintf(f, " (%.2f to %.2f)", p.low, p.high);
	}
	if (n > 0)
		fputs(". ", f);
}

/* In plain words: for each group, what was fastest, and whether that is sure. */
static void write_verdict(FILE *f, const struct bench_matrix *m, unsigned group)
{
	const struct bench_cell *best = best_of(m, group);

	if (best == NULL)
		return;
	fprintf(f, "<li>%s, %s, %u thread%s: <b>", fl_bench_op_name(best->what.op),
		fl_bench_cache_name(best->what.cache), best->what.threads,
		best->what.threads > 1 ? "s" : "");
	html_text(f, bench_cell_name(best));
	fprintf(f, "</b> had the best median, %.2f GB/s. ", bench_cell_rate(best));
	write_kind(f, m, best, KIND_SLOWER);
	write_kind(f, m, best, KIND_SAME);
	write_kind(f, m, best, KIND_UNSURE);
	fputs("</li>\n", f);
}

static void write_verdicts(FILE *f, const struct bench_matrix *m)
{
	unsigned last = ~0u;

	fputs("<h2>Verdicts</h2>\n<ul>\n", f);
	for (size_t i = 0; i < m->count; i++) {
		if (m->cells[i].group == last)
			continue;
		last = m->cells[i].group;
		write_verdict(f, m, last);
	}
	fputs("</ul>\n<p>", f);
	html_text(f, bench_noise_text(m));
	fputs(". Intervals of ratios are at 99 %.</p>\n", f);
}

static void write_item(FILE *f, char *text, int *any)
{
	if (text == NULL)
		return;
	if (!(*any)++)
		fputs("<h2>What could not be measured</h2>\n<ul>\n", f);
	fputs("<li>", f);
	html_text(f, text);
	fputs("</li>\n", f);
	free(text);
}

static void write_problems(FILE *f, const struct bench_matrix *m)
{
	int any = 0;

	if (bench_short_text(m) != NULL)
		fprintf(f, "<p>%s.</p>\n", bench_short_text(m));
	if (bench_sample_text(m) != NULL)
		fprintf(f, "<p>%s.</p>\n", bench_sample_text(m));
	write_item(f, bench_left_out_text(m), &any);
	for (size_t i = 0; i < m->count; i++)
		write_item(f, bench_problem_text(m, i), &any);
	if (any)
		fputs("</ul>\n", f);
}

static void write_environment(FILE *f, const json_t *doc)
{
	json_t *env = json_object_get(doc, "environment"), *value;
	const char *key;

	fputs("<h2>Environment</h2>\n<table>\n", f);
	json_object_foreach(env, key, value)
	{
		fputs("<tr><td>", f);
		html_text(f, key);
		fputs("<td>", f);
		html_text(f, json_string_value(value));
		fputs("\n", f);
	}
	fputs("</table>\n<h2>How to do it again</h2>\n<pre>", f);
	html_text(f, json_string_value(json_object_get(doc, "command")));
	fputs("</pre>\n<p>The order of the samples, the sample file and the random places depend "
	      "on "
	      "--seed only. Each sample ran in a process of its own, after the state of the page "
	      "cache had been brought about and verified. GB are 10<sup>9</sup> bytes.</p>\n",
	      f);
}

/**
 * struct report - what a page is made of
 */
struct report {
	const struct bench_matrix *m;
	const json_t *doc;
};

static void write_page(FILE *f, void *arg)
{
	const struct report *report = arg;
	const struct bench_matrix *m = report->m;
	const json_t *doc = report->doc;

	html_page_begin(f, "faultline bench");
	fputs("<h1>Does mapping pay, here, for this file?</h1>\n<p>faultline ", f);
	html_text(f, json_string_value(json_object_get(doc, "version")));
	fputs(", ", f);
	html_text(f, json_string_value(json_object_get(doc, "date")));
	fputs(", file ", f);
	html_text(f, json_string_value(json_object_get(doc, "file")));
	fprintf(f, ", %.3f GB</p>\n", (double)m->bytes / 1e9);
	write_verdicts(f, m);
	fputs("<h2>Pictures</h2>\n", f);
	if (bench_plots_write(f, m) == 0)
		fputs("<p>None: gnuplot is not installed.</p>\n", f);
	write_auto(f, m);
	write_numbers(f, m);
	write_problems(f, m);
	write_environment(f, doc);
	html_page_end(f);
}

int bench_write_report(const struct bench_matrix *m, const json_t *doc, const char *name)
{
	struct report report = {.m = m, .doc = doc};

	return out_file_write(name, write_page, &report);
}
