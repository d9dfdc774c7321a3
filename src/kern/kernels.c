/* SPDX-License-Identifier: MIT */
#include "kern/kernels.h"

#include <stdatomic.h>
#include <string.h>

#include "base/attr.h"
#include "base/cpu.h"
#include "kern/block_sums.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#error "the XXH3 block sums read little-endian lanes"
#endif

static bool is_letter(unsigned char c)
{
	return c >= 'a' && c <= 'z';
}

/* The bit in which the cases of a letter differ; 0 where case does not matter. */
static unsigned char fold_bit(const struct fl_literal *lit, unsigned char c)
{
	return lit->icase && is_letter(c) ? 0x20 : 0;
}

static bool matches_at(const struct fl_literal *lit, const unsigned char *p)
{
	size_t i;

	if (!lit->icase)
		return memcmp(p, lit->bytes, lit->len) == 0;
	for (i = 0; i < lit->len; i++)
		if ((p[i] | fold_bit(lit, lit->bytes[i])) != lit->bytes[i])
			return false;
	return true;
}

/* 1 = white space, 2 = printable, 0 = neither: as isspace(3) and isprint(3) in the C locale. */
static unsigned char_class(unsigned char c)
{
	if (c == ' ' || (c >= 9 && c <= 13))
		return 1;
	return c > 32 && c < 127 ? 2 : 0;
}

static uint64_t count_words_ascii(const unsigned char *p, size_t n, bool *in_word)
{
	uint64_t words = 0;
	bool in = *in_word;
	size_t i;

	for (i = 0; i < n; i++) {
		unsigned cls = char_class(p[i]);

		words += cls == 2 && !in;
		in = cls == 0 ? in : cls == 2;
	}
	*in_word = in;
	return words;
}

typedef signed char masks_16 __attribute__((vector_size(16)));

static bool any_of_16(masks_16 m)
{
	uint64_t half[2];

	memcpy(half, &m, sizeof(half));
	return (half[0] | half[1]) != 0;
}

#define SUFFIX(name) name##_generic
#define TARGET
#define VEC 16
#define ANY(m) any_of_16((m))
#define BLOCK_SUMS fl_block_sums_generic
#define KERNELS_NAME "generic"
#include "kern/kern_template.h"

#if defined(__x86_64__)
#define SUFFIX(name) name##_avx2
#define TARGET __attribute__((target("avx2,bmi2")))
#define VEC 32
#define ANY(m) _mm256_movemask_epi8((__m256i)(m))
#define BLOCK_SUMS fl_block_sums_avx2
#define KERNELS_NAME "avx2"
#include "kern/kern_template.h"

static bool have_avx2(void)
{
	return fl_cpu_has(FL_CPU_AVX2 | FL_CPU_BMI2);
}
#endif

static bool always(void)
{
	return true;
}

static const struct fl_kernels_variant variants[] = {
#if defined(__x86_64__)
	{&kernels_avx2, have_avx2},
#endif
	{&kernels_generic, always},
};

const struct fl_kernels_variant *fl_kernels_variants(size_t *ret_count)
{
	*ret_count = sizeof(variants) / sizeof(*variants);
	return variants;
}

const struct fl_kernels *fl_kernels_get(void)
{
	static _Atomic(const struct fl_kernels *) chosen;
	const struct fl_kernels *k = atomic_load_explicit(&chosen, memory_order_relaxed);
	size_t i;

	for (i = 0; !k; i++)
		if (variants[i].supported())
			k = variants[i].kernels;
	atomic_store_explicit(&chosen, k, memory_order_relaxed);
	return k;
}
