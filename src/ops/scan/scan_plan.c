/* SPDX-License-Identifier: MIT */
#include "ops/scan/scan_plan.h"

#include <errno.h>
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "ops/scan/scan_pattern.h"

/* A shorter literal stands in too many lines to save PCRE2's work; about what ripgrep's
 * literal extractor asks for, to be measured. */
#define PROPOSER_MIN_BYTES 3

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

static bool is_wrapped(unsigned flags)
{
	return (flags & (FL_SCAN_WORD | FL_SCAN_LINE_REGEXP)) != 0;
}

static bool literal_is_usable(struct fl_scan_plan *plan, unsigned flags)
{
	const struct fl_pattern_facts *f = &plan->facts;

	if (!f->literal)
		return false;
	/* PCRE2 is to say what is wrong with it. */
	if (!(flags & FL_SCAN_FIXED) && plan->is_utf_locale &&
	    !fl_utf8_is_valid(f->literal, f->literal_len))
		return false;
	return !(flags & FL_SCAN_IGNORE_CASE) || fold_case(plan, flags);
}

static void choose(struct fl_scan_plan *plan, const struct fl_scan_options *opt)
{
	const struct fl_pattern_facts *f = &plan->facts;
	bool usable = literal_is_usable(plan, opt->flags);
	bool exact = f->is_exact && !is_wrapped(opt->flags) &&
		     !(plan->is_crlf && memchr(f->literal, '\r', f->literal_len));

	plan->method = FL_SCAN_BY_LINE;
	plan->needs_regex = true;
	if (opt->engine == FL_SCAN_ENGINE_PCRE2)
		return;
	if (plan->pattern_len == 0 && !is_wrapped(opt->flags)) {
		plan->method = FL_SCAN_EVERY;
		plan->needs_regex = false;
	} else if (opt->engine == FL_SCAN_ENGINE_HS) {
		plan->method = f->whole && !plan->is_crlf ? FL_SCAN_WHOLE : FL_SCAN_BY_LINE;
	} else if (usable && exact) {
		plan->method = FL_SCAN_LITERAL;
		plan->needs_regex = plan->ascii_only;
	} else if (usable &&
		   (f->literal_len >= PROPOSER_MIN_BYTES || opt->engine == FL_SCAN_ENGINE_LIT)) {
		plan->method = FL_SCAN_PROPOSED;
	} else if (f->whole && !plan->is_crlf) {
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
		snprintf(text, size, "literal '%.*s' (the pattern is nothing else)", len, literal);
		break;
	case FL_SCAN_SET:
		snprintf(text, size, "%zu literals, %s%s (each alternative holds one)",
			 plan->set.count, plan->set.is_packed ? "packed" : "by hashed grams",
			 plan->set_decides ? "" : ", then pcre2-jit on their lines");
		break;
	case FL_SCAN_PROPOSED:
		snprintf(text, size,
			 "literal '%.*s', then pcre2-jit on its lines (every match holds it)", len,
			 literal);
		break;
	case FL_SCAN_WHOLE:
		snprintf(text, size, "pcre2-jit on whole views (no match leaves its line)");
		break;
	case FL_SCAN_HS:
		snprintf(text, size, "hyperscan, then pcre2-jit on its lines (no good literals)");
		break;
	case FL_SCAN_STREAMS:
		snprintf(text, size, "bit streams%s (a short program of classes)",
			 plan->streams_decide ? "" : ", then pcre2-jit on their lines");
		break;
	case FL_SCAN_EVERY:
		snprintf(text, size, "every line (the pattern is empty)");
		break;
	case FL_SCAN_MULTI:
		snprintf(text, size, "pcre2-jit across lines (--multiline)");
		break;
	default:
		snprintf(text, size, "pcre2-jit line by line (%s)",
			 plan->facts.whole ? "as asked for" : "the pattern is for pcre2 alone");
		break;
	}
}

/* POSIX's rule shows where matches end. Groups, and marks, are those of PCRE2's way to its own end. */
static bool wants_longest(const struct fl_scan_plan *plan, const struct fl_scan_options *opt)
{
	return (opt->flags & (FL_SCAN_BASIC | FL_SCAN_EXTENDED)) &&
	       !(opt->flags & FL_SCAN_LINE_REGEXP) && !opt->replace && !plan->marked &&
	       fl_longest_differs(plan->pattern, plan->pattern_len);
}

static int compile(struct fl_scan_plan *plan, const struct fl_scan_options *opt,
		   struct fl_error *reterr)
{
	struct fl_regex *re = &plan->regex;

