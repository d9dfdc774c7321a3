/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/bench_export.h"
#include "cli/verbs.h"

#include "../support/madebench.h"

static char path[] = "/tmp/faultline-export.XXXXXX";

static void make(struct made *t)
{
	made_three(t);
	close(mkstemp(path));
}

Test(bench_export, the_rows_that_people_read)
{
	struct text_table t;
	struct made made;

	make(&made);
	bench_table(&made.m, &t);
	cr_assert_eq(t.rows, 3u);
	cr_assert_str_eq(t.names[3], "io");
	cr_assert_str_eq(t.cells[3], "pread");
	cr_assert_str_eq(t.cells[4], "1.00");
	cr_assert_str_eq(t.cells[8], "16");
	cr_assert_str_eq(t.cells[t.columns - 1], "(base)");
	cr_assert_str_eq(t.cells[t.columns + 4], "0.50");
	cr_assert_str_eq(t.cells[2 * t.columns - 1], "2.00 x slower (2.00 - 2.00)");
	cr_assert_str_eq(t.cells[2 * t.columns + 4], "", "no number where nothing was measured");
	cr_assert_str_eq(t.cells[3 * t.columns - 1], "not measured");
	text_table_free(&t);
	unlink(path);
}

Test(bench_export, what_cannot_be_written_is_trouble)
{
	struct made t;
	json_t *doc = json_pack("{s:[]}", "results");

	make(&t);
	cr_assert_eq(bench_write_json(doc, "/nonexistent/x"), EXIT_TROUBLE);
	cr_assert_eq(bench_write_csv(doc, "/nonexistent/x"), EXIT_TROUBLE);
	cr_assert_eq(bench_write_markdown(&t.m, "/nonexistent/x"), EXIT_TROUBLE);
	/* A disk that is full is found out when the file is closed. */
	if (access("/dev/full", W_OK) == 0) {
		cr_assert_eq(bench_write_json(doc, "/dev/full"), EXIT_TROUBLE);
		cr_assert_eq(bench_write_csv(doc, "/dev/full"), EXIT_TROUBLE);
		cr_assert_eq(bench_write_markdown(&t.m, "/dev/full"), EXIT_TROUBLE);
	}
	json_decref(doc);
	unlink(path);
}

Test(bench_export, names_are_looked_at_before_anything_is_measured)
{
	struct bench_options opt = {.json = path};

	cr_assert_eq(bench_files_check(&(struct bench_options){.json = NULL}), 0);
	cr_assert_eq(bench_files_check(&opt), 0, "it can be made");
	cr_assert_neq(access(path, F_OK), 0, "and is not made yet");
	close(mkstemp(path));
	cr_assert_eq(bench_files_check(&opt), 0);
	unlink(path);
	opt.report = "/nonexistent/x";
	cr_assert_eq(bench_files_check(&opt), EXIT_TROUBLE);
}

Test(bench_export, lines_of_csv_hold_one_cell_each)
{
	struct made t;
	json_t *doc =
		json_pack("{s:[{s:s, s:i, s:f, s:s}, {s:s}]}", "results", "op", "sum", "threads", 2,
			  "median", 0.25, "problem", "say \"no\", then", "op", "copy");
	char *text, *line;

	make(&t);
	cr_assert_eq(bench_write_csv(doc, path), 0);
	text = made_text(path);
	cr_assert_eq(strncmp(text, "op,cache,io,advise,threads,", 27), 0);
	line = strchr(text, '\n') + 1;
	cr_assert_eq(strncmp(line, "\"sum\",,,,2,,,0.25,", 18), 0, "%s", line);
	cr_assert(strstr(line, ",\"say \"\"no\"\", then\"\n\"copy\","));
	free(text);
	json_decref(doc);
	unlink(path);
}

Test(bench_export, markdown_has_a_row_for_each_cell)
{
	struct made t;
	char *text;

	make(&t);
	cr_assert_eq(bench_write_markdown(&t.m, path), 0);
	text = made_text(path);
	cr_assert(strstr(text, "(base)") && strstr(text, "2.00 x slower (2.00 - 2.00)") &&
			  strstr(text, "not measured"),
		  "%s", text);
	free(text);
	unlink(path);
}
