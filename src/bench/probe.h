/* SPDX-License-Identifier: MIT */
#ifndef FL_BENCH_PROBE_H
#define FL_BENCH_PROBE_H

#include <stdatomic.h>
#include <stdint.h>

#include <faultline/bench.h>
#include <faultline/operator.h>

#include "bench/histogram.h"

/**
 * struct fl_probe - an operator around another one, which notes when things happen
 * @ops:     for fl_pipeline_add(), with the probe as its state
 * @inner, @inner_op: the operator that does the work
 * @bytes:   that a run folds; steps are 64ths of it
 * @begin_ns: start of the run
 * @latency: from the end of one map to the end of the next on the same thread: loading and work
 * @step_ns: see struct fl_bench_sample
 * @rss_anon_bytes, @rss_file_bytes: largest seen at the ends of steps
 * @page_table_bytes: largest seen at the ends of quarters
 *
 * Cost: 50 ns for each 256 KiB, 2 us a step, 30 us a quarter.
 */
struct fl_probe {
	struct fl_operator ops;
	const struct fl_operator *inner;
	void *inner_op;
	uint64_t bytes;
	uint64_t begin_ns;
	atomic_flag merging;
	struct fl_histogram latency;
	unsigned steps;
	uint64_t step_ns[FL_BENCH_STEPS];
	uint64_t rss_anon_bytes;
	uint64_t rss_file_bytes;
	uint64_t page_table_bytes;
};

/** fl_probe_init() - @bytes >= 1 */
void fl_probe_init(struct fl_probe *p, const struct fl_operator *inner, void *inner_op,
		   uint64_t bytes);

#endif
