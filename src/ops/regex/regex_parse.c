/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/error.h>

#include "ops/regex/regex_nodes.h"

/* Longer repetitions of a class are too many steps to pay. */
#define REPEAT_MAX 16
#define DEPTH_MAX 16

struct parser {
	const char *p;
	const char *end;
	bool caseless;
	struct fl_regex_node *nodes;
	unsigned count;
	unsigned size;
	unsigned depth;
	bool failed;
};

static void set_add(struct fl_regex_set *s, unsigned c)
{
	if (c < 128)
		s->low[c / 64] |= UINT64_C(1) << (c % 64);
}

static void set_add_all(struct fl_regex_set *s, const struct fl_regex_set *other)
{
	s->low[0] |= other->low[0];
	s->low[1] |= other->low[1];
	s->high |= other->high;
}

static void set_complement(struct fl_regex_set *s)
{
	s->low[0] = ~s->low[0];
	s->low[1] = ~s->low[1];
	s->high = !s->high;
}

static void set_fold(struct fl_regex_set *s)
{
	for (unsigned c = 'a'; c <= 'z'; c++) {
		unsigned upper = c - 'a' + 'A';

		if (fl_regex_set_has(s, c) || fl_regex_set_has(s, upper)) {
			set_add(s, c);
			set_add(s, upper);
		}
	}
}

static bool is_word(unsigned c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_';
}

/* pcre2pattern(3), "Generic character types". Return: false: @type is none of them. */
static bool set_of_type(char type, struct fl_regex_set *ret)
{
	char kind = (char)(type | 0x20);

	memset(ret, 0, sizeof(*ret));
	/* \h is no class of the locale: it holds the byte 0xA0, too. */
	if (kind != 'd' && kind != 'w' && kind != 's')
		return false;
	for (unsigned c = 0; c < 128; c++)
		if ((kind == 'd' && c >= '0' && c <= '9') || (kind == 'w' && is_word(c)) ||
		    (kind == 's' && (c == ' ' || (c >= '\t' && c <= '\r'))))
			set_add(ret, c);
	if (type != kind)
		set_complement(ret);
	return true;
}

/* pcre2pattern(3), "POSIX character classes": in the C locale, ctype.h's. */
static bool in_posix_class(unsigned k, unsigned c)
{
	bool lower = c >= 'a' && c <= 'z', upper = c >= 'A' && c <= 'Z';
	bool digit = c >= '0' && c <= '9', graph = c > ' ' && c < 127;

	switch (k) {
	case 0:
		return lower || upper;
	case 1:
		return digit;
	case 2:
		return lower || upper || digit;
	case 3:
		return upper;
	case 4:
		return lower;
	case 5:
		return graph && !lower && !upper && !digit;
	case 6:
		return digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
	case 7:
		return is_word(c);
	case 8:
		return c == ' ' || c == '\t';
	case 9:
		return graph;
	case 10:
		return graph || c == ' ';
	case 11:
		return c == ' ' || (c >= '\t' && c <= '\r');
	default:
		return c < ' ' || c == 127;
	}
}

/* "[:name:]" at @p. Return: its bytes; 0: unknown. */
static size_t set_of_posix(const char *p, const char *end, struct fl_regex_set *to)
{
	static const char *const names[] = {"[:alpha:]", "[:digit:]", "[:alnum:]",  "[:upper:]",
					    "[:lower:]", "[:punct:]", "[:xdigit:]", "[:word:]",
					    "[:blank:]", "[:graph:]", "[:print:]",  "[:space:]",
					    "[:cntrl:]"};

	for (unsigned k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
		size_t len = strlen(names[k]);

		if ((size_t)(end - p) < len || memcmp(p, names[k], len) != 0)
			continue;
		for (unsigned c = 0; c < 128; c++)
			if (in_posix_class(k, c))
				set_add(to, c);
		return len;
	}
	return 0;
}

