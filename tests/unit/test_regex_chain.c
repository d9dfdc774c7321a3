/* SPDX-License-Identifier: MIT */
/* Matches of chains, one after the other, are those of PCRE2 on one line at a time. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kern/kernels.h"
#include "ops/regex/pcre.h"
#include "ops/regex/regex_streams.h"

#include "../support/scale.h"

#define TEXT_BYTES 30000u

static unsigned seed = 99;

static unsigned rnd(unsigned n)
{
	return (unsigned)rand_r(&seed) % n;
}

static bool is_chain(const char *pattern)
{
	struct fl_streams s;

	return fl_streams_init(&s, pattern, strlen(pattern), false) == 0 && s.chain.count > 0;
}

Test(regex_chain, which_patterns_are_chains)
{
	static const char *const yes[] = {"a",
					  "[0-9]+\\.[0-9]+\\.[0-9]+\\.[0-9]+",
					  "(?:[0-9]{1,3}\\.){3}[0-9]{1,3}",
					  "user=\\w{1,8}",
					  "a?b",
					  "a+b*",
					  "aa{2}a",
					  "\\d{4}-\\d\\d",
					  "[^,]+,"};
	static const char *const no[] = {"a+a",  "a?ba|c",  "a*",    "a?b?",   "\\ba",
					 "a+?b", "(?:ab)+", "a+b?a", "[ab]+b", "^a",
					 "a.*b", "\\w+\\d", "ab?b",  "a?ab"};

	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++)
		cr_assert(is_chain(yes[i]), "%s", yes[i]);
	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++)
		cr_assert(!is_chain(no[i]), "%s", no[i]);
}

/* -------- any chain, any text -------- */

static const char *const atoms[] = {"a",   "b",   "[ab]", "1",           "\\d",   "\\.",  "[1-3]",
				    "\\w", "\\s", "[^a]", "[[:alpha:]]", "[^1.]", "[a1]", "."};
static const char *const repeats[] = {"",      "",      "",     "+",  "*",  "?",  "{2}",
				      "{1,2}", "{0,3}", "{2,}", "*?", "??", "{3}"};

static void make_pattern(char *ret, size_t size)
{
	unsigned n = 1 + rnd(5);
	size_t len = 0;

	for (unsigned i = 0; i < n; i++) {
		bool group = rnd(6) == 0;

		len += (size_t)snprintf(ret + len, size - len, "%s%s%s", group ? "(?:" : "",
					atoms[rnd(sizeof(atoms) / sizeof(*atoms))],
					repeats[rnd(sizeof(repeats) / sizeof(*repeats))]);
		if (group)
			len += (size_t)snprintf(ret + len, size - len, "%s)%s", atoms[rnd(4)],
						repeats[rnd(sizeof(repeats) / sizeof(*repeats))]);
	}
}

static size_t make_text(unsigned char *p)
{
	static const char letters[] = "aabb11122....,_ \t-c\377";
	unsigned used = 2 + rnd(sizeof(letters) - 3), lines = rnd(4) == 0 ? 3 : 25;
	size_t len = 1 + rnd(rnd(3) == 0 ? TEXT_BYTES : 300);

	for (size_t i = 0; i < len; i++)
		p[i] = (unsigned char)(rnd(lines * lines) == 0 ? '\n' : letters[rnd(used)]);
	return len;
}

/** struct found - matches in the order of the text */
struct found {
	struct fl_stream_line at[TEXT_BYTES + 1];
	size_t count;
};

static void search_line(pcre2_code *code, const unsigned char *text, size_t begin, size_t end,
			struct found *ret)
{
	struct fl_pcre_means means;
	struct fl_pcre_subject s = {.p = text + begin, .len = end - begin, .code = code};
	size_t from = 0;

	cr_assert_eq(fl_pcre_means_init(&means, 0), 0);
	while (from <= s.len && fl_pcre_match(&means, &s, from, 0) > 0) {
		const PCRE2_SIZE *pairs = pcre2_get_ovector_pointer(means.data);

		ret->at[ret->count++] =
			(struct fl_stream_line){begin + pairs[0], begin + pairs[1], true};
		from = pairs[1];
	}
	fl_pcre_means_done(&means);
}

