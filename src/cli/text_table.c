/* SPDX-License-Identifier: MIT */
#include "cli/text_table.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/verbs.h"

static void *need(void *p)
{
	if (p != NULL)
		return p;
	message_error("%s", strerror(ENOMEM));
	exit(EXIT_TROUBLE);
}

void text_table_column(struct text_table *t, const char *name, int right)
{
	t->names[t->columns] = name;
	t->right[t->columns++] = right;
}

void text_table_row(struct text_table *t)
{
	if (t->rows == t->room) {
		t->room = t->room * 2 + 16;
		t->cells = need(realloc(t->cells, t->room * t->columns * sizeof(*t->cells)));
	}
	for (size_t i = 0; i < t->columns; i++)
		t->cells[t->rows * t->columns + i] = need(strdup(""));
	t->rows++;
}

void text_table_set(struct text_table *t, size_t column, const char *format, ...)
{
	char **cell = &t->cells[(t->rows - 1) * t->columns + column];
	va_list ap;

	free(*cell);
	va_start(ap, format);
	if (vasprintf(cell, format, ap) < 0)
		*cell = NULL;
	va_end(ap);
	need(*cell);
}

static const char *cell_of(const struct text_table *t, size_t row, size_t column)
{
	return t->cells[row * t->columns + column];
}

/* Columns on the screen; bytes where the text is not of this locale. */
static size_t width_of(const char *text)
{
	size_t n = mbstowcs(NULL, text, 0);

	return n == (size_t)-1 ? strlen(text) : n;
}

static void print_cell(const char *text, size_t width, int right, int last)
{
	size_t own = width_of(text);
	int pad = width > own ? (int)(width - own) : 0;

	if (right)
		outbuf_printf("%*s%s", pad, "", text);
	else
		outbuf_printf("%s%*s", text, last ? 0 : pad, "");
	outbuf_printf(last ? "\n" : "  ");
}

static void print_plain(const struct text_table *t)
{
	size_t width[TEXT_TABLE_COLUMNS];

	for (size_t c = 0; c < t->columns; c++) {
		width[c] = width_of(t->names[c]);
		for (size_t r = 0; r < t->rows; r++)
			if (width_of(cell_of(t, r, c)) > width[c])
				width[c] = width_of(cell_of(t, r, c));
	}
	for (size_t c = 0; c < t->columns; c++)
		print_cell(t->names[c], width[c], t->right[c], c + 1 == t->columns);
	for (size_t r = 0; r < t->rows; r++)
		for (size_t c = 0; c < t->columns; c++)
			print_cell(cell_of(t, r, c), width[c], t->right[c], c + 1 == t->columns);
}

/* The part of libsmartcols 2.25 and later that is used; its structures are opaque, so that no header
 * is needed to build. */
#define SCOLS_FL_RIGHT (1 << 2)

struct smartcols {
	void *(*new_table)(void);
	void *(*new_column)(void *table, const char *name, double whint, int flags);
	void *(*new_line)(void *table, void *parent);
	int (*set_data)(void *line, size_t n, const char *data);
	int (*print)(void *table);
	void (*unref)(void *table);
};

static int load_smartcols(struct smartcols *s)
{
	static const char *const names[] = {"scols_new_table",      "scols_table_new_column",
					    "scols_table_new_line", "scols_line_set_data",
					    "scols_print_table",    "scols_unref_table"};
	void **to = (void **)s;
	void *handle = dlopen("libsmartcols.so.1", RTLD_NOW | RTLD_LOCAL);

	if (handle == NULL)
		return 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		to[i] = dlsym(handle, names[i]);
		if (to[i] == NULL)
			return 0;
	}
	return 1;
}

static int print_smart(const struct text_table *t)
{
	struct smartcols s;
	void *table;
	int rc = 0;

	if (!load_smartcols(&s))
		return 0;
	table = s.new_table();
	for (size_t c = 0; table != NULL && c < t->columns; c++)
		if (s.new_column(table, t->names[c], 0, t->right[c] ? SCOLS_FL_RIGHT : 0) == NULL)
			rc = -1;
	for (size_t r = 0; table != NULL && rc == 0 && r < t->rows; r++) {
		void *line = s.new_line(table, NULL);

		for (size_t c = 0; line != NULL && c < t->columns; c++)
			(void)s.set_data(line, c, cell_of(t, r, c));
	}
	outbuf_flush();
	if (table == NULL || rc != 0 || s.print(table) != 0 || fflush(stdout) != 0)
		rc = -1;
	if (table != NULL)
		s.unref(table);
	return rc == 0;
}

void text_table_print(const struct text_table *t)
{
	if (!isatty(STDOUT_FILENO) || !print_smart(t))
		print_plain(t);
}

char *text_table_markdown(const struct text_table *t)
{
	char *text = NULL;
	size_t len;
	FILE *f = need(open_memstream(&text, &len));

	for (size_t c = 0; c < t->columns; c++)
		fprintf(f, "| %s ", t->names[c]);
	fputs("|\n", f);
	for (size_t c = 0; c < t->columns; c++)
		fputs(t->right[c] ? "|--:" : "|---", f);
	fputs("|\n", f);
	for (size_t r = 0; r < t->rows; r++) {
		for (size_t c = 0; c < t->columns; c++)
			fprintf(f, "| %s ", cell_of(t, r, c));
		fputs("|\n", f);
	}
	if (fclose(f) != 0)
		need(NULL);
	return text;
}

void text_table_free(struct text_table *t)
{
	for (size_t i = 0; i < t->rows * t->columns; i++)
		free(t->cells[i]);
	free(t->cells);
	t->cells = NULL;
	t->rows = t->room = 0;
}
