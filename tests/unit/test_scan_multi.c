/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include <faultline/error.h>

#include "ops/scan/multi.h"

static bool crosses(const char *pattern)
{
	return fl_multi_crosses(pattern, strlen(pattern), false, false);
}

Test(scan_multi, patterns_that_stay_in_a_line)
{
	static const char *const within[] = {
		"foo",         "foo.*bar",  "[a-z]+\\d",  "^a$",        "[^\\n]",
		"[^\\s]x",     "\\bfoo\\b", "(a|b){2,3}", "\\x41[\\t]", "\\p{Lu}\\S",
		"[[:alpha:]]", "(?i)x",     "\\.\\[\\(",  "a\\\\nb"};

	for (size_t i = 0; i < sizeof(within) / sizeof(*within); i++)
		cr_assert(!crosses(within[i]), "%s", within[i]);
}

Test(scan_multi, patterns_that_may_leave_it)
{
	static const char *const over[] = {
		"a\\nb", "\\s",    "[^a]",    "[\\s\\d]",    "(?s).",        "\\W",   "\\D",
		"\\x0a", "\\x{a}", "[\\t-x]", "[[:space:]]", "[[:^alpha:]]", "\\PL",  "\\R",
		"\\Aa",  "a\\z",   "[\\W]",   "(?x)a b",     "\\p{Cc}",      "[]\\n]"};

	for (size_t i = 0; i < sizeof(over) / sizeof(*over); i++)
		cr_assert(crosses(over[i]), "%s", over[i]);
	cr_assert(fl_multi_crosses("a.b", 3, true, false));
	cr_assert(fl_multi_crosses("^a", 2, false, true));
	cr_assert(fl_multi_crosses("a$", 2, false, true));
	cr_assert(!fl_multi_crosses("a\\$[$^]", 7, false, true));
}

struct search {
	struct fl_multi_regex re;
	struct fl_multi multi;
};

static void begin(struct search *s, const char *pattern, bool dotall)
{
	struct fl_regex from = {.text = pattern, .text_len = strlen(pattern)};
	struct fl_error err;

	memset(s, 0, sizeof(*s));
	cr_assert(fl_multi_regex_init(&s->re, &from, dotall, &err) == 0, "%s", err.text);
	cr_assert(fl_multi_init(&s->multi, &s->re) == 0);
}

static void end(struct search *s)
{
	fl_multi_done(&s->multi);
	fl_multi_regex_done(&s->re);
}

Test(scan_multi, what_one_view_finds)
{
	struct fl_multi_text text = {
		.data = (const unsigned char *)"a\nb a\nb\n", .len = 8, .starts = 8, .ends = true};
	struct search s;

	begin(&s, "a\\nb", false);
	cr_assert(fl_multi_search(&s.multi, &text, 0, SIZE_MAX) == 0);
	cr_assert(s.multi.count == 2);
	cr_assert(s.multi.found[1].begin == 4 && s.multi.found[1].end == 7);
	/* As if a match before had ended within the first. */
	cr_assert(fl_multi_search(&s.multi, &text, 1, 1) == 0);
	cr_assert(s.multi.count == 1 && s.multi.found[0].begin == 4);
	text.starts = 4;
	cr_assert(fl_multi_search(&s.multi, &text, 0, SIZE_MAX) == 0);
	cr_assert(s.multi.count == 1);
	end(&s);
}

Test(scan_multi, the_place_before_a_view_is_a_line_end)
{
	struct fl_multi_text text = {.data = (const unsigned char *)"ab\nab\n",
				     .off = 100,
				     .len = 6,
				     .starts = 6,
				     .ends = true};
	struct search s;

	begin(&s, "(?<=\\n)a", false);
	cr_assert(fl_multi_search(&s.multi, &text, 0, SIZE_MAX) == 0);
	cr_assert(s.multi.count == 2 && s.multi.found[0].begin == 0);
	text.off = 0;
	cr_assert(fl_multi_search(&s.multi, &text, 0, SIZE_MAX) == 0);
	cr_assert(s.multi.count == 1 && s.multi.found[0].begin == 3);
	end(&s);
	begin(&s, "\\Aab", false);
	cr_assert(fl_multi_search(&s.multi, &text, 0, SIZE_MAX) == 0 && s.multi.count == 1);
	text.off = 100;
	cr_assert(fl_multi_search(&s.multi, &text, 0, SIZE_MAX) == 0 && s.multi.count == 0);
	end(&s);
}

/* Wherever the view ends, the same attempt is refused, and one byte less is not. */
Test(scan_multi, the_bound_is_that_of_the_block)
{
	size_t len = 3 * FL_MULTI_AHEAD_BYTES, bound = FL_MULTI_AHEAD_BYTES;
	unsigned char *data = malloc(len);
	struct search s;

	memset(data, 'x', len);
	for (size_t i = 80; i < len; i += 81)
		data[i] = '\n';
	data[0] = 'a';
	begin(&s, "a[^z]*z", false);
	for (size_t starts = 81; starts < FL_MULTI_BLOCK_BYTES; starts += 81 * 997) {
		struct fl_multi_text text = {
			.data = data, .len = starts + FL_MULTI_AHEAD_BYTES, .starts = starts};

		data[bound] = 'z';
		cr_assert(fl_multi_search(&s.multi, &text, 0, SIZE_MAX) == -FL_ELIMIT);
		cr_assert(s.multi.failed_at == 0);
		data[bound] = 'x';
		data[bound - 1] = 'z';
		cr_assert(fl_multi_search(&s.multi, &text, 0, SIZE_MAX) == 0);
		cr_assert(s.multi.count == 1 && s.multi.found[0].end == bound);
		data[bound - 1] = 'x';
	}
	end(&s);
	free(data);
}

Test(scan_multi, what_cannot_be_told_by_where_it_begins)
{
	static const char *const refused[] = {"(?<=ab)c\\n", "a\\Kb\\n", "\\Ga\\n", "(*SKIP)a\\n"};

	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		struct fl_regex from = {.text = refused[i], .text_len = strlen(refused[i])};
		struct fl_multi_regex re = {0};
		struct fl_error err;

		cr_assert(fl_multi_regex_init(&re, &from, false, &err) == -FL_EUNSUPPORTED, "%s",
			  refused[i]);
		fl_multi_regex_done(&re);
	}
}
