/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/error.h>

#include "store/punch_plan.h"

static const struct fl_punch_plan plan = {.flags = FL_PLAN_RECORDS | FL_PLAN_REPLACE,
					  .level = -5,
					  .frame_bytes = 4096,
					  .window_log = 27,
					  .delimiter = '\n',
					  .batch_bytes = 123456789012,
					  .times = {-1, INT64_MAX},
					  .output = "/a dir/out",
					  .dict = (const unsigned char *)"a\0dictionary",
					  .dict_len = 12};

Test(punch_plan, comes_back_as_it_was)
{
	struct fl_punch_plan got;
	char *program;
	size_t len;

	cr_assert_eq(fl_punch_plan_save(&plan, &program, &len), 0);
	cr_assert_str_eq(program, "compress --level=-5 --punch -o /a dir/out");
	cr_assert_eq(fl_punch_plan_load(program, len, &got), 0);
	cr_assert_eq(got.flags, plan.flags);
	cr_assert_eq(got.level, plan.level);
	cr_assert_eq(got.frame_bytes, plan.frame_bytes);
	cr_assert_eq(got.window_log, plan.window_log);
	cr_assert_eq(got.delimiter, plan.delimiter);
	cr_assert_eq(got.batch_bytes, plan.batch_bytes);
	cr_assert_eq(got.times.atime_ns, -1);
	cr_assert_eq(got.times.mtime_ns, INT64_MAX);
	cr_assert_str_eq(got.output, plan.output);
	cr_assert_eq(got.dict_len, plan.dict_len);
	cr_assert_eq(memcmp(got.dict, plan.dict, plan.dict_len), 0);
	free(program);
}

Test(punch_plan, a_part_of_it_is_damage)
{
	struct fl_punch_plan got;
	char *program, *some;
	size_t len;

	cr_assert_eq(fl_punch_plan_save(&plan, &program, &len), 0);
	for (size_t k = 0; k < len; k++) {
		/* In memory of just that length, for the sanitizers. */
		some = malloc(k + 1);
		memcpy(some, program, k);
		cr_assert_eq(fl_punch_plan_load(some, k, &got), -FL_ECORRUPT);
		free(some);
	}
	free(program);
}
