/* SPDX-License-Identifier: MIT */
/* The longest match is the one that every end, tried from the back, finds first. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/scan/longest.h"

#define TEXT "abbcabcbaab aab"

static pcre2_code *compile(const char *pattern)
{
	struct fl_pcre_source src = {.text = pattern, .len = strlen(pattern)};
	pcre2_code *code = NULL;

	cr_assert(fl_pcre_compile(&src, &code, NULL) == 0, "%s", pattern);
	return code;
}

/* Return: where the longest match from @begin on ends; 0: there is none. */
static size_t end_by_trying(const pcre2_code *code, size_t begin)
{
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	size_t end = strlen(TEXT) + 1;

	while (end-- > begin + 1)
		if (pcre2_match(code, (PCRE2_SPTR)TEXT, end, begin,
				PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_NO_JIT, data, NULL) >= 0)
			break;
	pcre2_match_data_free(data);
	return end > begin ? end : 0;
}

Test(longest, ends_where_no_longer_match_does)
{
	static const char *const patterns[] = {"a|ab",      "a|ab|abb", "(?:a|ab)(?:c|bcd)?",
					       "a*(?:ab)*", "b?|bc",    "(?:a|b|ab)*c?",
					       "a??b*?",    "a|",       "(?:a|[^c])+"};
	struct fl_longest longest = {0};

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		pcre2_code *code = compile(patterns[i]);
		struct fl_pcre_subject s = {
			.p = (const unsigned char *)TEXT, .len = strlen(TEXT), .code = code};

		cr_expect(fl_longest_differs(patterns[i], strlen(patterns[i])), "%s", patterns[i]);
		for (size_t at = 0; at < s.len; at++) {
			size_t want = end_by_trying(code, at), got = 0;

			cr_assert(fl_longest_end(&longest, &s, at, 0, &got) == 0);
			cr_expect(got == want || (want == 0 && got == at),
				  "%s at %zu: %zu, not %zu", patterns[i], at, got, want);
		}
		pcre2_code_free(code);
	}
	fl_longest_done(&longest);
}

Test(longest, most_patterns_have_but_one_way)
{
	static const char *const same[] = {"",         "abc",          "ab*c",
					   "(?:abc)+", "\\b(?=\\w)ab", "[a-z]+:"};

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		cr_expect(!fl_longest_differs(same[i], strlen(same[i])), "%s", same[i]);
}

/* Many ways at once need more than the first room for them; too many are refused, not tried for ever. */
Test(longest, room_for_the_ways)
{
	struct fl_longest longest = {0};
	char pattern[40000] = "(?:", text[2001];
	pcre2_code *code;
	struct fl_pcre_subject s = {.p = (const unsigned char *)text, .len = sizeof(text) - 1};
	size_t end = 0;

	for (unsigned i = 1; i <= 1000; i++)
		sprintf(pattern + strlen(pattern), "%sa{%u}", i > 1 ? "|" : "", i);
	strcat(pattern, ")");
	memset(text, 'a', sizeof(text) - 1);
	code = compile(pattern);
	s.code = code;
	cr_assert(fl_longest_end(&longest, &s, 7, 0, &end) == 0);
	cr_expect(end == 1007);
	pcre2_code_free(code);
	fl_longest_done(&longest);
}
