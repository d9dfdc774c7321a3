/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <faultline/faultline.h>

#include "cli/stop_signals.h"
#include "engine/exec.h"
#include "plat/file.h"

static bool is_cancelled(const struct fl_pipeline *pl)
{
	return atomic_load(&pl->cancel);
}

/* How a process ends that does this. */
static int wait_status(void (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		signal(SIGINT, SIG_DFL);
		signal(SIGTERM, SIG_DFL);
		fn();
		_exit(7);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return status;
}

Test(stop_signals, the_first_cancels)
{
	static const int signals[] = {SIGINT, SIGTERM};
	struct fl_pipeline *pl = NULL;

	for (size_t i = 0; i < 2; i++) {
		signal(signals[i], SIG_DFL);
		cr_assert_eq(fl_pipeline_new(NULL, &pl, NULL), 0);
		stop_signals_install(pl);
		cr_assert(i > 0 || stop_signals_caught() == 0);
		raise(signals[i]);
		cr_assert_eq(stop_signals_caught(), signals[i]);
		cr_assert(is_cancelled(pl));
		stop_signals_forget();
		fl_pipeline_free(pl);
	}
}

static void twice(void)
{
	struct fl_pipeline *pl = NULL;

	fl_pipeline_new(NULL, &pl, NULL);
	stop_signals_install(pl);
	raise(SIGINT);
	raise(SIGINT);
}

static void term_after_int(void)
{
	stop_signals_install(NULL);
	raise(SIGINT);
	raise(SIGTERM);
	raise(SIGTERM);
}

Test(stop_signals, the_second_has_its_default_action)
{
	int status = wait_status(twice);

	cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
	/* Each signal has a first time of its own. */
	status = wait_status(term_after_int);
	cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

static void finish_after_term(void)
{
	stop_signals_install(NULL);
	raise(SIGTERM);
	stop_signals_finish();
}

static void finish_after_nothing(void)
{
	stop_signals_install(NULL);
	stop_signals_finish();
}

Test(stop_signals, finish_ends_as_the_signal_would_have)
{
	int status = wait_status(finish_after_term);

	cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	status = wait_status(finish_after_nothing);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

static void open_after_int(void)
{
	struct fl_file file;

	stop_signals_install(NULL);
	raise(SIGINT);
	_exit(fl_file_open("/proc/self/fd/0", &file, NULL) == -EINTR ? 7 : 8);
}

/* As standard input a FIFO that nobody else has: only a signal ends open(2) of it. */
static void open_a_silent_fifo(void)
{
	char dir[] = "/tmp/flt-stop-XXXXXX", path[64];
	int fd;

	cr_assert(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/fifo", dir);
	cr_assert_eq(mkfifo(path, 0600), 0);
	fd = open(path, O_RDONLY | O_NONBLOCK);
	unlink(path);
	rmdir(dir);
	cr_assert(fd >= 0 && dup2(fd, 0) == 0);
	close(fd);
}

/* Killed when it hangs: it waits for nothing then that would ever come. */
static int wait_status_soon(void (*fn)(void))
{
	int status = -1;
	pid_t pid = fork(), got = 0;

	if (pid == 0) {
		signal(SIGINT, SIG_DFL);
		fn();
		_exit(9);
	}
	for (int i = 0; i < 3000 && got == 0; i++) {
		usleep(10000);
		got = waitpid(pid, &status, WNOHANG);
	}
	if (got == 0) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	return status;
}

Test(stop_signals, one_that_comes_before_the_wait_for_a_fifo_ends_it)
{
	int status;

	open_a_silent_fifo();
	status = wait_status_soon(open_after_int);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 7, "%d", status);
}

static void kept_alarm(void)
{
	alarm(1);
	stop_signals_install(NULL);
	for (;;)
		pause();
}

/* As of `perl -e 'alarm 9; exec @ARGV' faultline ...`. */
Test(stop_signals, an_alarm_of_who_started_us_kills_as_ever)
{
	int status = wait_status_soon(kept_alarm);

	cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM, "%d", status);
}

static void ignored_int(void)
{
	signal(SIGINT, SIG_IGN);
	stop_signals_install(NULL);
	raise(SIGINT);
	raise(SIGINT);
	if (stop_signals_caught() != 0)
		_exit(1);
}

Test(stop_signals, what_was_ignored_stays_ignored)
{
	int status = wait_status(ignored_int);

	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

/* One pipeline after another; a signal in between must not be lost, nor meet a freed one. */
Test(stop_signals, watch_and_forget)
{
	struct fl_pipeline *a = NULL, *b = NULL;

	cr_assert_eq(fl_pipeline_new(NULL, &a, NULL), 0);
	cr_assert_eq(fl_pipeline_new(NULL, &b, NULL), 0);
	signal(SIGINT, SIG_DFL);
	stop_signals_install(a);
	stop_signals_watch(b);
	cr_assert(!is_cancelled(b));
	stop_signals_forget();
	raise(SIGINT);
	cr_assert(!is_cancelled(a) && !is_cancelled(b));
	stop_signals_watch(b);
	cr_assert(is_cancelled(b) && !is_cancelled(a));
	stop_signals_forget();
	fl_pipeline_free(a);
	fl_pipeline_free(b);
}

Test(stop_signals, usr1_is_taken_once)
{
	stop_signals_install(NULL);
	cr_assert_eq(stop_signals_take_usr1(), 0);
	raise(SIGUSR1);
	raise(SIGUSR1);
	cr_assert_eq(stop_signals_take_usr1(), 1);
	cr_assert_eq(stop_signals_take_usr1(), 0);
	cr_assert_eq(stop_signals_caught(), 0);
}
