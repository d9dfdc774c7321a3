/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/transform/edit.h"
#include "ops/transform/edit_pattern.h"
#include "ops/transform/edit_regex.h"

#include "../support/guardbuf.h"
#include "../support/nasty.h"
#include "../support/scale.h"

/* NULL: nothing is known. */
static const struct {
	const char *pattern, *literal, *whole;
	bool exact;
} facts[] = {
	{"abc", "abc", "abc", true},
	{"a\\.b", "a.b", "a\\.b", true},
	{"abc?d", "ab", "abc?d", false},
	{"abc+de", "abc", "abc+de", false},
	{"ab{0,2}cde", "cde", "ab{0,2}cde", false},
	{"ab{2}c", "ab", "ab{2}c", false},
	{"x(abc|d)yz", "yz", "x(abc|d)yz", false},
	{"abc|d", NULL, "abc|d", false},
	{"\xC3\xA9?a", "a", "\xC3\xA9?a", false},
	{"[^a]b", "b", "[^\\na]b", false},
	{"[]a]b", "b", "[\\]a]b", false},
	{"[^]a]", NULL, "[^\\n\\]a]", false},
	{"[^-a]", NULL, "[^\\n\\-a]", false},
	{"\\s+\\W\\D\\S", NULL, "[^\\S\\n]+[^\\w\\n][^\\d\\n]\\S", false},
	{"^a$", "a", "^a$", false},
	{"\\bword\\b", "word", "\\bword\\b", false},
	{"a.*?b", "a", "a.*?b", false},
	{"(?:ab)+c", "c", "(?:ab)+c", false},
	{"(?i)a", NULL, NULL, false},
	{"a(?=b)", NULL, NULL, false},
	{"a++", NULL, NULL, false},
	{"(a)\\1", NULL, NULL, false},
	{"a\\nb", NULL, NULL, false},
	{"[\\s]", NULL, NULL, false},
	{"[[:space:]]", NULL, NULL, false},
	{"[[:digit:]]x", "x", "[[:digit:]]x", false},
	{"(*UTF)a", NULL, NULL, false},
	{"a{x", NULL, NULL, false},
	{"a)", NULL, NULL, false},
	{"(a", NULL, NULL, false},
};

static bool equals(const char *want, const char *got, size_t len)
{
	return want ? got && strlen(want) == len && memcmp(want, got, len) == 0 : !got;
}

Test(edit_pattern, facts)
{
	for (size_t i = 0; i < sizeof(facts) / sizeof(*facts); i++) {
		struct fl_edit_facts f;
		size_t len = strlen(facts[i].pattern);

		cr_assert(fl_edit_pattern_read(facts[i].pattern, len, &f) == 0);
		cr_assert(equals(facts[i].literal, f.literal, f.literal_len), "%s: literal %.*s",
			  facts[i].pattern, (int)f.literal_len, f.literal);
		cr_assert(equals(facts[i].whole, f.whole, f.whole_len), "%s: whole %.*s",
			  facts[i].pattern, (int)f.whole_len, f.whole);
		cr_assert(f.exact == facts[i].exact, "%s", facts[i].pattern);
		fl_edit_facts_done(&f);
	}
}

static const char *const atoms[] = {"a",   "b",     "c",     "ab",  ".",        "[ab]",  "[^a]",
				    "\\s", "\\w",   "\\W",   "\\d", "\\b",      "^",     "$",
				    "abc", "(a|b)", "(?:c)", "\\S", "\xC3\xA9", "[^]b]", "[]c]",
				    " ",   "(ab)",  "x",     "\\D", "[a-c]",    "\\.",   "(b|)"};
static const char *const repeats[] = {"", "", "", "", "*", "+", "?", "{1,2}", "*?", "{2}"};

static void random_pattern(unsigned *seed, char *ret, size_t size)
{
	size_t n = 1 + nasty_rnd(seed, 5), len = 0;

	ret[0] = '\0';
	for (; n > 0; n--) {
		const char *atom = atoms[nasty_rnd(seed, sizeof(atoms) / sizeof(*atoms))];
		const char *repeat = repeats[nasty_rnd(seed, sizeof(repeats) / sizeof(*repeats))];
		bool bare = strchr("^$", atom[0]) || strcmp(atom, "\\b") == 0;

		len += (size_t)snprintf(ret + len, size - len, "%s%s%s", atom, bare ? "" : repeat,
					n > 1 && nasty_rnd(seed, 8) == 0 ? "|" : "");
	}
}

static size_t random_text(unsigned *seed, unsigned char *ret, size_t max)
{
	static const char bytes[] = "aaabbbccc  ..x1\n\n\n\t\r\xC3\xA9\xC3\xA9\xFF";
	size_t len = nasty_rnd(seed, max);

	for (size_t i = 0; i < len; i++)
		ret[i] = (unsigned char)bytes[nasty_rnd(seed, sizeof(bytes) - 1)];
	return len;
}

static struct fl_edit *compile(const char *text, unsigned flags)
{
	struct fl_edit_step step = {text, strlen(text)};
	struct fl_edit_options opt;
	struct fl_edit *edit = NULL;
	struct fl_error err = {0};

	fl_edit_options_init(&opt);
	opt.flags = flags;
	opt.steps = &step;
	opt.step_count = 1;
	cr_assert(fl_edit_compile(&opt, &edit, &err) == 0, "%s: %s", text, err.text);
	return edit;
}

