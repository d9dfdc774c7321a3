/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plat/file.h"

static int temp_with(const void *data, size_t n, uint64_t off)
{
	int fd = fl_file_temp();

	cr_assert(fd >= 0);
	cr_assert_eq(fl_fd_pwrite(fd, data, n, off), 0);
	return fd;
}

Test(file_io, pread_gets_all_or_stops_at_the_end)
{
	int fd = temp_with("0123456789", 10, 0);
	char buf[16] = "";
	size_t got = 99;

	cr_assert_eq(fl_file_pread(fd, buf, 4, 3, &got), 0);
	cr_assert_eq(got, 4u);
	cr_assert_eq(memcmp(buf, "3456", 4), 0);
	cr_assert_eq(fl_file_pread(fd, buf, 16, 7, &got), 0);
	cr_assert_eq(got, 3u);
	cr_assert_eq(fl_file_pread(fd, buf, 16, 10, &got), 0);
	cr_assert_eq(got, 0u);
	got = 99;
	cr_assert_eq(fl_file_pread(-1, buf, 1, 0, &got), -EBADF);
	cr_assert_eq(got, 99u);
}

Test(file_io, offsets_above_4_gib)
{
	uint64_t off = ((uint64_t)1 << 32) + 7;
	int fd = temp_with("far", 3, off);
	char buf[8] = "";
	size_t got;

	cr_assert_eq(fl_file_pread(fd, buf, 3, off, &got), 0);
	cr_assert_eq(got, 3u);
	cr_assert_str_eq(buf, "far");
	cr_assert_eq(fl_file_pread(fd, buf, 3, 7, &got), 0);
	cr_assert_eq(buf[0], 0);
}

static void nothing(int sig)
{
	(void)sig;
}

/* Signals that interrupt system calls, every 20 ms. */
static void tick(bool on)
{
	struct itimerval t = {.it_interval.tv_usec = on ? 20000 : 0,
			      .it_value.tv_usec = on ? 20000 : 0};
	struct sigaction act = {.sa_handler = nothing};

	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &t, NULL);
}

/* A pipe into which a child writes "x" after 100 ms. */
static int slow_pipe(int flags)
{
	int fd[2];

	cr_assert_eq(pipe2(fd, O_CLOEXEC), 0);
	if (fork() == 0) {
		usleep(100000);
		_exit(write(fd[1], "x", 1) != 1);
	}
	close(fd[1]);
	cr_assert_eq(fcntl(fd[0], F_SETFL, flags), 0);
	return fd[0];
}

Test(file_io, read_goes_on_after_signals_unless_told_not_to)
{
	char c = 0;
	int silent[2];

	cr_assert_eq(pipe(silent), 0);
	tick(true);
	cr_assert_eq(fl_file_read(slow_pipe(0), &c, 1, false), 1);
	cr_assert_eq(c, 'x');
	/* Nobody writes to it: however late we come to read, a signal comes first. */
	cr_assert_eq(fl_file_read(silent[0], &c, 1, true), -EINTR);
	tick(false);
	close(silent[0]);
	close(silent[1]);
}

Test(file_io, read_waits_on_descriptors_that_do_not_block)
{
	char c = 0;
	int fd = slow_pipe(O_NONBLOCK);

	cr_assert_eq(fl_file_read(fd, &c, 1, true), 1);
	cr_assert_eq(c, 'x');
	wait(NULL);
	cr_assert_eq(fl_file_read(fd, &c, 1, true), 0);
	tick(true);
	cr_assert_eq(fl_file_read(slow_pipe(O_NONBLOCK), &c, 1, false), 1);
	cr_assert_eq(fl_file_read(slow_pipe(O_NONBLOCK), &c, 1, true), -EINTR);
	tick(false);
	cr_assert_eq(fl_file_read(-1, &c, 1, false), -EBADF);
}

Test(file_io, pwrite_says_when_the_file_may_not_grow)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	cr_assert_eq(fl_fd_pwrite(fd, "x", 1, 0), -ENOSPC);
	cr_assert_eq(fl_fd_pwrite(-1, "x", 1, 0), -EBADF);
}

static dev_t temp_dev(int *ret_fd)
{
	struct stat st;

	*ret_fd = fl_file_temp();
	cr_assert(*ret_fd >= 0, "%d", *ret_fd);
	cr_assert_eq(fstat(*ret_fd, &st), 0);
	cr_assert_eq(st.st_nlink, 0u);
	cr_assert_eq(st.st_size, 0);
	cr_assert_eq(st.st_mode & 0777u, 0600u);
	cr_assert(fcntl(*ret_fd, F_GETFD) & FD_CLOEXEC);
	cr_assert_eq(fcntl(*ret_fd, F_GETFL) & O_ACCMODE, O_RDWR);
	return st.st_dev;
}

