/* SPDX-License-Identifier: MIT */
#include "ops/scan/scan_plan.h"

#include <errno.h>
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

/* A shorter literal stands in too many lines to save PCRE2's work; about what ripgrep's
 * literal extractor asks for, to be measured. */
#define PROPOSER_MIN_BYTES 3

struct alternative {
	const char *p;
	size_t len;
	size_t order;
};

/* grep -F prefers the longest of the literals that match at one place. */
static int longest_first(const void *a, const void *b)
{
	const struct alternative *x = a;
	const struct alternative *y = b;

	if (x->len != y->len)
		return x->len < y->len ? 1 : -1;
	return x->order < y->order ? -1 : 1;
}

static size_t split(const char *p, size_t len, struct alternative *ret)
{
	const char *end = p + len;
	size_t n = 0;

	for (;;) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));

		ret[n] = (struct alternative){p, (size_t)((stop ? stop : end) - p), n};
		n++;
		if (!stop)
			return n;
		p = stop + 1;
	}
}

/* The most that quote() makes of one byte */
#define QUOTED_BYTES 10

/*
 * @fold_like_grep: grep -F -i takes case from towupper(3), to which U+212A
 * KELVIN SIGN is no "k"; to PCRE2, and so to grep -P, it is one.
 */
static size_t quote(char *to, const struct alternative *alt, bool fold_like_grep)
{
	size_t n = 0;

	for (size_t i = 0; i < alt->len; i++) {
		if (alt->p[i] == '\0') {
			memcpy(to + n, "\\x00", 4);
			n += 4;
			continue;
		}
		if (fold_like_grep && (alt->p[i] == 'k' || alt->p[i] == 'K')) {
			memcpy(to + n, "(?-i:[kK])", QUOTED_BYTES);
			n += QUOTED_BYTES;
			continue;
		}
		if (strchr("\\^$.[]|()?*+{}-#", alt->p[i]) != NULL)
			to[n++] = '\\';
		to[n++] = alt->p[i];
	}
	return n;
}

static int count_alternatives(const char *p, size_t len)
{
	int n = 1;

	for (size_t i = 0; i < len; i++)
		n += p[i] == '\n';
	return n;
}

/* The literals of -F as PCRE2's text. */
static int quote_all(struct fl_scan_plan *plan, const struct fl_scan_options *opt)
{
	size_t count = (size_t)count_alternatives(opt->pattern, opt->pattern_len);
	bool fold = plan->is_utf_locale && (opt->flags & FL_SCAN_IGNORE_CASE);
	struct alternative *alts = calloc(count, sizeof(*alts));

	plan->pattern = malloc(opt->pattern_len * QUOTED_BYTES + count);
	if (!alts || !plan->pattern) {
		free(alts);
		return -ENOMEM;
	}
	split(opt->pattern, opt->pattern_len, alts);
	qsort(alts, count, sizeof(*alts), longest_first);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			plan->pattern[plan->pattern_len++] = '|';
		plan->pattern_len += quote(plan->pattern + plan->pattern_len, &alts[i], fold);
	}
	free(alts);
	return 0;
}

static int take_pattern(struct fl_scan_plan *plan, const struct fl_scan_options *opt,
			struct fl_error *reterr)
{
	if (opt->flags & FL_SCAN_FIXED)
		return quote_all(plan, opt);
	if (opt->pattern_len > 0 && memchr(opt->pattern, '\n', opt->pattern_len))
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE,
				    "a pattern cannot hold a newline");
	plan->pattern = malloc(opt->pattern_len + 1);
	if (!plan->pattern)
		return -ENOMEM;
	if (opt->pattern_len > 0)
		memcpy(plan->pattern, opt->pattern, opt->pattern_len);
	plan->pattern_len = opt->pattern_len;
	return 0;
}

/* May the kernels look for the literal in either case? */
static bool fold_case(struct fl_scan_plan *plan, unsigned flags)
{
	struct fl_pattern_facts *f = &plan->facts;

	for (size_t i = 0; i < f->literal_len; i++) {
		unsigned char c = f->literal[i];

		if (c >= 0x80)
			return false;
		if (c >= 'A' && c <= 'Z')
			c = (unsigned char)(c | 0x20);
		f->literal[i] = c;
		if (plan->is_utf_locale && (c == 's' || (c == 'k' && !(flags & FL_SCAN_FIXED))))
			plan->ascii_only = true;
	}
	return true;
}

static bool literal_is_usable(struct fl_scan_plan *plan, unsigned flags)
{
	const struct fl_pattern_facts *f = &plan->facts;

	if (!f->literal)
		return false;
	/* PCRE2 is to say what is wrong with it. */
	if (!(flags & FL_SCAN_FIXED) && plan->is_utf_locale &&
	    !fl_text_is_utf8(f->literal, f->literal_len))
		return false;
	return !(flags & FL_SCAN_IGNORE_CASE) || fold_case(plan, flags);
}