static void search_lines(pcre2_code *code, const unsigned char *text, size_t begin, size_t end,
			 struct found *ret)
{
	while (begin < end) {
		const unsigned char *hit = memchr(text + begin, '\n', end - begin);
		size_t at = hit ? (size_t)(hit - text) : end;

		search_line(code, text, begin, at, ret);
		begin = at + 1;
	}
}

/* What was left to PCRE2 is done by it; nothing else may differ. Return: how many matches are ours. */
static size_t complete(pcre2_code *code, const unsigned char *text,
		       const struct fl_streams_lane *lane, struct found *ret)
{
	size_t ours = 0;

	for (size_t i = 0; i < lane->count; i++) {
		const struct fl_stream_line *line = &lane->lines[i];

		if (line->sure) {
			ret->at[ret->count++] = *line;
			ours++;
			continue;
		}
		cr_assert(line->begin == 0 || text[line->begin - 1] == '\n');
		search_lines(code, text, line->begin, line->end, ret);
	}
	return ours;
}

static size_t compare(const struct fl_streams *s, const char *pattern, unsigned rounds)
{
	static unsigned char text[TEXT_BYTES];
	static struct found got, want;
	struct fl_pcre_source prog = {.text = pattern,
				      .len = strlen(pattern),
				      .flags = PCRE2_DOLLAR_ENDONLY | PCRE2_DOTALL |
					       PCRE2_NEVER_UTF};
	struct fl_streams_lane lane;
	pcre2_code *code;
	size_t ours = 0;

	cr_assert_eq(fl_pcre_compile(&prog, &code, NULL), 0);
	cr_assert_eq(fl_streams_lane_init(&lane), 0);
	for (unsigned round = 0; round < rounds; round++) {
		size_t len = make_text(text);

		got.count = want.count = 0;
		cr_assert_eq(fl_streams_spans(s, &lane, text, len), 0);
		ours += complete(code, text, &lane, &got);
		search_lines(code, text, 0, len, &want);
		for (size_t i = 0; i < want.count && i < got.count; i++)
			cr_assert(got.at[i].begin == want.at[i].begin &&
					  got.at[i].end == want.at[i].end,
				  "'%s', match %zu: %zu-%zu, not %zu-%zu, of %zu bytes", pattern, i,
				  got.at[i].begin, got.at[i].end, want.at[i].begin, want.at[i].end,
				  len);
		cr_assert(got.count == want.count, "'%s': %zu matches, not %zu", pattern, got.count,
			  want.count);
	}
	fl_streams_lane_done(&lane);
	pcre2_code_free(code);
	return ours;
}

Test(regex_chain, matches_are_those_of_pcre2)
{
	unsigned patterns = test_rounds(3000, 100);
	unsigned chains = 0;
	size_t ours = 0;
	char pattern[256];

	for (unsigned i = 0; i < patterns; i++) {
		struct fl_streams s;

		make_pattern(pattern, sizeof(pattern));
		if (fl_streams_init(&s, pattern, strlen(pattern), false) < 0 || s.chain.count == 0)
			continue;
		chains++;
		ours += compare(&s, pattern, 4);
	}
	/* Else nothing was shown. */
	cr_assert(chains > patterns / 20, "%u of %u", chains, patterns);
	cr_assert(ours > chains, "%zu", ours);
}

/* A match of 48 bytes ends at each byte, and begins before the end of the last one. */
Test(regex_chain, work_for_nothing_is_bounded)
{
	static const char pattern[] = "1{16}1{16}1{16}";
	static unsigned char text[8000];
	struct fl_streams_lane lane;
	struct fl_streams s;

	memset(text, '1', sizeof(text));
	text[sizeof(text) - 1] = '\n';
	cr_assert_eq(fl_streams_init(&s, pattern, strlen(pattern), false), 0);
	cr_assert_eq(fl_streams_lane_init(&lane), 0);
	cr_assert_eq(fl_streams_spans(&s, &lane, text, sizeof(text)), 0);
	cr_assert_eq(lane.count, 1);
	cr_assert(!lane.lines[0].sure && lane.lines[0].begin == 0 &&
		  lane.lines[0].end == sizeof(text));
	(void)compare(&s, pattern, 20);
	fl_streams_lane_done(&lane);
}