static unsigned new_node(struct parser *r, enum fl_regex_kind kind)
{
	struct fl_regex_node *nodes;

	if (r->count == r->size) {
		r->size = 2 * r->size + 64;
		nodes = realloc(r->nodes, r->size * sizeof(*nodes));
		if (!nodes) {
			r->failed = true;
			r->size = r->count;
			return 0;
		}
		r->nodes = nodes;
	}
	r->nodes[r->count] = (struct fl_regex_node){.kind = kind};
	return r->count++;
}

static unsigned new_pair(struct parser *r, enum fl_regex_kind kind, unsigned left, unsigned right)
{
	unsigned n = new_node(r, kind);

	if (!r->failed) {
		r->nodes[n].left = left;
		r->nodes[n].right = right;
	}
	return n;
}

static unsigned new_set(struct parser *r, const struct fl_regex_set *set)
{
	unsigned n = new_node(r, NODE_SET);

	if (!r->failed)
		r->nodes[n].set = *set;
	return n;
}

static unsigned give_up(struct parser *r)
{
	r->failed = true;
	return 0;
}

/* One character of a class. Return: -1: it is not one. */
static int class_char(struct parser *r)
{
	char c = *r->p++;

	if (c != '\\' || r->p == r->end)
		return (unsigned char)c;
	c = *r->p++;
	if (c == 't')
		return '\t';
	return isalnum((unsigned char)c) ? -1 : (unsigned char)c;
}

static void class_element(struct parser *r, struct fl_regex_set *set)
{
	struct fl_regex_set type;
	size_t n = *r->p == '[' ? set_of_posix(r->p, r->end, set) : 0;
	int from, to;

	if (n > 0) {
		r->p += n;
		return;
	}
	if (*r->p == '\\' && r->end - r->p >= 2 && set_of_type(r->p[1], &type)) {
		set_add_all(set, &type);
		r->p += 2;
		return;
	}
	from = to = class_char(r);
	if (r->end - r->p >= 2 && r->p[0] == '-' && r->p[1] != ']') {
		/* A range up to a class is several things to several releases. */
		if (r->p[1] == '[') {
			r->failed = true;
			return;
		}
		r->p++;
		to = class_char(r);
	}
	if (from < 0 || to < from) {
		r->failed = true;
		return;
	}
	for (int c = from; c <= to; c++)
		set_add(set, (unsigned)c);
}

static unsigned parse_class(struct parser *r)
{
	struct fl_regex_set set = {0};
	bool negated = *r->p == '^';
	bool first = true;

	r->p += negated;
	for (; r->p < r->end && (first || *r->p != ']') && !r->failed; first = false)
		class_element(r, &set);
	if (r->p == r->end)
		return give_up(r);
	r->p++;
	if (r->caseless)
		set_fold(&set);
	if (negated)
		set_complement(&set);
	return new_set(r, &set);
}

static unsigned parse_escape(struct parser *r)
{
	struct fl_regex_set set = {0};
	char c;

	if (r->p == r->end)
		return give_up(r);
	c = *r->p++;
	if (c == 'b')
		return new_node(r, NODE_EDGE);
	if (c == 'B')
		return new_node(r, NODE_NO_EDGE);
	if (!set_of_type(c, &set)) {
		if (c == 't')
			set_add(&set, '\t');
		else if (isalnum((unsigned char)c))
			return give_up(r);
		else
			set_add(&set, (unsigned char)c);
	}
	return new_set(r, &set);
}

static unsigned parse_either(struct parser *r);

static unsigned parse_group(struct parser *r)
{
	unsigned n;

	if (r->end - r->p >= 2 && r->p[0] == '?' && r->p[1] == ':')
		r->p += 2;
	else if (r->p < r->end && (*r->p == '?' || *r->p == '*'))
		return give_up(r);
	if (++r->depth > DEPTH_MAX)
		return give_up(r);
	n = parse_either(r);
	r->depth--;
	if (r->p == r->end || *r->p++ != ')')
		return give_up(r);
	return n;
}

