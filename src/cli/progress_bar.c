/* SPDX-License-Identifier: MIT */
#include "cli/progress_bar.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/crew.h"
#include "cli/job_board.h"
#include "cli/message.h"
#include "cli/stop_signals.h"

/* Ten times a second is as fast as people read. */
#define INTERVAL_NS UINT64_C(100000000)

static int enabled;
static int drawn;

static void format_bytes(char *buf, size_t size, uint64_t bytes)
{
	static const char units[][4] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1024;
		unit++;
	}
	snprintf(buf, size, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
}

static void format_eta(char *buf, size_t size, const struct fl_progress *p)
{
	double left, seconds;
	uint64_t whole;

	if (p->bytes == 0) {
		snprintf(buf, size, "--:--");
		return;
	}
	left = p->total > p->bytes ? (double)(p->total - p->bytes) : 0;
	seconds = left / (double)p->bytes * (double)p->ns / 1e9;
	whole = seconds < 359999 ? (uint64_t)seconds : 359999;
	if (whole >= 3600)
		snprintf(buf, size, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, whole / 3600,
			 whole / 60 % 60, whole % 60);
	else
		snprintf(buf, size, "%" PRIu64 ":%02" PRIu64, whole / 60, whole % 60);
}

static void format_line(char *buf, size_t size, const struct fl_progress *p)
{
	double rate = p->ns == 0 ? 0 : (double)p->bytes / (double)p->ns;
	char done[32], total[32], eta[32];

	format_bytes(done, sizeof(done), p->bytes);
	if (p->total == FL_SIZE_UNKNOWN) {
		snprintf(buf, size, "%s, %.2f GB/s", done, rate);
		return;
	}
	format_bytes(total, sizeof(total), p->total);
	format_eta(eta, sizeof(eta), p);
	snprintf(buf, size, "%s of %s, %.1f %%, %.2f GB/s, %s left", done, total,
		 p->total == 0 ? 100.0 : 100.0 * (double)p->bytes / (double)p->total, rate, eta);
}

static void on_progress(void *arg, const struct fl_progress *p)
{
	static uint64_t drawn_ns;
	char line[160];
	int asked = stop_signals_take_usr1();

	(void)arg;
	job_board_progress(p);
	/* Called once a chunk: for the board. Times of the next file begin at 0 again. */
	if (!asked && (!enabled || (p->ns >= drawn_ns && p->ns - drawn_ns < INTERVAL_NS)))
		return;
	drawn_ns = p->ns;
	format_line(line, sizeof(line), p);
	if (asked)
		message_error("%s: %s", p->name, line);
	if (enabled) {
		/* CSI K clears to the end of the line, ECMA-48 8.3.41. */
		fprintf(stderr, "\r%s\033[K", line);
		fflush(stderr);
		drawn = 1;
	}
}

void progress_bar_init(enum progress_when when, struct fl_options *opt)
{
	enabled = when == PROGRESS_ALWAYS ||
		  (when == PROGRESS_AUTO && crew_is_terminal(STDERR_FILENO));
	opt->progress = on_progress;
	opt->progress_interval_ns = 0;
}

void progress_bar_erase(void)
{
	if (!drawn)
		return;
	drawn = 0;
	fputs("\r\033[K", stderr);
	fflush(stderr);
}
