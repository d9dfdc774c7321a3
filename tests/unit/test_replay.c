/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <string.h>

#include "base/error.h"
#include "cluster/replay.h"

static int say(struct fl_replay *r, uint32_t stage, const char *text)
{
	struct fl_message m = {.kind = FL_MESSAGE_PART, .stage = stage, .len = strlen(text)};

	return fl_replay_part(r, &m, (const unsigned char *)text);
}

Test(replay, what_was_said_before_is_not_folded_twice)
{
	struct fl_replay r;

	fl_replay_begin(&r);
	cr_assert_eq(say(&r, 0, "one"), 1);
	cr_assert_eq(say(&r, 0, "two is longer"), 1);
	/* Two deaths, the first of them before everything had been said again. */
	fl_replay_again(&r);
	cr_assert_eq(say(&r, 0, "one"), 0);
	cr_assert(fl_replay_is_short(&r, 0));
	fl_replay_again(&r);
	cr_assert_eq(say(&r, 0, "one"), 0);
	cr_assert_eq(say(&r, 0, "two is longer"), 0);
	cr_assert(!fl_replay_is_short(&r, 0));
	cr_assert_eq(say(&r, 0, "three"), 1);
	fl_replay_again(&r);
	cr_assert_eq(say(&r, 0, "one"), 0);
	cr_assert_eq(say(&r, 0, "two is longer"), 0);
	cr_assert_eq(say(&r, 0, "three"), 0);
	cr_assert_eq(say(&r, 0, "four"), 1);
}

Test(replay, another_story_is_noticed)
{
	static const char *const other[][2] = {
		{"onf", "two"}, {"one", "twp"}, {"two", "one"}, {"onet", "wo"}, {"", "onetwo"}};

	for (size_t i = 0; i < sizeof(other) / sizeof(*other); i++) {
		struct fl_replay r;

		fl_replay_begin(&r);
		cr_assert_eq(say(&r, 0, "one"), 1);
		cr_assert_eq(say(&r, 0, "two"), 1);
		fl_replay_again(&r);
		cr_assert_eq(say(&r, 0, other[i][0]), 0);
		cr_assert_eq(say(&r, 0, other[i][1]), -FL_ECHANGED, "%zu", i);
	}
}

Test(replay, operators_have_accounts_of_their_own)
{
	struct fl_replay r;

	fl_replay_begin(&r);
	cr_assert_eq(say(&r, 0, "a"), 1);
	cr_assert_eq(say(&r, FL_OPERATORS_MAX - 1, "b"), 1);
	cr_assert_eq(say(&r, 0, "c"), 1);
	fl_replay_again(&r);
	/* The first one was stopped, and says no more; the other one says all. */
	cr_assert_eq(say(&r, FL_OPERATORS_MAX - 1, "b"), 0);
	cr_assert_eq(say(&r, FL_OPERATORS_MAX - 1, "d"), 1);
	cr_assert(fl_replay_is_short(&r, 0));
	cr_assert(!fl_replay_is_short(&r, FL_OPERATORS_MAX - 1));
	fl_replay_begin(&r);
	cr_assert(!fl_replay_is_short(&r, 0));
}
