/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "plat/watch.h"

static char path[] = "/tmp/fl_watch_XXXXXX";

/* Milliseconds that the wait took. */
static uint64_t wait_ms(struct fl_watch *w, int ms)
{
	uint64_t start = fl_clock_ns();

	fl_watch_wait(w, ms);
	return (fl_clock_ns() - start) / 1000000;
}

Test(watch, a_change_ends_the_wait)
{
	int fd = mkstemp(path);
	struct fl_watch w;

	cr_assert(fd >= 0);
	fl_watch_init(&w, path);
	if (w.fd < 0)
		cr_skip_test("no inotify here");
	/* What others do in the directory may end a wait, too: it is not to last longer. */
	cr_assert(wait_ms(&w, 100) < 10000);
	cr_assert(write(fd, "x", 1) == 1);
	cr_assert(wait_ms(&w, 30000) < 10000);
	fl_watch_file(&w, path);
	cr_assert(ftruncate(fd, 0) == 0);
	cr_assert(wait_ms(&w, 30000) < 10000);
	fl_watch_done(&w);
	fl_watch_done(&w);
	close(fd);
	unlink(path);
}

Test(watch, without_inotify_it_is_a_pause)
{
	struct fl_watch w = {.fd = -1, .file = -1};

	cr_assert(wait_ms(&w, 20) >= 19);
	fl_watch_done(&w);
}
