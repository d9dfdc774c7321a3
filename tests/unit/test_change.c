/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/error.h>

#include "store/change.h"

static size_t put(unsigned char *to, uint64_t base, uint64_t off, const char *old, const char *text)
{
	struct fl_change c = {.off = off,
			      .old_len = strlen(old),
			      .new_len = strlen(text),
			      .old_bytes = (const unsigned char *)old,
			      .new_bytes = (const unsigned char *)text};

	c.fill = c.new_len > 0 && fl_change_is_fill(c.new_bytes, c.new_len);
	return fl_change_put(to, base, &c);
}

Test(change, comes_back_as_it_was)
{
	unsigned char row[256];
	uint64_t far = UINT64_C(1) << 40;
	size_t n = put(row, 100, 100, "old", "new");
	struct fl_change_reader r = {.p = row, .base = 100};
	struct fl_change c;

	n += put(row + n, 103, 110, "secret", "******");
	n += put(row + n, 116, far, "gone", "");
	n += put(row + n, far + 4, far + 4, "", "inserted");
	r.end = row + n;
	cr_assert_eq(fl_change_next(&r, &c), 1);
	cr_assert(c.off == 100 && c.old_len == 3 && c.new_len == 3 && !c.fill);
	cr_assert_eq(memcmp(c.new_bytes, "new", 3), 0);
	cr_assert_eq(fl_change_next(&r, &c), 1);
	cr_assert(c.off == 110 && c.old_len == 6 && c.new_len == 6 && c.fill);
	cr_assert_eq(*c.new_bytes, '*');
	cr_assert_eq(fl_change_next(&r, &c), 1);
	cr_assert(c.off == far && c.old_len == 4 && c.new_len == 0);
	cr_assert_eq(fl_change_next(&r, &c), 1);
	cr_assert(c.off == far + 4 && c.old_len == 0 && c.new_len == 8);
	cr_assert_eq(fl_change_next(&r, &c), 0);
}

Test(change, a_bare_row_has_no_old_bytes)
{
	unsigned char row[64];
	struct fl_change in = {.off = 12, .old_len = 300, .new_len = 4, .fill = true}, c;
	struct fl_change_reader r = {.p = row, .base = 10, .bare = true};
	size_t n;

	in.new_bytes = (const unsigned char *)"*";
	n = fl_change_put_bare(row, 10, &in);
	in = (struct fl_change){.off = 400, .new_len = 3};
	in.new_bytes = (const unsigned char *)"new";
	r.end = row + n + fl_change_put_bare(row + n, 312, &in);
	cr_assert_eq(fl_change_next(&r, &c), 1);
	cr_assert(c.off == 12 && c.old_len == 300 && c.new_len == 4 && c.fill && !c.old_bytes);
	cr_assert_eq(*c.new_bytes, '*');
	cr_assert_eq(fl_change_next(&r, &c), 1);
	cr_assert(c.off == 400 && c.old_len == 0 && c.new_len == 3);
	cr_assert_eq(memcmp(c.new_bytes, "new", 3), 0);
	cr_assert_eq(fl_change_next(&r, &c), 0);
}

Test(change, fill_takes_one_byte)
{
	unsigned char row[64];

	cr_assert_eq(put(row, 0, 5, "abcdefghijkl", "************"), 3u + 12 + 1);
}

/* Whatever the bytes are: an end or an error, and nothing outside of them is read. */
Test(change, any_bytes_are_read_safely)
{
	unsigned state = 1;

	for (unsigned round = 0; round < 20000; round++) {
		size_t n = round % 40;
		unsigned char *row = malloc(n + 1);
		struct fl_change_reader r = {
			.p = row, .end = row + n, .base = round, .bare = round % 3 == 0};
		struct fl_change c;
		int got;

		for (size_t i = 0; i < n; i++) {
			state = state * 1664525u + 1013904223u;
			row[i] = (unsigned char)(state >> 24) & (round & 1 ? 0xff : 0x0f);
		}
		while ((got = fl_change_next(&r, &c)) > 0)
			cr_assert(c.new_bytes + (c.fill ? 1 : c.new_len) <= row + n);
		cr_assert(got == 0 || got == -FL_ECORRUPT);
		free(row);
	}
}

Test(change, every_cut_is_seen)
{
	unsigned char row[64];
	size_t n = put(row, 0, 300, "some bytes", "other text");

	for (size_t cut = 1; cut < n; cut++) {
		struct fl_change_reader r = {.p = row, .end = row + cut};
		struct fl_change c;

		cr_assert_eq(fl_change_next(&r, &c), -FL_ECORRUPT);
	}
}
