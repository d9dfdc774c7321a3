/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "cli/html_page.h"

static char *page(const char *words, const struct text_table *t)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	html_page_begin(f, "title");
	html_text(f, words);
	if (t != NULL)
		html_table(f, t);
	html_page_end(f);
	fclose(f);
	return text;
}

Test(html_page, words_are_text_whatever_is_in_them)
{
	char *text = page("<b>&\"x\"</b>", NULL);

	cr_assert(strstr(text, "<main>\n&lt;b&gt;&amp;\"x\"&lt;/b&gt;</main></body></html>\n"),
		  "%s", text);
	free(text);
}

Test(html_page, light_dark_and_paper_without_loading_anything)
{
	char *text = page("", NULL);

	cr_assert(strstr(text, "<title>title</title>") && strstr(text, "@media print") &&
		  strstr(text, "prefers-color-scheme: dark"));
	cr_assert(!strstr(text, "http") && !strstr(text, "<script") && !strstr(text, "url("));
	free(text);
}

Test(html_page, numbers_stand_to_the_right)
{
	struct text_table t = {.columns = 0};
	char *text;

	text_table_column(&t, "io", 0);
	text_table_column(&t, "GB/s", 1);
	text_table_row(&t);
	text_table_set(&t, 0, "mmap->mmap");
	text_table_set(&t, 1, "%d", 5);
	text = page("", &t);
	cr_assert(strstr(text, "<th>io<th class=\"n\">GB/s</thead>"), "%s", text);
	cr_assert(strstr(text, "<tr><td>mmap-&gt;mmap<td class=\"n\">5\n"), "%s", text);
	free(text);
	text_table_free(&t);
}
