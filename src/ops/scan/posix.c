/* SPDX-License-Identifier: MIT */
#include "ops/scan/posix.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <faultline/scan.h>

#include "base/error.h"

/* PCRE2's own default, PARENS_NEST_LIMIT of its config.h. */
#define GROUPS_MAX 250

/* RE_DUP_MAX of glibc's regex.h; PCRE2's limit is 65,535. */
#define REPEATS_MAX 0x7fff

/**
 * struct reader - where the translation stands
 * @from:      beginning of the pattern
 * @atom:      where in out what a quantifier would repeat begins
 * @has_atom:  there is such a thing
 * @repeated:  it has a quantifier already
 * @word:      it is a literal word character
 * @fresh:     an alternative begins here: in basic syntax "^" is an anchor
 * @groups:    the open groups, @depth of them: where in out each begins, and its number
 * @opened:    groups so far
 * @closed:    one bit for each of the first nine that is complete: what may be referred to
 */
struct reader {
	const char *from;
	const char *p;
	const char *end;
	bool extended;
	bool fold_case;
	bool null_data;
	struct fl_text *out;
	size_t atom;
	bool has_atom;
	bool repeated;
	bool word;
	bool fresh;
	struct {
		size_t at;
		unsigned number;
	} groups[GROUPS_MAX];
	size_t depth;
	unsigned opened;
	unsigned closed;
	struct fl_error *reterr;
};

