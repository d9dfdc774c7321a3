/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <string.h>

#include <faultline/bench.h>

struct told {
	unsigned n;
	unsigned untrue;
	unsigned untried;
};

static void note(void *arg, const char *claim, const char *seen, int holds)
{
	struct told *t = arg;

	cr_assert(claim && *claim && seen && *seen);
	t->n++;
	t->untrue += holds == 0;
	t->untried += holds < 0;
	if (holds < 0)
		cr_assert(strstr(seen, "could not be tried"), "%s", seen);
}

Test(facts, each_is_tried_and_told_with_what_was_seen)
{
	struct told t = {0};

	cr_assert_eq(fl_bench_facts(NULL, note, &t), (int)t.untrue);
	cr_assert_eq(t.n, 10u);
	cr_assert_eq(t.untrue, 0u);
}

Test(facts, without_a_directory_nothing_is_claimed)
{
	struct told t = {0};

	cr_assert_eq(fl_bench_facts("/nonexistent", note, &t), -ENOENT);
	cr_assert_eq(t.n, 0u);
}
