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

#define TARGET __attribute__((target("avx2,bmi,bmi2,popcnt")))
#define VEC 32

/* vpsadbw against zero adds eight bytes each. */
TARGET static inline uint64_t lane_sum(__m256i v)
{
	__m256i sums = _mm256_sad_epu8(v, _mm256_setzero_si256());
	__m128i half =
		_mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));

	return (uint64_t)_mm_cvtsi128_si64(half) + (uint64_t)_mm_extract_epi64(half, 1);
}

/*
 * vpshufb looks the low four bits of each byte up (0 for bytes above 127): the table holds the one
 * white space with these bits, or a byte that has others.
 */
TARGET static inline __m256i spaces_of(__m256i v)
{
	const __m256i table = _mm256_broadcastsi128_si256(
		_mm_setr_epi8(' ', 0, 0, 0, 0, 0, 0, 0, 0, '\t', '\n', '\v', '\f', '\r', 0, 0));

	return _mm256_cmpeq_epi8(_mm256_shuffle_epi8(table, v), v);
}

TARGET static inline __m256i shuffle(const unsigned char table[16], __m256i v)
{
	__m256i t = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i_u *)table));

	return _mm256_shuffle_epi8(t, v);
}

TARGET static inline uint64_t within(__m256i v, unsigned char low, unsigned char span)
{
	v = _mm256_sub_epi8(v, _mm256_set1_epi8((char)low));
	v = _mm256_cmpeq_epi8(_mm256_min_epu8(v, _mm256_set1_epi8((char)span)), v);
	return (uint32_t)_mm256_movemask_epi8(v);
}

#define NAME(x) x##_avx2
#define ISA "avx2"
#define BITS(m) (uint64_t)(uint32_t) _mm256_movemask_epi8((__m256i)(m))
#define ANY(m) !_mm256_testz_si256((__m256i)(m), (__m256i)(m))
#define SPACES(v) spaces_of((__m256i)(v))
#define LANE_SUM(v) lane_sum((__m256i)(v))
#define LEAST(v, w) (NAME(bytes)) _mm256_min_epu8((__m256i)(v), (__m256i)(w))
#define POPCOUNT(x) (uint64_t) _mm_popcnt_u64(x)
#define SHUFFLE(table, v) (NAME(bytes)) shuffle(table, (__m256i)(v))
#define COMMON_BITS(a, b) BITS(((a) & (b)) != 0)
#define WITHIN(v, low, span) within((__m256i)(v), low, span)
#define STREAMS_ARE_FAST true
#define FIND_RANGES fl_find_ranges_avx2
#define FIND_PACKED fl_find_packed_avx2
#define TRANSLATE fl_translate_avx2
#define BLOCK_SUMS fl_block_sums_avx2
#define APPLY_BLOCKS fl_apply_blocks_avx2
#define FIND_AHEAD_BYTES ((size_t)1024)
#define COUNT_AHEAD_BYTES ((size_t)0)
#include "kern/kern_template.h"

#endif
