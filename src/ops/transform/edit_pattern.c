/* SPDX-License-Identifier: MIT */
#include "ops/transform/edit_pattern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A class at most grows from "\s" to "[^\S\n]". */
#define GROWTH 4

/**
 * struct reader - a walk through a pattern
 * @out:     the pattern for many lines, so far
 * @run:     literal bytes in a row at the top level, so far
 * @best:    the longest such run
 * @atoms_only: nothing but literal bytes yet
 * @quantifiable: something stands before that can be repeated
 * @was_byte: and that is a literal byte at the top level, the run's last
 * @choice:  the top level has alternatives: no literal is in every match
 * @odd:     something was met that this reader does not know
 */
struct reader {
	const char *p;
	size_t len;
	size_t at;
	char *out;
	size_t out_len;
	char *run;
	size_t run_len;
	char *best;
	size_t best_len;
	unsigned depth;
	bool atoms_only;
	bool quantifiable;
	bool was_byte;
	bool choice;
	bool odd;
};

static void end_run(struct reader *r)
{
	if (r->run_len > r->best_len) {
		memcpy(r->best, r->run, r->run_len);
		r->best_len = r->run_len;
	}
	r->run_len = 0;
	r->was_byte = false;
}

static void emit(struct reader *r, const char *p, size_t n)
{
	memcpy(r->out + r->out_len, p, n);
	r->out_len += n;
}

static void add_byte(struct reader *r, char c)
{
	r->quantifiable = true;
	if (r->depth > 0)
		return;
	r->run[r->run_len++] = c;
	r->was_byte = true;
}

static void add_other(struct reader *r, bool quantifiable)
{
	end_run(r);
	r->atoms_only = false;
	r->quantifiable = quantifiable;
}

static bool is_punct(char c)
{
	return strchr("!\"#%&',-./:;=@_`~^$.[]|()?*+{}\\<> ", c) && c != '\0';
}

/* A class that could match a newline becomes one that cannot. */
static void read_escape(struct reader *r)
{
	char c = r->at + 1 < r->len ? r->p[r->at + 1] : '\0';
	const char *text = NULL;

	switch (c) {
	case 'd':
	case 'w':
	case 'h':
		text = c == 'd' ? "\\d" : c == 'w' ? "\\w" : "\\h";
		break;
	case 's':
		text = "[^\\S\\n]";
		break;
	case 'D':
		text = "[^\\d\\n]";
		break;
	case 'W':
		text = "[^\\w\\n]";
		break;
	case 'S':
		text = "\\S";
		break;
	default:
		break;
	}
	if (text) {
		emit(r, text, strlen(text));
		add_other(r, true);
	} else if (c == 'b') {
		emit(r, "\\b", 2);
		add_other(r, false);
	} else if (c == 't' || c == 'r' || c == 'f') {
		emit(r, r->p + r->at, 2);
		add_byte(r, c == 't' ? '\t' : c == 'r' ? '\r' : '\f');
	} else if (is_punct(c) && c != '<' && c != '>') {
		emit(r, r->p + r->at, 2);
		add_byte(r, c);
	} else {
		r->odd = true;
	}
	r->at += 2;
}

/* [:name:] at @at: its length, or 0 where it is none, or one that holds a newline. */
static size_t posix_class(const struct reader *r, size_t at)
{
	static const char *const plain[] = {"[:alpha:]", "[:digit:]", "[:alnum:]",  "[:upper:]",
					    "[:lower:]", "[:punct:]", "[:xdigit:]", "[:blank:]",
					    "[:graph:]", "[:print:]", "[:word:]"};

	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
		size_t n = strlen(plain[i]);

		if (r->len - at >= n && memcmp(r->p + at, plain[i], n) == 0)
			return n;
	}
	return 0;
}

static bool is_class_escape(char c, bool negated)
{
	if (c == 'd' || c == 'w' || c == 't' || c == 'r')
		return true;
	/* What is excluded may hold a newline: it is excluded anyway. */
	if (negated && (c == 's' || c == 'n' || c == 'h'))
		return true;
	return is_punct(c);
}

/* One member of a class. Return: its length, 0 if it is none that is known. */
static size_t class_member(const struct reader *r, size_t at, bool negated)
{
	unsigned char c = (unsigned char)r->p[at];

	if (c == '[' && at + 1 < r->len && strchr(":.=", r->p[at + 1]))
		return posix_class(r, at);
	if (c == '\\')
		return at + 1 < r->len && is_class_escape(r->p[at + 1], negated) ? 2 : 0;
	/* A range from a control character on may hold a newline; PCRE2 judges what is no range. */
	if (!negated && c <= '\n')
		return 0;
	return 1;
}

