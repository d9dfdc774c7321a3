/* SPDX-License-Identifier: MIT */
#include "cli/order_sum.h"

#include <string.h>

#include <faultline/hash.h>

/* Knuth's factor for hashing (TAOCP 3, 6.4), 2^64 by the golden ratio: it is odd, so that no
 * difference is lost behind it. */
#define FACTOR UINT64_C(0x9E3779B97F4A7C15)

uint64_t order_sum_add(uint64_t sum, const void *data, size_t len)
{
	unsigned char digest[FL_HASH_DIGEST_MAX];
	uint64_t one;

	fl_hash_memory(FL_HASH_XXH3, data, len, digest);
	memcpy(&one, digest, sizeof(one));
	return sum * FACTOR + one;
}
