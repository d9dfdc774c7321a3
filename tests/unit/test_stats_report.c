/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/stats_report.h"

static struct fl_stats run_of(uint64_t bytes, unsigned threads, enum fl_io io, const char *reason)
{
	struct fl_stats s = {.size = sizeof(s),
			     .bytes = bytes,
			     .ns = bytes * 2,
			     .windows = 3,
			     .minor_faults = 5,
			     .major_faults = 7,
			     .copied_bytes = bytes / 2,
			     .threads = threads,
			     .kernels = "avx2",
			     .io_used = io,
			     .peak_rss_anon_bytes = 1000 - bytes,
			     .peak_rss_file_bytes = bytes};

	snprintf(s.io_reason, sizeof(s.io_reason), "%s", reason);
	return s;
}

Test(stats_report, sums_peaks_and_the_largest_files_choices)
{
	struct fl_stats small = run_of(10, 1, FL_IO_READ, "small"),
			large = run_of(500, 2, FL_IO_MMAP, "large"),
			medium = run_of(90, 3, FL_IO_DIRECT, "medium");
	struct run_stats stats = {0};

	cr_assert(run_stats_rate(&stats) == 0);
	run_stats_add_one(&stats, &small);
	run_stats_add_one(&stats, &large);
	run_stats_add_one(&stats, &medium);
	cr_assert(stats.files == 3 && stats.sum.bytes == 600 && stats.sum.ns == 1200);
	cr_assert(stats.sum.windows == 9 && stats.sum.minor_faults == 15 &&
		  stats.sum.major_faults == 21 && stats.sum.copied_bytes == 300);
	cr_assert(stats.sum.peak_rss_anon_bytes == 990 && stats.sum.peak_rss_file_bytes == 500);
	cr_assert(stats.sum.threads == 2 && stats.sum.io_used == FL_IO_MMAP);
	cr_assert_str_eq(stats.sum.io_reason, "large");
	cr_assert(run_stats_rate(&stats) == 0.5);
}

Test(stats_report, a_first_file_without_bytes_counts_until_a_larger_one)
{
	struct fl_stats none = run_of(0, 1, FL_IO_READ, "empty"),
			one = run_of(1, 2, FL_IO_MMAP, "one");
	struct run_stats stats = {0};

	run_stats_add_one(&stats, &none);
	cr_assert_str_eq(stats.sum.io_reason, "empty");
	run_stats_add_one(&stats, &one);
	cr_assert_str_eq(stats.sum.io_reason, "one");
}

static const char *printed(const struct run_stats *stats, const char *plan)
{
	static char text[2048];
	char path[] = "/tmp/fl-stats-XXXXXX";
	int fd = mkstemp(path), saved = dup(STDERR_FILENO);
	ssize_t n;

	unlink(path);
	dup2(fd, STDERR_FILENO);
	run_stats_print(stats, plan);
	dup2(saved, STDERR_FILENO);
	n = pread(fd, text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	close(fd);
	close(saved);
	return text;
}

Test(stats_report, what_is_printed)
{
	struct fl_stats one = run_of(500, 2, FL_IO_MMAP, "cached");
	struct run_stats stats = {0};
	const char *text = printed(&stats, NULL);

	cr_assert(strstr(text, "files: 0\nbytes: 0\nseconds: 0.000000\nGB/s: 0.000\n"));
	cr_assert(!strstr(text, "loader:") && !strstr(text, "plan:"));
	run_stats_add_one(&stats, &one);
	text = printed(&stats, "the plan");
	cr_assert(strstr(text, "\nloader: mmap (cached)\nkernels: avx2\n"), "%s", text);
	cr_assert(strstr(text, "\nGB/s: 0.500\n") && strstr(text, "\npeak RssAnon: 500\n"));
	cr_assert(strstr(text, "\nplan: the plan\n"));
}
