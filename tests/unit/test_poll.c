/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "plat/poll.h"

#define MS UINT64_C(1000000)

Test(poll, readable_is_data_or_the_end)
{
	int fd[2];

	cr_assert_eq(pipe(fd), 0);
	cr_assert_eq(fl_poll_readable(fd[0], 0), 0);
	cr_assert_eq(write(fd[1], "x", 1), 1);
	cr_assert_eq(fl_poll_readable(fd[0], 0), 1);
	cr_assert_eq(fl_poll_readable(fd[0], 1000), 1);
	/* What was written before the end is still to be read. */
	close(fd[1]);
	cr_assert_eq(fl_poll_readable(fd[0], 0), 1);
	cr_assert_eq(read(fd[0], &(char){0}, 1), 1);
	cr_assert_eq(fl_poll_readable(fd[0], 0), 1);
	close(fd[0]);
}

Test(poll, waits_as_long_as_it_is_told)
{
	uint64_t start;
	int fd[2];

	cr_assert_eq(pipe(fd), 0);
	start = fl_clock_ns();
	cr_assert_eq(fl_poll_readable(fd[0], 30), 0);
	cr_assert(fl_clock_ns() - start >= 30 * MS);
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* So that the caller can look whether the run was cancelled. */
Test(poll, a_signal_ends_the_wait_and_is_no_error)
{
	struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	/* Again and again: the first may come before poll(2). */
	struct itimerval often = {.it_interval = {.tv_usec = 20000},
				  .it_value = {.tv_usec = 20000}};
	struct itimerval off = {.it_value = {.tv_sec = 0}};
	uint64_t start = fl_clock_ns();
	int fd[2];

	cr_assert_eq(pipe(fd), 0);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	cr_assert_eq(fl_poll_readable(fd[0], 20000), 0);
	setitimer(ITIMER_REAL, &off, NULL);
	cr_assert(fl_clock_ns() - start < 10000 * MS);
}

Test(poll, pipes_grow_and_nothing_else_is_harmed)
{
	int fd[2], null = open("/dev/null", O_RDONLY);

	cr_assert_eq(pipe(fd), 0);
	fl_pipe_enlarge(fd[0]);
	cr_assert(fcntl(fd[0], F_GETPIPE_SZ) >= 65536);
	if (geteuid() == 0)
		cr_assert(fcntl(fd[0], F_GETPIPE_SZ) >= 1 << 20);
	fl_pipe_enlarge(null);
	fl_pipe_enlarge(-1);
	/* No descriptor is an error that the read after it will tell. */
	cr_assert(fl_poll_readable(null, 0) == 1);
	close(null);
}
