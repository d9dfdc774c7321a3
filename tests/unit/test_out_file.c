/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/out_file.h"
#include "cli/verbs.h"

static char path[] = "/tmp/faultline-out.XXXXXX";

static void print(FILE *f, void *arg)
{
	fputs(arg, f);
}

static void holds(const char *want)
{
	char text[64] = "";
	FILE *f = fopen(path, "re");

	cr_assert(f != NULL);
	cr_assert_eq(fread(text, 1, sizeof(text) - 1, f), strlen(want));
	cr_assert_str_eq(text, want);
	fclose(f);
}

Test(out_file, it_is_made_or_emptied)
{
	char longer[] = "some words", text[] = "one";

	close(mkstemp(path));
	unlink(path);
	cr_assert_eq(out_file_write(path, print, longer), 0);
	holds(longer);
	cr_assert_eq(out_file_write(path, print, text), 0);
	holds(text);
	unlink(path);
}

Test(out_file, what_cannot_be_written_is_trouble)
{
	char text[] = "one";

	cr_assert_eq(out_file_write("/nonexistent/x", print, text), EXIT_TROUBLE);
	cr_assert_eq(out_file_write("/tmp", print, text), EXIT_TROUBLE);
	/* A disk that is full is found out when the file is closed. */
	if (access("/dev/full", W_OK) == 0)
		cr_assert_eq(out_file_write("/dev/full", print, text), EXIT_TROUBLE);
}

Test(out_file, flushed_is_what_others_can_read)
{
	FILE *f;

	close(mkstemp(path));
	f = fopen(path, "we");
	cr_assert(f != NULL);
	for (int sync = 0; sync < 2; sync++) {
		fputs("some", f);
		cr_assert_eq(out_file_flush(f, sync), 0);
		holds(sync ? "somesome" : "some");
	}
	fclose(f);
	unlink(path);
	f = fopen("/dev/full", "we");
	if (f == NULL)
		cr_skip_test("no /dev/full");
	fputs("x", f);
	cr_assert_eq(out_file_flush(f, 1), -ENOSPC);
	fclose(f);
}

Test(out_file, a_look_makes_nothing)
{
	struct stat st;

	close(mkstemp(path));
	cr_assert_eq(out_file_check(path), 0);
	cr_assert(stat(path, &st) == 0 && st.st_size == 0);
	unlink(path);
	cr_assert_eq(out_file_check(path), 0, "it could be made");
	cr_assert_neq(access(path, F_OK), 0);
	cr_assert_eq(out_file_check("/nonexistent/x"), EXIT_TROUBLE);
	cr_assert_eq(out_file_check("here"), 0);
}