	re->text = plan->marked ? plan->marked : plan->pattern;
	re->text_len = plan->marked ? plan->marked_len : plan->pattern_len;
	re->flags = opt->flags & FL_SCAN_IGNORE_CASE ? PCRE2_CASELESS : 0;
	re->is_utf = plan->is_utf_locale;
	/* Literals that are not valid UTF-8 are found as bytes. */
	if ((opt->flags & FL_SCAN_FIXED) && re->is_utf)
		re->is_utf = fl_utf8_is_valid((const unsigned char *)re->text, re->text_len);
	/* grep's own words and classes, unlike grep -P's, are the locale's; of bytes they would be Latin-1's. */
	if (re->is_utf &&
	    (opt->flags & (FL_SCAN_UCP | FL_SCAN_FIXED | FL_SCAN_BASIC | FL_SCAN_EXTENDED)))
		re->flags |= PCRE2_UCP;
	re->longest = wants_longest(plan, opt);
	re->begins_broken = (opt->flags & (FL_SCAN_BASIC | FL_SCAN_EXTENDED)) != 0;
	re->leads = plan->literal_leads && plan->method == FL_SCAN_PROPOSED;
	if (plan->method == FL_SCAN_WHOLE || plan->method == FL_SCAN_STREAMS) {
		re->whole_text = plan->facts.whole;
		re->whole_len = plan->facts.whole_len;
	}
	return fl_regex_init(re, reterr);
}

static int add_hs_pattern(void *arg, char *text, const char *literal, size_t len)
{
	struct fl_scan_plan *plan = arg;
	struct fl_hs_pattern *patterns =
		realloc(plan->hs_patterns, (plan->hs_count + 1) * sizeof(*patterns));

	if (!patterns)
		return -ENOMEM;
	plan->hs_patterns = patterns;
	patterns += plan->hs_count;
	*patterns = (struct fl_hs_pattern){.text = text, .literal_len = len};
	if (literal) {
		patterns->literal = malloc(len);
		if (!patterns->literal)
			return -ENOMEM;
		memcpy(patterns->literal, literal, len);
	}
	plan->hs_count++;
	plan->hs_anchored |= strpbrk(text, "^$") != NULL;
	return 0;
}

static void drop_hs_patterns(struct fl_scan_plan *plan)
{
	for (size_t i = 0; i < plan->hs_count; i++) {
		free(plan->hs_patterns[i].text);
		free(plan->hs_patterns[i].literal);
	}
	free(plan->hs_patterns);
	plan->hs_patterns = NULL;
	plan->hs_count = 0;
}

/* Letters and classes of other single-byte locales are not Hyperscan's. */
static bool locale_is_known(const struct fl_scan_plan *plan)
{
	return fl_streams_know_locale(plan->is_utf_locale);
}

/*
 * The reader's equivalent pattern is made of nothing that Hyperscan reads otherwise, and none of
 * its parts matches a newline. Its bytes beyond ASCII would be characters to PCRE2; lines that hold
 * such bytes are proposed anyway, but "é?x" also matches others.
 */
static bool regex_suits_hs(const struct fl_scan_plan *plan)
{
	const struct fl_pattern_facts *f = &plan->facts;

	return f->whole && !memchr(f->whole, '\0', f->whole_len) &&
	       fl_utf8_is_ascii((const unsigned char *)f->whole, f->whole_len);
}

/* Hyperscan is faster from here on where classes are no more than a letter in both cases; else it was
 * slower, by 1.2 to 4 times, up to the cost at which a program is full. */
#define STREAMS_COST_OF_LITERALS 60

/* Return: 0; -FL_EUNSUPPORTED. */
static int prepare_streams(struct fl_scan_plan *plan, const struct fl_scan_options *opt)
{
	int r;

	if ((opt->flags & (FL_SCAN_CRLF | FL_SCAN_NULL_DATA)) || !locale_is_known(plan) ||
	    !regex_suits_hs(plan) ||
	    !fl_utf8_is_ascii((const unsigned char *)plan->pattern, plan->pattern_len))
		return -FL_EUNSUPPORTED;
	r = fl_streams_init(&plan->streams, plan->pattern, plan->pattern_len,
			    (opt->flags & FL_SCAN_IGNORE_CASE) != 0);
	if (r < 0)
		return r;
	plan->has_streams = true;
	plan->streams_decide = plan->streams.exact && !is_wrapped(opt->flags);
	return 0;
}

static bool is_utf8(const struct fl_scan_plan *plan)
{
	return fl_utf8_is_valid((const unsigned char *)plan->pattern, plan->pattern_len);
}