static size_t apply(const struct fl_edit *edit, struct fl_edit_scratch *scratch,
		    const unsigned char *p, size_t len, unsigned char *ret)
{
	struct fl_view view = {.off = 77, .len = len, .data = p};
	struct fl_deltas d;
	struct fl_error err = {0};
	size_t n;

	fl_deltas_init(&d, SIZE_MAX);
	if (len > 0)
		cr_assert(fl_edit_map(edit, scratch, &view, &d, &err) == 0, "%s", err.text);
	fl_deltas_apply(&d, 77, p, len, ret);
	n = (size_t)((int64_t)len + fl_deltas_growth(&d));
	fl_deltas_done(&d);
	return n;
}

/* Each record alone: none of the short cuts over many records is taken into the next one. */
static size_t apply_each(const struct fl_edit *edit, struct fl_edit_scratch *scratch,
			 const unsigned char *p, size_t len, unsigned char *ret)
{
	size_t pos = 0, n = 0;

	while (pos < len) {
		const unsigned char *end = memchr(p + pos, '\n', len - pos);
		size_t next = end ? (size_t)(end + 1 - p) : len;

		n += apply(edit, scratch, p + pos, next - pos, ret + n);
		pos = next;
	}
	return n;
}

/* The form, with the pattern in place of its '@'. */
static void fill(char *ret, size_t size, const char *form, const char *before, const char *pattern,
		 const char *behind)
{
	const char *at = strchr(form, '@');

	snprintf(ret, size, "%.*s%s%s%s%s", (int)(at - form), form, before, pattern, behind,
		 at + 1);
}

/* "(?#)" is odd to the reader of patterns: PCRE2 sees one record at a time. */
static void compare(const char *form, const char *pattern, unsigned flags, unsigned *seed)
{
	char quick[300], plain[300];
	struct fl_edit *edits[2];
	struct fl_edit_scratch *scratch[2];

	fill(quick, sizeof(quick), form, "", pattern, "");
	fill(plain, sizeof(plain), form, "(?#)(?:", pattern, ")");
	edits[0] = compile(quick, flags);
	edits[1] = compile(plain, flags);
	for (int k = 0; k < 2; k++)
		cr_assert(fl_edit_scratch_new(edits[k], &scratch[k]) == 0);
	for (int round = 0; round < 20; round++) {
		unsigned char text[1600], got[12000], want[12000];
		size_t len = random_text(seed, text, 120), got_len, want_len;

		/* Where few records match, bit streams propose them. */
		if (round % 2 > 0) {
			size_t before = nasty_rnd(seed, 700), behind = nasty_rnd(seed, 700);

			memmove(text + before, text, len);
			memset(text, '\n', before);
			memset(text + before + len, '\n', behind);
			len += before + behind;
		}
		got_len = apply(edits[0], scratch[0], text, len, got);
		want_len = apply_each(edits[1], scratch[1], text, len, want);

		cr_assert(got_len == want_len && memcmp(got, want, got_len) == 0,
			  "%s (%s) of '%.*s': '%.*s', not '%.*s'", quick, fl_edit_plan(edits[0]),
			  (int)len, text, (int)got_len, got, (int)want_len, want);
	}
	for (int k = 0; k < 2; k++) {
		fl_edit_scratch_free(scratch[k]);
		fl_edit_free(edits[k]);
	}
}

/* Streams look at some texts, and leave those of many matches to PCRE2, for a while. */
Test(edit_regex, streams_are_for_few_records)
{
	struct fl_edit_regex re;
	struct fl_edit_matcher m;
	unsigned char text[4096];
	struct fl_edit_text t = {.data = text, .len = sizeof(text), .delimiter = '\n'};
	struct fl_edit_span record;

	if (!fl_kernels_get()->streams_are_fast)
		cr_skip_test("no fast bit streams on this processor");
	cr_assert_eq(fl_edit_regex_init(&re, "[0-9]{3}$", 9, 0, '\n', NULL), 0);
	cr_assert_eq(re.method, FL_EDIT_STREAMS);
	cr_assert_eq(fl_edit_matcher_init(&m, &re), 0);
	memset(text, '\n', sizeof(text));
	memcpy(text + 2000, "x 123\n", 6);
	memcpy(text + 4090, "45 789", 6);
	cr_assert_eq(fl_edit_next_record(&m, &t, 0, &record), 1);
	cr_assert(!fl_edit_is_whole(&m, &t));
	cr_assert(record.begin == 2000 && record.end == 2005);
	cr_assert_eq(fl_edit_next_record(&m, &t, 2006, &record), 1);
	cr_assert(record.begin == 4090 && record.end == 4096);
	for (size_t i = 0; i + 4 <= sizeof(text); i += 4)
		memcpy(text + i, "123\n", 4);
	for (int i = 0; i < 3; i++) {
		cr_assert_eq(fl_edit_next_record(&m, &t, 0, &record), 1);
		cr_assert(record.begin == 0 && record.end == 3);
		cr_assert(fl_edit_is_whole(&m, &t));
		cr_assert_eq(fl_edit_next_record(&m, &t, 4, &record), 1);
		cr_assert(record.begin == 4 && record.end == 7);
	}
	fl_edit_matcher_done(&m);
	fl_edit_regex_done(&re);
}

Test(edit_regex, short_cuts_change_nothing)
{
	static const char *const forms[] = {"s/@/[&]/g", "s/@/<&>/", "s/@/-/2", "s/@/X/gi",
					    "mask=@",    "delete=@", "keep=@",  "s/@//2g"};
	unsigned seed = 11;

	for (double round = 0; round < 3000 * test_scale(); round++) {
		char pattern[120];

		random_pattern(&seed, pattern, sizeof(pattern));
		compare(forms[nasty_rnd(&seed, sizeof(forms) / sizeof(*forms))], pattern,
			nasty_rnd(&seed, 2) ? FL_EDIT_UTF : 0, &seed);
	}
}
