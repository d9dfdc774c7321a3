/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/inputs.h"

static char dir[] = "/tmp/fl-inputs-XXXXXX";
static struct common_options common;

static void set_up(void)
{
	cr_assert(mkdtemp(dir) && chdir(dir) == 0);
	common_options_init(&common);
}

TestSuite(inputs, .init = set_up);

static void write_file(const char *path, const char *text, size_t len)
{
	FILE *f = fopen(path, "we");

	cr_assert(f && fwrite(text, 1, len, f) == len);
	fclose(f);
}

static void remove_work(void)
{
	static const char *const paths[] = {"list", "d/f", "d/link", "d", "file", "link"};

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		(void)remove(paths[i]);
	cr_assert(chdir("/") == 0 && rmdir(dir) == 0);
}

/* All names, "!" behind those that have a problem; then the code if it is not 0. */
static const char *all(struct inputs *in)
{
	static char text[1024];
	const char *name;
	size_t n = 0;
	int r;

	text[0] = '\0';
	while ((r = inputs_next(in, &name)) > 0)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "[%s]%s", name,
				      in->problem ? "!" : "");
	if (r < 0)
		snprintf(text + n, sizeof(text) - n, "%d", r);
	return text;
}

static void names_are(const char *want)
{
	struct inputs in;

	cr_assert_eq(inputs_init(&in, &common), 0);
	cr_assert_str_eq(all(&in), want);
	/* At the end it stays. */
	cr_assert_str_eq(all(&in), "");
	cr_assert_eq(inputs_rewind(&in), 1);
	cr_assert_str_eq(all(&in), want);
	inputs_done(&in);
}

Test(inputs, operands_or_what_they_stand_for, .fini = remove_work)
{
	char *files[] = {"b", "-", "a", "b"};
	struct inputs in;

	names_are("[-]");
	cr_assert(inputs_init(&in, &common) == 0 && inputs_are_implied(&in) &&
		  !inputs_may_be_several(&in));
	inputs_done(&in);
	common.files = files;
	common.file_count = 1;
	cr_assert(inputs_init(&in, &common) == 0 && !inputs_are_implied(&in) &&
		  !inputs_may_be_several(&in));
	inputs_done(&in);
	common.file_count = 4;
	names_are("[b][-][a][b]");
	cr_assert(inputs_init(&in, &common) == 0 && inputs_may_be_several(&in));
	inputs_done(&in);
}

Test(inputs, lists, .fini = remove_work)
{
	common.files_from = "list";
	write_file("list", "a\nb c\n\n-\nlast", 14);
	names_are("[a][b c][][-][last]");
	write_file("list", "", 0);
	names_are("");
	write_file("list", "\n", 1);
	names_are("[]");
	common.nul = 1;
	write_file("list", "a\n\0b\0", 5);
	names_are("[a\n][b]");
	write_file("list", "a\n\0b", 4);
	names_are("[a\n][b]");
}

Test(inputs, lists_that_cannot_be_read, .fini = remove_work)
{
	struct inputs in;

	common.files_from = "none";
	cr_assert_eq(inputs_init(&in, &common), -ENOENT);
	common.files_from = ".";
	cr_assert_eq(inputs_init(&in, &common), 0);
	cr_assert_str_eq(all(&in), "-21"); /* EISDIR */
	inputs_done(&in);
}

Test(inputs, a_list_through_a_pipe_comes_once, .fini = remove_work)
{
	struct inputs in;
	int fd[2];

	common.files_from = "-";
	cr_assert(pipe(fd) == 0 && write(fd[1], "a\nb\n", 4) == 4);
	cr_assert(dup2(fd[0], STDIN_FILENO) == STDIN_FILENO);
	close(fd[1]);
	cr_assert_eq(inputs_init(&in, &common), 0);
	cr_assert(!inputs_are_implied(&in) && inputs_may_be_several(&in));
	cr_assert_str_eq(all(&in), "[a][b]");
	cr_assert_eq(inputs_rewind(&in), 0);
	inputs_done(&in);
}

Test(inputs, directories_are_walked, .fini = remove_work)
{
	char *files[] = {"d", "-", "none", "file"};

	cr_assert_eq(mkdir("d", 0700), 0);
	write_file("d/f", "", 0);
	write_file("file", "", 0);
	cr_assert_eq(symlink("f", "d/link"), 0);
	common.walk.recursive = 1;
	names_are("[./d/f][./file]");
	common.files = files;
	common.file_count = 4;
	names_are("[d/f][-][none]![file]");
}

Test(inputs, rules_and_links_without_a_walk, .fini = remove_work)
{
	static struct walk_rule rule = {"f*", 0};
	char *files[] = {"file", "link", "none"};

	write_file("file", "", 0);
	cr_assert_eq(symlink("file", "link"), 0);
	common.files = files;
	common.file_count = 3;
	names_are("[file][link][none]");
	common.walk.rules = &rule;
	common.walk.rule_count = 1;
	names_are("[link][none]");
	common.walk.no_dereference = 1;
	names_are("[link]![none]");
}

Test(inputs, rewound_in_the_middle_of_a_walk, .fini = remove_work)
{
	char *files[] = {"d"};
	const char *name;
	struct inputs in;

	cr_assert_eq(mkdir("d", 0700), 0);
	write_file("d/f", "", 0);
	write_file("d/link", "", 0);
	common.walk.recursive = 1;
	common.files = files;
	common.file_count = 1;
	cr_assert_eq(inputs_init(&in, &common), 0);
	cr_assert_eq(inputs_next(&in, &name), 1);
	cr_assert_eq(inputs_rewind(&in), 1);
	cr_assert_str_eq(all(&in), "[d/f][d/link]");
	cr_assert_eq(inputs_rewind(&in), 1);
	cr_assert_eq(inputs_next(&in, &name), 1);
	inputs_done(&in);
}

/* The library reads without moving the position; other readers expect it at the end. */
Test(inputs, standard_input_is_left_at_its_end, .fini = remove_work)
{
	struct fl_source *src = NULL;
	struct fl_source_info info = {.size = sizeof(info)};

	write_file("file", "12345", 5);
	cr_assert(freopen("file", "re", stdin));
	cr_assert_eq(input_open("-", &src, NULL), 0);
	cr_assert_eq(fl_source_info(src, &info), 0);
	cr_assert_str_eq(info.name, STDIN_NAME);
	fl_source_close(src);
	cr_assert_eq(lseek(STDIN_FILENO, 0, SEEK_CUR), 0);
	input_consume("file");
	cr_assert_eq(lseek(STDIN_FILENO, 0, SEEK_CUR), 0);
	input_consume("-");
	cr_assert_eq(lseek(STDIN_FILENO, 0, SEEK_CUR), 5);
	cr_assert_eq(input_open("none", &src, NULL), -ENOENT);
	cr_assert(input_is_stdin("-") && !input_is_stdin("--") && !input_is_stdin(""));
}