static void read_class(struct reader *r)
{
	size_t at = r->at + 1, begin, n;
	bool negated = at < r->len && r->p[at] == '^';

	emit(r, negated ? "[^\\n" : "[", negated ? 4 : 1);
	at += negated;
	begin = at;
	if (at < r->len && r->p[at] == ']') {
		emit(r, "\\]", 2);
		begin = ++at;
	}
	/* "[]-a]" would read otherwise behind "\n". */
	if (at < r->len && r->p[at] == '-' && at > r->at + 1 && r->p[at - 1] == ']')
		r->odd = true;
	while (!r->odd && at < r->len && r->p[at] != ']') {
		n = class_member(r, at, negated);
		r->odd = n == 0;
		at += n;
	}
	if (at >= r->len)
		r->odd = true;
	if (r->odd)
		return;
	/* A "-" in first place is itself there; behind "\n" it must be told so. */
	if (negated && r->p[begin] == '-') {
		emit(r, "\\-", 2);
		begin++;
	}
	emit(r, r->p + begin, at + 1 - begin);
	r->at = at + 1;
	add_other(r, true);
}

static void read_group(struct reader *r)
{
	add_other(r, false);
	emit(r, "(", 1);
	r->at++;
	r->depth++;
	if (r->at < r->len && r->p[r->at] == '*')
		r->odd = true;
	if (r->at >= r->len || r->p[r->at] != '?')
		return;
	if (r->at + 1 < r->len && r->p[r->at + 1] == ':') {
		emit(r, "?:", 2);
		r->at += 2;
		return;
	}
	r->odd = true;
}

/* {n}, {n,}, {n,m}. Return: its length, or 0. */
static size_t braces(const struct reader *r, bool *ret_zero)
{
	size_t at = r->at + 1, digits = at;

	*ret_zero = true;
	for (; at < r->len && r->p[at] >= '0' && r->p[at] <= '9'; at++)
		*ret_zero &= r->p[at] == '0';
	if (at == digits)
		return 0;
	if (at < r->len && r->p[at] == ',')
		for (at++; at < r->len && r->p[at] >= '0' && r->p[at] <= '9';)
			at++;
	return at < r->len && r->p[at] == '}' ? at + 1 - r->at : 0;
}

static void read_quantifier(struct reader *r)
{
	char c = r->p[r->at];
	bool may_be_none = c == '?' || c == '*';
	size_t n = c == '{' ? braces(r, &may_be_none) : 1;

	if (n == 0 || !r->quantifiable) {
		r->odd = true;
		return;
	}
	if (may_be_none && r->was_byte) {
		/* In UTF-8 it is the whole character that may be missing. */
		while (r->run_len > 1 && (unsigned char)r->run[r->run_len - 1] >= 0x80)
			r->run_len--;
		r->run_len--;
	}
	add_other(r, false);
	emit(r, r->p + r->at, n);
	r->at += n;
	if (r->at < r->len && r->p[r->at] == '?') {
		emit(r, "?", 1);
		r->at++;
	}
}

static void read_atom(struct reader *r)
{
	char c = r->p[r->at];

	switch (c) {
	case '\\':
		read_escape(r);
		return;
	case '[':
		read_class(r);
		return;
	case '(':
		read_group(r);
		return;
	case '?':
	case '*':
	case '+':
	case '{':
		read_quantifier(r);
		return;
	case ')':
		r->odd |= r->depth == 0;
		r->depth -= r->depth > 0;
		add_other(r, true);
		break;
	case '|':
		r->choice |= r->depth == 0;
		add_other(r, false);
		break;
	case '^':
	case '$':
		add_other(r, false);
		break;
	case '.':
		add_other(r, true);
		break;
	case '\n':
	case '\0':
		r->odd = true;
		break;
	default:
		add_byte(r, c);
		break;
	}
	emit(r, &c, 1);
	r->at++;
}

static int begin_reader(struct reader *r)
{
	r->out = malloc(GROWTH * r->len + 1);
	r->run = malloc(r->len + 1);
	r->best = malloc(r->len + 1);
	return r->out && r->run && r->best ? 0 : -ENOMEM;
}

static void take(struct reader *r, struct fl_edit_facts *ret)
{
	if (!r->choice && r->best_len > 0) {
		ret->literal = r->best;
		ret->literal_len = r->best_len;
		ret->exact = r->atoms_only && r->best_len > 0;
		r->best = NULL;
	}
	ret->whole = r->out;
	ret->whole_len = r->out_len;
	r->out = NULL;
}

int fl_edit_pattern_read(const char *p, size_t len, struct fl_edit_facts *ret)
{
	struct reader r = {.p = p, .len = len, .atoms_only = true};
	int result = begin_reader(&r);

	*ret = (struct fl_edit_facts){0};
	while (result == 0 && !r.odd && r.at < len)
		read_atom(&r);
	if (result == 0 && !r.odd && r.depth == 0) {
		end_run(&r);
		take(&r, ret);
	}
	free(r.out);
	free(r.run);
	free(r.best);
	return result;
}

void fl_edit_facts_done(struct fl_edit_facts *f)
{
	free(f->literal);
	free(f->whole);
	*f = (struct fl_edit_facts){0};
}
