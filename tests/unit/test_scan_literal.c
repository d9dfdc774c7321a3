/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <string.h>

#include "ops/scan/literal.h"

static void expect(const char *pattern, const char *literal, bool exact, const char *whole)
{
	struct fl_pattern_facts f;
	int r = fl_pattern_read(pattern, strlen(pattern), true, &f);
	size_t len = literal ? strlen(literal) : 0;

	cr_assert(r == 0);
	cr_assert(f.literal_len == len && (f.literal != NULL) == (literal != NULL),
		  "'%s': literal '%.*s'", pattern, (int)f.literal_len, (const char *)f.literal);
	cr_assert(len == 0 || memcmp(f.literal, literal, len) == 0);
	cr_assert(f.is_exact == exact, "'%s'", pattern);
	cr_assert((f.whole != NULL) == (whole != NULL), "'%s'", pattern);
	cr_assert(!whole || (f.whole_len == strlen(whole) &&
			     memcmp(f.whole, whole, f.whole_len) == 0),
		  "'%s': whole '%.*s'", pattern, (int)f.whole_len, f.whole);
	fl_pattern_facts_done(&f);
}

Test(scan_literal, exact)
{
	expect("foo", "foo", true, "foo");
	expect("a\\.b\\*", "a.b*", true, "a\\.b\\*");
	expect("a\\tb]}", "a\tb]}", true, "a\\tb]}");
	expect("\xc3\xa9", "\xc3\xa9", true, "\xc3\xa9");
}

Test(scan_literal, required)
{
	expect("\\b\\w+Exception\\b", "Exception", false, "\\b\\w+Exception\\b");
	expect("ab+cde", "cde", false, "ab+cde");
	expect("abc*d", "ab", false, "abc*d");
	expect("ab{0,3}c", "a", false, "ab{0,3}c");
	expect("xab{2}c", "xab", false, "xab{2}c");
	expect("ab\xc3\xa9?", "ab", false, "ab\xc3\xa9?");
	expect("(foo|barbar)x", "x", false, "(foo|barbar)x");
	expect("(?:abc)?de", "de", false, "(?:abc)?de");
	expect("a*?", NULL, false, "a*?");
	expect("foo|bar", NULL, false, "foo|bar");
	expect("", NULL, false, "");
}

Test(scan_literal, never_a_newline)
{
	expect("[^a]", NULL, false, "[^\\na]");
	expect("[^]a]", NULL, false, "[^\\n\\]a]");
	expect("[^-a]", NULL, false, "[^\\n\\-a]");
	expect("\\s\\W\\D", NULL, false, "[^\\S\\n][^\\w\\n][^\\d\\n]");
	expect("[a[:digit:]]", NULL, false, "[a[:digit:]]");
	expect("[^[:space:]\\s]", NULL, false, "[^\\n[:space:]\\s]");
}

/* What the reader does not know ends all it knew. */
Test(scan_literal, gives_up)
{
	static const char *const unknown[] = {
		"foo(?=a)", "foo(?i)a",    "(*UTF)foo", "foo++",    "foo*+",   "foo{2}+", "a{2}{0}",
		"a+*",      "\\Qfoo\\E",   "foo\\n",    "foo\\x0a", "foo\\R",  "foo\\K",  "(a)\\1",
		"[\\s]a",   "[[:space:]]", "[\\W]",     "[\\D]",    "a{,3}",   "a{",      "[a",
		"foo\\",    "[\x01-z]",    "[\\t-z]",   "[[.a.]]",  "foo\\pL", "foo\\Z",  "a\x01",
	};

	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		expect(unknown[i], NULL, false, NULL);
}
