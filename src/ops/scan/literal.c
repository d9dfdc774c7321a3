/* SPDX-License-Identifier: MIT */
#include "ops/scan/literal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The longest replacement of a token of n bytes: "\W" becomes "[^\w\n]". */
#define WHOLE_BYTES(n) ((n)*4 + 16)

enum token_kind {
	TOKEN_UNKNOWN, /* give up */
	TOKEN_END,
	TOKEN_CHAR,   /* itself, once */
	TOKEN_SET,    /* one character of several */
	TOKEN_ANCHOR, /* no character */
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_OR,
	TOKEN_REPEAT_MAYBE, /* quantifier that allows none */
	TOKEN_REPEAT        /* at least one */
};

/**
 * struct token - one piece of a pattern
 * @text, @len:  as written
 * @chars, @char_len: TOKEN_CHAR: what it stands for
 * @instead:     text that never matches a newline, or NULL: @text does not
 * @is_negated:  a class that needs "\n" added
 */
struct token {
	enum token_kind kind;
	const char *text;
	size_t len;
	const char *chars;
	size_t char_len;
	const char *instead;
	bool is_negated;
};

struct reader {
	const char *p;
	const char *end;
	bool utf;
};

static bool is_ascii_punct(char c)
{
	return c != '\0' && strchr("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", c) != NULL;
}

static struct token token(enum token_kind kind, const char *text, size_t len)
{
	return (struct token){
		.kind = kind, .text = text, .len = len, .chars = text, .char_len = len};
}

/* pcre2pattern(3), "Generic character types": of these \D, \W, \s hold the newline. */
static struct token read_escape(const struct reader *r)
{
	struct token t = token(TOKEN_UNKNOWN, r->p, 2);

	if (r->end - r->p < 2)
		return t;
	t.chars = r->p + 1;
	t.char_len = 1;
	switch (r->p[1]) {
	case 'd':
	case 'w':
	case 'h':
	case 'S':
		t.kind = TOKEN_SET;
		break;
	case 's':
		t.kind = TOKEN_SET;
		t.instead = "[^\\S\\n]";
		break;
	case 'D':
		t.kind = TOKEN_SET;
		t.instead = "[^\\d\\n]";
		break;
	case 'W':
		t.kind = TOKEN_SET;
		t.instead = "[^\\w\\n]";
		break;
	case 'b':
	case 'B':
		t.kind = TOKEN_ANCHOR;
		break;
	case 't':
		t.kind = TOKEN_CHAR;
		t.chars = "\t";
		break;
	default:
		if (is_ascii_punct(r->p[1]))
			t.kind = TOKEN_CHAR;
	}
	return t;
}

/* Length of "[:name:]" at p that cannot match a newline (or may, with @negated); 0: unknown. */
static size_t posix_class(const char *p, const char *end, bool negated)
{
	static const char *const safe[] = {"[:alpha:]", "[:digit:]", "[:alnum:]",  "[:upper:]",
					   "[:lower:]", "[:punct:]", "[:xdigit:]", "[:word:]",
					   "[:blank:]", "[:graph:]", "[:print:]",  "[:space:]",
					   "[:cntrl:]"};
	/* the last two hold the newline */
	size_t n = sizeof(safe) / sizeof(safe[0]) - (negated ? 0 : 2);

	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(safe[i]);

		if ((size_t)(end - p) >= len && memcmp(p, safe[i], len) == 0)
			return len;
	}
	return 0;
}

/* Length of one element of a class; 0: unknown. */
static size_t class_element(const char *p, const char *end, bool negated)
{
	if (*p == '[') {
		if (end - p >= 2 && strchr(":.=", p[1]) != NULL && p[1] != '\0')
			return p[1] == ':' ? posix_class(p, end, negated) : 0;
		return 1;
	}
	if (*p == '\\') {
		if (end - p < 2)
			return 0;
		if (p[1] == 'd' || p[1] == 'w' || p[1] == 'S' || is_ascii_punct(p[1]))
			return 2;
		if (p[1] == 't')
			return end - p >= 3 && p[2] != '-' ? 2 : 0;
		return negated && (p[1] == 'D' || p[1] == 'W' || p[1] == 's') ? 2 : 0;
	}
	/* A control character may begin a range that holds the newline. */
	return (unsigned char)*p >= ' ' ? 1 : 0;
}

