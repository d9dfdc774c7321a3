/* SPDX-License-Identifier: MIT */
#if defined(__x86_64__)

#include <immintrin.h>

#include "kern/packed_common.h"

#define TARGET __attribute__((target("avx2,bmi,bmi2,popcnt")))
#define NAME(x) x##_avx2
#define VEC 32

typedef __m256i packed_vec_avx2;

struct tables_avx2 {
	__m256i low[FL_PACKED_DEPTH_MAX];
	__m256i high[FL_PACKED_DEPTH_MAX];
};

TARGET static inline __m256i twice(const unsigned char table[16])
{
	return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i_u *)table));
}

#define INLINE TARGET static inline __attribute__((always_inline))

INLINE void load_table(struct tables_avx2 *t, const struct fl_packed *k, const unsigned i)
{
	t->low[i] = twice(k->low[i]);
	t->high[i] = twice(k->high[i]);
}

INLINE __m256i look_up(const struct tables_avx2 *t, const unsigned char *p, const unsigned i)
{
	const __m256i four_bits = _mm256_set1_epi8(15);
	__m256i v = _mm256_loadu_si256((const __m256i_u *)(p + i));
	__m256i high = _mm256_and_si256(_mm256_srli_epi16(v, 4), four_bits);
	__m256i low = _mm256_and_si256(v, four_bits);

	return _mm256_and_si256(_mm256_shuffle_epi8(t->low[i], low),
				_mm256_shuffle_epi8(t->high[i], high));
}

TARGET static inline uint64_t places_avx2(__m256i v)
{
	__m256i none = _mm256_cmpeq_epi8(v, _mm256_setzero_si256());

	return (uint32_t)~_mm256_movemask_epi8(none);
}

#define AND(a, b) _mm256_and_si256(a, b)
#define OR(a, b) _mm256_or_si256(a, b)
#define ANY(v) (!_mm256_testz_si256(v, v))
#define PLACES(v) places_avx2(v)
#define STORE(to, v) _mm256_storeu_si256((__m256i_u *)(to), v)
#define PACKED_AHEAD_BYTES ((size_t)1024)
#include "kern/packed_template.h"

#endif