Test(file_io, temporary_files_have_no_name)
{
	struct stat st;
	int fd;

	unsetenv("TMPDIR");
	cr_assert_eq(stat("/var/tmp", &st), 0);
	cr_assert_eq(temp_dev(&fd), st.st_dev);
	setenv("TMPDIR", "/nowhere/at/all", 1);
	cr_assert_eq(temp_dev(&fd), st.st_dev);
	setenv("TMPDIR", "", 1);
	cr_assert_eq(temp_dev(&fd), st.st_dev);
}

Test(file_io, temporary_files_go_to_tmpdir)
{
	struct stat st;
	int fd;

	if (access("/dev/shm", W_OK) != 0 || stat("/dev/shm", &st) != 0)
		cr_skip_test("no second file system to write to");
	setenv("TMPDIR", "/dev/shm", 1);
	cr_assert_eq(temp_dev(&fd), st.st_dev);
}

Test(file_io, reopened_descriptors_stand_alone)
{
	char path[] = "/var/tmp/fl_io_XXXXXX", c = 0;
	int fd = mkstemp(path), again = -1;
	struct fl_file f;

	cr_assert_eq(write(fd, "abc", 3), 3);
	cr_assert_eq(fl_file_open(path, &f, NULL), 0);
	unlink(path);
	cr_assert_eq(fl_file_reopen(&f, &again), 0);
	cr_assert_neq(again, f.fd);
	cr_assert_eq(lseek(again, 2, SEEK_SET), 2);
	cr_assert_eq(lseek(f.fd, 0, SEEK_CUR), 0);
	cr_assert_eq(read(again, &c, 1), 1);
	cr_assert_eq(c, 'c');
	cr_assert(fcntl(again, F_GETFD) & FD_CLOEXEC);
	fl_fd_close(again);
	fl_file_close(&f);
	cr_assert_eq(fl_file_reopen(&f, &again), -ENOENT);
}

Test(file_io, direct_descriptors_read_at_their_alignment)
{
	static char text[3 * 4096 + 100];
	uint32_t mem = 0, off = 0;
	int fd, direct = -1, r;
	struct fl_file f;
	void *buf = NULL;
	size_t got;

	memset(text, 'd', sizeof(text));
	fd = temp_with(text, sizeof(text), 0);
	cr_assert_eq(fl_file_from_fd(fd, &f, NULL), 0);
	r = fl_file_open_direct(&f, &direct, &mem, &off);
	if (r == -FL_EUNSUPPORTED)
		cr_skip_test("the file system of /var/tmp has no O_DIRECT");
	cr_assert_eq(r, 0);
	cr_assert(mem > 0 && (mem & (mem - 1)) == 0 && mem <= 65536, "%u", mem);
	cr_assert(off > 0 && (off & (off - 1)) == 0 && off <= 65536, "%u", off);
	cr_assert(fcntl(direct, F_GETFL) & O_DIRECT);
	cr_assert(fcntl(direct, F_GETFD) & FD_CLOEXEC);
	cr_assert_not(fcntl(fd, F_GETFL) & O_DIRECT);
	cr_assert_eq(posix_memalign(&buf, 65536, 65536), 0);
	cr_assert_eq(pread(direct, buf, off, off), (ssize_t)off);
	cr_assert_eq(*(char *)buf, 'd');
	got = (size_t)pread(direct, buf, 65536, 0);
	cr_assert_eq(got, sizeof(text));
	free(buf);
	fl_fd_close(direct);
}

Test(file_io, no_direct_reads_where_there_are_none)
{
	uint32_t mem = 1, off = 1;
	struct fl_file f;
	int fd = 77, r;

	cr_assert_eq(fl_file_open("/proc/self/status", &f, NULL), 0);
	r = fl_file_open_direct(&f, &fd, &mem, &off);
	cr_assert_eq(r, -FL_EUNSUPPORTED);
	cr_assert(fd == 77 && mem == 1 && off == 1);
	fl_file_close(&f);
}

Test(file_io, close_keeps_errno)
{
	errno = E2BIG;
	fl_fd_close(-1);
	fl_fd_close(9999);
	cr_assert_eq(errno, E2BIG);
}
