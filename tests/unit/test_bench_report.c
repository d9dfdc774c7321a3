/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/bench_export.h"
#include "cli/bench_report.h"
#include "cli/verbs.h"

#include "../support/madebench.h"

static char path[] = "/tmp/faultline-report.XXXXXX";

static void make(struct made *t)
{
	made_three(t);
	close(mkstemp(path));
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
	cr_assert_eq(bench_write_report(&t.m, doc, path), 0);
	page = made_text(path);
	cr_assert_null(strstr(page, "<script"));
	cr_assert(strstr(page, "&lt;script&gt;alert(1)&lt;/script&gt;&amp;.log"));
	cr_assert(strstr(page, "faultline bench &lt;x&gt;"));
	cr_assert(strstr(page, "Linux &lt;6&gt;"));
	cr_assert(strstr(page, "<li>the kernel says &lt;no&gt; &amp; \"never\": sum warm -j1 "
			       "uring</li>"));
	cr_assert(strstr(page, "<b>pread</b> had the best median, 1.00 GB/s. Slower: window (2.00 "
			       "times as long, 2.00 to 2.00)"));
	cr_assert(strstr(page, "gnuplot is not installed"));
	cr_assert(strstr(page, "@media print") && strstr(page, "prefers-color-scheme: dark"));
	/* Three runs prove nothing. */
	t.cells[0].runs = t.cells[1].runs = 3;
	cr_assert_eq(bench_write_report(&t.m, doc, path), 0);
	free(page);
	page = made_text(path);
	cr_assert(strstr(page,
			 "Not sure, for too few runs or too much noise: window (2.00 times as "
			 "long)."));
	free(page);
	json_decref(doc);
	unlink(path);
}

Test(bench_report, what_cannot_be_written_is_trouble)
{
	struct made t;
	json_t *doc = document();

	make(&t);
	cr_assert_eq(bench_write_report(&t.m, doc, "/nonexistent/page.html"), EXIT_TROUBLE);
	json_decref(doc);
	unlink(path);
}
