/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <string.h>

#include "kern/kernels.h"
#include "kern/packed.h"

#include "../support/guardbuf.h"
#include "../support/naive.h"
#include "../support/nasty.h"
#include "../support/variants.h"
#include "../support/scale.h"

#define POOL_BYTES 1024

/* As packed.h says it: by fragments, then by order. */
static const unsigned char *naive(const struct fl_packed *k, const unsigned char *p, size_t n)
{
	for (size_t at = 0; at < n; at++)
		for (size_t i = 0; i < k->count; i++) {
			const struct fl_packed_literal *lit = &k->literals[i];

			if (at >= lit->at && n - at >= lit->len - lit->at &&
			    naive_same(p + at - lit->at, lit->bytes, lit->len, k->icase))
				return p + at - lit->at;
		}
	return NULL;
}

/* Bytes that are often like each other, in both cases, and their twins beyond ASCII. */
static unsigned char drawn_byte(unsigned *seed, unsigned kinds)
{
	static const unsigned char bytes[] = {'a', 'A', 'b', 0xE1, 0xC1, '!', '1', 0, 'q', 'Q'};

	return nasty_rnd(seed, 16) ? bytes[nasty_rnd(seed, kinds)]
				   : (unsigned char)nasty_rnd(seed, 256);
}

static unsigned char lower(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : c;
}

/**
 * struct drawing - literals, and their bytes
 * @kinds: of bytes that text and literals are made of
 */
struct drawing {
	unsigned char pool[POOL_BYTES];
	struct fl_packed_literal literals[FL_PACKED_MAX];
	struct fl_packed k;
	unsigned kinds;
};

static void draw(struct drawing *d, unsigned *seed)
{
	size_t count = 1 + nasty_rnd(seed, nasty_rnd(seed, 2) ? FL_PACKED_MAX : 6);
	size_t least = 1 + nasty_rnd(seed, 5);
	bool icase = nasty_rnd(seed, 2);
	size_t used = 0;

	d->kinds = 2 + (unsigned)nasty_rnd(seed, 9);
	for (size_t i = 0; i < count; i++) {
		size_t len = least + nasty_rnd(seed, 8);

		d->literals[i] = (struct fl_packed_literal){.bytes = d->pool + used, .len = len};
		for (; len > 0; len--) {
			unsigned char c = drawn_byte(seed, d->kinds);

			d->pool[used++] = icase ? lower(c) : c;
		}
	}
	fl_packed_init(&d->k, d->literals, count, icase);
}

static void check(const struct drawing *d, const unsigned char *p, size_t n)
{
	const unsigned char *want = naive(&d->k, p, n);
	const struct fl_kernels *k;

	for (size_t i = 0; (k = kernels_variant(i)); i++)
		cr_assert(k->find_packed(&d->k, p, n) == want, "%s: %zu literals in %zu bytes",
			  k->name, d->k.count, n);
}

/* Every length at every distance from a page's end, between pages that may not be touched. */
Test(packed, variants_find_the_first_fragment)
{
	struct guardbuf buf = guardbuf_new(4096);
	double draws = 60 * test_scale() + 1;
	unsigned seed = 7;

	for (double round = 0; round < draws; round++) {
		struct drawing d;

		draw(&d, &seed);
		for (unsigned char *p = buf.begin; p < buf.end; p++)
			*p = drawn_byte(&seed, d.kinds);
		for (size_t n = 0; n <= 257; n++) {
			check(&d, buf.end - n, n);
			check(&d, buf.begin + (n + (size_t)round) % 64, n);
		}
		check(&d, buf.begin, 4096);
	}
	guardbuf_free(&buf);
}

/* One literal alone, everywhere in a text that holds nothing like it. */
Test(packed, every_length_and_alignment)
{
	static const struct fl_packed_literal literals[] = {
		{.bytes = (const unsigned char *)"refused", .len = 7},
		{.bytes = (const unsigned char *)"\xC3\xA9x", .len = 3},
		{.bytes = (const unsigned char *)"fatal", .len = 5}};
	struct guardbuf buf = guardbuf_new(4096);
	size_t step = test_scale() < 1 ? 7 : 1;
	struct drawing d = {0};

	fl_packed_init(&d.k, literals, 3, true);
	memset(buf.begin, 'e', 4096);
	for (size_t align = 0; align < 64; align += step)
		for (size_t n = 0; n <= 257; n++) {
			const struct fl_packed_literal *lit = &d.k.literals[(n + align) % 3];
			unsigned char *p = buf.end - align - n;
			unsigned char *at = p + (n * 31 + align) % (n + 1);
			size_t room = (size_t)(p + n - at);
			size_t len = room < lit->len ? room : lit->len;

			memcpy(at, lit->bytes, len);
			check(&d, p, n);
			memset(at, 'e', len);
		}
	guardbuf_free(&buf);
}

Test(packed, rare_fragments_are_few_candidates)
{
	static const struct fl_packed_literal common[] = {
		{.bytes = (const unsigned char *)"ee", .len = 2}};
	static const struct fl_packed_literal mixed[] = {
		{.bytes = (const unsigned char *)"eeee~~~~", .len = 8}};
	struct fl_packed k, rare;

	fl_packed_init(&k, common, 1, false);
	fl_packed_init(&rare, mixed, 1, false);
	cr_assert(rare.literals[0].at == 4);
	cr_assert(fl_packed_candidates(&k) > 1e-3 && fl_packed_candidates(&rare) < 1e-12);
}
