/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/walk.h"

static char dir[] = "/tmp/fl-walk-XXXXXX";

static void touch(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	cr_assert(fd >= 0, "%s", path);
	close(fd);
}

/* tree: B, a.c, a/z.c, a/sub/x.h, a/link -> z.c, b.h, dangling, fifo, dlink -> a */
static void make_tree(void)
{
	cr_assert(mkdtemp(dir) && chdir(dir) == 0);
	cr_assert(mkdir("t", 0700) == 0 && mkdir("t/a", 0700) == 0 && mkdir("t/a/sub", 0700) == 0 &&
		  mkdir("t/void", 0700) == 0);
	touch("t/B");
	touch("t/a.c");
	touch("t/b.h");
	touch("t/a/z.c");
	touch("t/a/sub/x.h");
	cr_assert(symlink("z.c", "t/a/link") == 0 && symlink("nowhere", "t/dangling") == 0 &&
		  symlink("a", "t/dlink") == 0 && mkfifo("t/fifo", 0600) == 0);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static void remove_tree(void)
{
	cr_assert(chdir("/") == 0);
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

TestSuite(walk, .init = make_tree, .fini = remove_tree);

/* All names, each with "!" behind it if there is a problem. */
static const char *walked(const char *start, const struct walk_options *opt)
{
	static char text[1024];
	const char *name, *problem;
	struct walk *walk = NULL;
	int r;

	text[0] = '\0';
	cr_assert_eq(walk_open(&walk, start, 0, opt), 0);
	while ((r = walk_next(walk, &name, &problem)) > 0) {
		strcat(text, *text ? " " : "");
		strcat(text, name);
		strcat(text, problem ? "!" : "");
	}
	cr_assert_eq(r, 0);
	walk_close(walk);
	return text;
}

Test(walk, names_in_the_order_of_their_bytes_links_passed_over)
{
	struct walk_options opt = {.recursive = 1, .pass_over = 1};

	cr_assert_str_eq(walked("t", &opt), "t/B t/a/sub/x.h t/a/z.c t/a.c t/b.h");
	cr_assert_str_eq(walked("t/", &opt), "t/B t/a/sub/x.h t/a/z.c t/a.c t/b.h");
	cr_assert_str_eq(walked("t/void", &opt), "");
	cr_assert(chdir("t/a") == 0);
	cr_assert_str_eq(walked(".", &opt), "./sub/x.h ./z.c");
}

Test(walk, fifos_are_a_problem_are_passed_over_or_are_read)
{
	struct walk_options opt = {.recursive = 1};

	cr_assert_str_eq(walked("t", &opt), "t/B t/a/sub/x.h t/a/z.c t/a.c t/b.h t/fifo!");
	opt.devices = 1;
	cr_assert_str_eq(walked("t", &opt), "t/B t/a/sub/x.h t/a/z.c t/a.c t/b.h t/fifo");
	/* Who names a FIFO wants it. */
	opt.devices = 0;
	cr_assert_str_eq(walked("t/fifo", &opt), "t/fifo");
}

Test(walk, a_start_that_is_a_link)
{
	struct walk_options opt = {.recursive = 1};

	cr_assert_str_eq(walked("t/dlink", &opt), "t/dlink/sub/x.h t/dlink/z.c");
	cr_assert_str_eq(walked("t/a/link", &opt), "t/a/link");
	cr_assert_str_eq(walked("t/dangling", &opt), "t/dangling");
	opt.no_dereference = 1;
	cr_assert_str_eq(walked("t/dlink", &opt), "t/dlink!");
	cr_assert_str_eq(walked("t/a/link", &opt), "t/a/link!");
}

Test(walk, a_start_that_is_not_there_or_no_directory)
{
	struct walk_options opt = {.recursive = 1};

	cr_assert_str_eq(walked("t/B", &opt), "t/B");
	cr_assert_str_eq(walked("none", &opt), "none!");
	cr_assert_str_eq(walked("t/B/x", &opt), "t/B/x!");
}

Test(walk, a_directory_that_may_not_be_read)
{
	struct walk_options opt = {.recursive = 1, .pass_over = 1};
	const bool root = geteuid() == 0;

	if (root && seteuid(65534) != 0)
		cr_skip_test("root may read everything");
	if (root) {
		cr_assert(seteuid(0) == 0 && chmod(dir, 0755) == 0 && chmod("t", 0755) == 0 &&
			  chmod("t/a", 0700) == 0 && seteuid(65534) == 0);
	} else {
		cr_assert(chmod("t/a", 0) == 0);
	}
	cr_assert_str_eq(walked("t", &opt),
			 root ? "t/B t/a! t/a.c t/b.h t/void!" : "t/B t/a! t/a.c t/b.h");
	cr_assert(!root || seteuid(0) == 0);
	chmod("t/a", 0700);
}

Test(walk, rules_the_last_that_matches_decides)
{
	struct walk_rule rules[] = {{"*.c", 1}, {"z*", 0}, {"?.c", 1}, {"a/z.c", 0}};
	struct walk_options opt = {.recursive = 1, .pass_over = 1, .rules = rules, .rule_count = 1};

	/* The first is an include: what no rule knows is left out. */
	cr_assert_str_eq(walked("t", &opt), "t/a/z.c t/a.c");
	opt.rule_count = 2;
	cr_assert_str_eq(walked("t", &opt), "t/a.c");
	opt.rule_count = 3;
	cr_assert_str_eq(walked("t", &opt), "t/a/z.c t/a.c");
	/* In a directory a name has no slash. */
	opt.rule_count = 4;
	cr_assert_str_eq(walked("t", &opt), "t/a/z.c t/a.c");
	cr_assert_eq(walk_excludes(&opt, "t/a/z.c"), 1);
	cr_assert_eq(walk_excludes(&opt, "/a.c"), 0);
	opt.rules = rules + 1;
	opt.rule_count = 1;
	cr_assert_str_eq(walked("t", &opt), "t/B t/a/sub/x.h t/a.c t/b.h");
	opt.rule_count = 0;
	cr_assert_eq(walk_excludes(&opt, "anything"), 0);
}

Test(walk, directories_that_are_not_entered)
{
	const char *no_dirs[] = {"sub", "a", "t/a"};
	struct walk_options opt = {
		.recursive = 1, .pass_over = 1, .no_dirs = no_dirs, .no_dir_count = 1};

	cr_assert_str_eq(walked("t", &opt), "t/B t/a/z.c t/a.c t/b.h");
	opt.no_dirs = no_dirs + 2;
	cr_assert_str_eq(walked("t", &opt), "t/B t/a/sub/x.h t/a/z.c t/a.c t/b.h");
	cr_assert_str_eq(walked("t/a", &opt), "");
	opt.no_dirs = no_dirs;
	opt.no_dir_count = 2;
	cr_assert_str_eq(walked("t", &opt), "t/B t/a.c t/b.h");
	cr_assert_str_eq(walked("t/a/sub", &opt), "");
}

Test(walk, closing_in_the_middle)
{
	struct walk_options opt = {.recursive = 1};
	const char *name, *problem;
	struct walk *walk = NULL;

	walk_close(NULL);
	cr_assert_eq(walk_open(&walk, "t", 0, &opt), 0);
	cr_assert_eq(walk_next(walk, &name, &problem), 1);
	walk_close(walk);
}
