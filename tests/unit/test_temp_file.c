/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/temp_file.h"

static char folder[] = "/tmp/test_temp_file.XXXXXX";

static void make_folder(void)
{
	cr_assert(mkdtemp(folder) != NULL);
	cr_assert(setenv("TMPDIR", folder, 1) == 0);
}

static void drop_folder(void)
{
	rmdir(folder);
}

TestSuite(temp_file, .init = make_folder, .fini = drop_folder);

Test(temp_file, it_is_where_TMPDIR_says_has_no_name_and_nobody_inherits_it)
{
	FILE *file = temp_file();
	struct stat st, dir;
	char text[8] = "";

	cr_assert(file != NULL);
	cr_assert(fstat(fileno(file), &st) == 0 && stat(folder, &dir) == 0);
	cr_assert(st.st_dev == dir.st_dev);
	cr_assert(st.st_nlink == 0);
	cr_assert((st.st_mode & 0777) == 0600);
	cr_assert(fcntl(fileno(file), F_GETFD) & FD_CLOEXEC);
	cr_assert(fputs("text", file) >= 0);
	rewind(file);
	cr_assert(fgets(text, sizeof(text), file) != NULL && strcmp(text, "text") == 0);
	cr_assert(fclose(file) == 0);
	cr_assert(rmdir(folder) == 0, "something is left in it");
}

Test(temp_file, where_there_is_no_TMPDIR_it_is_in_var_tmp)
{
	FILE *file;

	cr_assert(setenv("TMPDIR", "/nowhere/at/all", 1) == 0);
	file = temp_file();
	cr_assert(file != NULL);
	cr_assert(fclose(file) == 0);
}
