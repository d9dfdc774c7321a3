/* SPDX-License-Identifier: MIT */
#ifndef FL_BENCH_BENCH_IMPL_H
#define FL_BENCH_BENCH_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include <faultline/bench.h>

#include "bench/histogram.h"
#include "plat/cgroup.h"
#include "window/source_impl.h"

/* Reads of FL_BENCH_RANDOM: enough that 8 of them lie beyond the 99.9th percentile. */
#define FL_RANDOM_READS 8192u
#define FL_RANDOM_BYTES 4096u

/* FL_BENCH_UPDATE works on no more than this: it writes to the device. */
#define FL_UPDATE_BYTES (UINT64_C(256) << 20)
#define FL_UPDATE_STRIDE (UINT64_C(64) << 10)

/**
 * struct fl_target - a file and the state of its pages
 * @prepared: @cache says which state it was brought into
 */
struct fl_target {
	struct fl_source *src;
	uint64_t bytes;
	bool prepared;
	enum fl_bench_cache cache;
};

/**
 * struct fl_bench
 * @file: what is read
 * @work: a copy of it, to be changed; made when first needed
 * @sum:  of @file, by fl_sum_operator; valid with @summed
 * @untuned: FL_BENCH_UNTUNED
 * @cgroup: directory, empty until one is made
 * @updates: so far: each one stores another value
 */
struct fl_bench {
	struct fl_target file;
	struct fl_target work;
	int sample_fd;
	int work_fd;
	char *dir;
	char *literal;
	uint64_t limit_bytes;
	uint64_t seed;
	uint64_t sum;
	bool summed;
	bool untuned;
	unsigned updates;
	char cgroup[FL_CGROUP_DIR_BYTES];
};

/**
 * fl_sample_write() - lines as servers log them, @bytes of them
 * Return: 0; -ENOSPC ...
 */
int fl_sample_write(int fd, uint64_t bytes, uint64_t seed);

/**
 * fl_target_prepare() - see fl_bench_prepare()
 */
int fl_target_prepare(struct fl_target *t, enum fl_bench_cache cache, struct fl_error *reterr);

/** fl_bench_measure() - one sample of one cell, in this process */
int fl_bench_measure(const struct fl_bench *bench, const struct fl_bench_cell *cell,
		     struct fl_bench_sample *ret, struct fl_error *reterr);

/**
 * struct fl_random - FL_RANDOM_READS reads of 4 KiB
 * @checksum: of what was read, whatever the order
 */
struct fl_random {
	const struct fl_target *target;
	enum fl_bench_method method;
	unsigned threads;
	uint64_t seed;
	uint64_t checksum;
	struct fl_histogram latency;
};

/** fl_random_run() - Return: 0; -FL_EUNSUPPORTED; -errno. */
int fl_random_run(struct fl_random *job, struct fl_error *reterr);

/** fl_bench_sum() - fl_sum_operator over the first @bytes of an open file. Return: 0 or an error. */
int fl_bench_sum(int fd, uint64_t bytes, uint64_t *ret);

#endif
