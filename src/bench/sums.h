/* SPDX-License-Identifier: MIT */
#ifndef FL_BENCH_SUMS_H
#define FL_BENCH_SUMS_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/operator.h>

/**
 * DOC: The two cheapest operations there are, as operators: what is left of the time is loading.
 * Their state is a uint64_t, the result.
 */

/* Adds up the first byte of each page of 4 KiB. */
extern const struct fl_operator fl_touch_operator;
/* Adds up all 64-bit words, in host order; a last incomplete one is filled up with zeros. */
extern const struct fl_operator fl_sum_operator;

/** fl_sum_words() - the sum of @n bytes as fl_sum_operator takes them */
uint64_t fl_sum_words(const unsigned char *p, size_t n);

#endif
