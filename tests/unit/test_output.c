/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <faultline/output.h>

#include "../support/drawn.h"
#include "../support/scale.h"
#include "base/size.h"

static char dir[64];

static void enter(void)
{
	snprintf(dir, sizeof(dir), "/tmp/fl_output_XXXXXX");
	cr_assert(mkdtemp(dir) != NULL);
	cr_assert(chdir(dir) == 0);
}

static void leave(void)
{
	char command[96];

	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	cr_assert(chdir("/") == 0 && system(command) == 0);
}

static unsigned entries(void)
{
	DIR *d = opendir(".");
	unsigned n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void make_file(const char *name, const char *text, mode_t mode)
{
	FILE *f = fopen(name, "w");

	cr_assert(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
	cr_assert(chmod(name, mode) == 0);
}

static void expect_text(const char *name, const char *text)
{
	char got[64] = "";
	FILE *f = fopen(name, "r");

	cr_assert(f != NULL, "%s is missing", name);
	cr_assert(fread(got, 1, sizeof(got) - 1, f) <= sizeof(got));
	fclose(f);
	cr_assert_str_eq(got, text);
}

static int begin(const char *path, const char *like, unsigned flags, struct fl_output **ret)
{
	struct fl_output_options opt = {
		.size = sizeof(opt), .path = path, .like = like, .flags = flags};

	return fl_output_open(&opt, ret, NULL);
}

TestSuite(output, .init = enter, .fini = leave);

Test(output, no_name_before_commit)
{
	struct fl_output *out;
	struct stat st;

	umask(022);
	cr_assert(begin("new", NULL, 0, &out) == 0);
	cr_assert(fl_output_write(out, "half", 4) == 0);
	cr_assert(access("new", F_OK) < 0);
	cr_assert(fl_output_write(out, " and half", 9) == 0);
	cr_assert(fl_output_commit(out, NULL) == 0);
	expect_text("new", "half and half");
	cr_assert(stat("new", &st) == 0);
	cr_assert_eq(st.st_mode & 07777, 0644u);
	cr_assert_eq(entries(), 1u);
}

Test(output, discard_leaves_nothing)
{
	struct fl_output *out;

	cr_assert(begin("new", NULL, FL_OUTPUT_SYNC, &out) == 0);
	cr_assert(fl_output_write(out, "half", 4) == 0);
	fl_output_discard(out);
	fl_output_discard(NULL);
	cr_assert_eq(entries(), 0u);
}

Test(output, existing_files_are_replaced_only_on_demand)
{
	struct fl_output *out;
	struct fl_error err;

	make_file("old", "old", 0600);
	cr_assert(begin("old", NULL, 0, &out) == -EEXIST);
	cr_assert(begin("old", NULL, FL_OUTPUT_REPLACE | FL_OUTPUT_SYNC, &out) == 0);
	cr_assert(fl_output_write(out, "new", 3) == 0);
	expect_text("old", "old");
	cr_assert(fl_output_commit(out, NULL) == 0);
	expect_text("old", "new");
	cr_assert_eq(entries(), 1u);

	/* Taken while the output was being written. */
	cr_assert(begin("late", NULL, 0, &out) == 0);
	make_file("late", "theirs", 0600);
	cr_assert(fl_output_commit(out, &err) == -EEXIST);
	cr_assert_eq(err.code, -EEXIST);
	expect_text("late", "theirs");
	cr_assert_eq(entries(), 2u);
}

Test(output, mode_and_times_of_another_file)
{
	struct timespec times[2] = {{.tv_sec = 1000, .tv_nsec = 5}, {.tv_sec = 2000, .tv_nsec = 7}};
	struct fl_output *out;
	struct stat st;

	make_file("model", "x", 0640);
	cr_assert(utimensat(AT_FDCWD, "model", times, 0) == 0);
	cr_assert(begin("new", "model", 0, &out) == 0);
	cr_assert(fl_output_write(out, "y", 1) == 0);
	cr_assert(fl_output_commit(out, NULL) == 0);
	cr_assert(stat("new", &st) == 0);
	cr_assert_eq(st.st_mode & 07777, 0640u);
	cr_assert_eq(st.st_mtim.tv_sec, 2000);
	cr_assert_eq(st.st_mtim.tv_nsec, 7);
	cr_assert_eq(st.st_atim.tv_sec, 1000);
	cr_assert(begin("other", "missing", 0, &out) == -ENOENT);
}

Test(output, a_name_of_its_own_where_files_need_one)
{
	char longest[256];
	struct fl_output *out;

	memset(longest, 'n', 255);
	longest[255] = '\0';
	cr_assert(begin(longest, NULL, 0, &out) == 0);
	cr_assert(fl_output_commit(out, NULL) == 0);
	cr_assert(begin(longest, NULL, FL_OUTPUT_REPLACE, &out) == 0);
	cr_assert(fl_output_write(out, "2", 1) == 0);
	cr_assert(fl_output_commit(out, NULL) == 0);
	expect_text(longest, "2");
	cr_assert_eq(entries(), 1u);
}

Test(output, a_name_for_others_from_the_beginning)
{
	struct fl_output_options opt = {
		.size = sizeof(opt), .path = "out", .flags = FL_OUTPUT_NAMED};
	struct fl_output *out = NULL;
	struct stat st;

	cr_assert(fl_output_open(&opt, &out, NULL) == 0);
	cr_assert(fl_output_temp(out) && strncmp(fl_output_temp(out), ".out.", 5) == 0);
	cr_assert(stat(fl_output_temp(out), &st) == 0 && (st.st_mode & 07777) == 0600);
	make_file(fl_output_temp(out), "theirs", 0600);
	cr_assert(fl_output_commit(out, NULL) == 0);
	expect_text("out", "theirs");
	cr_assert_eq(entries(), 1);
	opt.flags |= FL_OUTPUT_REPLACE;
	cr_assert(fl_output_open(&opt, &out, NULL) == 0);
	fl_output_discard(out);
	expect_text("out", "theirs");
	cr_assert_eq(entries(), 1);
	opt.flags = FL_OUTPUT_REPLACE;
	cr_assert(fl_output_open(&opt, &out, NULL) == 0);
	cr_assert(fl_output_temp(out) == NULL || entries() == 2);
	fl_output_discard(out);
}

Test(output, devices_are_written_as_they_are)
{
	struct fl_output *out;
	struct stat st;

	cr_assert(begin("/dev/null", NULL, 0, &out) == 0);
	cr_assert(fl_output_write(out, "x", 1) == 0);
	cr_assert(fl_output_commit(out, NULL) == 0);
	cr_assert(stat("/dev/null", &st) == 0 && S_ISCHR(st.st_mode));
	cr_assert(begin("/dev/full", NULL, 0, &out) == 0);
	cr_assert(fl_output_write(out, "x", 1) == -ENOSPC);
	fl_output_discard(out);
}

Test(output, what_cannot_be_opened)
{
	struct fl_output_options opt = {.size = sizeof(opt), .path = ""};
	struct fl_output *out = NULL;

	cr_assert(fl_output_open(&opt, &out, NULL) == -EINVAL);
	opt.size = 1;
	cr_assert(fl_output_open(&opt, &out, NULL) == -EINVAL);
	cr_assert(begin("missing/new", NULL, 0, &out) == -ENOENT);
	cr_assert(begin(".", NULL, FL_OUTPUT_REPLACE, &out) == -EISDIR);
	cr_assert(begin("new", NULL, 32, &out) == -EINVAL);
	cr_assert(out == NULL);
}

static unsigned umask_calls;

/* In place of the C library's. */
mode_t umask(mode_t mask)
{
	umask_calls++;
	return (mode_t)syscall(SYS_umask, mask);
}

/* To ask is to change it, for all threads: whoever makes a file at that moment makes it for everybody. */
Test(output, the_umask_is_not_touched)
{
	struct fl_output *out = NULL;
	struct stat st;

	umask(027);
	umask_calls = 0;
	cr_assert_eq(begin("out", NULL, 0, &out), 0);
	cr_assert_eq(fl_output_commit(out, NULL), 0);
	cr_assert_eq(umask_calls, 0);
	cr_assert(stat("out", &st) == 0 && (st.st_mode & 0777) == 0640);
	cr_assert_eq(umask(022), 027);
}

/* Does this file system have holes at all? */
static bool has_holes(void)
{
	struct stat st;
	int fd = open("probe", O_RDWR | O_CREAT, 0600);
	bool has = fd >= 0 && ftruncate(fd, 1 << 20) == 0 && fstat(fd, &st) == 0 &&
		   st.st_blocks * 512 < 1 << 19;

	close(fd);
	unlink("probe");
	return has;
}

/* Text, zeros, text, zeros, in writes of @step bytes. Return: what the file takes on the disk. */
static uint64_t write_mostly_zeros(const char *data, size_t len, size_t step, unsigned flags)
{
	struct fl_output_options opt = {
		.size = sizeof(opt), .path = "zeros", .flags = flags | FL_OUTPUT_REPLACE};
	struct fl_output *out;
	struct stat st;
	char *got = malloc(len);
	int fd;

	cr_assert(got != NULL && fl_output_open(&opt, &out, NULL) == 0);
	for (size_t at = 0; at < len; at += step)
		cr_assert(fl_output_write(out, data + at, len - at < step ? len - at : step) == 0);
	cr_assert(fl_output_commit(out, NULL) == 0);
	fd = open("zeros", O_RDONLY);
	cr_assert(fd >= 0 && fsync(fd) == 0 && fstat(fd, &st) == 0);
	cr_assert((size_t)st.st_size == len);
	for (size_t at = 0; at < len;) {
		ssize_t n = read(fd, got + at, len - at);

		cr_assert(n > 0);
		at += (size_t)n;
	}
	cr_assert(memcmp(got, data, len) == 0);
	close(fd);
	free(got);
	return (uint64_t)st.st_blocks * 512;
}

Test(output, zeros_become_holes_on_demand)
{
	/* Less than the shortest hole; across blocks; as decompress writes; all at once. */
	static const size_t steps[] = {20000, 100001, 128 << 10, 24 << 20};
	const size_t len = 24 << 20;
	char *data = calloc(1, len);

	cr_assert(data != NULL);
	memset(data, 'x', 3 << 20);
	memset(data + (16 << 20), 'y', 1 << 20);
	if (!has_holes())
		cr_skip_test("no holes in files here");
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		uint64_t with = write_mostly_zeros(data, len, steps[i], FL_OUTPUT_SPARSE);
		uint64_t without = write_mostly_zeros(data, len, steps[i], 0);

		/* Some file systems take room ahead by themselves; others make holes of all zeros. */
		cr_assert(with < 12 << 20 && with <= without, "%zu: %llu, %llu", steps[i],
			  (unsigned long long)with, (unsigned long long)without);
	}
	free(data);
}

static uint64_t left_out;

/* In place of the C library's: what a file system makes of it is its own business. */
off_t lseek(int fd, off_t off, int whence)
{
	if (whence == SEEK_CUR && off > 0)
		left_out += (uint64_t)off;
	return (off_t)syscall(SYS_lseek, fd, off, whence);
}

/* In pieces of up to @longest bytes. Return: bytes of holes. */
static uint64_t write_drawn(const char *data, unsigned len, unsigned longest)
{
	struct fl_output_options opt = {.size = sizeof(opt),
					.path = "drawn",
					.flags = FL_OUTPUT_SPARSE | FL_OUTPUT_REPLACE};
	struct fl_output *out;
	char *got = malloc(len);
	int fd;

	cr_assert(got != NULL && fl_output_open(&opt, &out, NULL) == 0);
	left_out = 0;
	for (size_t at = 0, n; at < len; at += n) {
		n = longest < len ? fl_min_size(1 + rnd(longest), len - at) : len;
		cr_assert_eq(fl_output_write(out, data + at, n), 0);
	}
	cr_assert_eq(fl_output_commit(out, NULL), 0);
	fd = open("drawn", O_RDONLY | O_CLOEXEC);
	cr_assert(fd >= 0 && read(fd, got, len) == (ssize_t)len);
	cr_assert(memcmp(got, data, len) == 0 && read(fd, got, 1) == 0);
	close(fd);
	free(got);
	return left_out;
}

Test(output, holes_do_not_depend_on_where_writes_end)
{
	const unsigned len = 400000;
	char *data = calloc(1, len);

	cr_assert(data != NULL);
	rnd_seed(36);
	for (unsigned round = 0; round < test_rounds(100, 10); round++) {
		uint64_t whole, pieces;

		memset(data, 0, len);
		for (unsigned i = 1 + rnd(8); i > 0; i--)
			data[rnd(len)] = 1;
		whole = write_drawn(data, len, len);
		pieces = write_drawn(data, len, round % 2 ? 5000 : 90000);
		cr_assert(whole > 0 && pieces == whole, "round %u: %llu, not %llu", round,
			  (unsigned long long)pieces, (unsigned long long)whole);
	}
	free(data);
}
