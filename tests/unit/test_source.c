/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "window/source_impl.h"

static int lowest_free_fd(void)
{
	int fd = open("/dev/null", O_RDONLY);

	close(fd);
	return fd;
}

Test(source, a_file_and_what_is_said_of_it)
{
	char path[] = "/tmp/fl-source-XXXXXX", name[64];
	struct fl_source_info info = {.size = sizeof(info)};
	struct fl_source *src = NULL;
	int fd = mkstemp(path), next = lowest_free_fd();

	cr_assert_eq(write(fd, "12345", 5), 5);
	snprintf(name, sizeof(name), "%s", path);
	cr_assert_eq(fl_source_open(name, &src, NULL), 0);
	memset(name, 'x', sizeof(name));
	cr_assert_eq(fl_source_info(src, &info), 0);
	cr_assert(info.kind == FL_SOURCE_REGULAR && info.size_bytes == 5);
	cr_assert_str_eq(info.name, path, "the name is the source's own copy");
	cr_assert(fl_source_seekable(src));
	cr_assert_eq(fcntl(src->file.fd, F_GETFD), FD_CLOEXEC);
	fl_source_close(src);
	cr_assert_eq(lowest_free_fd(), next, "the descriptor was closed");
	close(fd);
	unlink(path);
}

Test(source, a_descriptor_stays_the_callers)
{
	char path[] = "/tmp/fl-source-XXXXXX";
	struct fl_source_info info = {.size = sizeof(info)};
	struct fl_source *src = NULL;
	int fd = mkstemp(path);

	unlink(path);
	cr_assert(write(fd, "12345", 5) == 5 && lseek(fd, 2, SEEK_SET) == 2);
	cr_assert_eq(fl_source_open_fd(fd, "a name", &src, NULL), 0);
	cr_assert_eq(fl_source_info(src, &info), 0);
	cr_assert(info.size_bytes == 3 && strcmp(info.name, "a name") == 0);
	fl_source_close(src);
	cr_assert_eq(lseek(fd, 0, SEEK_CUR), 2);
	close(fd);
}

Test(source, what_does_not_open_leaves_nothing)
{
	struct fl_source *src = NULL;
	struct fl_error err;
	int next = lowest_free_fd();

	cr_assert_eq(fl_source_open("/nowhere/at/all", &src, &err), -ENOENT);
	cr_assert(err.code == -ENOENT && err.off == FL_OFF_NONE);
	cr_assert_str_eq(err.text, "No such file or directory");
	cr_assert_eq(fl_source_open("/", &src, &err), -EISDIR);
	cr_assert_eq(fl_source_open("", &src, NULL), -ENOENT);
	cr_assert_eq(fl_source_open_fd(-1, "none", &src, &err), -EBADF);
	cr_assert_null(src);
	cr_assert_eq(lowest_free_fd(), next);
	fl_source_close(NULL);
}

Test(source, info_of_another_version)
{
	struct fl_source_info info = {.size = sizeof(info) - 1};
	struct fl_source *src = NULL;

	cr_assert_eq(fl_source_info(NULL, &info), -EINVAL);
	cr_assert_eq(fl_source_open("/dev/null", &src, NULL), 0);
	cr_assert_eq(fl_source_info(src, &info), -EINVAL);
	info.size = sizeof(info);
	cr_assert_eq(fl_source_info(src, &info), 0);
	cr_assert(info.kind == FL_SOURCE_STREAM && info.size_bytes == FL_SIZE_UNKNOWN);
	fl_source_close(src);
}

/* A silent pipe must not keep a cancelled run: read comes back with "ask again". */
Test(source, a_stream_that_is_silent_speaks_and_ends)
{
	struct fl_source *src = NULL;
	uint64_t start;
	char text[8];
	int fd[2];

	cr_assert_eq(pipe(fd), 0);
	cr_assert_eq(fl_source_open_fd(fd[0], "pipe", &src, NULL), 0);
	cr_assert(!fl_source_seekable(src) && !src->ops->ready(src));
	start = fl_clock_ns();
	cr_assert_eq(src->ops->read(src, text, sizeof(text)), -EAGAIN);
	cr_assert(fl_clock_ns() - start < UINT64_C(10000000000));
	cr_assert_eq(write(fd[1], "abc", 3), 3);
	cr_assert(src->ops->ready(src));
	cr_assert_eq(src->ops->read(src, text, 2), 2);
	cr_assert(src->ops->ready(src));
	cr_assert(src->ops->read(src, text + 2, sizeof(text) - 2) == 1 &&
		  memcmp(text, "abc", 3) == 0);
	cr_assert(!src->ops->ready(src));
	close(fd[1]);
	cr_assert(src->ops->ready(src));
	cr_assert_eq(src->ops->read(src, text, sizeof(text)), 0);
	fl_source_close(src);
	close(fd[0]);
}

Test(source, a_stream_that_fails)
{
	struct fl_source *src = NULL;
	char byte;
	int fd[2];

	cr_assert_eq(pipe(fd), 0);
	cr_assert_eq(fl_source_open_fd(fd[0], "pipe", &src, NULL), 0);
	close(fd[0]);
	close(fd[1]);
	cr_assert_eq(src->ops->read(src, &byte, 1), -EBADF);
	fl_source_close(src);
}
