/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plat/durable.h"
#include "plat/inplace_file.h"
#include "plat/punch_file.h"

static char dir[] = "/var/tmp/fl-punchfile-XXXXXX";
static char path[64];
static int fd, dir_fd;
static struct fl_durable durable = {.ops = &fl_durable_kernel};

static void setup(void)
{
	cr_assert_not_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/file", dir);
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = fl_punch_create(dir_fd, "file");
	cr_assert(fd >= 0);
}

static void teardown(void)
{
	close(fd);
	close(dir_fd);
	unlink(path);
	rmdir(dir);
}

TestSuite(punch_file, .init = setup, .fini = teardown);

Test(punch_file, a_new_file_is_private_and_new)
{
	struct stat st;

	cr_assert_eq(fstat(fd, &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0600u);
	cr_assert_eq(fl_punch_create(dir_fd, "file"), -EEXIST);
}

Test(punch_file, what_is_freed_reads_as_zeros_and_the_size_stays)
{
	struct fl_punch_state before, after;
	unsigned char data[12288], got[12288];
	int r;

	for (size_t k = 0; k < sizeof(data); k++)
		data[k] = 'x';
	cr_assert_eq(pwrite(fd, data, sizeof(data), 0), (ssize_t)sizeof(data));
	cr_assert_eq(fl_punch_look(fd, &before), 0);
	r = fl_durable_punch(&durable, fd, 4096, 4096);
	if (r == -EOPNOTSUPP)
		cr_skip_test("blocks of files cannot be freed here");
	cr_assert_eq(r, 0);
	cr_assert_eq(fl_punch_look(fd, &after), 0);
	cr_assert_eq(after.size_bytes, sizeof(data));
	cr_assert_eq(after.links, 1u);
	cr_assert(after.times.mtime_ns >= before.times.mtime_ns);
	cr_assert_eq(pread(fd, got, sizeof(got), 0), (ssize_t)sizeof(got));
	for (size_t k = 0; k < sizeof(got); k++)
		cr_assert_eq(got[k], k / 4096 == 1 ? 0 : 'x');
}

Test(punch_file, a_block_is_a_power_of_two_of_at_least_a_page)
{
	struct fl_punch_state st;

	cr_assert_eq(fl_punch_look(fd, &st), 0);
	cr_assert(st.block_bytes >= 4096);
	cr_assert_eq(st.block_bytes & (st.block_bytes - 1), 0u);
}

Test(punch_file, names)
{
	struct stat st;
	char link_path[80];
	uint64_t ino = 0;
	bool regular = false;

	cr_assert_eq(fstat(fd, &st), 0);
	cr_assert_eq(fl_punch_name(dir_fd, "file", &ino, &regular), 0);
	cr_assert(ino == st.st_ino && regular);
	cr_assert_eq(fl_punch_name(dir_fd, "nowhere", &ino, &regular), -ENOENT);
	snprintf(link_path, sizeof(link_path), "%s/link", dir);
	cr_assert_eq(symlink("file", link_path), 0);
	cr_assert(fl_punch_is_link(link_path));
	cr_assert_not(fl_punch_is_link(path));
	cr_assert_eq(fl_punch_name(dir_fd, "link", &ino, &regular), 0);
	cr_assert_not(regular);
	unlink(link_path);
}

Test(punch_file, a_rename_replaces_only_when_it_may)
{
	char other[80];
	int b = fl_punch_create(dir_fd, "other");

	cr_assert(b >= 0);
	close(b);
	cr_assert_eq(fl_durable_rename(&durable, dir_fd, "other", "file", false), -EEXIST);
	cr_assert_eq(fl_durable_rename(&durable, dir_fd, "other", "third", false), 0);
	cr_assert_eq(fl_durable_rename(&durable, dir_fd, "third", "file", true), 0);
	snprintf(other, sizeof(other), "%s/other", dir);
	cr_assert_eq(access(other, F_OK), -1);
}

Test(punch_file, a_path_names_its_directory_without_links)
{
	char *got = NULL, want[128], through[160];
	char *real = realpath(dir, NULL);

	snprintf(want, sizeof(want), "%s/new", real);
	snprintf(through, sizeof(through), "%s/./../%s/new", dir, dir + strlen("/var/tmp/"));
	cr_assert_eq(fl_punch_path(through, &got), 0);
	cr_assert_str_eq(got, want);
	free(got);
	cr_assert_eq(fl_punch_path("/new", &got), 0);
	cr_assert_str_eq(got, "/new");
	free(got);
	cr_assert_eq(fl_punch_path("a/", &got), -EISDIR);
	cr_assert_eq(fl_punch_path("/nowhere at all/x", &got), -ENOENT);
	free(real);
}

Test(punch_file, another_file_takes_its_place)
{
	struct fl_punch_times times = {1500000000, -1};
	int like = fl_punch_create(dir_fd, "like");
	struct stat st;

	cr_assert_eq(fchmod(like, 0751), 0);
	cr_assert_eq(fl_punch_dress(fd, like, &times), 0);
	cr_assert_eq(fstat(fd, &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0751u);
	cr_assert_eq(st.st_atim.tv_sec, 1);
	cr_assert_eq(st.st_atim.tv_nsec, 500000000);
	cr_assert_eq(st.st_mtim.tv_sec, -1);
	cr_assert_eq(st.st_mtim.tv_nsec, 999999999);
	close(like);
	cr_assert_eq(unlinkat(dir_fd, "like", 0), 0);
}