static void choose(struct fl_scan_plan *plan, const struct fl_scan_options *opt)
{
	const struct fl_pattern_facts *f = &plan->facts;
	bool usable = literal_is_usable(plan, opt->flags);

	plan->method = FL_SCAN_BY_LINE;
	plan->needs_regex = true;
	if (opt->engine == FL_SCAN_ENGINE_PCRE2)
		return;
	if (plan->pattern_len == 0) {
		plan->method = FL_SCAN_EVERY;
		plan->needs_regex = false;
	} else if (usable && f->is_exact) {
		plan->method = FL_SCAN_LITERAL;
		plan->needs_regex = plan->ascii_only;
	} else if (usable &&
		   (f->literal_len >= PROPOSER_MIN_BYTES || opt->engine == FL_SCAN_ENGINE_LIT)) {
		plan->method = FL_SCAN_PROPOSED;
	} else if (f->whole) {
		plan->method = FL_SCAN_WHOLE;
	}
}

static void describe(struct fl_scan_plan *plan)
{
	int len = plan->facts.literal_len < 60 ? (int)plan->facts.literal_len : 60;
	const char *literal = (const char *)plan->facts.literal;
	char *text = plan->text;
	size_t size = sizeof(plan->text);

	switch (plan->method) {
	case FL_SCAN_LITERAL:
		snprintf(text, size, "literal '%.*s'", len, literal);
		break;
	case FL_SCAN_PROPOSED:
		snprintf(text, size, "literal '%.*s', then pcre2-jit on its lines", len, literal);
		break;
	case FL_SCAN_WHOLE:
		snprintf(text, size, "pcre2-jit on whole views");
		break;
	case FL_SCAN_EVERY:
		snprintf(text, size, "every line");
		break;
	default:
		snprintf(text, size, "pcre2-jit line by line");
		break;
	}
}

static int compile(struct fl_scan_plan *plan, const struct fl_scan_options *opt,
		   struct fl_error *reterr)
{
	struct fl_regex *re = &plan->regex;

	re->text = plan->pattern;
	re->text_len = plan->pattern_len;
	re->flags = opt->flags & FL_SCAN_IGNORE_CASE ? PCRE2_CASELESS : 0;
	re->is_utf = plan->is_utf_locale;
	/* Literals that are not valid UTF-8 are found as bytes. */
	if ((opt->flags & FL_SCAN_FIXED) && re->is_utf)
		re->is_utf = fl_text_is_utf8((const unsigned char *)re->text, re->text_len);
	if (plan->method == FL_SCAN_WHOLE) {
		re->whole_text = plan->facts.whole;
		re->whole_len = plan->facts.whole_len;
	}
	return fl_regex_init(re, reterr);
}

/* One literal of -F is known as it stands, also where the reader gives up. */
static int literal_of_fixed(struct fl_scan_plan *plan, const struct fl_scan_options *opt)
{
	struct fl_pattern_facts *f = &plan->facts;

	if (!(opt->flags & FL_SCAN_FIXED) || f->literal || opt->pattern_len == 0 ||
	    memchr(opt->pattern, '\n', opt->pattern_len) ||
	    memchr(opt->pattern, '\0', opt->pattern_len))
		return 0;
	f->literal = malloc(opt->pattern_len);
	if (!f->literal)
		return -ENOMEM;
	memcpy(f->literal, opt->pattern, opt->pattern_len);
	f->literal_len = opt->pattern_len;
	f->is_exact = true;
	return 0;
}

int fl_scan_plan_init(struct fl_scan_plan *plan, const struct fl_scan_options *opt,
		      struct fl_error *reterr)
{
	int r;

	memset(plan, 0, sizeof(*plan));
	plan->is_utf_locale = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	r = take_pattern(plan, opt, reterr);
	if (r == 0)
		r = fl_pattern_read(plan->pattern, plan->pattern_len, plan->is_utf_locale,
				    &plan->facts);
	if (r == 0)
		r = literal_of_fixed(plan, opt);
	if (r < 0)
		goto out;
	choose(plan, opt);
	if (opt->engine == FL_SCAN_ENGINE_LIT && plan->method != FL_SCAN_LITERAL &&
	    plan->method != FL_SCAN_PROPOSED) {
		r = fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE,
				 "the pattern has no literal that every match holds");
		goto out;
	}
	if (plan->facts.literal)
		fl_literal_init(&plan->literal, plan->facts.literal, plan->facts.literal_len,
				(opt->flags & FL_SCAN_IGNORE_CASE) != 0);
	describe(plan);
	if (plan->needs_regex)
		r = compile(plan, opt, reterr);
out:
	if (r < 0)
		fl_scan_plan_done(plan);
	return r;
}

void fl_scan_plan_done(struct fl_scan_plan *plan)
{
	fl_regex_done(&plan->regex);
	fl_pattern_facts_done(&plan->facts);
	free(plan->pattern);
	memset(plan, 0, sizeof(*plan));
}
