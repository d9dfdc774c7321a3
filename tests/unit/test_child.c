/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "plat/cgroup.h"
#include "plat/child.h"

struct big {
	unsigned char bytes[100000];
};

static int fill(void *arg, void *ret, struct fl_error *reterr)
{
	(void)reterr;
	memset(ret, *(int *)arg, sizeof(struct big));
	return 7;
}

static int fail(void *arg, void *ret, struct fl_error *reterr)
{
	(void)arg;
	(void)ret;
	return fl_error_set(reterr, -ENOSPC, 42, "no room");
}

static int die(void *arg, void *ret, struct fl_error *reterr)
{
	(void)ret;
	(void)reterr;
	raise(*(int *)arg);
	return 0;
}

Test(child, results_come_back_whole)
{
	static struct big big;
	int value = 0xA5;
	struct fl_child c = {.fn = fill, .arg = &value, .ret = &big, .ret_bytes = sizeof(big)};

	cr_assert_eq(fl_child_run(&c, NULL), 7);
	for (size_t i = 0; i < sizeof(big.bytes); i++)
		cr_assert_eq(big.bytes[i], 0xA5);
	cr_assert_eq(waitpid(-1, NULL, WNOHANG), -1, "a child was left");
}

Test(child, errors_come_back_with_their_text)
{
	struct fl_child c = {.fn = fail};
	struct fl_error err;

	cr_assert_eq(fl_child_run(&c, &err), -ENOSPC);
	cr_assert(err.code == -ENOSPC && err.off == 42);
	cr_assert_str_eq(err.text, "no room");
}

Test(child, a_signal_is_told)
{
	int sig = SIGKILL;
	struct fl_child c = {.fn = die, .arg = &sig};
	struct fl_error err;

	cr_assert_eq(fl_child_run(&c, &err), -FL_ECANCELED);
	cr_assert(strstr(err.text, "signal 9"), "%s", err.text);
}

Test(child, a_group_that_is_not_there_is_an_error)
{
	struct fl_child c = {.fn = fail, .cgroup = "/nonexistent"};

	cr_assert_eq(fl_child_run(&c, NULL), -ENOENT);
}

Test(child, memory_groups_are_made_entered_and_removed)
{
	char dir[FL_CGROUP_DIR_BYTES] = "";
	struct fl_child c = {.fn = fail};
	int r = fl_cgroup_make(FL_CGROUP_ROOT, 64 << 20, dir);

	if (r < 0) {
		cr_assert_eq(dir[0], '\0');
		cr_skip_test("no memory control group can be made here");
	}
	c.cgroup = dir;
	cr_assert_eq(fl_child_run(&c, NULL), -ENOSPC, "fn did not run in the group");
	cr_assert_eq(access(dir, F_OK), 0);
	fl_cgroup_remove(dir);
	cr_assert(access(dir, F_OK) < 0);
	fl_cgroup_remove("");
	cr_assert(fl_cgroup_make("/nonexistent", 1 << 20, dir) < 0);
}
