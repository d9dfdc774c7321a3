/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "kern/differ.h"

#define TEXT_MAX 20000

static unsigned char a[TEXT_MAX], b[TEXT_MAX];

/* The definition, one byte at a time. */
static int slow(size_t n, size_t from, size_t gap, struct fl_differ *ret)
{
	struct fl_differ d = {0};

	for (size_t i = from; i < n; i++) {
		if (a[i] == b[i])
			continue;
		if (d.count > 0 && i - (d.at + d.len) > gap)
			break;
		if (d.count == 0)
			d.at = i;
		d.len = i + 1 - d.at;
		d.count++;
	}
	*ret = d;
	return d.count > 0;
}

static void check(size_t n, size_t gap)
{
	size_t at = 0;

	for (;;) {
		struct fl_differ expected = {0}, got = {0};
		int more = slow(n, at, gap, &expected);

		cr_assert(fl_differ_next(a, b, n, at, gap, &got) == more);
		if (!more)
			return;
		cr_assert(got.at == expected.at && got.len == expected.len &&
				  got.count == expected.count,
			  "n %zu gap %zu from %zu: %zu+%zu (%zu), not %zu+%zu (%zu)", n, gap, at,
			  got.at, got.len, got.count, expected.at, expected.len, expected.count);
		at = got.at + got.len;
	}
}

Test(differ, as_defined_byte_by_byte)
{
	static const size_t gaps[] = {0, 1, 7, 8, 9, 16, 100, TEXT_MAX};
	static const unsigned rates[] = {1, 2, 3, 10, 100, 3000, TEXT_MAX * 2};
	unsigned seed = 3;

	for (size_t r = 0; r < sizeof(rates) / sizeof(*rates); r++) {
		for (size_t i = 0; i < TEXT_MAX; i++) {
			a[i] = (unsigned char)rand_r(&seed);
			b[i] = a[i];
			if ((unsigned)rand_r(&seed) % rates[r] == 0)
				b[i] ^= (unsigned char)(1u << (unsigned)rand_r(&seed) % 8);
		}
		for (size_t g = 0; g < sizeof(gaps) / sizeof(*gaps); g++) {
			check(TEXT_MAX, gaps[g]);
			for (size_t n = 0; n < 70; n++)
				check(n, gaps[g]);
		}
	}
}

Test(differ, ends_and_starts)
{
	memset(a, 1, sizeof(a));
	memset(b, 1, sizeof(b));
	check(TEXT_MAX, 16);
	b[TEXT_MAX - 1] = 2;
	check(TEXT_MAX, 16);
	check(TEXT_MAX - 1, 16);
	b[0] = 2;
	check(TEXT_MAX, 16);
	check(1, 0);
}