static struct token read_class(const struct reader *r)
{
	struct token t = token(TOKEN_UNKNOWN, r->p, 0);
	const char *p = r->p + 1;

	if (p < r->end && *p == '^') {
		t.is_negated = true;
		p++;
	}
	if (p < r->end && *p == ']')
		p++;
	while (p < r->end && *p != ']') {
		size_t n = class_element(p, r->end, t.is_negated);

		if (n == 0)
			return t;
		p += n;
	}
	if (p >= r->end)
		return t;
	t.kind = TOKEN_SET;
	t.len = (size_t)(p + 1 - r->p);
	return t;
}

/* Length of "{n}", "{n,}" or "{n,m}"; 0: something else. */
static size_t braces(const char *p, const char *end, bool *ret_maybe)
{
	const char *q = p + 1;
	bool maybe = true;

	for (; q < end && *q >= '0' && *q <= '9'; q++)
		maybe = maybe && *q == '0';
	if (q == p + 1)
		return 0;
	if (q < end && *q == ',')
		q++;
	while (q < end && *q >= '0' && *q <= '9')
		q++;
	if (q == end || *q != '}')
		return 0;
	*ret_maybe = maybe;
	return (size_t)(q + 1 - p);
}

static struct token read_repeat(const struct reader *r)
{
	struct token t = token(TOKEN_REPEAT_MAYBE, r->p, 1);
	bool maybe = *r->p != '+';

	if (*r->p == '{')
		t.len = braces(r->p, r->end, &maybe);
	if (t.len == 0) {
		t.kind = TOKEN_UNKNOWN;
		return t;
	}
	if (!maybe)
		t.kind = TOKEN_REPEAT;
	if (r->p + t.len < r->end && r->p[t.len] == '?')
		t.len++;
	/* possessive, or an error */
	if (r->p + t.len < r->end && r->p[t.len] == '+')
		t.kind = TOKEN_UNKNOWN;
	return t;
}

static struct token read_open(const struct reader *r)
{
	size_t left = (size_t)(r->end - r->p);

	if (left >= 3 && r->p[1] == '?' && r->p[2] == ':')
		return token(TOKEN_OPEN, r->p, 3);
	if (left >= 2 && (r->p[1] == '?' || r->p[1] == '*'))
		return token(TOKEN_UNKNOWN, r->p, 0);
	return token(TOKEN_OPEN, r->p, 1);
}

static struct token read_char(const struct reader *r)
{
	size_t len = 1;

	if ((unsigned char)*r->p < ' ' && *r->p != '\t')
		return token(TOKEN_UNKNOWN, r->p, 0);
	if (r->utf && (unsigned char)*r->p >= 0xC0)
		while (r->p + len < r->end && ((unsigned char)r->p[len] & 0xC0) == 0x80)
			len++;
	return token(TOKEN_CHAR, r->p, len);
}

static struct token read_token(const struct reader *r)
{
	if (r->p == r->end)
		return token(TOKEN_END, r->p, 0);
	switch (*r->p) {
	case '\\':
		return read_escape(r);
	case '[':
		return read_class(r);
	case '(':
		return read_open(r);
	case ')':
		return token(TOKEN_CLOSE, r->p, 1);
	case '|':
		return token(TOKEN_OR, r->p, 1);
	case '.':
		return token(TOKEN_SET, r->p, 1);
	case '^':
	case '$':
		return token(TOKEN_ANCHOR, r->p, 1);
	case '*':
	case '+':
	case '?':
	case '{':
		return read_repeat(r);
	default:
		return read_char(r);
	}
}