static int fail(const struct reader *r, const char *message)
{
	return fl_error_set(r->reterr, -EINVAL, (uint64_t)(r->p - r->from), "%s", message);
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static void begin_atom(struct reader *r)
{
	r->atom = r->out->len;
	r->has_atom = true;
	r->repeated = false;
	r->word = false;
	r->fresh = false;
}

static void no_atom(struct reader *r, bool fresh)
{
	r->has_atom = false;
	r->repeated = false;
	r->word = false;
	r->fresh = fresh;
}

/* In UTF-8 a character's other bytes belong to it. */
static size_t char_len(const struct reader *r)
{
	size_t n = 1;

	if ((unsigned char)*r->p >= 0xC2)
		while (r->p + n < r->end && ((unsigned char)r->p[n] & 0xC0) == 0x80)
			n++;
	return n;
}

/* ":" and "=", too: PCRE2 refuses "[=a=]", which means what it says. */
static void quote_char(struct fl_text *out, const char *p, size_t len)
{
	if (*p == '\0') {
		fl_text_adds(out, "\\x00");
		return;
	}
	if (strchr("\\^$.[]|()?*+{}-:=", *p) != NULL)
		fl_text_adds(out, "\\");
	fl_text_add(out, p, len);
}

static int literal(struct reader *r)
{
	size_t n = char_len(r);

	begin_atom(r);
	r->word = is_word(*r->p);
	quote_char(r->out, r->p, n);
	r->p += n;
	return 0;
}

/* PCRE2 would take a second quantifier for a mark of the first one: "a+?" is lazy there. */
static int repeat(struct reader *r, const char *text, size_t used)
{
	if (r->repeated) {
		fl_text_insert(r->out, r->atom, "(?:");
		fl_text_adds(r->out, ")");
	}
	fl_text_adds(r->out, text);
	r->p += used;
	r->repeated = true;
	r->word = false;
	return 0;
}

/* "*", "+", "?": where there is nothing to repeat, extended syntax ignores them. */
static int simple_repeat(struct reader *r, char op, size_t used)
{
	const char text[2] = {op, '\0'};

	if (r->has_atom)
		return repeat(r, text, used);
	if (!r->extended) {
		r->p += used - 1;
		return literal(r);
	}
	r->p += used;
	return 0;
}

/* Digits at *p, which moves behind them. Return: their number, REPEATS_MAX + 1 at most; -1: none. */
static int number(const char **p, const char *end)
{
	int n = -1;

	for (; *p < end && isdigit((unsigned char)**p); (*p)++)
		n = n < 0                              ? **p - '0'
		    : n * 10 + **p - '0' > REPEATS_MAX ? REPEATS_MAX + 1
						       : n * 10 + **p - '0';
	return n;
}

/**
 * struct repeats - "{low,high}"
 * @high:  -1: without an end
 * @used:  bytes, with the end; 0: it is no interval
 */
struct repeats {
	int low;
	int high;
	size_t used;
};

static struct repeats read_repeats(const struct reader *r, const char *from)
{
	const char *p = from;
	struct repeats n = {.low = number(&p, r->end)};

	n.high = n.low;
	if (p < r->end && *p == ',') {
		p++;
		n.high = number(&p, r->end);
		n.low = n.low < 0 ? 0 : n.low;
	}
	if (!r->extended && (p == r->end || *p++ != '\\'))
		return n;
	if (p < r->end && *p == '}')
		n.used = (size_t)(p + 1 - from);
	return n;
}

/* As glibc's parse_dup_op() tells the two apart. */
static int bad_repeats(const struct reader *r, const char *from)
{
	const char *p = from;

	while (p < r->end && (isdigit((unsigned char)*p) || *p == ','))
		p++;
	for (; p < r->end; p++)
		if (*p == ',' || (*p == '\\' && p + 1 < r->end && p[1] == '}'))
			return fail(r, "Invalid content of \\{\\}");
	return fail(r, "Unmatched \\{");
}

/* "{" where there is nothing to repeat: basic syntax takes it as it is, extended ignores the interval. */
static int repeat_nothing(struct reader *r, size_t used, size_t len)
{
	if (!r->extended)
		r->p += used - 1;
	else if (len > 0)
		r->p += used + len;
	return r->extended && len > 0 ? 0 : literal(r);
}

static int interval(struct reader *r, size_t used)
{
	const char *from = r->p + used;
	struct repeats n = read_repeats(r, from);
	char text[32];

	if (!r->has_atom && !r->extended)
		return repeat_nothing(r, used, n.used);
	if (n.used == 0)
		return r->extended ? literal(r) : bad_repeats(r, from);
	if (n.low < 0 || (n.high >= 0 && n.low > n.high))
		return fail(r, "Invalid content of \\{\\}");
	if (n.low > REPEATS_MAX || n.high > REPEATS_MAX)
		return fail(r, "Regular expression too big");
	if (!r->has_atom)
		return repeat_nothing(r, used, n.used);
	if (n.high < 0)
		snprintf(text, sizeof(text), "{%d,}", n.low);
	else if (n.high == n.low)
		snprintf(text, sizeof(text), "{%d}", n.low);
	else
		snprintf(text, sizeof(text), "{%d,%d}", n.low, n.high);
	return repeat(r, text, used + n.used);
}

static int open_group(struct reader *r, size_t used)
{
	if (r->depth == GROUPS_MAX)
		return fail(r, "parentheses are too deeply nested");
	r->groups[r->depth].at = r->out->len;
	r->groups[r->depth++].number = ++r->opened;
	fl_text_adds(r->out, "(");
	r->p += used;
	no_atom(r, true);
	return 0;
}

static int close_group(struct reader *r, size_t used)
{
	unsigned number;

	if (r->depth == 0)
		return r->extended ? literal(r) : fail(r, "Unmatched ) or \\)");
	fl_text_adds(r->out, ")");
	r->p += used;
	begin_atom(r);
	r->atom = r->groups[--r->depth].at;
	number = r->groups[r->depth].number;
	r->closed |= number <= 9 ? 1u << number : 0;
	return 0;
}

static int alternative(struct reader *r, size_t used)
{
	fl_text_adds(r->out, "|");
	r->p += used;
	no_atom(r, true);
	return 0;
}

static int anchor(struct reader *r, const char *text, size_t used)
{
	fl_text_adds(r->out, text);
	r->p += used;
	no_atom(r, false);
	return 0;
}

static int set(struct reader *r, const char *text, size_t used)
{
	begin_atom(r);
	fl_text_adds(r->out, text);
	r->p += used;
	return 0;
}

/* To grep -E what follows "^" and "$" may repeat them: with "^*" a line may begin here, or not. */
static int line_edge(struct reader *r)
{
	const char text[2] = {*r->p, '\0'};
	size_t at = r->out->len;

	anchor(r, text, 1);
	if (r->extended) {
		r->has_atom = r->repeated = true;
		r->atom = at;
	}
	return 0;
}

static int back_reference(struct reader *r, char digit)
{
	char text[8];

	if ((r->closed >> (digit - '0') & 1) == 0)
		return fail(r, "Invalid back reference");
	snprintf(text, sizeof(text), "\\g{%c}", digit);
	return set(r, text, 2);
}

/* "\<" and "\>" are half of "\b"; beside a literal word character "\b" says it all. */
static int word_edge(struct reader *r, char c)
{
	const char *next = r->p + 2;
	bool word_follows =
		next < r->end && is_word(next[0]) && (next + 1 == r->end || is_word(next[1]));

	/* What follows must not be optional: that shows behind it. */
	if (c == '<' && word_follows)
		return anchor(r, "\\b", 2);
	if (c == '>' && r->has_atom && r->word)
		return anchor(r, "\\b", 2);
	return anchor(r, c == '<' ? "\\b(?=\\w)" : "\\b(?<=\\w)", 2);
}

static int escape_of_basic(struct reader *r, char c)
{
	switch (c) {
	case '(':
		return open_group(r, 2);
	case ')':
		return close_group(r, 2);
	case '|':
		return alternative(r, 2);
	case '{':
		return interval(r, 2);
	case '+':
	case '?':
		return simple_repeat(r, c, 2);
	default:
		r->p++;
		return literal(r);
	}
}

static int escape(struct reader *r)
{
	char text[8];
	char c;

	if (r->end - r->p < 2)
		return fail(r, "Trailing backslash");
	c = r->p[1];
	switch (c) {
	case 'w':
	case 'W':
	case 's':
	case 'S':
		snprintf(text, sizeof(text), "\\%c", c);
		return set(r, text, 2);
	case 'b':
	case 'B':
		snprintf(text, sizeof(text), "\\%c", c);
		return anchor(r, text, 2);
	case '<':
	case '>':
		return word_edge(r, c);
	case '`':
		return anchor(r, "^", 2);
	case '\'':
		return anchor(r, "$", 2);
	default:
		if (c >= '1' && c <= '9')
			return back_reference(r, c);
		if (!r->extended)
			return escape_of_basic(r, c);
		r->p++;
		return literal(r);
	}
}

/* POSIX's classes; in Unicode's properties PCRE2 would count more digits than glibc. */
static int named_class(struct reader *r, const char *name, size_t len)
{
	static const char *const names[] = {"alpha", "alnum", "upper", "lower", "space", "blank",
					    "punct", "print", "graph", "cntrl", "xdigit"};

	if (len == 5 && memcmp(name, "digit", 5) == 0) {
		fl_text_adds(r->out, "0-9");
		return 0;
	}
	/* As Unicode's properties they would know no other case. */
	if (r->fold_case && len == 5 &&
	    (memcmp(name, "upper", 5) == 0 || memcmp(name, "lower", 5) == 0)) {
		fl_text_adds(r->out, "[:upper:][:lower:]");
		return 0;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i]) != len || memcmp(name, names[i], len) != 0)
			continue;
		fl_text_adds(r->out, "[:");
		fl_text_add(r->out, name, len);
		fl_text_adds(r->out, ":]");
		return 0;
	}
	return fail(r, "Invalid character class name");
}

