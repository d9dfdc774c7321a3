/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <faultline/faultline.h>

#include "cli/message.h"
#include "cli/progress_bar.h"
#include "cli/stop_signals.h"

#define SECOND UINT64_C(1000000000)

static int err_fd;
static off_t seen;
static struct fl_options opt;

/* stderr is a file from now on. */
static void init(enum progress_when when)
{
	char path[] = "/tmp/fl-bar-XXXXXX";

	err_fd = mkstemp(path);
	seen = 0;
	unlink(path);
	cr_assert_eq(dup2(err_fd, STDERR_FILENO), STDERR_FILENO);
	fl_options_init(&opt);
	progress_bar_init(when, &opt);
	cr_assert(opt.progress && opt.progress_interval_ns == 0, "it is told of every chunk");
}

/* What has been printed since the last look. */
static const char *news(void)
{
	static char text[1024];
	ssize_t n = pread(err_fd, text, sizeof(text) - 1, seen);

	text[n > 0 ? n : 0] = '\0';
	seen += n > 0 ? n : 0;
	return text;
}

static const char *tell(uint64_t bytes, uint64_t total, uint64_t ns)
{
	struct fl_progress p = {
		.size = sizeof(p), .name = "file", .bytes = bytes, .total = total, .ns = ns};

	opt.progress(opt.progress_arg, &p);
	return news();
}

/* As the first of a file: where the clock goes back, the bar is drawn at once. */
static const char *bar(uint64_t bytes, uint64_t total, uint64_t ns)
{
	tell(0, 1, UINT64_MAX);
	return tell(bytes, total, ns);
}

Test(progress_bar, is_not_drawn_for_every_chunk)
{
	init(PROGRESS_ALWAYS);
	cr_assert(strlen(tell(1, 100, SECOND)) > 0);
	cr_assert_str_eq(tell(2, 100, SECOND + 1), "");
	cr_assert(strlen(tell(3, 100, 2 * SECOND)) > 0);
	cr_assert(strlen(tell(1, 50, SECOND / 1000)) > 0, "another file");
}

Test(progress_bar, what_a_line_says)
{
	init(PROGRESS_ALWAYS);
	cr_assert_str_eq(bar(0, 1000, 0), "\r0 B of 1000 B, 0.0 %, 0.00 GB/s, --:-- left\033[K");
	cr_assert_str_eq(bar(512, 1024, SECOND),
			 "\r512 B of 1.0 KiB, 50.0 %, 0.00 GB/s, 0:01 left\033[K");
	cr_assert_str_eq(bar(UINT64_C(2) << 30, UINT64_C(8) << 30, SECOND),
			 "\r2.0 GiB of 8.0 GiB, 25.0 %, 2.15 GB/s, 0:03 left\033[K");
	cr_assert_str_eq(bar(1, 7200, 2 * SECOND),
			 "\r1 B of 7.0 KiB, 0.0 %, 0.00 GB/s, 3:59:58 left\033[K");
	/* More than 99:59:59 is as good as never. */
	cr_assert_str_eq(bar(1, UINT64_C(1) << 60, SECOND),
			 "\r1 B of 1.0 EiB, 0.0 %, 0.00 GB/s, 99:59:59 left\033[K");
}

Test(progress_bar, ends_and_what_has_none)
{
	init(PROGRESS_ALWAYS);
	cr_assert_str_eq(bar(3, 3, SECOND), "\r3 B of 3 B, 100.0 %, 0.00 GB/s, 0:00 left\033[K");
	cr_assert_str_eq(bar(0, 0, 1), "\r0 B of 0 B, 100.0 %, 0.00 GB/s, --:-- left\033[K");
	/* A file that has grown */
	cr_assert(strstr(bar(5, 3, SECOND), "0:00 left"));
	cr_assert_str_eq(bar(3 << 20, FL_SIZE_UNKNOWN, SECOND / 1000),
			 "\r3.0 MiB, 3.15 GB/s\033[K");
}

Test(progress_bar, is_erased_once_and_before_messages)
{
	init(PROGRESS_ALWAYS);
	progress_bar_erase();
	cr_assert_str_eq(news(), "");
	bar(1, 2, 1);
	progress_bar_erase();
	cr_assert_str_eq(news(), "\r\033[K");
	progress_bar_erase();
	cr_assert_str_eq(news(), "");
	bar(1, 2, 1);
	message_error("text");
	cr_assert_str_eq(news(), "\r\033[Kfaultline: text\n");
}

Test(progress_bar, no_terminal_no_bar_but_sigusr1_is_answered)
{
	static const enum progress_when never[] = {PROGRESS_AUTO, PROGRESS_NEVER};

	for (size_t i = 0; i < 2; i++) {
		init(never[i]);
		stop_signals_install(NULL);
		cr_assert_str_eq(tell(1, 2, SECOND), "");
		raise(SIGUSR1);
		raise(SIGUSR1);
		cr_assert(strstr(tell(1, 2, SECOND),
				 "faultline: file: 1 B of 2 B, 50.0 %, 0.00 GB/s, 0:01 left\n"));
		cr_assert_str_eq(tell(1, 2, SECOND), "");
		progress_bar_erase();
		cr_assert_str_eq(news(), "");
	}
}
