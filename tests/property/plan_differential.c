/* SPDX-License-Identifier: MIT */
/*
 * Every plan against PCRE2 line by line: drawn patterns, in texts whose hits stand at any position of
 * the blocks that bit streams and Hyperscan work on; the lines found must be the same.
 *
 * FL_TEST_SCALE scales the number of patterns; arguments: SEED PATTERNS.
 */
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/scan.h>

#include "../support/drawn.h"
#include "../support/guardbuf.h"
#include "../support/opharness.h"
#include "../support/scale.h"

#define PATTERNS 50000
#define TEXT_BYTES 40000
#define PATTERN_BYTES 1500

struct text {
	char *data;
	size_t len;
	size_t size;
};

static void put(struct text *b, const void *data, size_t len)
{
	if (b->len + len > b->size) {
		b->size = 2 * (b->len + len) + 1024;
		b->data = realloc(b->data, b->size);
		if (!b->data)
			abort();
	}
	if (len > 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
}

static int collect(void *arg, const void *data, size_t len)
{
	put(arg, data, len);
	return 0;
}

static const char *const atoms[] = {
	"a",   "b",    "ab",   "foo",   "bar", "1",   "12",    "_",    " ",           "-",
	".",   "\\.",  "[ab]", "[^a]",  "\\d", "\\w", "\\s",   "\\W",  "[[:alpha:]]", "[0-9]{1,3}",
	"k",   "s",    "x",    "error", "\\t", "\\S", "[a-f]", "[]x]", "[^]a-c]",     "[[:punct:]]",
	"\\D", "[-a]", "Fo",   "[\\w.]"};
static const char *const edges[] = {"^", "$", "\\b", "\\B"};
/* What other proposers must not touch. */
static const char *const traps[] = {
	"(?=a)", "(?<=o)", "(?!b)",        "\\A",    "\\Z",   "\\z",   "(a|b)\\1", "(?>a+)",
	"a++",   "(?i)fo", "(?:\\Qa.\\E)", "(*UCP)", "\\x61", "\\R",   "\\N",      "(?#c)b",
	"\\Ka",  "a{,2}",  "[^\\n]a",      "(?-i)A", "(?s).", "(?m)^a"};
static const char *const repeats[] = {"*", "+", "?", "{2}", "{1,3}", "{2,}", "*?", "+?", "{0,2}"};

/* Long enough to propose lines: every match begins with it. */
static const char *const leads[] = {"foo",  "error", "abc",   "10\\.",
				    "12.3", "aa ",   "foo.*", "foo[^a]*"};

static void append(char *to, const char *s)
{
	if (strlen(to) + strlen(s) + 1 < PATTERN_BYTES)
		strcat(to, s);
}

static void make_regex(char *to, unsigned depth, bool trapped)
{
	unsigned n = 1 + rnd(4);

	for (unsigned i = 0; i < n; i++) {
		if (one_in(8)) {
			append(to, PICK(edges));
			continue;
		}
		if (trapped && one_in(5)) {
			append(to, PICK(traps));
			continue;
		}
		if (depth > 0 && one_in(4)) {
			append(to, one_in(2) ? "(" : "(?:");
			make_regex(to, depth - 1, trapped);
			if (one_in(2)) {
				append(to, "|");
				make_regex(to, depth - 1, trapped);
			}
			append(to, ")");
			/* Nested repetition is for PCRE2's limits. */
			if (depth == 1 && one_in(6))
				append(to, PICK(repeats));
			continue;
		}
		append(to, PICK(atoms));
		if (one_in(4))
			append(to, PICK(repeats));
	}
	if (depth == 2 && one_in(4)) {
		append(to, "|");
		make_regex(to, 1, trapped);
	}
}

/* Few short ones, or many that are long enough for grams. */
static void make_literals(char *to)
{
	bool many = one_in(4);
	unsigned n = 1 + rnd(many ? 100 : 12);

	for (unsigned i = 0; i < n; i++) {
		append(to, i > 0 ? "\n" : "");
		for (unsigned k = (many ? 4 : 1) + rnd(4); k > 0; k--)
			append(to, PICK(((const char *const[]){"a", "b", "foo", "ar", "1", ".", " ",
							       "k", "x"})));
	}
}

/* The literals that the text is to hold, or NULL. */
static const char *literals;

static void add_literal(struct text *t)
{
	const char *from = literals + rnd((unsigned)strlen(literals));

	while (from > literals && from[-1] != '\n')
		from--;
	put(t, from, strcspn(from, "\n"));
}

static void add_words(struct text *t, unsigned n, bool clean)
{
	static const char *const words[] = {
		"a",     "b",  "foo", "bar", "1", "12.3", " ",  "_", "-", "k",  "S",   "x",
		"error", "\t", "Fo",  "ab",  ".", "FOO",  "aa", "]", "7", "\r", "abc", "10.1.2.3"};
	static const char *const dirt[] = {"\xc3\xa9", "\xff", "\xe2\x84\xaa", "\xc5\xbf", "\x80"};

	for (; n > 0; n--) {
		const char *w = !clean && one_in(12) ? PICK(dirt) : PICK(words);

		if (literals && one_in(9))
			add_literal(t);
		else
			put(t, w, strlen(w));
		if (!clean && one_in(400))
			put(t, "", 1);
	}
}

/* Few lines that may match, anywhere in lines that hardly do. */
static void make_text(struct text *t)
{
	static const char filler[] = "=====================================================";
	size_t len = rnd(one_in(4) ? TEXT_BYTES : 300);
	bool clean = one_in(2);

	t->len = 0;
	while (t->len < len) {
		if (one_in(3) || len < 300) {
			add_words(t, rnd(one_in(30) ? 4000 : 9), clean);
		} else {
			for (unsigned k = rnd(6); k > 0; k--)
				put(t, filler, rnd(sizeof(filler)));
		}
		put(t, "\n", 1);
	}
	if (t->len > 0 && one_in(4))
		t->len--;
}

/* Return: false: the engine is not one for the pattern, or the pattern is wrong. */
static bool scan(const struct fl_scan_options *base, enum fl_scan_engine engine,
		 const struct text *text, struct text *out, int *ret_code)
{
	struct fl_scan_options opt = *base;
	struct opharness how = {.chunk = 1 + rnd(one_in(2) ? 5000 : 200000),
				.slice = 1 + rnd(one_in(2) ? 9000 : 200000),
				.part_limit = 1 << 20,
				.delimiter = '\n',
				.seed = 1};
	struct fl_scan *sc = NULL;
	struct fl_error err;

	out->len = 0;
	opt.engine = engine;
	opt.write = collect;
	opt.arg = out;
	if (fl_scan_new(&opt, &sc, &err) < 0)
		return false;
	*ret_code = opharness_run(fl_scan_operator(sc), sc, (const unsigned char *)text->data,
				  text->len, &how, &err);
	if (opt.flags & FL_SCAN_COUNT) {
		struct fl_scan_result result;
		char count[32];

		fl_scan_result(sc, &result);
		put(out, count,
		    (size_t)snprintf(count, sizeof(count), "%llu\n",
				     (unsigned long long)result.selected));
	}
	fl_scan_free(sc);
	return true;
}

/* How often each engine answered with lines. */
static unsigned answers[4];

static bool check(unsigned seed, bool hs)
{
	static const enum fl_scan_engine engines[] = {FL_SCAN_ENGINE_AUTO, FL_SCAN_ENGINE_LIT,
						      FL_SCAN_ENGINE_STREAMS, FL_SCAN_ENGINE_HS};
	static struct text text, want, got;
	char pattern[PATTERN_BYTES] = "";
	struct fl_scan_options opt = {.size = sizeof(opt), .pattern = pattern};
	int want_code, code;

	rnd_seed(seed);
	literals = NULL;
	if (one_in(6)) {
		make_literals(pattern);
		opt.flags |= FL_SCAN_FIXED;
		literals = pattern;
	} else {
		if (one_in(5))
			append(pattern, PICK(leads));
		make_regex(pattern, 2, one_in(5));
	}
	opt.pattern_len = strlen(pattern);
	opt.flags |= (one_in(4) ? FL_SCAN_IGNORE_CASE : 0) | (one_in(8) ? FL_SCAN_WORD : 0) |
		     (one_in(12) ? FL_SCAN_LINE_REGEXP : 0) | (one_in(3) ? FL_SCAN_TEXT : 0) |
		     (one_in(6) ? FL_SCAN_INVERT : 0) |
		     (one_in(4) ? FL_SCAN_COUNT : FL_SCAN_BYTE_OFFSET);
	make_text(&text);
	if (!scan(&opt, FL_SCAN_ENGINE_PCRE2, &text, &want, &want_code))
		return true;
	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		if (engines[i] == FL_SCAN_ENGINE_HS && !hs)
			continue;
		if (!scan(&opt, engines[i], &text, &got, &code))
			continue;
		answers[i] += got.len > 0;
		/* Over many lines a limit is met elsewhere. */
		if (want_code < 0 || (code == want_code && got.len == want.len &&
				      (got.len == 0 || memcmp(got.data, want.data, got.len) == 0)))
			continue;
		printf("seed %u engine %zu flags %x pattern '%s': %zu bytes (%d), not %zu (%d)\n",
		       seed, i, opt.flags, pattern, got.len, code, want.len, want_code);
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	unsigned first = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1;
	unsigned count = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10)
				  : (unsigned)(PATTERNS * test_scale());
	unsigned wrong = 0;

	for (unsigned i = 0; i < count && wrong < 20; i++) {
		/* Hyperscan takes a millisecond to compile. */
		setlocale(LC_ALL, (first + i) % 2 ? "C" : "C.UTF-8");
		wrong += !check(first + i, count == 1 || i % 8 == 0);
		fflush(stdout);
	}
	printf("# %u patterns, %u wrong; lines from auto %u, lit %u, streams %u, hs %u\n", count,
	       wrong, answers[0], answers[1], answers[2], answers[3]);
	/* A test of nothing is no test. */
	if (count >= 1000 && answers[2] < count / 10)
		return 1;
	return wrong > 0;
}
