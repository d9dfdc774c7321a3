/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plat/file.h"
#include "plat/tuning.h"

static char home[] = "/var/tmp/faultline-tuning.XXXXXX";

static int begin(void)
{
	int fd = fl_file_temp();

	cr_assert(fd >= 0);
	cr_assert_not_null(mkdtemp(home));
	setenv("XDG_STATE_HOME", home, 1);
	return fd;
}

static void end(int fd)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/faultline/tune", home);
	unlink(path);
	snprintf(path, sizeof(path), "%s/faultline", home);
	rmdir(path);
	cr_assert_eq(rmdir(home), 0, "something was left");
	close(fd);
}

Test(tuning, what_was_stored_is_loaded)
{
	struct fl_tuning t = {.cold = "window", .past = "direct"}, back;
	char path[PATH_MAX];
	int fd = begin();

	cr_assert_eq(fl_tuning_load(fd, &back), -ENOENT);
	cr_assert_eq(fl_tuning_store(fd, &t, path, sizeof(path)), 0);
	cr_assert(strncmp(path, home, strlen(home)) == 0, "%s", path);
	cr_assert_eq(fl_tuning_load(fd, &back), 0);
	cr_assert_str_eq(back.cold, "window");
	cr_assert_str_eq(back.past, "direct");
	/* A second one takes the first one's place. */
	cr_assert_eq(fl_tuning_store(fd, &(struct fl_tuning){.cold = "read"}, path, sizeof(path)),
		     0);
	cr_assert_eq(fl_tuning_load(fd, &back), 0);
	cr_assert_str_eq(back.cold, "read");
	cr_assert_str_eq(back.past, "");
	end(fd);
}

Test(tuning, lines_of_other_devices_stay)
{
	struct fl_tuning t = {.cold = "window", .past = "uring"}, back;
	char path[PATH_MAX], text[256];
	int fd = begin();
	FILE *f;
	size_t n;

	cr_assert_eq(fl_tuning_store(fd, &t, path, sizeof(path)), 0);
	f = fopen(path, "a");
	fputs("999:7 1234 cold=read past=\nnonsense\n", f);
	fclose(f);
	cr_assert_eq(fl_tuning_store(fd, &t, path, sizeof(path)), 0);
	f = fopen(path, "r");
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	cr_assert(strstr(text, "999:7 1234 cold=read past=\n"), "%s", text);
	cr_assert(strstr(text, "nonsense\n"));
	cr_assert(strncmp(text, "faultline-tune/1\n", 17) == 0);
	cr_assert_eq(fl_tuning_load(fd, &back), 0);
	end(fd);
}

Test(tuning, files_that_are_not_ours_are_not_believed)
{
	struct fl_tuning t = {.cold = "window"}, back;
	char path[PATH_MAX];
	int fd = begin();
	FILE *f;

	cr_assert_eq(fl_tuning_store(fd, &t, path, sizeof(path)), 0);
	f = fopen(path, "w");
	fputs("faultline-tune/2\n", f);
	fclose(f);
	cr_assert_eq(fl_tuning_load(fd, &back), -ENOENT);
	unsetenv("XDG_STATE_HOME");
	unsetenv("HOME");
	cr_assert_eq(fl_tuning_load(fd, &back), -ENOENT);
	cr_assert_eq(fl_tuning_store(fd, &t, path, sizeof(path)), -ENOENT);
	setenv("XDG_STATE_HOME", "relative", 1);
	cr_assert_eq(fl_tuning_store(fd, &t, path, sizeof(path)), -ENOENT);
	end(fd);
}
