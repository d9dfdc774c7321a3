/* SPDX-License-Identifier: MIT */
#ifndef FL_BENCH_RNG_H
#define FL_BENCH_RNG_H

#include <stdint.h>

/**
 * fl_rng_next() - SplitMix64: one 64-bit state, any seed is a good one
 * Source: Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014.
 */
static inline uint64_t fl_rng_next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

/** fl_rng_below() - 0 .. n - 1, n >= 1; the bias of n / 2^64 does not matter here */
static inline uint64_t fl_rng_below(uint64_t *state, uint64_t n)
{
	return fl_rng_next(state) % n;
}

#endif
