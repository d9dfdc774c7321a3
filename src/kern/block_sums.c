/* SPDX-License-Identifier: MIT */
#include "kern/block_sums.h"

#include <string.h>

#include "kern/xxh3.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define STRIPES (FL_XXH3_BLOCK_BYTES / FL_XXH3_STRIPE_BYTES)

void fl_block_sums_generic(const unsigned char *p, size_t blocks,
			   const unsigned char secret[FL_XXH3_SECRET_BYTES], uint64_t *sums)
{
	size_t b, s;

	for (b = 0; b < blocks; b++, sums += FL_XXH3_LANES) {
		uint64_t acc[FL_XXH3_LANES] = {0};

		for (s = 0; s < STRIPES; s++, p += FL_XXH3_STRIPE_BYTES)
			fl_xxh3_accumulate_stripe(acc, p, secret + 8 * s);
		memcpy(sums, acc, sizeof(acc));
	}
}

#if defined(__x86_64__)

/* A prefetch beyond the end of a mapping is ignored by the processor. */
#define PREFETCH_BYTES 1024

/* One half stripe: four lanes. vpmuludq multiplies the low halves of 64-bit lanes. */
__attribute__((target("avx2"))) static inline __m256i
half_stripe(__m256i acc, const unsigned char *p, const unsigned char *secret)
{
	__m256i v = _mm256_loadu_si256((const void *)p);
	__m256i k = _mm256_xor_si256(v, _mm256_loadu_si256((const void *)secret));
	__m256i product = _mm256_mul_epu32(k, _mm256_srli_epi64(k, 32));

	return _mm256_add_epi64(acc, _mm256_add_epi64(product, _mm256_shuffle_epi32(v, 0x4E)));
}

__attribute__((target("avx2"))) void
fl_block_sums_avx2(const unsigned char *p, size_t blocks,
		   const unsigned char secret[FL_XXH3_SECRET_BYTES], uint64_t *sums)
{
	size_t b, s;

	for (b = 0; b < blocks; b++, sums += FL_XXH3_LANES) {
		__m256i low = _mm256_setzero_si256(), high = low;

		for (s = 0; s < STRIPES; s++, p += FL_XXH3_STRIPE_BYTES) {
			_mm_prefetch((const char *)p + PREFETCH_BYTES, _MM_HINT_T0);
			low = half_stripe(low, p, secret + 8 * s);
			high = half_stripe(high, p + 32, secret + 8 * s + 32);
		}
		_mm256_storeu_si256((void *)sums, low);
		_mm256_storeu_si256((void *)(sums + 4), high);
	}
}

#endif
