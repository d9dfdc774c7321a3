/* SPDX-License-Identifier: MIT */
#include "cli/bench_problems.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int same_problem(const struct bench_cell *a, const struct bench_cell *b)
{
	return strcmp(a->problem, b->problem) == 0;
}

static int is_told(const struct bench_matrix *m, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (same_problem(&m->cells[k], &m->cells[i]))
			return 1;
	return 0;
}

/* What the methods of a group have in common is said once. */
static void print_cells(FILE *f, const struct bench_matrix *m, size_t first)
{
	const struct bench_cell *last = NULL;

	for (size_t i = first; i < m->count; i++) {
		const struct bench_cell *c = &m->cells[i];

		if (!same_problem(c, &m->cells[first]))
			continue;
		if (last != NULL && last->group == c->group)
			fprintf(f, ", %s", bench_cell_name(c));
		else
			fprintf(f, "%s %s %s -j%u %s", last != NULL ? ";" : ":",
				fl_bench_op_name(c->what.op), fl_bench_cache_name(c->what.cache),
				c->what.threads, bench_cell_name(c));
		last = c;
	}
}

char *bench_problem_text(const struct bench_matrix *m, size_t i)
{
	char *text = NULL;
	size_t len;
	FILE *f;

	if (m->cells[i].problem[0] == '\0' || is_told(m, i))
		return NULL;
	f = open_memstream(&text, &len);
	if (f == NULL)
		return NULL;
	fputs(m->cells[i].problem, f);
	print_cells(f, m, i);
	return fclose(f) == 0 ? text : NULL;
}

static int is_measured(const struct bench_matrix *m, uint64_t op)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->cells[i].what.op == (enum fl_bench_op)op)
			return 1;
	return 0;
}

char *bench_left_out_text(const struct bench_matrix *m)
{
	const struct bench_list *ops = &m->opt->op;
	char *text = NULL;
	size_t len, n = 0;
	FILE *f = open_memstream(&text, &len);

	if (f == NULL)
		return NULL;
	for (size_t i = 0; i < ops->n; i++)
		if (!is_measured(m, ops->v[i]))
			fprintf(f, "%s%s", n++ > 0 ? ", " : "No method of --io does: ",
				fl_bench_op_name((enum fl_bench_op)ops->v[i]));
	if (fclose(f) == 0 && n > 0)
		return text;
	free(text);
	return NULL;
}
