/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "cli/bench_auto.h"
#include "cli/bench_export.h"
#include "cli/bench_matrix.h"
#include "cli/bench_options.h"
#include "cli/bench_problems.h"
#include "cli/bench_report.h"
#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/stop_signals.h"
#include "cli/verbs.h"

/* A sentence, where there is something to say. */
static void print_text(const char *text)
{
	if (text != NULL)
		outbuf_printf("%s.\n", text);
}

/* How much the numbers can be trusted, and what could not be done. */
static void print_notes(const struct bench_matrix *m)
{
	char *text;

	if (m->opt->quiet)
		return;
	outbuf_printf("\n");
	print_text(bench_noise_text(m));
	print_text(bench_sample_text(m));
	print_text(bench_short_text(m));
	print_text(bench_auto_text(m));
	text = bench_left_out_text(m);
	print_text(text);
	free(text);
	for (size_t i = 0; i < m->count; i++) {
		text = bench_problem_text(m, i);
		print_text(text);
		free(text);
	}
	if (m->opt->runs < FL_BENCH_ROUNDS_MIN)
		outbuf_printf("Verdicts need %d runs.\n", FL_BENCH_ROUNDS_MIN);
}

static void print_tables(const struct bench_matrix *m)
{
	struct text_table t;

	bench_table(m, &t);
	text_table_print(&t);
	text_table_free(&t);
	if (bench_auto_table(m, &t) > 0) {
		outbuf_printf("\n");
		text_table_print(&t);
	}
	text_table_free(&t);
}

static int write_files(struct bench_matrix *m, json_t *doc)
{
	const struct bench_options *opt = m->opt;
	int status = 0;

	if (opt->json != NULL)
		status |= bench_write_json(doc, opt->json);
	if (opt->csv != NULL)
		status |= bench_write_csv(doc, opt->csv);
	if (opt->markdown != NULL)
		status |= bench_write_markdown(m, opt->markdown);
	if (opt->report != NULL)
		status |= bench_write_report(m, doc, opt->report);
	return status;
}

static int report(struct bench_matrix *m, const json_t *base)
{
	json_t *doc = bench_document(m);
	int status = 0, worse = 0;

	print_tables(m);
	print_notes(m);
	status = write_files(m, doc);
	if (m->differ > 0 || !bench_measured_anything(m))
		status = EXIT_TROUBLE;
	if (base != NULL && status == 0)
		worse = bench_compare(doc, base, m->opt->compare, m->opt->threshold);
	json_decref(doc);
	return status != 0 ? status : worse;
}

/* What cannot be read or written is found out before minutes of measuring, not after. */
static int measure(struct bench_matrix *m)
{
	const struct bench_options *opt = m->opt;
	json_t *base = NULL;
	int status = bench_files_check(opt);

	if (status == 0 && opt->compare != NULL) {
		base = bench_base_load(opt->compare);
		status = base != NULL ? 0 : EXIT_TROUBLE;
	}
	if (status == 0)
		status = bench_matrix_run(m);
	if (status == 0)
		status = report(m, base);
	json_decref(base);
	return status;
}

int cmd_bench(int argc, char **argv)
{
	struct bench_options opt;
	struct bench_matrix m = {.opt = &opt};
	int status;

	bench_options_parse(argc, argv, &opt);
	status = opt.facts ? bench_facts_print(opt.sample.dir) : measure(&m);
	bench_matrix_free(&m);
	free(opt.command);
	if (outbuf_finish() < 0)
		status = EXIT_TROUBLE;
	stop_signals_finish();
	return status;
}
