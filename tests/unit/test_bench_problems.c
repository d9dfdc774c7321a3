/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "cli/bench_problems.h"

static struct bench_cell cell(enum fl_bench_op op, enum fl_bench_method method, unsigned group,
			      const char *problem)
{
	struct bench_cell c = {
		.what = {.op = op, .method = method, .cache = FL_BENCH_WARM, .threads = 2},
		.group = group};

	strcpy(c.problem, problem);
	return c;
}

static void text_is(char *text, const char *want)
{
	if (want == NULL)
		cr_assert_null(text);
	else
		cr_assert_str_eq(text, want);
	free(text);
}

Test(bench_problems, a_reason_is_told_once_with_all_cells_that_it_concerns)
{
	struct bench_cell cells[] = {cell(FL_BENCH_SUM, FL_BENCH_READ, 0, ""),
				     cell(FL_BENCH_SUM, FL_BENCH_URING, 0, "refused"),
				     cell(FL_BENCH_SUM, FL_BENCH_DIRECT, 0, "no O_DIRECT"),
				     cell(FL_BENCH_SUM, FL_BENCH_URING_DIRECT, 0, "refused"),
				     cell(FL_BENCH_HASH, FL_BENCH_URING, 1, "refused")};
	struct bench_matrix m = {.cells = cells, .count = 5};

	text_is(bench_problem_text(&m, 0), NULL);
	text_is(bench_problem_text(&m, 1),
		"refused: sum warm -j2 uring, uring-direct; hash warm -j2 uring");
	text_is(bench_problem_text(&m, 2), "no O_DIRECT: sum warm -j2 direct");
	text_is(bench_problem_text(&m, 3), NULL);
	text_is(bench_problem_text(&m, 4), NULL);
}

Test(bench_problems, operations_without_a_method)
{
	struct bench_cell cells[] = {cell(FL_BENCH_SUM, FL_BENCH_READ, 0, "")};
	struct bench_options opt = {
		.op = {.v = {FL_BENCH_COPY, FL_BENCH_SUM, FL_BENCH_UPDATE}, .n = 3}};
	struct bench_matrix m = {.opt = &opt, .cells = cells, .count = 1};

	text_is(bench_left_out_text(&m), "No method of --io does: copy, update");
	opt.op.v[0] = opt.op.v[2] = FL_BENCH_SUM;
	text_is(bench_left_out_text(&m), NULL);
}
