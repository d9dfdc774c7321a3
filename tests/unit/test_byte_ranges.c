/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdlib.h>

#include "kern/byte_ranges.h"
#include "kern/kernels.h"

#include "../support/guardbuf.h"
#include "../support/nasty.h"
#include "../support/scale.h"

static struct fl_byte_ranges random_ranges(unsigned *seed)
{
	struct fl_byte_ranges r = {.count = 1 + (unsigned)nasty_rnd(seed, FL_BYTE_RANGES_MAX)};

	for (unsigned i = 0; i < r.count; i++) {
		r.off[i] = nasty_rnd(seed, nasty_rnd(seed, 4) ? 5 : 70);
		r.low[i] = (unsigned char)nasty_rnd(seed, 256);
		r.high[i] = (unsigned char)(r.low[i] + nasty_rnd(seed, 256u - r.low[i]) /
							       (1 + nasty_rnd(seed, 9)));
		if (r.off[i] + 1 > r.len)
			r.len = r.off[i] + 1;
	}
	return r;
}

static const unsigned char *naive(const struct fl_byte_ranges *r, const unsigned char *p, size_t n)
{
	for (size_t at = 0; at + r->len <= n; at++) {
		bool fits = true;

		for (unsigned i = 0; i < r->count; i++)
			fits &= p[at + r->off[i]] >= r->low[i] && p[at + r->off[i]] <= r->high[i];
		if (fits)
			return p + at;
	}
	return NULL;
}

Test(byte_ranges, variants_find_the_first_place)
{
	struct guardbuf buf = guardbuf_new(4096);
	size_t variants;
	const struct fl_kernels_variant *v = fl_kernels_variants(&variants);
	unsigned seed = 2;

	for (double round = 0; round < 20000 * test_scale(); round++) {
		struct fl_byte_ranges r = random_ranges(&seed);
		size_t n = nasty_rnd(&seed, 300);
		unsigned char *p = buf.end - n;
		const unsigned char *want;

		for (size_t i = 0; i < n; i++)
			p[i] = (unsigned char)nasty_rnd(&seed, 256);
		want = naive(&r, p, n);
		for (size_t k = 0; k < variants; k++)
			if (v[k].supported())
				cr_assert(v[k].kernels->find_ranges(&r, p, n) == want,
					  "%s, %zu bytes", v[k].kernels->name, n);
	}
	guardbuf_free(&buf);
}
