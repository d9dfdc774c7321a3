/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kern/grams.h"

#include "../support/guardbuf.h"
#include "../support/naive.h"
#include "../support/nasty.h"
#include "../support/scale.h"

#define LITERALS_MAX 300
#define POOL_BYTES (LITERALS_MAX * 24)

static bool stands_at(const struct fl_grams *g, const unsigned char *p, size_t n, size_t at)
{
	for (size_t i = 0; i < g->count; i++)
		if (g->literals[i].len <= n - at &&
		    naive_same(p + at, g->literals[i].bytes, g->literals[i].len, g->icase))
			return true;
	return false;
}

/* Where the first end of a literal is in @n bytes; SIZE_MAX: there is none */
static size_t first_end(const struct fl_grams *g, const unsigned char *p, size_t n)
{
	size_t first = SIZE_MAX;

	for (size_t at = 0; at < n; at++)
		for (size_t i = 0; i < g->count; i++) {
			const struct fl_gram_literal *lit = &g->literals[i];

			if (lit->len <= n - at && at + lit->len < first &&
			    naive_same(p + at, lit->bytes, lit->len, g->icase))
				first = at + lit->len;
		}
	return first;
}

static void check(const struct fl_grams *g, const unsigned char *p, size_t n)
{
	const unsigned char *hit = fl_find_grams(g, p, n);
	size_t end = first_end(g, p, n);

	cr_assert((hit != NULL) == (end != SIZE_MAX), "%zu literals in %zu bytes", g->count, n);
	if (!hit)
		return;
	cr_assert(stands_at(g, p, n, (size_t)(hit - p)));
	cr_assert((size_t)(hit - p) < end, "one ends before, in %zu bytes", n);
}

static unsigned char drawn_byte(unsigned *seed, unsigned kinds)
{
	static const unsigned char bytes[] = {'a', 'A', 'b', 'B', 0xE1, '!', '1', 0, '@', 'Q'};

	return nasty_rnd(seed, 16) ? bytes[nasty_rnd(seed, kinds)]
				   : (unsigned char)nasty_rnd(seed, 256);
}

/* Return: kinds of bytes in the literals. */
static unsigned draw(struct fl_grams *g, unsigned char *pool, unsigned *seed)
{
	static struct fl_gram_literal literals[LITERALS_MAX];
	size_t count = 1 + nasty_rnd(seed, nasty_rnd(seed, 3) ? 5 : LITERALS_MAX);
	size_t least = FL_GRAM_BYTES + nasty_rnd(seed, 5);
	unsigned kinds = 2 + (unsigned)nasty_rnd(seed, 9);
	bool icase = nasty_rnd(seed, 2);

	for (size_t i = 0; i < count; i++) {
		size_t len = least + nasty_rnd(seed, 12);

		literals[i] = (struct fl_gram_literal){.bytes = pool, .len = len};
		for (; len > 0; len--) {
			unsigned char c = drawn_byte(seed, kinds);

			*pool++ = icase && c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : c;
		}
	}
	cr_assert(fl_grams_init(g, literals, count, icase) == 0);
	return kinds;
}

/* Every length at every distance from a page's end, between pages that may not be touched. */
Test(grams, nothing_is_missed)
{
	struct guardbuf buf = guardbuf_new(4096);
	double draws = 40 * test_scale() + 1;
	unsigned seed = 3;

	for (double round = 0; round < draws; round++) {
		static unsigned char pool[POOL_BYTES];
		struct fl_grams g;
		unsigned kinds = draw(&g, pool, &seed);
		size_t step = g.count > 10 ? 5 : 1;

		for (unsigned char *p = buf.begin; p < buf.end; p++)
			*p = drawn_byte(&seed, kinds);
		for (size_t n = 0; n <= 257; n += step) {
			check(&g, buf.end - n, n);
			check(&g, buf.begin + (n + (size_t)round) % 64, n);
		}
		fl_grams_done(&g);
	}
	guardbuf_free(&buf);
}

/* A literal alone, at every place of a text that holds nothing like it. */
Test(grams, every_length_and_alignment)
{
	static const struct fl_gram_literal literals[] = {
		{.bytes = (const unsigned char *)"authentication", .len = 14},
		{.bytes = (const unsigned char *)"\xC3\xA9xyz..", .len = 7}};
	struct guardbuf buf = guardbuf_new(4096);
	size_t step = test_scale() < 1 ? 7 : 1;

	for (int icase = 0; icase < 2; icase++) {
		struct fl_grams g;

		cr_assert(fl_grams_init(&g, literals, 2, icase) == 0 && g.stride == 4);
		memset(buf.begin, 'e', 4096);
		for (size_t align = 0; align < 64; align += step)
			for (size_t n = 0; n <= 257; n++) {
				const struct fl_gram_literal *lit = &literals[(n + align) % 2];
				unsigned char *p = buf.end - align - n;
				unsigned char *at = p + (n * 31 + align) % (n + 1);
				size_t room = (size_t)(p + n - at);
				size_t len = room < lit->len ? room : lit->len;

				memcpy(at, lit->bytes, len);
				check(&g, p, n);
				memset(at, 'e', len);
			}
		fl_grams_done(&g);
	}
	guardbuf_free(&buf);
}

Test(grams, short_literals_are_refused)
{
	static const struct fl_gram_literal literals[] = {
		{.bytes = (const unsigned char *)"abcd", .len = 4},
		{.bytes = (const unsigned char *)"abc", .len = 3}};
	struct fl_grams g;

	cr_assert(fl_grams_init(&g, literals, 2, false) == -EINVAL);
	cr_assert(fl_grams_init(&g, literals, 0, false) == -EINVAL);
	cr_assert(fl_grams_init(&g, literals, 1, false) == 0 && g.stride == 1);
	fl_grams_done(&g);
}
