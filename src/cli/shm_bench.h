/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_SHM_BENCH_H
#define FAULTLINE_CLI_SHM_BENCH_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/exchange.h>

#define SIZES 6u
#define WAYS (FL_EXCHANGE_MQUEUE + 1)

/**
 * struct shm_bench_cell - one way with messages of one size; @code < 0: it could not be measured
 */
struct shm_bench_cell {
	int code;
	struct fl_exchange_result result;
};

/**
 * struct shm_bench_table - @count message sizes, each with all ways
 */
struct shm_bench_table {
	uint64_t sizes[SIZES];
	size_t count;
	uint64_t budget_ns;
	struct shm_bench_cell cells[SIZES][WAYS];
};

/** shm_bench_rate() - GB/s of messages of @size bytes */
double shm_bench_rate(const struct shm_bench_cell *c, uint64_t size);

/** shm_bench_latency() - microseconds one way, median */
double shm_bench_latency(const struct shm_bench_cell *c);

/** shm_bench_size() - "64 B", "4 KiB" */
void shm_bench_size(char *buf, size_t size, uint64_t bytes);

/** shm_bench_report() - a page in the style of bench's. Return: 0, or EXIT_TROUBLE with a message. */
int shm_bench_report(const struct shm_bench_table *b, const char *name);

#endif