/* What the walk over the tokens gathers. */
struct gather {
	struct fl_pattern_facts *facts;
	unsigned char *run; /* characters that follow each other at the top level */
	size_t run_len;
	size_t last_len; /* of its last character */
	size_t depth;
	bool has_or;
	bool is_exact;
	bool is_first; /* the run began with the pattern */
};

static void run_end(struct gather *g)
{
	if (g->run_len > g->facts->literal_len) {
		g->facts->leads = g->is_first;
		memcpy(g->facts->literal, g->run, g->run_len);
		g->facts->literal_len = g->run_len;
	}
	g->run_len = 0;
	g->last_len = 0;
	g->is_first = false;
}

/**
 * struct parts - the same for each alternative
 * @best_len: of the longest run of this alternative; its bytes are facts->part_bytes + @used
 * @flat:     groups that are open and make a whole alternative: theirs are the pattern's
 * @is_fresh: nothing of this alternative has been seen but such groups
 * @is_over:  such a group was closed: nothing may follow
 */
struct parts {
	struct fl_pattern_facts *facts;
	unsigned char *run;
	size_t run_len;
	size_t last_len;
	size_t best_len;
	size_t used;
	size_t flat;
	size_t depth;
	bool is_fresh;
	bool is_over;
	bool is_exact;
	bool failed;
};

static void part_run_end(struct parts *p)
{
	if (p->run_len > p->best_len) {
		memcpy(p->facts->part_bytes + p->used, p->run, p->run_len);
		p->best_len = p->run_len;
	}
	p->run_len = 0;
	p->last_len = 0;
}

static void part_end(struct parts *p)
{
	part_run_end(p);
	p->failed |= p->best_len == 0;
	p->facts->parts[p->facts->part_count++] =
		(struct fl_literal_part){p->facts->part_bytes + p->used, p->best_len, p->is_exact};
	p->used += p->best_len;
	p->best_len = 0;
	p->is_fresh = p->is_exact = true;
	p->is_over = false;
}

static void part_close(struct parts *p)
{
	p->is_over = p->depth == p->flat;
	if (p->is_over && p->flat > 0)
		p->flat--;
	if (p->depth > 0)
		p->depth--;
}

static void part_other(struct parts *p, const struct token *t)
{
	p->is_exact = false;
	if (t->kind == TOKEN_REPEAT_MAYBE)
		p->run_len -= p->last_len;
	part_run_end(p);
	p->depth += t->kind == TOKEN_OPEN;
}

static void gather_part(struct parts *p, const struct token *t)
{
	bool is_flat = p->depth == p->flat;

	if (t->kind == TOKEN_END || (t->kind == TOKEN_OR && is_flat)) {
		part_end(p);
	} else if (t->kind == TOKEN_CLOSE) {
		part_close(p);
	} else if (p->is_over) {
		p->failed = true;
	} else if (t->kind == TOKEN_OPEN && is_flat && p->is_fresh) {
		p->flat++;
		p->depth++;
	} else {
		p->is_fresh = false;
		if (t->kind != TOKEN_CHAR || !is_flat) {
			part_other(p, t);
			return;
		}
		memcpy(p->run + p->run_len, t->chars, t->char_len);
		p->run_len += t->char_len;
		p->last_len = t->char_len;
	}
}

static void gather_literal(struct gather *g, const struct token *t)
{
	if (t->kind == TOKEN_CHAR && g->depth == 0) {
		memcpy(g->run + g->run_len, t->chars, t->char_len);
		g->run_len += t->char_len;
		g->last_len = t->char_len;
		return;
	}
	if (t->kind != TOKEN_CHAR && t->kind != TOKEN_END)
		g->is_exact = false;
	if (t->kind == TOKEN_REPEAT_MAYBE)
		g->run_len -= g->last_len;
	if (t->kind == TOKEN_OR && g->depth == 0)
		g->has_or = true;
	run_end(g);
	if (t->kind == TOKEN_OPEN)
		g->depth++;
	if (t->kind == TOKEN_CLOSE && g->depth > 0)
		g->depth--;
}