/* Beyond ASCII, or where "k" and "s" have a third form there, the kernels know too little of cases. */
static bool parts_fold(const struct fl_scan_plan *plan)
{
	const struct fl_pattern_facts *f = &plan->facts;

	for (size_t i = 0; i < f->part_count; i++)
		for (size_t k = 0; k < f->parts[i].len; k++) {
			unsigned char c = f->parts[i].bytes[k];

			if (c >= 0x80 ||
			    (plan->is_utf_locale && memchr("kKsS", c, sizeof("kKsS") - 1)))
				return false;
		}
	return locale_is_known(plan);
}

/* A literal of each alternative, where no literal stands in all of them. */
static int consider_set(struct fl_scan_plan *plan, const struct fl_scan_options *opt)
{
	const struct fl_pattern_facts *f = &plan->facts;
	bool icase = (opt->flags & FL_SCAN_IGNORE_CASE) != 0;
	bool insist = opt->engine == FL_SCAN_ENGINE_LIT;
	int r;

	if ((opt->flags & (FL_SCAN_CRLF | FL_SCAN_NULL_DATA)) ||
	    (plan->method != FL_SCAN_BY_LINE && plan->method != FL_SCAN_WHOLE) ||
	    (plan->is_utf_locale && !is_utf8(plan)) || (icase && !parts_fold(plan)))
		return 0;
	r = fl_literal_set_init(&plan->set, f->parts, f->part_count, icase, insist);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	plan->method = FL_SCAN_SET;
	plan->set_decides = plan->set.is_exact && !is_wrapped(opt->flags);
	describe(plan);
	return 0;
}

/* Where they are the fastest that there is for this pattern. */
static void consider_streams(struct fl_scan_plan *plan, const struct fl_scan_options *opt)
{
	size_t cost;

	if ((plan->method != FL_SCAN_BY_LINE && plan->method != FL_SCAN_WHOLE) ||
	    !fl_kernels_get()->streams_are_fast || prepare_streams(plan, opt) < 0)
		return;
	cost = fl_streams_cost(&plan->streams);
	if (cost > FL_STREAMS_COST_MAX)
		return;
	plan->hs_is_better = !plan->streams.has_sets && cost > STREAMS_COST_OF_LITERALS;
	plan->method = FL_SCAN_STREAMS;
	describe(plan);
}

static int insist_on_streams(struct fl_scan_plan *plan, const struct fl_scan_options *opt,
			     struct fl_error *reterr)
{
	if (plan->method == FL_SCAN_EVERY)
		return 0;
	if (prepare_streams(plan, opt) < 0)
		return fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE,
				    "the pattern is not one for bit streams");
	plan->method = FL_SCAN_STREAMS;
	plan->needs_regex = true;
	describe(plan);
	return 0;
}

/* Before -w and -x are added: a line that matches with them matches without. */
static int prepare_hs(struct fl_scan_plan *plan, const struct fl_scan_options *opt)
{
	char *text;
	int r;

	plan->hs_decides = (opt->flags & FL_SCAN_FIXED) && !is_wrapped(opt->flags);
	plan->hs_non_ascii = plan->is_utf_locale &&
			     (opt->flags & (FL_SCAN_FIXED | FL_SCAN_IGNORE_CASE)) != FL_SCAN_FIXED;
	plan->hs_caseless = (opt->flags & FL_SCAN_IGNORE_CASE) != 0;
	if ((opt->flags & (FL_SCAN_CRLF | FL_SCAN_NULL_DATA)) || !locale_is_known(plan) ||
	    (plan->method != FL_SCAN_BY_LINE && plan->method != FL_SCAN_WHOLE &&
	     !(plan->method == FL_SCAN_STREAMS && plan->hs_is_better)))
		return 0;
	if (opt->flags & FL_SCAN_FIXED) {
		r = fl_scan_literals_quoted(opt, add_hs_pattern, plan);
		if (r < 0)
			drop_hs_patterns(plan);
		return r == -ENOMEM ? r : 0;
	}
	if (!regex_suits_hs(plan))
		return 0;
	text = strndup(plan->facts.whole, plan->facts.whole_len);
	r = text ? add_hs_pattern(plan, text, NULL, 0) : -ENOMEM;
	if (r < 0)
		free(text);
	return r;
}

static int compile_hs(struct fl_scan_plan *plan, struct fl_error *reterr)
{
	int r;

	if (plan->hs_count == 0)
		return fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE,
				    "the pattern is not one for Hyperscan");
	r = fl_hs_new(plan->hs_patterns, plan->hs_count, plan->hs_caseless, &plan->hs, reterr);
	if (r < 0) {
		drop_hs_patterns(plan);
		return r;
	}
	plan->without_hs = plan->method;
	plan->method = FL_SCAN_HS;
	describe(plan);
	return 0;
}

