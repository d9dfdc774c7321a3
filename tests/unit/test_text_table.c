/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/outbuf.h"
#include "cli/text_table.h"

static void fill(struct text_table *t, unsigned rows)
{
	*t = (struct text_table){.columns = 0};
	text_table_column(t, "name", 0);
	text_table_column(t, "n", 1);
	text_table_column(t, "rest", 0);
	for (unsigned i = 0; i < rows; i++) {
		text_table_row(t);
		text_table_set(t, 0, "row");
		text_table_set(t, 1, "%u", 8 + i);
	}
}

Test(text_table, columns_are_as_wide_as_their_widest_cell)
{
	struct text_table t;
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	fill(&t, 3);
	text_table_set(&t, 0, "the longest");
	text_table_set(&t, 2, "x y");
	outbuf_capture(out);
	text_table_print(&t);
	outbuf_capture(NULL);
	fclose(out);
	cr_assert_str_eq(text, "name          n  rest\n"
			       "row           8  \n"
			       "row           9  \n"
			       "the longest  10  x y\n");
	free(text);
	text_table_free(&t);
}

Test(text_table, markdown)
{
	struct text_table t;
	char *text;

	fill(&t, 1);
	text = text_table_markdown(&t);
	cr_assert_str_eq(text, "| name | n | rest |\n|---|--:|---|\n| row | 8 |  |\n");
	free(text);
	text_table_free(&t);
}

/* A cell that is set twice has its last text; there is room for any number of rows. */
Test(text_table, many_rows)
{
	struct text_table t;

	fill(&t, 100);
	cr_assert_eq(t.rows, 100u);
	cr_assert_str_eq(t.cells[99 * t.columns + 1], "107");
	text_table_set(&t, 1, "another");
	cr_assert_str_eq(t.cells[99 * t.columns + 1], "another");
	text_table_free(&t);
	cr_assert_eq(t.rows, 0u);
	text_table_free(&t);
}
