/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "kern/kernels.h"
#include "kern/translate.h"

#include "../support/guardbuf.h"
#include "../support/nasty.h"
#include "../support/scale.h"

static void random_table(unsigned *seed, unsigned char table[256])
{
	size_t n = nasty_rnd(seed, 4) == 0 ? 256 : nasty_rnd(seed, 6);

	for (unsigned c = 0; c < 256; c++)
		table[c] = (unsigned char)c;
	for (; n > 0; n--)
		table[nasty_rnd(seed, 256)] = (unsigned char)nasty_rnd(seed, 256);
}

static void check(const struct fl_kernels *k, const struct fl_translation *t,
		  const unsigned char *src, size_t n, unsigned char *dst)
{
	uint64_t changed[8], count = 0;

	memset(changed, 0xAA, sizeof(changed));
	memset(dst, 0x55, n);
	for (size_t i = 0; i < n; i++)
		count += t->table[src[i]] != src[i];
	cr_assert(k->translate(t, src, n, dst, changed) == count, "%s", k->name);
	for (size_t i = 0; i < n; i++)
		cr_assert(dst[i] == t->table[src[i]], "%s: byte %zu of %zu", k->name, i, n);
	for (size_t b = 0; b * FL_TRANSLATE_BLOCK_BYTES < n; b++) {
		bool differs = false;

		for (size_t i = b * FL_TRANSLATE_BLOCK_BYTES;
		     i < n && i < (b + 1) * FL_TRANSLATE_BLOCK_BYTES; i++)
			differs |= dst[i] != src[i];
		cr_assert((changed[b / 64] >> b % 64 & 1) == differs, "%s: block %zu", k->name, b);
	}
}

/* Every variant, every length, with guard pages behind both buffers. */
Test(translate, variants_do_what_the_table_says)
{
	struct guardbuf from = guardbuf_new(4096), to = guardbuf_new(4096);
	size_t variants;
	const struct fl_kernels_variant *v = fl_kernels_variants(&variants);
	unsigned seed = 1;

	for (double round = 0; round < 600 * test_scale(); round++) {
		size_t n = nasty_rnd(&seed, 3) ? nasty_rnd(&seed, 300) : nasty_rnd(&seed, 4096);
		unsigned char table[256];
		struct fl_translation t;

		random_table(&seed, table);
		fl_translation_init(&t, table);
		for (size_t i = 0; i < n; i++)
			from.end[-(ptrdiff_t)n + (ptrdiff_t)i] =
				(unsigned char)nasty_rnd(&seed, 256);
		for (size_t k = 0; k < variants; k++)
			if (v[k].supported())
				check(v[k].kernels, &t, from.end - n, n, to.end - n);
	}
	guardbuf_free(&from);
	guardbuf_free(&to);
}
