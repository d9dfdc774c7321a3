/* SPDX-License-Identifier: MIT */
#include "cli/stats_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/outbuf.h"

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* What cannot be added up: the largest file's stand for all. */
static void take_choices(struct fl_stats *sum, const struct fl_stats *one)
{
	sum->io_used = one->io_used;
	memcpy(sum->io_reason, one->io_reason, sizeof(sum->io_reason));
	sum->threads = one->threads;
	sum->loader_threads = one->loader_threads;
	sum->kernels = one->kernels;
	sum->window_bytes = one->window_bytes;
	sum->chunk_bytes = one->chunk_bytes;
}

void run_stats_add_one(struct run_stats *stats, const struct fl_stats *one)
{
	struct fl_stats *sum = &stats->sum;

	if (stats->files++ == 0 || one->bytes > stats->most) {
		take_choices(sum, one);
		stats->most = one->bytes;
	}
	sum->bytes += one->bytes;
	sum->ns += one->ns;
	sum->windows += one->windows;
	sum->minor_faults += one->minor_faults;
	sum->major_faults += one->major_faults;
	sum->copied_bytes += one->copied_bytes;
	sum->peak_rss_anon_bytes = larger(sum->peak_rss_anon_bytes, one->peak_rss_anon_bytes);
	sum->peak_rss_file_bytes = larger(sum->peak_rss_file_bytes, one->peak_rss_file_bytes);
}

void run_stats_add(struct run_stats *stats, const struct fl_pipeline *pl)
{
	struct fl_stats one = {.size = sizeof(one)};

	if (fl_pipeline_stats(pl, &one) == 0)
		run_stats_add_one(stats, &one);
}

double run_stats_rate(const struct run_stats *stats)
{
	return stats->sum.ns == 0 ? 0 : (double)stats->sum.bytes / (double)stats->sum.ns;
}

static void print_number(const char *key, uint64_t value)
{
	fprintf(stderr, "%s: %" PRIu64 "\n", key, value);
}

void run_stats_print(const struct run_stats *stats, const char *plan)
{
	const struct fl_stats *sum = &stats->sum;
	const char *loader = fl_io_name(sum->io_used);

	outbuf_flush();
	print_number("files", stats->files);
	print_number("bytes", sum->bytes);
	fprintf(stderr, "seconds: %.6f\n", (double)sum->ns / 1e9);
	fprintf(stderr, "GB/s: %.3f\n", run_stats_rate(stats));
	if (stats->files > 0) {
		fprintf(stderr, "loader: %s (%.*s)\n", loader != NULL ? loader : "?",
			(int)sizeof(sum->io_reason), sum->io_reason);
		fprintf(stderr, "kernels: %s\n", sum->kernels != NULL ? sum->kernels : "?");
	}
	print_number("windows", sum->windows);
	print_number("minor faults", sum->minor_faults);
	print_number("major faults", sum->major_faults);
	print_number("copied bytes", sum->copied_bytes);
	print_number("peak RssAnon", sum->peak_rss_anon_bytes);
	print_number("peak RssFile", sum->peak_rss_file_bytes);
	print_number("threads", sum->threads);
	print_number("loading threads", sum->loader_threads);
	print_number("window size", sum->window_bytes);
	print_number("chunk size", sum->chunk_bytes);
	if (plan != NULL)
		fprintf(stderr, "plan: %s\n", plan);
}
