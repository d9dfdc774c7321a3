/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kern/utf8.h"
#include "../support/guardbuf.h"

/* By the table of RFC 3629, section 4, written as its ranges. */
static size_t by_table(const unsigned char *p, size_t n)
{
	static const struct {
		unsigned char low[4], high[4];
		size_t len;
	} rows[] = {
		{{0x00}, {0x7F}, 1},
		{{0xC2, 0x80}, {0xDF, 0xBF}, 2},
		{{0xE0, 0xA0, 0x80}, {0xE0, 0xBF, 0xBF}, 3},
		{{0xE1, 0x80, 0x80}, {0xEC, 0xBF, 0xBF}, 3},
		{{0xED, 0x80, 0x80}, {0xED, 0x9F, 0xBF}, 3},
		{{0xEE, 0x80, 0x80}, {0xEF, 0xBF, 0xBF}, 3},
		{{0xF0, 0x90, 0x80, 0x80}, {0xF0, 0xBF, 0xBF, 0xBF}, 4},
		{{0xF1, 0x80, 0x80, 0x80}, {0xF3, 0xBF, 0xBF, 0xBF}, 4},
		{{0xF4, 0x80, 0x80, 0x80}, {0xF4, 0x8F, 0xBF, 0xBF}, 4},
	};

	for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
		size_t i = 0;

		while (i < rows[r].len && i < n && p[i] >= rows[r].low[i] &&
		       p[i] <= rows[r].high[i])
			i++;
		if (i == rows[r].len)
			return i;
	}
	return 0;
}

Test(utf8, every_pair_and_what_may_follow_it)
{
	static const unsigned char third[] = {0x00, 0x7F, 0x80, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF};
	unsigned char p[4];

	for (unsigned lead = 0; lead < 256 * 256; lead++)
		for (size_t i = 0; i < sizeof(third) * sizeof(third); i++) {
			p[0] = (unsigned char)(lead >> 8);
			p[1] = (unsigned char)lead;
			p[2] = third[i / sizeof(third)];
			p[3] = third[i % sizeof(third)];
			for (size_t n = 1; n <= 4; n++)
				cr_assert_eq(fl_utf8_char(p, n), by_table(p, n),
					     "%02x %02x %02x %02x, %zu", p[0], p[1], p[2], p[3], n);
		}
}

/* One byte that is not ASCII, at each place of each length, between pages that may not be read. */
Test(utf8, prefix_of_every_length)
{
	struct guardbuf buf = guardbuf_new(4096);

	for (size_t n = 0; n < 200; n++) {
		unsigned char *p = buf.end - n;

		memset(p, 'a', n);
		cr_assert_eq(fl_utf8_ascii_prefix(p, n), n);
		cr_assert(fl_utf8_is_ascii(p, n) && fl_utf8_is_valid(p, n));
		for (size_t i = 0; i < n; i++) {
			p[i] = 0x80;
			cr_assert_eq(fl_utf8_ascii_prefix(p, n), i);
			cr_assert(!fl_utf8_is_ascii(p, n) && !fl_utf8_is_valid(p, n));
			p[i] = 'a';
		}
	}
	guardbuf_free(&buf);
}

Test(utf8, texts_are_valid_when_all_their_characters_are)
{
	static const char *const parts[] = {"a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
					    "0123456789abcdef0123456789abcdef0123456789abcdef0123"};
	unsigned char text[512];

	srand(5);
	for (unsigned round = 0; round < 20000; round++) {
		size_t n = 0, broken;

		while (n < 400 && rand() % 16) {
			const char *part = parts[rand() % 5];

			memcpy(text + n, part, strlen(part));
			n += strlen(part);
		}
		cr_assert(fl_utf8_is_valid(text, n));
		if (n == 0)
			continue;
		broken = (size_t)rand() % n;
		text[broken] = 0xFF;
		cr_assert_not(fl_utf8_is_valid(text, n));
	}
}