void fl_scan_plan_grow(struct fl_scan_plan *plan)
{
	if (plan->hs_count > 0 && !plan->hs)
		(void)compile_hs(plan, NULL);
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

/* The reader would give up on marks: the texts differ. */
static int take_marked(struct fl_scan_plan *plan, const struct fl_scan_options *opt,
		       struct fl_error *reterr)
{
	struct fl_text text = {0};
	int r = fl_scan_pattern_marked(opt, plan->is_utf_locale, &text, reterr);

	if (r < 0) {
		fl_text_done(&text);
		return r;
	}
	plan->marked = text.p;
	plan->marked_len = text.len;
	return 0;
}

static int take_pattern(struct fl_scan_plan *plan, const struct fl_scan_options *opt,
			struct fl_error *reterr)
{
	struct fl_text text = {0};
	int r = fl_scan_pattern_text(opt, plan->is_utf_locale, &text, reterr);

	if (r < 0) {
		fl_text_done(&text);
		return r;
	}
	plan->pattern = text.p;
	plan->pattern_len = text.len;
	if (opt->flags & FL_SCAN_PATTERN_ID) {
		r = take_marked(plan, opt, reterr);
		if (r < 0)
			return r;
	}
	r = fl_pattern_read(plan->pattern, plan->pattern_len, plan->is_utf_locale, &plan->facts);
	if (r == 0)
		r = literal_of_fixed(plan, opt);
	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, NULL) : 0;
}

static int wrap(unsigned flags, char **text, size_t *len)
{
	struct fl_text wrapped = {0};
	int r = fl_scan_pattern_wrap(flags, *text, *len, &wrapped);

	if (r < 0) {
		fl_text_done(&wrapped);
		return r;
	}
	free(*text);
	*text = wrapped.p;
	*len = wrapped.len;
	return 0;
}

/* What is known of the pattern is known of it without these; a literal in it remains there. */
static int wrap_all(struct fl_scan_plan *plan, unsigned flags, struct fl_error *reterr)
{
	struct fl_pattern_facts *f = &plan->facts;
	int r = 0;

	if (is_wrapped(flags)) {
		r = wrap(flags, &plan->pattern, &plan->pattern_len);
		if (r == 0 && f->whole)
			r = wrap(flags, &f->whole, &f->whole_len);
		if (r == 0 && plan->marked)
			r = wrap(flags, &plan->marked, &plan->marked_len);
	}
	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, NULL) : 0;
}

static int prepare_replace(struct fl_scan_plan *plan, const struct fl_scan_options *opt,
			   struct fl_error *reterr)
{
	if (fl_replacement_init(&plan->replacement, opt->replace, opt->replace_len) < 0)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	fl_replacement_resolve(&plan->replacement, &plan->regex);
	plan->regex.groups = plan->replacement.groups;
	plan->replaces = true;
	return 0;
}

/* What matches across lines cannot be combined with. */
#define MULTI_WITHOUT (FL_SCAN_CRLF | FL_SCAN_NULL_DATA | FL_SCAN_PATTERN_ID)

/*
 * To ripgrep 13 a pattern with "^" or "$", as -w and -x make it, crosses line ends, too. It shows where lines that
 * adjoin are told, or counted, as one.
 */
static bool anchors_cross(const struct fl_scan_options *opt)
{
	return ((opt->flags & (FL_SCAN_BLOCKS | FL_SCAN_COUNT)) || opt->max_count > 0) &&
	       !opt->replace && !(opt->flags & MULTI_WITHOUT) &&
	       (opt->engine == FL_SCAN_ENGINE_AUTO || opt->engine == FL_SCAN_ENGINE_PCRE2);
}

static bool crosses(const struct fl_scan_plan *plan, const struct fl_scan_options *opt)
{
	bool anchors = anchors_cross(opt);

	if (!(opt->flags & FL_SCAN_MULTILINE))
		return false;
	return (anchors && is_wrapped(opt->flags)) ||
	       fl_multi_crosses(plan->pattern, plan->pattern_len,
				(opt->flags & FL_SCAN_DOTALL) != 0, anchors);
}

static int build_multi(struct fl_scan_plan *plan, const struct fl_scan_options *opt,
		       struct fl_error *reterr)
{
	int r;