/* "[:", "[=" or "[." at r->p; a class, or one character in @ret. Return: 0; 1 for a class. */
static int bracket_name(struct reader *r, const char **ret, size_t *ret_len)
{
	char kind = r->p[1];
	const char *name = r->p + 2;
	const char *stop = name;
	int err;

	while (stop + 1 < r->end && !(stop[0] == kind && stop[1] == ']'))
		stop++;
	if (stop + 1 >= r->end)
		return fail(r, "Unmatched [, [^, [:, [., or [=");
	if (kind == ':') {
		err = named_class(r, name, (size_t)(stop - name));
		r->p = stop + 2;
		return err < 0 ? err : 1;
	}
	r->p = name;
	if (stop == name || char_len(r) != (size_t)(stop - name))
		return fail(r, "Invalid collation character");
	*ret = name;
	*ret_len = (size_t)(stop - name);
	r->p = stop + 2;
	return 0;
}

/* One character of a bracket expression, or a class. Return: as bracket_name(). */
static int bracket_char(struct reader *r, const char **ret, size_t *ret_len)
{
	bool named = *r->p == '[' && r->end - r->p > 1 && strchr(":=.", r->p[1]) != NULL &&
		     r->p[1] != '\0';

	if (named)
		return bracket_name(r, ret, ret_len);
	*ret = r->p;
	*ret_len = char_len(r);
	r->p += *ret_len;
	return 0;
}