static void whole_add(struct fl_pattern_facts *f, const char *text, size_t len)
{
	memcpy(f->whole + f->whole_len, text, len);
	f->whole_len += len;
}

static void gather_whole(struct fl_pattern_facts *f, const struct token *t)
{
	const char *rest = t->text + 2;

	if (t->instead) {
		whole_add(f, t->instead, strlen(t->instead));
		return;
	}
	if (!t->is_negated) {
		whole_add(f, t->text, t->len);
		return;
	}
	/* In front, where no range can end; what may only stand first is escaped. */
	whole_add(f, "[^\\n", 4);
	if (*rest == ']' || *rest == '-')
		whole_add(f, "\\", 1);
	whole_add(f, rest, t->len - 2);
}

static bool is_repeat(enum token_kind kind)
{
	return kind == TOKEN_REPEAT || kind == TOKEN_REPEAT_MAYBE;
}

static bool read_all(struct reader *r, struct gather *g, struct parts *parts)
{
	enum token_kind before = TOKEN_OPEN;

	for (;;) {
		struct token t = read_token(r);

		/* "a+{0}" would take back what "a+" promised. */
		if (t.kind == TOKEN_UNKNOWN || (is_repeat(t.kind) && is_repeat(before)))
			return false;
		before = t.kind;
		gather_literal(g, &t);
		gather_part(parts, &t);
		if (t.kind == TOKEN_END)
			return true;
		gather_whole(g->facts, &t);
		r->p += t.len;
	}
}

static size_t count_alternatives(const char *pattern, size_t len)
{
	size_t n = 1;

	for (size_t i = 0; i < len; i++)
		n += pattern[i] == '|';
	return n;
}

static void drop_literal(struct fl_pattern_facts *f)
{
	free(f->literal);
	f->literal = NULL;
	f->literal_len = 0;
	f->leads = false;
}

static void drop_parts(struct fl_pattern_facts *f)
{
	free(f->parts);
	free(f->part_bytes);
	f->parts = NULL;
	f->part_bytes = NULL;
	f->part_count = 0;
}

int fl_pattern_read(const char *pattern, size_t len, bool utf, struct fl_pattern_facts *ret)
{
	struct fl_pattern_facts f = {0};
	struct reader r = {.p = pattern, .end = pattern + len, .utf = utf};
	struct gather g = {.facts = &f, .is_exact = len > 0, .is_first = true};
	struct parts parts = {.facts = &f, .is_fresh = true, .is_exact = true};
	int result = -ENOMEM;

	memset(ret, 0, sizeof(*ret));
	f.literal = malloc(len + 1);
	f.whole = malloc(WHOLE_BYTES(len));
	f.parts = calloc(count_alternatives(pattern, len), sizeof(*f.parts));
	f.part_bytes = malloc(len + 1);
	g.run = malloc(len + 1);
	parts.run = malloc(len + 1);
	if (!f.literal || !f.whole || !f.parts || !f.part_bytes || !g.run || !parts.run)
		goto out;
	result = 0;
	if (!read_all(&r, &g, &parts))
		goto out;
	if (g.has_or || f.literal_len == 0)
		drop_literal(&f);
	if (parts.failed || parts.depth > 0)
		drop_parts(&f);
	f.is_exact = f.literal && g.is_exact;
	*ret = f;
	memset(&f, 0, sizeof(f));
out:
	fl_pattern_facts_done(&f);
	free(g.run);
	free(parts.run);
	return result;
}

void fl_pattern_facts_done(struct fl_pattern_facts *facts)
{
	free(facts->literal);
	free(facts->whole);
	drop_parts(facts);
	memset(facts, 0, sizeof(*facts));
}
