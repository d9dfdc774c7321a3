/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/bench_export.h"
#include "cli/bench_report.h"
#include "cli/verbs.h"

#define RUNS 8

/**
 * struct made - a matrix of three cells: a base, one of twice its time, one that failed
 */
struct made {
	struct fl_bench_sample samples[2][RUNS];
	double seconds[2][RUNS];
	struct bench_cell cells[3];
	struct bench_options opt;
	struct bench_matrix m;
	char path[64];
};

static void make(struct made *t)
{
	static const enum fl_bench_method methods[3] = {FL_BENCH_PREAD, FL_BENCH_WINDOW,
							FL_BENCH_URING};

	*t = (struct made){.path = "/tmp/faultline-report.XXXXXX"};
	close(mkstemp(t->path));
	for (unsigned i = 0; i < 3; i++)
		t->cells[i].what = (struct fl_bench_cell){
			.op = FL_BENCH_SUM, .method = methods[i], .threads = 1};
	strcpy(t->cells[2].problem, "the kernel says <no> & \"never\"");
	for (unsigned i = 0; i < 2; i++) {
		struct bench_cell *c = &t->cells[i];

		for (unsigned k = 0; k < RUNS; k++) {
			t->samples[i][k].bytes = 1000000000;
			t->samples[i][k].step_ns[FL_BENCH_STEPS - 1] = 1000;
			t->seconds[i][k] = (i + 1) * (1 + k / 1e4);
		}
		c->samples = t->samples[i];
		c->seconds = t->seconds[i];
		c->runs = RUNS;
		c->base = &t->cells[0];
		cr_assert_eq(fl_bench_summarize(c->seconds, RUNS, 1, &c->time), 0);
		cr_assert_eq(fl_bench_compare(c->seconds, t->seconds[0], RUNS, &c->pair), 0);
	}
	t->m = (struct bench_matrix){.opt = &t->opt, .cells = t->cells, .count = 3};
	t->opt.sample.file = "x";
}

static char *text_of(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = calloc(1, 1 << 20);

	cr_assert(f && text);
	cr_assert(fread(text, 1, (1 << 20) - 1, f) > 0);
	fclose(f);
	return text;
}

static json_t *document(void)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:{s:s}}", "version", "0", "date", "today", "file",
			 "<script>alert(1)</script>&.log", "command", "faultline bench <x>",
			 "environment", "kernel", "Linux <6>");
}

/* Pictures are tested where gnuplot is: tests/cli/bench.bats. */
Test(bench_report, words_of_others_are_text_and_verdicts_are_sentences)
{
	struct made t;
	json_t *doc = document();
	char *page;

	make(&t);
	setenv("PATH", "/nonexistent", 1);
	cr_assert_eq(bench_write_report(&t.m, doc, t.path), 0);
	page = text_of(t.path);
	cr_assert_null(strstr(page, "<script"));
	cr_assert(strstr(page, "&lt;script&gt;alert(1)&lt;/script&gt;&amp;.log"));
	cr_assert(strstr(page, "faultline bench &lt;x&gt;"));
	cr_assert(strstr(page, "Linux &lt;6&gt;"));
	cr_assert(strstr(page, "<li>the kernel says &lt;no&gt; &amp; \"never\": sum cold -j1 "
			       "uring</li>"));
	cr_assert(strstr(page, "<b>pread</b> had the best median, 1.00 GB/s. Slower: window (2.00 "
			       "times as long, 2.00 to 2.00)"));
	cr_assert(strstr(page, "gnuplot is not installed"));
	cr_assert(strstr(page, "@media print") && strstr(page, "prefers-color-scheme: dark"));
	/* Three runs prove nothing. */
	t.cells[0].runs = t.cells[1].runs = 3;
	cr_assert_eq(bench_write_report(&t.m, doc, t.path), 0);
	free(page);
	page = text_of(t.path);
	cr_assert(strstr(page,
			 "Not sure, for too few runs or too much noise: window (2.00 times as "
			 "long)."));
	free(page);
	json_decref(doc);
	unlink(t.path);
}

Test(bench_report, what_cannot_be_written_is_trouble)
{
	struct made t;
	json_t *doc = document();

	make(&t);
	cr_assert_eq(bench_write_report(&t.m, doc, "/nonexistent/page.html"), EXIT_TROUBLE);
	cr_assert_eq(bench_write_json(doc, "/nonexistent/x"), EXIT_TROUBLE);
	cr_assert_eq(bench_write_csv(doc, "/nonexistent/x"), EXIT_TROUBLE);
	cr_assert_eq(bench_write_markdown(&t.m, "/nonexistent/x"), EXIT_TROUBLE);
	json_decref(doc);
	unlink(t.path);
}

Test(bench_report, lines_of_csv_hold_one_cell_each)
{
	struct made t;
	json_t *doc =
		json_pack("{s:[{s:s, s:i, s:f, s:s}, {s:s}]}", "results", "op", "sum", "threads", 2,
			  "median", 0.25, "problem", "say \"no\", then", "op", "copy");
	char *text, *line;

	make(&t);
	cr_assert_eq(bench_write_csv(doc, t.path), 0);
	text = text_of(t.path);
	cr_assert_eq(strncmp(text, "op,cache,io,advise,threads,", 27), 0);
	line = strchr(text, '\n') + 1;
	cr_assert_eq(strncmp(line, "\"sum\",,,,2,,,0.25,", 18), 0, "%s", line);
	cr_assert(strstr(line, ",\"say \"\"no\"\", then\"\n\"copy\","));
	free(text);
	json_decref(doc);
	unlink(t.path);
}

Test(bench_report, markdown_has_a_row_for_each_cell)
{
	struct made t;
	char *text;

	make(&t);
	cr_assert_eq(bench_write_markdown(&t.m, t.path), 0);
	text = text_of(t.path);
	cr_assert(strstr(text, "(base)") && strstr(text, "2.00 x slower (2.00 - 2.00)") &&
			  strstr(text, "not measured"),
		  "%s", text);
	free(text);
	unlink(t.path);
}