/* A hyphen that neither begins nor ends the expression stands between two characters. */
static bool is_lost_hyphen(const struct reader *r, bool first)
{
	return !first && *r->p == '-' && r->p + 1 < r->end && r->p[1] != ']';
}

/* UTF-8's bytes are in the order of what they stand for. */
static bool is_before(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return order < 0 || (order == 0 && a_len < b_len);
}

static int bracket_item(struct reader *r, bool first)
{
	const char *low, *c;
	size_t low_len, len;
	int err;

	if (is_lost_hyphen(r, first))
		return fail(r, "Invalid range end");
	err = bracket_char(r, &low, &low_len);
	if (err != 0)
		return err < 0 ? err : 0;
	quote_char(r->out, low, low_len);
	if (r->end - r->p < 2 || r->p[0] != '-' || r->p[1] == ']')
		return 0;
	r->p++;
	err = bracket_char(r, &c, &len);
	if (err < 0)
		return err;
	if (err > 0 || is_before(c, len, low, low_len))
		return fail(r, "Invalid range end");
	fl_text_adds(r->out, "-");
	quote_char(r->out, c, len);
	return 0;
}

static int bracket(struct reader *r)
{
	const char *first;
	int err = 0;

	begin_atom(r);
	fl_text_adds(r->out, "[");
	r->p++;
	if (r->p < r->end && *r->p == '^') {
		fl_text_adds(r->out, "^");
		r->p++;
	}
	if (r->p == r->end)
		return fail(r, "Invalid regular expression");
	for (first = r->p; r->p < r->end && (*r->p != ']' || r->p == first);) {
		err = bracket_item(r, r->p == first);
		if (err < 0)
			return err;
	}
	if (r->p == r->end)
		return fail(r, "Unmatched [, [^, [:, [., or [=");
	if (*first == ':' && r->p - first > 1 && r->p[-1] == ':')
		return fail(r, "character class syntax is [[:space:]], not [:space:]");
	fl_text_adds(r->out, "]");
	r->p++;
	return 0;
}

/* In basic syntax anchors are anchors only where they can be. */
static bool is_end_anchor(const struct reader *r)
{
	const char *next = r->p + 1;

	if (r->extended || next == r->end)
		return true;
	return r->end - next >= 2 && next[0] == '\\' && (next[1] == ')' || next[1] == '|');
}

static int extended_only(struct reader *r)
{
	switch (*r->p) {
	case '(':
		return open_group(r, 1);
	case ')':
		return close_group(r, 1);
	case '|':
		return alternative(r, 1);
	case '{':
		return interval(r, 1);
	case '+':
	case '?':
		return simple_repeat(r, *r->p, 1);
	default:
		return literal(r);
	}
}

static int piece(struct reader *r)
{
	switch (*r->p) {
	case '\\':
		return escape(r);
	case '[':
		return bracket(r);
	case '.':
		/* Within records that end with NUL it is any character, in grep. */
		return set(r, r->null_data ? "(?s:.)" : ".", 1);
	case '*':
		return simple_repeat(r, '*', 1);
	case '^':
		return r->extended || r->fresh ? line_edge(r) : literal(r);
	case '$':
		return is_end_anchor(r) ? line_edge(r) : literal(r);
	default:
		return r->extended ? extended_only(r) : literal(r);
	}
}

int fl_posix_translate(const char *pattern, size_t len, unsigned flags, struct fl_text *out,
		       struct fl_error *reterr)
{
	struct reader r = {.from = pattern,
			   .p = pattern,
			   .end = pattern + len,
			   .extended = (flags & FL_SCAN_EXTENDED) != 0,
			   .null_data = (flags & FL_SCAN_NULL_DATA) != 0,
			   .fold_case = (flags & FL_SCAN_IGNORE_CASE) != 0,
			   .out = out,
			   .fresh = true,
			   .reterr = reterr};
	int err = 0;

	while (r.p < r.end && err == 0)
		err = piece(&r);
	if (err < 0)
		return err;
	if (r.depth > 0)
		return fail(&r, "Unmatched ( or \\(");
	fl_text_add(out, "", 0);
	return out->failed ? fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL) : 0;
}
