/* SPDX-License-Identifier: MIT */
#ifndef FL_BASE_SIZE_H
#define FL_BASE_SIZE_H

#include <stddef.h>
#include <stdint.h>

#define FL_KIB(n) ((size_t)(n) << 10)
#define FL_MIB(n) ((size_t)(n) << 20)

static inline uint64_t fl_min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t fl_max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static inline size_t fl_min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

static inline size_t fl_max_size(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* @unit: any value >= 1 */
static inline uint64_t fl_round_down(uint64_t n, uint64_t unit)
{
	return n - n % unit;
}

/* Saturates to the largest multiple of unit instead of wrapping. */
static inline uint64_t fl_round_up(uint64_t n, uint64_t unit)
{
	uint64_t rest = n % unit;

	if (rest == 0)
		return n;
	if (n > UINT64_MAX - (unit - rest))
		return fl_round_down(UINT64_MAX, unit);
	return n + (unit - rest);
}

/* UINT64_MAX ("no end") instead of wrapping */
static inline uint64_t fl_add_sat(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

#endif
