/* SPDX-License-Identifier: MIT */
#include "kern/byte_ranges.h"

#include <stdbool.h>
#include <stdint.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

static bool fits(const struct fl_byte_ranges *r, const unsigned char *p)
{
	for (unsigned i = 0; i < r->count; i++)
		if (p[r->off[i]] < r->low[i] || p[r->off[i]] > r->high[i])
			return false;
	return true;
}

const unsigned char *fl_find_ranges_generic(const struct fl_byte_ranges *r, const unsigned char *p,
					    size_t n)
{
	for (; n >= r->len; n--, p++)
		if (fits(r, p))
			return p;
	return NULL;
}

#if defined(__x86_64__)
#define TARGET __attribute__((target("avx2,bmi")))
#define STEP 64

/* As kern_template.h: the processor's own prefetching ends with each page. */
#define AHEAD_BYTES 1024

/* Bytes in low .. low + span: what is left of them when low is taken away is at most span. */
TARGET static inline __m256i within(const unsigned char *p, __m256i low, __m256i span)
{
	__m256i v = _mm256_loadu_si256((const __m256i *)(const void *)p);

	v = _mm256_sub_epi8(v, low);
	return _mm256_cmpeq_epi8(_mm256_min_epu8(v, span), v);
}

TARGET static inline uint64_t bits_64(const struct fl_byte_ranges *r, const unsigned char *p,
				      const __m256i *low, const __m256i *span)
{
	__m256i a = _mm256_set1_epi8(-1), b = a;

	for (unsigned i = 0; i < r->count; i++) {
		a = _mm256_and_si256(a, within(p + r->off[i], low[i], span[i]));
		b = _mm256_and_si256(b, within(p + r->off[i] + 32, low[i], span[i]));
	}
	return (uint64_t)(uint32_t)_mm256_movemask_epi8(a) |
	       (uint64_t)(uint32_t)_mm256_movemask_epi8(b) << 32;
}

TARGET const unsigned char *fl_find_ranges_avx2(const struct fl_byte_ranges *r,
						const unsigned char *p, size_t n)
{
	__m256i low[FL_BYTE_RANGES_MAX], span[FL_BYTE_RANGES_MAX];

	for (unsigned i = 0; i < r->count; i++) {
		low[i] = _mm256_set1_epi8((char)r->low[i]);
		span[i] = _mm256_set1_epi8((char)(r->high[i] - r->low[i]));
	}
	for (; n >= STEP - 1 + r->len; n -= STEP, p += STEP) {
		uint64_t bits = bits_64(r, p, low, span);

		_mm_prefetch((const char *)p + AHEAD_BYTES, _MM_HINT_T0);
		if (bits)
			return p + __builtin_ctzll(bits);
	}
	return fl_find_ranges_generic(r, p, n);
}
#endif
