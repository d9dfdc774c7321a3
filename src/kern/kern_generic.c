/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "kern/block_sums.h"
#include "kern/byte_ranges.h"
#include "kern/kern_common.h"
#include "kern/packed.h"
#include "kern/quads.h"
#include "kern/translate.h"
#include "kern/kern_sets.h"

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#error "lanes are numbered from the low end of words, and XXH3's are read as they stand"
#endif

/* SSE2 and Neon have vectors of this size, and every compiler can do without. */
#define VEC 16

typedef unsigned char vector __attribute__((vector_size(VEC), may_alias));
typedef uint64_t halves __attribute__((vector_size(VEC), may_alias));

#define LOW_BIT_OF_EACH UINT64_C(0x0101010101010101)
#define LOW_HALF_OF_EACH UINT64_C(0x00FF00FF00FF00FF)

/* The low bits of eight bytes, together: bit 8 i moves to 56 + i, by a shift of 56 - 7 i. */
static inline uint64_t gather_8(uint64_t bytes)
{
	return ((bytes & LOW_BIT_OF_EACH) * UINT64_C(0x0102040810204080)) >> 56;
}

static inline uint64_t bits_of(halves m)
{
	return gather_8(m[0]) | gather_8(m[1]) << 8;
}

static inline bool any_of(halves m)
{
	return (m[0] | m[1]) != 0;
}

/* Four sums of two bytes, then the sum of these in the highest 16 bits. */
static inline uint64_t sum_8(uint64_t bytes)
{
	uint64_t pairs = (bytes & LOW_HALF_OF_EACH) + ((bytes >> 8) & LOW_HALF_OF_EACH);

	return (pairs * UINT64_C(0x0001000100010001)) >> 48;
}

static inline uint64_t lane_sum(halves v)
{
	return sum_8(v[0]) + sum_8(v[1]);
}

static inline vector least_of(vector v, vector w)
{
	vector less = (vector)(v < w);

	return (v & less) | (w & ~less);
}

static inline vector spaces_of(vector v)
{
	return (vector)((v == ' ') | (v - '\t' < (vector){0} + 5));
}

static inline vector shuffle(const unsigned char table[16], vector v)
{
	vector r;

	for (size_t i = 0; i < VEC; i++)
		r[i] = v[i] < 128 ? table[v[i] & 15] : 0;
	return r;
}

#define NAME(x) x##_generic
#define ISA "generic"
#define TARGET
#define BITS(m) bits_of((halves)(m))
#define ANY(m) any_of((halves)(m))
#define SPACES(v) spaces_of(v)
#define LANE_SUM(v) lane_sum((halves)(v))
#define LEAST(v, w) least_of(v, w)
#define POPCOUNT(x) (uint64_t) __builtin_popcountll(x)
#define SHUFFLE(table, v) shuffle(table, v)
#define COMMON_BITS(a, b) BITS(((a) & (b)) != 0)
#define WITHIN(v, low, span) BITS((NAME(bytes))((v) - (low)) <= (span))
#define STREAMS_ARE_FAST false
#define FIND_RANGES fl_find_ranges_generic
#define FIND_PACKED fl_find_packed_generic
#define TRANSLATE fl_translate_generic
#define BLOCK_SUMS fl_block_sums_generic
#define APPLY_BLOCKS fl_apply_blocks_generic
#define FIND_AHEAD_BYTES ((size_t)1024)
#define COUNT_AHEAD_BYTES ((size_t)0)
#include "kern/kern_template.h"
