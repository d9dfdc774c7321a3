/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/bench_export.h"
#include "cli/outbuf.h"
#include "cli/verbs.h"

static unsigned lines_that_begin(const char *text, const char *word)
{
	unsigned n = 0;

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		n += strncmp(line, word, strlen(word)) == 0;
	}
	return n;
}

Test(bench_facts, a_claim_whether_it_holds_and_what_was_seen)
{
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);
	int status;

	outbuf_capture(out);
	status = bench_facts_print(NULL);
	outbuf_capture(NULL);
	fclose(out);
	cr_assert_eq(status, 0);
	cr_assert_eq(lines_that_begin(text, "yes   ") + lines_that_begin(text, "?     "), 10u, "%s",
		     text);
	cr_assert_eq(lines_that_begin(text, "NO "), 0u);
	cr_assert(strstr(text, "\n      4087 bytes after the 9 of the file: all zero\n") ||
			  sysconf(_SC_PAGESIZE) != 4096,
		  "%s", text);
	free(text);
}

Test(bench_facts, no_file_is_trouble)
{
	cr_assert_eq(bench_facts_print("/nonexistent"), EXIT_TROUBLE);
}
