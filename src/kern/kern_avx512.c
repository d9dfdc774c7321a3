/* SPDX-License-Identifier: MIT */
#include "kern/kern_sets.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#include "kern/block_sums.h"
#include "kern/byte_ranges.h"
#include "kern/kern_common.h"
#include "kern/packed.h"
#include "kern/quads.h"
#include "kern/translate.h"

#define TARGET __attribute__((target("avx512f,avx512bw,avx2,bmi,bmi2,popcnt")))
#define VEC 64

TARGET static inline uint64_t lane_sum(__m512i v)
{
	return (uint64_t)_mm512_reduce_add_epi64(_mm512_sad_epu8(v, _mm512_setzero_si512()));
}

TARGET static inline __m512i table_of(const unsigned char table[16])
{
	return _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i_u *)table));
}

/* As in kern_avx2.c. */
TARGET static inline __m512i spaces_of(__m512i v)
{
	static const unsigned char table[16] = {' ', 0,    0,    0,    0,    0,    0, 0,
						0,   '\t', '\n', '\v', '\f', '\r', 0, 0};
	__mmask64 m = _mm512_cmpeq_epi8_mask(_mm512_shuffle_epi8(table_of(table), v), v);

	return _mm512_movm_epi8(m);
}

/* Elsewhere what was measured there: XXH3 with AVX2 at 0.9 of the memory's speed on an Intel Xeon. */
static void block_sums(const unsigned char *p, size_t blocks,
		       const unsigned char secret[FL_XXH3_SECRET_BYTES], uint64_t *sums,
		       const struct fl_xxh3_late *late)
{
	if (fl_is_zen() && __builtin_cpu_supports("avx512dq"))
		fl_block_sums_avx512(p, blocks, secret, sums, late);
	else
		fl_block_sums_avx2(p, blocks, secret, sums, late);
}

static void apply_blocks(uint64_t acc[FL_XXH3_LANES], const uint64_t *sums, size_t blocks,
			 const unsigned char key[FL_XXH3_STRIPE_BYTES])
{
	if (fl_is_zen() && __builtin_cpu_supports("avx512dq"))
		fl_apply_blocks_avx512(acc, sums, blocks, key);
	else
		fl_apply_blocks_avx2(acc, sums, blocks, key);
}

TARGET static inline __mmask64 both(__m512i v, unsigned char a, __m512i w, unsigned char b)
{
	return _mm512_mask_cmpeq_epi8_mask(_mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8((char)a)), w,
					   _mm512_set1_epi8((char)b));
}

TARGET static inline uint64_t within(__m512i v, unsigned char low, unsigned char span)
{
	v = _mm512_sub_epi8(v, _mm512_set1_epi8((char)low));
	return (uint64_t)_mm512_cmple_epu8_mask(v, _mm512_set1_epi8((char)span));
}

#define NAME(x) x##_avx512
#define ISA "avx512"
#define BITS(m) (uint64_t) _mm512_movepi8_mask((__m512i)(m))
#define ANY(m) (_mm512_test_epi64_mask((__m512i)(m), (__m512i)(m)) != 0)
#define SPACES(v) spaces_of((__m512i)(v))
#define LANE_SUM(v) lane_sum((__m512i)(v))
#define LEAST(v, w) (NAME(bytes)) _mm512_min_epu8((__m512i)(v), (__m512i)(w))
#define POPCOUNT(x) (uint64_t) _mm_popcnt_u64(x)
#define SHUFFLE(table, v) (NAME(bytes)) _mm512_shuffle_epi8(table_of(table), (__m512i)(v))
#define COMMON_BITS(a, b) (uint64_t) _mm512_test_epi8_mask((__m512i)(a), (__m512i)(b))
/* Masks are registers of their own: as vectors they would be made anew. */
#define PAIRS __mmask64
#define BOTH(v, a, w, b) both((__m512i)(v), a, (__m512i)(w), b)
#define PAIRS_BITS(m) (uint64_t)(m)
#define PAIRS_ANY(m) ((m) != 0)
#define WITHIN(v, low, span) within((__m512i)(v), low, span)
#define STREAMS_ARE_FAST true
#define FIND_PACKED fl_find_packed_avx512
/* The kernels of AVX2 do these. */
#define FIND_RANGES fl_find_ranges_avx2
#define TRANSLATE fl_translate_avx2
#define BLOCK_SUMS block_sums
#define APPLY_BLOCKS apply_blocks
/*
 * On one core of a Zen 5: 1024 bytes ahead 26.5, 2048: 28.7, 4096: 30.6, 6144: 32.4, 8192: 32.1,
 * 16384: 31.3 GB/s; into the second cache only: 29.
 */
#define FIND_AHEAD_BYTES (fl_is_zen() ? (size_t)6144 : (size_t)1024)
#define COUNT_AHEAD_BYTES (fl_is_zen() ? (size_t)6144 : (size_t)0)
#include "kern/kern_template.h"

#endif
