/* SPDX-License-Identifier: MIT */
#include "ops/scan/scan_pattern.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "ops/scan/posix.h"

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
		const char *stop = len > 0 ? memchr(p, '\n', (size_t)(end - p)) : NULL;

		ret[n] = (struct alternative){p, (size_t)((stop ? stop : end) - p), n};
		n++;
		if (!stop)
			return n;
		p = stop + 1;
	}
}

/*
 * @fold_like_grep: grep -F -i takes case from towupper(3), to which U+212A
 * KELVIN SIGN is no "k"; to PCRE2, and so to grep -P, it is one.
 */
static void quote(struct fl_text *to, const struct alternative *alt, bool fold_like_grep)
{
	for (size_t i = 0; i < alt->len; i++) {
		const char *c = alt->p + i;

		if (*c == '\0') {
			fl_text_adds(to, "\\x00");
			continue;
		}
		if (fold_like_grep && (*c == 'k' || *c == 'K')) {
			fl_text_adds(to, "(?-i:[kK])");
			continue;
		}
		if (strchr("\\^$.[]|()?*+{}-#", *c) != NULL)
			fl_text_adds(to, "\\");
		fl_text_add(to, c, 1);
	}
}

static size_t count_alternatives(const char *p, size_t len)
{
	size_t n = 1;

	for (size_t i = 0; i < len; i++)
		n += p[i] == '\n';
	return n;
}

/* A group of its own keeps "a|b" and "(?i)" within their pattern. */
static int add_regex(struct fl_text *to, const struct alternative *alt, unsigned flags,
		     bool in_group, struct fl_error *reterr)
{
	int r = 0;

	if (in_group)
		fl_text_adds(to, "(?:");
	if (flags & (FL_SCAN_EXTENDED | FL_SCAN_BASIC))
		r = fl_posix_translate(alt->p, alt->len, flags, to, reterr);
	else
		fl_text_add(to, alt->p, alt->len);
	if (in_group)
		fl_text_adds(to, ")");
	return r;
}

/**
 * struct style - how patterns are put together
 * @fold_like_grep: see quote()
 * @in_group:       each one in a group of its own
 * @marked:         a mark behind each one
 */
struct style {
	unsigned flags;
	bool fold_like_grep;
	bool in_group;
	bool marked;
};

static int add_alternative(struct fl_text *to, const struct alternative *alt,
			   const struct style *style, struct fl_error *reterr)
{
	char mark[32];
	int r = 0;

	if (style->flags & FL_SCAN_FIXED)
		quote(to, alt, style->fold_like_grep);
	else
		r = add_regex(to, alt, style->flags, style->in_group, reterr);
	if (style->marked) {
		snprintf(mark, sizeof(mark), "(*MARK:%zu)", alt->order + 1);
		fl_text_adds(to, mark);
	}
	return r;
}

static int join(const struct fl_scan_options *opt, struct style *style, struct fl_text *ret,
		struct fl_error *reterr)
{
	size_t count = count_alternatives(opt->pattern, opt->pattern_len);
	struct alternative *alts = calloc(count, sizeof(*alts));
	int r = 0;

	if (!alts)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	style->in_group = count > 1 || style->marked;
	split(opt->pattern, opt->pattern_len, alts);
	if (style->flags & FL_SCAN_FIXED)
		qsort(alts, count, sizeof(*alts), longest_first);
	fl_text_add(ret, "", 0);
	for (size_t i = 0; i < count && r == 0; i++) {
		if (i > 0)
			fl_text_adds(ret, "|");
		r = add_alternative(ret, &alts[i], style, reterr);
	}
	free(alts);
	if (r == 0 && ret->failed)
		r = fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	return r;
}

int fl_scan_pattern_text(const struct fl_scan_options *opt, bool utf, struct fl_text *ret,
			 struct fl_error *reterr)
{
	struct style style = {.flags = opt->flags,
			      .fold_like_grep = utf && (opt->flags & FL_SCAN_IGNORE_CASE)};

	return join(opt, &style, ret, reterr);
}

int fl_scan_pattern_marked(const struct fl_scan_options *opt, bool utf, struct fl_text *ret,
			   struct fl_error *reterr)
{
	struct style style = {.flags = opt->flags,
			      .fold_like_grep = utf && (opt->flags & FL_SCAN_IGNORE_CASE),
			      .marked = true};

	return join(opt, &style, ret, reterr);
}

int fl_scan_literals_quoted(const struct fl_scan_options *opt,
			    int (*ret)(void *arg, char *text, const char *literal, size_t len),
			    void *arg)
{
	size_t count = count_alternatives(opt->pattern, opt->pattern_len);
	struct alternative *alts = calloc(count, sizeof(*alts));
	int r = alts ? 0 : -ENOMEM;

	if (alts)
		split(opt->pattern, opt->pattern_len, alts);
	for (size_t i = 0; i < count && r == 0; i++) {
		struct fl_text text = {0};

		if (alts[i].len == 0 || memchr(alts[i].p, '\0', alts[i].len)) {
			r = -EINVAL;
			break;
		}
		quote(&text, &alts[i], false);
		fl_text_add(&text, "", 1);
		r = text.failed ? -ENOMEM : ret(arg, text.p, alts[i].p, alts[i].len);
		if (r < 0)
			fl_text_done(&text);
	}
	free(alts);
	return r;
}

/* Does \Q reach the end of the pattern? */
static bool is_quoted_to_end(const char *p, size_t len)
{
	bool quoted = false;

	for (size_t i = 0; i + 1 < len; i++) {
		if (p[i] != '\\')
			continue;
		if (p[i + 1] == (quoted ? 'E' : 'Q'))
			quoted = !quoted;
		else if (quoted)
			continue;
		i++;
	}
	return quoted;
}

/* Bytes of the settings that PCRE2 takes at the very beginning only: pcre2pattern(3). */
static size_t settings_len(const char *p, size_t len)
{
	static const char *const settings[] = {"UTF)", "UCP)",  "NO_", "LIMIT_", "NOTEMPTY", "CR)",
					       "LF)",  "CRLF)", "ANY", "NUL)",   "BSR_"};
	size_t done = 0;

	while (len - done > 2 && memcmp(p + done, "(*", 2) == 0) {
		const char *word = p + done + 2;
		const char *end = memchr(word, ')', (size_t)(p + len - word));
		bool is_setting = false;

		for (size_t i = 0; end && i < sizeof(settings) / sizeof(*settings); i++) {
			size_t n = strlen(settings[i]);

			is_setting |=
				(size_t)(end + 1 - word) >= n && memcmp(word, settings[i], n) == 0;
		}
		if (!is_setting)
			break;
		done = (size_t)(end + 1 - p);
	}
	return done;
}

int fl_scan_pattern_wrap(unsigned flags, const char *p, size_t len, struct fl_text *ret)
{
	bool line = (flags & FL_SCAN_LINE_REGEXP) != 0;

	/* grep -x leaves it to PCRE2 (PCRE2_EXTRA_MATCH_LINE), grep -w does not. */
	size_t settings = line ? settings_len(p, len) : 0;

	fl_text_add(ret, p, settings);
	fl_text_adds(ret, line ? "^(?:" : "(?<!\\w)(?:");
	fl_text_add(ret, p + settings, len - settings);
	if (line && is_quoted_to_end(p, len))
		fl_text_adds(ret, "\\E");
	fl_text_adds(ret, line ? ")$" : ")(?!\\w)");
	return ret->failed ? -ENOMEM : 0;
}
