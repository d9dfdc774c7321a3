/* SPDX-License-Identifier: MIT */
#ifndef TESTS_OPHARNESS_H
#define TESTS_OPHARNESS_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/operator.h>

/**
 * struct opharness - how to cut a buffer for an operator
 * @chunk:      bytes per chunk, >= 1
 * @slice:      bytes per view, >= 1
 * @part_limit: fl_part.limit
 * @base_off:   offset of the buffer's first byte in the imagined file
 * @delimiter:  ends a record
 * @seed:       order in which chunks are mapped, and which scratch maps them
 */
struct opharness {
	size_t chunk;
	size_t slice;
	size_t part_limit;
	uint64_t base_off;
	unsigned char delimiter;
	unsigned seed;
};

/**
 * opharness_run() - run one operator over a buffer without the engine
 *
 * Chunks own the records (or units) that start in them; views are copies of
 * exactly their length; chunks are mapped in a shuffled order with three
 * scratches and folded in order. Aborts when the operator breaks the contract
 * (a next_off that is no cut or no progress).
 *
 * Return: 0, or the first error in file order.
 */
int opharness_run(const struct fl_operator *ops, void *op, const unsigned char *buf, size_t len,
		  const struct opharness *how, struct fl_error *reterr);

#endif
