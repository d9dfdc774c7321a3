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

/* @want: the parts, with a comma behind each, and a "!" behind one that is all of its alternative */
static void expect_parts(const char *pattern, const char *want)
{
	struct fl_pattern_facts f;
	char got[200] = "";

	cr_assert(fl_pattern_read(pattern, strlen(pattern), true, &f) == 0);
	for (size_t i = 0; i < f.part_count; i++) {
		strncat(got, (const char *)f.parts[i].bytes, f.parts[i].len);
		strcat(got, f.parts[i].is_exact ? "!," : ",");
	}
	cr_assert(strcmp(got, want) == 0, "'%s': parts '%s', not '%s'", pattern, got, want);
	fl_pattern_facts_done(&f);
}

Test(scan_literal, one_of_each_alternative)
{
	expect_parts("foo|bar|a\\.b", "foo!,bar!,a.b!,");
	expect_parts("(?:foo)|(?:bar|ba)", "foo!,bar!,ba!,");
	expect_parts("((foo)|(bar))", "foo!,bar!,");
	expect_parts("^foo|bar$|\\bx", "foo,bar,x,");
	expect_parts("fo+bar|ab?cd|x[ab]yz", "bar,cd,yz,");
	expect_parts("foo.*ba|(a|b)", "foo,a!,b!,");
	expect_parts("x(a|b)c|d", "x,d!,");
	expect_parts("xy*|ab{2}c", "x,ab,");
}

Test(scan_literal, an_alternative_without_one)
{
	expect_parts("foo|", "");
	expect_parts("foo||bar", "");
	expect_parts("foo|a?", "");
	expect_parts("foo|\\d+", "");
	expect_parts("foo|(bar)?", "");
	expect_parts("(foo|bar)baz|x", "");
	expect_parts("(foo|bar)*", "");
	expect_parts("foo|(bar", "");
	expect_parts("foo|(?=a)bar", "");
}

Test(scan_literal, what_a_match_begins_with)
{
	static const struct {
		const char *pattern;
		bool leads;
	} rows[] = {{"foo.*x", true}, {"fo+b", true},   {"fo?b", true},        {"^foo", false},
		    {"f?oo", false},  {"foo|f", false}, {"ab[0-9]abc", false}, {"(foo)x", false}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fl_pattern_facts f;

		cr_assert(fl_pattern_read(rows[i].pattern, strlen(rows[i].pattern), true, &f) == 0);
		cr_assert(f.leads == rows[i].leads, "%s", rows[i].pattern);
		fl_pattern_facts_done(&f);
	}
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