static unsigned parse_atom(struct parser *r)
{
	struct fl_regex_set set = {0};
	char c = *r->p++;

	switch (c) {
	case '\\':
		return parse_escape(r);
	case '[':
		return parse_class(r);
	case '(':
		return parse_group(r);
	case '*':
	case '+':
	case '?':
	case '{':
		return give_up(r);
	case '^':
		return new_node(r, NODE_LINE_START);
	case '$':
		return new_node(r, NODE_LINE_END);
	case '.':
		set_complement(&set);
		return new_set(r, &set);
	default:
		if ((unsigned char)c >= 128)
			return give_up(r);
		set_add(&set, (unsigned char)c);
		if (r->caseless)
			set_fold(&set);
		return new_set(r, &set);
	}
}

static unsigned number(struct parser *r)
{
	unsigned n = 0;

	while (r->p < r->end && *r->p >= '0' && *r->p <= '9') {
		n = n * 10 + (unsigned)(*r->p++ - '0');
		if (n > REPEAT_MAX)
			r->failed = true;
		if (r->failed)
			return 0;
	}
	return n;
}

/* "{n}", "{n,}", "{n,m}" and the short forms. Return: false: no quantifier stands here. */
static bool parse_bounds(struct parser *r, unsigned *min, unsigned *max, bool *lazy)
{
	char c = r->p < r->end ? *r->p : '\0';

	if (c != '*' && c != '+' && c != '?' && c != '{')
		return false;
	r->p++;
	*min = c == '+';
	*max = c == '?';
	if (c == '{') {
		*min = *max = number(r);
		if (r->p < r->end && *r->p == ',') {
			r->p++;
			*max = r->p < r->end && *r->p == '}' ? 0 : number(r);
			r->failed |= *max == 0 && r->p[-1] != ',';
		} else if (*max == 0) {
			r->failed = true;
		}
		r->failed |= r->p == r->end || *r->p != '}' || (*max > 0 && *max < *min);
		r->p++;
	}
	/* Which lines match does not depend on who is greedy. */
	*lazy = !r->failed && r->p < r->end && *r->p == '?';
	r->p += *lazy;
	return true;
}

static bool is_assertion(enum fl_regex_kind kind)
{
	return kind >= NODE_LINE_START && kind <= NODE_NO_EDGE;
}

static unsigned parse_piece(struct parser *r)
{
	unsigned atom = parse_atom(r), n, min = 1, max = 1;
	bool lazy;

	if (r->failed || !parse_bounds(r, &min, &max, &lazy) || r->failed)
		return atom;
	if (is_assertion(r->nodes[atom].kind))
		return give_up(r);
	n = new_node(r, NODE_REPEAT);
	if (!r->failed) {
		r->nodes[n].left = atom;
		r->nodes[n].min = min;
		r->nodes[n].max = max;
		r->nodes[n].lazy = lazy;
	}
	return n;
}

static unsigned parse_either(struct parser *r)
{
	unsigned n = new_node(r, NODE_EMPTY);

	while (!r->failed && r->p < r->end && *r->p != '|' && *r->p != ')')
		n = new_pair(r, NODE_SEQUENCE, n, parse_piece(r));
	if (!r->failed && r->p < r->end && *r->p == '|') {
		r->p++;
		n = new_pair(r, NODE_EITHER, n, parse_either(r));
	}
	return n;
}

struct fl_regex_set fl_regex_words(void)
{
	struct fl_regex_set set;

	set_of_type('w', &set);
	return set;
}

int fl_regex_parse(const char *pattern, size_t len, bool caseless, struct fl_regex_tree *ret)
{
	struct parser r = {.p = pattern, .end = pattern + len, .caseless = caseless};
	unsigned root = parse_either(&r);

	if (r.failed || r.p != r.end) {
		free(r.nodes);
		return -FL_EUNSUPPORTED;
	}
	*ret = (struct fl_regex_tree){.nodes = r.nodes, .count = r.count, .root = root};
	return 0;
}