	if (opt->engine != FL_SCAN_ENGINE_AUTO && opt->engine != FL_SCAN_ENGINE_PCRE2)
		return fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE,
				    "only PCRE2 finds matches across lines");
	if (opt->replace || (opt->flags & MULTI_WITHOUT))
		return fl_error_set(
			reterr, -FL_EUNSUPPORTED, FL_OFF_NONE,
			"matches across lines cannot be replaced, told apart by pattern, "
			"or looked for in lines that end with NUL or CR LF");
	plan->method = FL_SCAN_MULTI;
	plan->needs_regex = true;
	describe(plan);
	r = wrap_all(plan, opt->flags, reterr);
	if (r == 0)
		r = compile(plan, opt, reterr);
	if (r == 0)
		r = fl_multi_regex_init(&plan->multi, &plan->regex,
					(opt->flags & FL_SCAN_DOTALL) != 0, reterr);
	return r;
}

static int build(struct fl_scan_plan *plan, const struct fl_scan_options *opt,
		 struct fl_error *reterr)
{
	int r = take_pattern(plan, opt, reterr);

	if (r < 0)
		return r;
	if (crosses(plan, opt))
		return build_multi(plan, opt, reterr);
	choose(plan, opt);
	if (opt->engine == FL_SCAN_ENGINE_AUTO || opt->engine == FL_SCAN_ENGINE_LIT) {
		r = consider_set(plan, opt);
		if (r < 0)
			return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	}
	if (opt->engine == FL_SCAN_ENGINE_LIT && plan->method != FL_SCAN_LITERAL &&
	    plan->method != FL_SCAN_PROPOSED && plan->method != FL_SCAN_SET)
		return fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE,
				    "the pattern has no literal that every match holds");
	plan->literal_leads = plan->facts.leads && !is_wrapped(opt->flags);
	if (plan->facts.literal)
		fl_literal_init(&plan->literal, plan->facts.literal, plan->facts.literal_len,
				(opt->flags & FL_SCAN_IGNORE_CASE) != 0);
	describe(plan);
	if (opt->engine == FL_SCAN_ENGINE_STREAMS) {
		r = insist_on_streams(plan, opt, reterr);
		if (r < 0)
			return r;
	} else if (opt->engine == FL_SCAN_ENGINE_AUTO) {
		consider_streams(plan, opt);
	}
	if (opt->engine == FL_SCAN_ENGINE_AUTO || opt->engine == FL_SCAN_ENGINE_HS) {
		r = prepare_hs(plan, opt);
		if (r < 0)
			return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	}
	r = wrap_all(plan, opt->flags, reterr);
	if (r == 0 && plan->needs_regex)
		r = compile(plan, opt, reterr);
	if (r == 0 && opt->engine == FL_SCAN_ENGINE_HS)
		r = compile_hs(plan, reterr);
	return r == 0 && opt->replace ? prepare_replace(plan, opt, reterr) : r;
}

/*
 * PCRE2 takes no pattern that is not valid UTF-8. For grep -E and -G it is one: where nothing in it has a
 * meaning, it is strings.
 */
static bool is_broken_string(const struct fl_scan_plan *plan, const struct fl_scan_options *opt)
{
	const char *special = opt->flags & FL_SCAN_EXTENDED ? "\\^$.[|()*+?{" : "\\^$.[*";

	if (!plan->is_utf_locale || !(opt->flags & (FL_SCAN_BASIC | FL_SCAN_EXTENDED)) ||
	    fl_utf8_is_valid((const unsigned char *)opt->pattern, opt->pattern_len))
		return false;
	for (size_t i = 0; i < opt->pattern_len; i++)
		if (opt->pattern[i] == '\0' || strchr(special, opt->pattern[i]))
			return false;
	return true;
}

int fl_scan_plan_init(struct fl_scan_plan *plan, const struct fl_scan_options *opt,
		      struct fl_error *reterr)
{
	struct fl_scan_options fixed = *opt;
	int r;

	memset(plan, 0, sizeof(*plan));
	plan->is_utf_locale = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	plan->is_crlf = (opt->flags & FL_SCAN_CRLF) != 0;
	if (is_broken_string(plan, opt)) {
		fixed.flags &= ~(FL_SCAN_BASIC | FL_SCAN_EXTENDED);
		fixed.flags |= FL_SCAN_FIXED;
	}
	r = build(plan, &fixed, reterr);
	if (r < 0)
		fl_scan_plan_done(plan);
	return r;
}

void fl_scan_plan_done(struct fl_scan_plan *plan)
{
	fl_literal_set_done(&plan->set);
	fl_hs_free(plan->hs);
	drop_hs_patterns(plan);
	fl_regex_done(&plan->regex);
	fl_multi_regex_done(&plan->multi);
	fl_pattern_facts_done(&plan->facts);
	fl_replacement_done(&plan->replacement);
	free(plan->pattern);
	free(plan->marked);
	memset(plan, 0, sizeof(*plan));
}
