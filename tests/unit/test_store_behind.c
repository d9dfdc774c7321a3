/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>

#include "base/error.h"
#include "store/store_behind.h"

#include "../support/scale.h"

#define FAILS 7

/** struct seen - what the thread stored; @fails: group FAILS cannot be */
struct seen {
	uint64_t next;
	bool fails;
};

static int store(void *arg, uint64_t number, struct fl_error *reterr)
{
	struct seen *seen = arg;

	if (number != seen->next++)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, NULL);
	return seen->fails && number == FAILS ? fl_error_set(reterr, -EIO, 4711, NULL) : 0;
}

/* In their order, each once, never one that was not given; it may be left at any moment. */
Test(store_behind, groups_are_stored_in_their_order)
{
	for (double round = 0; round < 50 * test_scale(); round++) {
		struct seen seen = {0};
		struct fl_store_behind *b = fl_store_behind_start(store, &seen);

		cr_assert(b);
		for (uint64_t given = 1; given <= 100; given++) {
			fl_store_behind_give(b, given);
			cr_assert_eq(fl_store_behind_wait(b, given % 5, NULL), 0);
			if (given % 5 == 0)
				cr_assert_eq(seen.next, given);
		}
		fl_store_behind_give(b, 200);
		fl_store_behind_stop(b);
		cr_assert(seen.next >= 100 && seen.next <= 200);
	}
	fl_store_behind_stop(NULL);
}

Test(store_behind, an_error_is_final)
{
	struct seen seen = {.fails = true};
	struct fl_store_behind *b = fl_store_behind_start(store, &seen);

	cr_assert(b);
	fl_store_behind_give(b, FAILS);
	cr_assert_eq(fl_store_behind_wait(b, 0, NULL), 0);
	fl_store_behind_give(b, FAILS + 5);
	for (int k = 0; k < 2; k++) {
		struct fl_error err = {0};

		cr_assert_eq(fl_store_behind_wait(b, 0, &err), -EIO);
		cr_assert_eq(err.off, 4711);
	}
	cr_assert_eq(fl_store_behind_wait(b, 100, NULL), -EIO);
	fl_store_behind_stop(b);
	cr_assert_eq(seen.next, FAILS + 1);
}
