/* SPDX-License-Identifier: MIT */
#include "ops/scan/multi.h"

#include <string.h>

/* What a part of a pattern says about line ends. */
enum answer {
	NO,
	MAYBE,
	YES
};

/**
 * struct reader - walks a pattern
 * @lo: value of the last single character of a class, or -1
 */
struct reader {
	const char *p;
	const char *end;
	bool dotall;
};

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* \x41, \x{41}. Return: the code point; -1: unusual. */
static long hex_escape(struct reader *r)
{
	bool braces = r->p < r->end && *r->p == '{';
	long value = 0;
	int digits = 0;

	r->p += braces;
	while (r->p < r->end && hex_value(*r->p) >= 0 && digits < (braces ? 6 : 2)) {
		value = value * 16 + hex_value(*r->p++);
		digits++;
	}
	if (!braces)
		return value;
	if (r->p == r->end || *r->p != '}')
		return -1;
	r->p++;
	return value;
}

/* \p{Cc} holds it, \p{L} does not; \P the other way round, mostly. */
static enum answer property(struct reader *r, char kind)
{
	char first = r->p < r->end ? *r->p : '\0';

	if (first == '{') {
		const char *close = memchr(r->p, '}', (size_t)(r->end - r->p));

		if (!close)
			return MAYBE;
		first = r->p[1];
		r->p = close;
	}
	r->p += r->p < r->end;
	if (kind == 'P' || first == '^' || strchr("CXA", first))
		return MAYBE;
	return NO;
}

/*
 * Behind a backslash. @ret_value: the character, if it stands for one, else -1.
 */
static enum answer escape(struct reader *r, long *ret_value)
{
	char c;

	*ret_value = -1;
	if (r->p == r->end)
		return MAYBE;
	c = *r->p++;
	if (strchr("nsRXCcoQEk0", c) && c != '\0') {
		if (c == 'n')
			*ret_value = '\n';
		return c == 'n' || c == 's' || c == 'R' ? YES : MAYBE;
	}
	switch (c) {
	case 'W':
	case 'D':
	case 'H':
	case 'v':
		return YES;
	case 'p':
	case 'P':
		return property(r, c);
	case 'x':
		*ret_value = hex_escape(r);
		return *ret_value == '\n' ? YES : *ret_value < 0 ? MAYBE : NO;
	case 't':
		*ret_value = '\t';
		return NO;
	/* Not of one line: where the file begins and ends. */
	case 'A':
	case 'z':
	case 'Z':
	case 'G':
		return MAYBE;
	default:
		*ret_value = (unsigned char)c;
		return NO;
	}
}

static enum answer max_of(enum answer a, enum answer b)
{
	return a > b ? a : b;
}

/* [:space:] and what is like it. */
static bool named_class(struct reader *r, enum answer *ret)
{
	const char *close;

	if (r->end - r->p < 4 || r->p[0] != '[' || !strchr(":.=", r->p[1]))
		return false;
	close = memchr(r->p + 2, ']', (size_t)(r->end - r->p - 2));
	if (!close || close[-1] != r->p[1])
		return false;
	*ret = r->p[2] == '^' || strncmp(r->p + 2, "space", 5) == 0 ||
			       strncmp(r->p + 2, "cntrl", 5) == 0
		       ? MAYBE
		       : NO;
	r->p = close + 1;
	return true;
}

static long class_item(struct reader *r, enum answer *ret)
{
	enum answer named;
	long value;

	if (named_class(r, &named)) {
		*ret = max_of(*ret, named);
		return -1;
	}
	if (*r->p == '\\') {
		r->p++;
		*ret = max_of(*ret, escape(r, &value));
		return value;
	}
	value = (unsigned char)*r->p++;
	if (value == '\n')
		*ret = YES;
	return value;
}

/* Behind "[". */
static enum answer class_answer(struct reader *r)
{
	bool negated = r->p < r->end && *r->p == '^', first = true;
	enum answer holds = NO;

	r->p += negated;
	while (r->p < r->end && (first || *r->p != ']')) {
		long low = class_item(r, &holds), high;

		first = false;
		if (r->end - r->p < 2 || *r->p != '-' || r->p[1] == ']')
			continue;
		r->p++;
		high = class_item(r, &holds);
		if (low < 0 || high < 0)
			holds = max_of(holds, MAYBE);
		else if (low <= '\n' && high >= '\n')
			holds = YES;
	}
	r->p += r->p < r->end;
	if (!negated)
		return holds;
	return holds == YES ? NO : holds == MAYBE ? MAYBE : YES;
}

/* Behind "(": what changes the meaning of the rest. */
static enum answer group(struct reader *r)
{
	if (r->p < r->end && *r->p == '*')
		return MAYBE;
	if (r->end - r->p < 2 || *r->p != '?')
		return NO;
	for (const char *p = r->p + 1; p < r->end && strchr("imsxnJU-^", *p); p++)
		if (*p == 's' || *p == 'x')
			return MAYBE;
	return NO;
}

bool fl_multi_crosses(const char *text, size_t len, bool dotall, bool anchors)
{
	struct reader r = {.p = text, .end = text + len, .dotall = dotall};

	while (r.p < r.end) {
		enum answer a = NO;
		long value;

		switch (*r.p++) {
		case '\\':
			a = escape(&r, &value);
			break;
		case '[':
			a = class_answer(&r);
			break;
		case '(':
			a = group(&r);
			break;
		case '.':
			a = dotall ? YES : NO;
			break;
		case '\n':
			a = YES;
			break;
		case '^':
		case '$':
			a = anchors ? YES : NO;
			break;
		default:
			break;
		}
		if (a != NO)
			return true;
	}
	return false;
}
