/* SPDX-License-Identifier: MIT */
#include "kern/translate.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define BLOCK FL_TRANSLATE_BLOCK_BYTES

void fl_translation_init(struct fl_translation *t, const unsigned char table[256])
{
	*t = (struct fl_translation){0};
	memcpy(t->table, table, sizeof(t->table));
	for (unsigned row = 0; row < 16; row++) {
		unsigned changes = 0;

		for (unsigned i = 0; i < 16; i++) {
			unsigned c = 16 * row + i;

			t->row_xor[t->row_count][i] = (unsigned char)(table[c] ^ c);
			changes |= table[c] ^ c;
		}
		t->row_high[t->row_count] = (unsigned char)(row << 4);
		t->row_count += changes != 0;
	}
}

static void mark(uint64_t *changed, size_t block)
{
	changed[block / 64] |= UINT64_C(1) << block % 64;
}

/* Blocks from number @first on, the last of which may be short. */
static uint64_t rest(const struct fl_translation *t, const unsigned char *src, size_t n,
		     unsigned char *dst, uint64_t *changed, size_t first)
{
	uint64_t count = 0, before;

	for (size_t i = 0; i < n; first++) {
		size_t end = n - i < BLOCK ? n : i + BLOCK;

		before = count;
		for (; i < end; i++) {
			unsigned char c = src[i];

			dst[i] = t->table[c];
			count += dst[i] != c;
		}
		if (count != before)
			mark(changed, first);
	}
	return count;
}

static void clear(uint64_t *changed, size_t n)
{
	size_t blocks = (n + BLOCK - 1) / BLOCK;

	memset(changed, 0, (blocks + 63) / 64 * sizeof(*changed));
}

uint64_t fl_translate_generic(const struct fl_translation *t, const unsigned char *src, size_t n,
			      unsigned char *dst, uint64_t *changed)
{
	clear(changed, n);
	return rest(t, src, n, dst, changed, 0);
}

#if defined(__x86_64__)
#define TARGET __attribute__((target("avx2,popcnt")))

/*
 * What is to be xor'ed to 32 bytes. Within a row vpshufb looks the low half up; for bytes of other
 * rows the saturating addition sets the highest bit, and vpshufb gives 0.
 */
TARGET static inline __m256i changes_of(const struct fl_translation *t, __m256i v)
{
	__m256i sum = _mm256_setzero_si256();

	for (unsigned r = 0; r < t->row_count; r++) {
		__m256i row = _mm256_broadcastsi128_si256(
			_mm_loadu_si128((const __m128i *)(const void *)t->row_xor[r]));
		__m256i at = _mm256_xor_si256(v, _mm256_set1_epi8((char)t->row_high[r]));

		at = _mm256_adds_epu8(at, _mm256_set1_epi8(0x70));
		sum = _mm256_or_si256(sum, _mm256_shuffle_epi8(row, at));
	}
	return sum;
}

TARGET static inline uint64_t unchanged(__m256i changes)
{
	__m256i none = _mm256_cmpeq_epi8(changes, _mm256_setzero_si256());

	return (uint64_t)_mm_popcnt_u32((unsigned)_mm256_movemask_epi8(none));
}

TARGET uint64_t fl_translate_avx2(const struct fl_translation *t, const unsigned char *src,
				  size_t n, unsigned char *dst, uint64_t *changed)
{
	uint64_t count = 0;
	size_t block = 0;

	clear(changed, n);
	for (; n >= BLOCK; n -= BLOCK, src += BLOCK, dst += BLOCK, block++) {
		__m256i a = _mm256_loadu_si256((const __m256i *)(const void *)src);
		__m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(src + 32));
		__m256i x = changes_of(t, a), y = changes_of(t, b);
		uint64_t some;

		_mm256_storeu_si256((__m256i *)(void *)dst, _mm256_xor_si256(a, x));
		_mm256_storeu_si256((__m256i *)(void *)(dst + 32), _mm256_xor_si256(b, y));
		some = BLOCK - unchanged(x) - unchanged(y);
		changed[block / 64] |= (uint64_t)(some > 0) << block % 64;
		count += some;
	}
	return count + rest(t, src, n, dst, changed, block);
}
#endif
