/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <string.h>

#include "ops/regex/graphemes.h"

/* The text comes in pieces of @step bytes. */
static uint64_t first(const char *text, size_t len, uint64_t count, size_t step)
{
	struct fl_graphemes g;
	uint64_t bytes;

	fl_graphemes_init(&g, count);
	for (size_t at = 0; at < len; at += step)
		fl_graphemes_add(&g, (const unsigned char *)text + at,
				 len - at < step ? len - at : step);
	cr_assert_eq(fl_graphemes_end(&g, &bytes), 0);
	return bytes;
}

struct row {
	char text[40];
	uint64_t lens[8];
};

/* Where clusters end: Unicode Standard Annex 29; of what is broken, the Unicode Standard, section 3.9. */
static const struct row rows[] = {
	{"abc", {1, 2, 3, 3}},
	{"a\r\nb\r", {1, 3, 4, 5, 5}},
	{"e\u0301e\u0301x", {3, 6, 7, 7}},
	{"\U0001F468\u200D\U0001F469\u200D\U0001F467!", {18, 19, 19}},
	{"\U0001F1E9\U0001F1EA\U0001F1EB\U0001F1F7\U0001F1EE", {8, 16, 20, 20}},
	{"\u1112\u1161\u11ABk", {9, 10, 10}},
	{"\xFF\xFE"
	 "a",
	 {1, 2, 3, 3}},
	{"\xE2\x82 \xF0\x9F\x91", {2, 3, 6, 6}},
	{"\xC3", {1, 1}},
	{"\xED\xA0\x80\xE0\x80", {1, 2, 3, 4, 5, 5}},
	{"\xF4\x90\xF0\x8F\x80z", {1, 2, 3, 4, 5, 6}},
	{"\xFF\u0301\u0301", {1, 5, 5}},
};

Test(graphemes, clusters_are_those_of_unicode)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (uint64_t n = 0; n < 8 && rows[i].lens[n] > 0; n++)
			for (size_t step = 1; step < 4; step++)
				cr_assert_eq(first(rows[i].text, strlen(rows[i].text), n + 1, step),
					     rows[i].lens[n], "row %zu, %d", i, (int)n + 1);
	cr_assert_eq(first("abc", 3, 0, 1), 0);
	cr_assert_eq(first("", 0, 5, 1), 0);
}

/* Wherever what is held ends. */
Test(graphemes, a_long_text_is_counted_whatever_its_pieces)
{
	static const char cluster[] = "\u1112\u1161\u11AB\u0301";
	static const size_t steps[] = {1, 7, 4095, 4096, 4097, 60000};
	static char text[55000 + 3];
	size_t len = strlen(cluster), count = 5000;

	for (size_t shift = 0; shift < 4; shift++) {
		memset(text, '-', shift);
		for (size_t i = 0; i < count; i++)
			memcpy(text + shift + i * len, cluster, len);
		for (size_t s = 0; s < sizeof(steps) / sizeof(steps[0]); s++)
			for (size_t n = 4000; n > 0; n /= 3)
				cr_assert_eq(first(text, shift + count * len, shift + n, steps[s]),
					     shift + n * len, "%zu in steps of %zu", n, steps[s]);
	}
}

Test(graphemes, a_cluster_without_an_end_takes_no_memory)
{
	static char text[20001];

	text[0] = 'e';
	for (size_t i = 1; i < sizeof(text); i += 2)
		memcpy(text + i, "\u0301", 2);
	cr_assert(first(text, sizeof(text), 1, 1000) <= FL_GRAPHEME_TEXT_BYTES);
	cr_assert_eq(first(text, sizeof(text), 100, 1000), sizeof(text));
}
