/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_STATS_REPORT_H
#define FAULTLINE_CLI_STATS_REPORT_H

#include <stdint.h>

#include <faultline/pipeline.h>

/**
 * struct run_stats - the runs over all files together
 * @sum:   bytes, time, faults ... added up, peaks as maxima; loader, sizes and
 *         threads are those of the file with most bytes
 * @files: runs
 * @most:  bytes of that file
 */
struct run_stats {
	struct fl_stats sum;
	uint64_t files;
	uint64_t most;
};

/** run_stats_add_one() - one run */
void run_stats_add_one(struct run_stats *stats, const struct fl_stats *one);

/** run_stats_add() - the last run of @pl */
void run_stats_add(struct run_stats *stats, const struct fl_pipeline *pl);

/** run_stats_rate() - 10^9 bytes a second; 0 before any run */
double run_stats_rate(const struct run_stats *stats);

/** run_stats_print() - "key: value" lines on stderr; @plan: of a scan, or NULL */
void run_stats_print(const struct run_stats *stats, const char *plan);

#endif
