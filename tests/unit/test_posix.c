/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include <faultline/scan.h>

#include "../support/opharness.h"

/* POSIX patterns as GNU grep 3.8 takes them: what `grep -o` prints, or its message. */

static char got[256];
static size_t got_len;

static int keep(void *arg, const void *data, size_t len)
{
	(void)arg;
	cr_assert(len < sizeof(got) - got_len);
	memcpy(got + got_len, data, len);
	got_len += len;
	got[got_len] = '\0';
	return 0;
}

/* The matches, a space behind each; or what is wrong with the pattern. */
static const char *matches(unsigned syntax, const char *pattern, const char *line)
{
	const struct opharness how = {
		.chunk = 100, .slice = 100, .part_limit = 1 << 16, .delimiter = '\n', .seed = 1};
	struct fl_scan_options opt = {.size = sizeof(opt),
				      .pattern = pattern,
				      .pattern_len = strlen(pattern),
				      .flags = syntax | FL_SCAN_ONLY_MATCHING,
				      .write = keep};
	struct fl_scan *scan = NULL;
	struct fl_error err;
	char text[128];

	got_len = 0;
	got[0] = '\0';
	if (fl_scan_new(&opt, &scan, &err) < 0) {
		snprintf(got, sizeof(got), "%s", err.text);
		return got;
	}
	snprintf(text, sizeof(text), "%s\n", line);
	cr_assert(opharness_run(fl_scan_operator(scan), scan, (const unsigned char *)text,
				strlen(text), &how, &err) == 0);
	fl_scan_free(scan);
	for (char *p = got; *p; p++)
		*p = *p == '\n' ? ' ' : *p;
	return got;
}

struct row {
	const char *pattern;
	const char *line;
	const char *want;
};

static void compare(unsigned syntax, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *have = matches(syntax, rows[i].pattern, rows[i].line);

		cr_expect(strcmp(have, rows[i].want) == 0, "'%s' in '%s': '%s', not '%s'",
			  rows[i].pattern, rows[i].line, have, rows[i].want);
	}
}

#define COMPARE(syntax, rows) compare(syntax, rows, sizeof(rows) / sizeof((rows)[0]))

/* Brackets: the same in both syntaxes. */
static const struct row brackets[] = {
	{"[abc]", "xaybzc", "a b c "},
	{"[^abc]", "xaybzc", "x y z "},
	{"[]x]", "a]bx", "] x "},
	{"[^]x]", "a]bx", "a b "},
	{"[a-c]", "abcd-", "a b c "},
	{"[a-]", "ab-", "a - "},
	{"[-a]", "ab-", "a - "},
	{"[]-a]", "]^_`ab", "] ^ _ ` a "},
	{"[[:digit:]x]", "a1x2", "1 x 2 "},
	{"[^[:alpha:]]", "a1 b", "1   "},
	{"[[.a.]]", "abc", "a "},
	{"[[.-.]x]", "a-x", "- x "},
	{"[[=a=]b]", "abc", "a b "},
	{"[=a=]", "a=b:", "a = "},
	{"[:a]", "a:b", "a : "},
	{"[.a.]", "a.b", "a . "},
	{"[a\\]", "a\\b", "a \\ "},
	{"[\\n]", "a\\nb", "\\ n "},
	{"[$^.*]", "a$^.*", "$ ^ . * "},
	{"[a&&b]", "a&b", "a & b "},
	{"[[x]", "a[x", "[ x "},
	{"[:a:]", "x", "character class syntax is [[:space:]], not [:space:]"},
	{"[[:foo:]]", "x", "Invalid character class name"},
	{"[b-a]", "x", "Invalid range end"},
	{"[a", "x", "Unmatched [, [^, [:, [., or [="},
	{"[[.ab.]]", "x", "Invalid collation character"},
	{"[a-[:digit:]]", "x", "Invalid range end"},
};

static const struct row extended[] = {
	{"a|b", "xaybz", "a b "},
	{"(a|b)+", "xabyb", "ab b "},
	{"a{2}", "aaaaa", "aa aa "},
	{"a{2,3}", "aaaaa", "aaa aa "},
	{"a{,2}b", "aaab", "aab "},
	{"a{1a", "a{1a", "a{1a "},
	{"a{", "xa{", "a{ "},
	{"a+?", "aaa", "aaa "},
	{"a**", "baa", "aa "},
	{"(^a|b$)", "aab", "a b "},
	{"a|", "ba", "a "},
	{"()a", "ba", "a "},
	{"\\(a\\)", "x(a)", "(a) "},
	{"\\<b", "ab b bb", "b b "},
	{"b\\>", "ab b bb", "b b b "},
	{"\\bb\\b", "ab b bb", "b "},
	{"\\Bb", "ab b bb", "b b "},
	{"\\w+", "a_1 b-c", "a_1 b c "},
	{"\\W", "a_1 b-c", "  - "},
	{"\\S+\\s", "ab c", "ab  "},
	{"(a)\\1", "aab", "aa "},
	{"(a)(b)\\2", "abbb", "abb "},
	{"a\\{1", "a{1", "a{1 "},
	{"x?", "", ""},
	{"*a", "*a", "a "},
	{"+a", "+a", "a "},
	{"a)", "a)", "a) "},
	{"a$b", "a$b", ""},
	{"a^b", "a^b", ""},
	{"\\.", "a.b", ". "},
	{"(a", "x", "Unmatched ( or \\("},
	{"a\\", "x", "Trailing backslash"},
	{"(a)\\2", "x", "Invalid back reference"},
	{"a{2,1}", "x", "Invalid content of \\{\\}"},
	{"a{99999}", "x", "Regular expression too big"},
};

static const struct row basic[] = {
	{"a|b", "a|b", "a|b "},
	{"a\\|b", "xaybz", "a b "},
	{"\\(a\\|b\\)*c", "xabcy", "abc "},
	{"a\\{2\\}", "aaaaa", "aa aa "},
	{"a\\{,2\\}b", "aaab", "aab "},
	{"a\\+", "baa", "aa "},
	{"a\\?b", "aabb", "ab b "},
	{"a+", "a+a", "a+ "},
	{"a{2}", "a{2}", "a{2} "},
	{"*a", "*a", "*a "},
	{"\\(*a\\)", "*a", "*a "},
	{"^*a", "*a", "*a "},
	{"a^b", "a^b", "a^b "},
	{"a$b", "a$b", "a$b "},
	{"\\(^a\\)", "aa", "a "},
	{"\\(a$\\)", "aa", "a "},
	{"^a$", "a", "a "},
	{"\\(a\\)\\1", "aab", "aa "},
	{"\\<a\\>", "a ab a", "a a "},
	{"\\w\\W", "a-b", "a- "},
	{"(a)", "(a)", "(a) "},
	{"a\\{1", "x", "Unmatched \\{"},
	{"a\\)", "x", "Unmatched ) or \\)"},
	{"\\(a", "x", "Unmatched ( or \\("},
	{"\\(a\\)\\2", "x", "Invalid back reference"},
	{"a\\{2,1\\}", "x", "Invalid content of \\{\\}"},
	{"a\\{1a\\}", "x", "Invalid content of \\{\\}"},
};

Test(posix, brackets)
{
	COMPARE(FL_SCAN_EXTENDED, brackets);
	COMPARE(FL_SCAN_BASIC, brackets);
}

Test(posix, extended)
{
	COMPARE(FL_SCAN_EXTENDED, extended);
}

Test(posix, basic)
{
	COMPARE(FL_SCAN_BASIC, basic);
}
