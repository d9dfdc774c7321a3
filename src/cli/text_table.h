/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_TEXT_TABLE_H
#define FAULTLINE_CLI_TEXT_TABLE_H

#include <stddef.h>

#define TEXT_TABLE_COLUMNS 24

/**
 * struct text_table - rows of text, all cells copied
 * @right: columns whose cells are numbers
 */
struct text_table {
	const char *names[TEXT_TABLE_COLUMNS];
	int right[TEXT_TABLE_COLUMNS];
	size_t columns;
	char **cells;
	size_t rows;
	size_t room;
};

/** text_table_column() - add one; all of them before the first row */
void text_table_column(struct text_table *t, const char *name, int right);

/** text_table_row() - begin a row; its cells are empty */
void text_table_row(struct text_table *t);

/** text_table_set() - a cell of the last row */
void text_table_set(struct text_table *t, size_t column, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * text_table_print() - on standard output
 *
 * On a terminal by libsmartcols, where it is installed, which fits the columns into its width;
 * else columns padded with spaces, two of them between.
 */
void text_table_print(const struct text_table *t);

/** text_table_markdown() - as Markdown; Return: malloc'ed text */
char *text_table_markdown(const struct text_table *t);

/** text_table_free() - the cells */
void text_table_free(struct text_table *t);

#endif
