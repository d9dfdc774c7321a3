/* SPDX-License-Identifier: MIT */
#include "cli/smart_case.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include <faultline/scan.h>

/**
 * struct reading - of one pattern
 * @any:     it holds a character that stands for itself
 * @capital: one of these is a capital letter
 */
struct reading {
	const char *p;
	const char *end;
	unsigned syntax;
	int any;
	int capital;
};

static int next_is(const struct reading *r, const char *text)
{
	size_t n = strlen(text);

	return (size_t)(r->end - r->p) >= n && memcmp(r->p, text, n) == 0;
}

static void note(struct reading *r, wint_t c)
{
	r->any = 1;
	r->capital |= iswupper(c) != 0;
}

/* The character at p, which may have several bytes. */
static void note_next(struct reading *r)
{
	mbstate_t state = {0};
	wchar_t c = 0;
	size_t n = mbrtowc(&c, r->p, (size_t)(r->end - r->p), &state);

	if (n == 0 || n > (size_t)(r->end - r->p)) {
		c = L'\0';
		n = 1;
	}
	note(r, (wint_t)c);
	r->p += n;
}

/* Behind the first of these bytes; to the end where there is none. */
static void skip_past(struct reading *r, const char *bytes)
{
	while (r->p < r->end && strchr(bytes, *r->p) == NULL)
		r->p++;
	if (r->p < r->end)
		r->p++;
}

/* A name in brackets of any kind. */
static void skip_name(struct reading *r)
{
	const char *open = "{<'", *close = "}>'";
	const char *at = r->p < r->end && *r->p != '\0' ? strchr(open, *r->p) : NULL;

	if (at == NULL)
		return;
	r->p++;
	skip_past(r, (const char[]){close[at - open], '\0'});
}

static int digit_of(char c, int base)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c != '\0' ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return at != NULL && at - digits < base ? (int)(at - digits) : -1;
}

/* Up to @most digits, or any number of them in braces. */
static void note_number(struct reading *r, int base, int most)
{
	uint32_t value = 0;
	int braces = r->p < r->end && *r->p == '{';

	r->p += braces;
	for (; r->p < r->end && (braces || most-- > 0) && digit_of(*r->p, base) >= 0; r->p++)
		value = value * (uint32_t)base + (uint32_t)digit_of(*r->p, base);
	if (braces)
		skip_past(r, "}");
	note(r, (wint_t)value);
}

/* \Q: all stands for itself up to \E. */
static void read_quoted(struct reading *r)
{
	while (r->p < r->end && !next_is(r, "\\E"))
		note_next(r);
}

/* "{U+46}" */
static void note_code_point(struct reading *r)
{
	r->p += strlen("{U+");
	note_number(r, 16, 6);
	skip_past(r, "}");
}

/* A character of a given number; 0 where @c does not begin one. */
static int read_number(struct reading *r, char c)
{
	if (c == 'x')
		note_number(r, 16, 2);
	else if (c == 'o')
		note_number(r, 8, 0);
	else if (c == '0')
		note_number(r, 8, 2);
	else if (c == 'N' && next_is(r, "{U+"))
		note_code_point(r);
	else
		return 0;
	return 1;
}

/* Three digits: a character, not a group. */
static int is_octal(const struct reading *r)
{
	return r->end - r->p >= 3 && digit_of(r->p[0], 4) > 0 && digit_of(r->p[1], 8) >= 0 &&
	       digit_of(r->p[2], 8) >= 0;
}

/* What follows a backslash. */
static void read_escape(struct reading *r)
{
	char c;

	if (r->p == r->end)
		return;
	if (is_octal(r)) {
		note_number(r, 8, 3);
		return;
	}
	if (!isalnum((unsigned char)*r->p) && *r->p != '<' && *r->p != '>') {
		note_next(r);
		return;
	}
	c = *r->p++;
	if (read_number(r, c))
		return;
	if (c == 'Q')
		read_quoted(r);
	else if (c == 'c' && r->p < r->end)
		r->p++;
	else if ((c == 'p' || c == 'P') && r->p < r->end && *r->p != '{')
		r->p++;
	else if (strchr("aefnrt", c) != NULL)
		r->any = 1;
	else
		skip_name(r);
}

/* "[" has been read. In -E and -G a backslash stands for itself there. */
static void read_class(struct reading *r)
{
	int first = 1;

	if (next_is(r, "^"))
		r->p++;
	for (; r->p < r->end && (*r->p != ']' || first); first = 0) {
		if (next_is(r, "[:")) {
			r->p += 2;
			skip_past(r, ":");
			r->p += next_is(r, "]");
		} else if (*r->p == '\\' && r->syntax == 0) {
			r->p++;
			read_escape(r);
		} else {
			note_next(r);
		}
	}
	r->p += r->p < r->end;
}

/* "(?" has been read. */
static void read_group(struct reading *r)
{
	if (next_is(r, "#"))
		skip_past(r, ")");
	else if (next_is(r, "<=") || next_is(r, "<!"))
		r->p += 2;
	else if (next_is(r, "<") || next_is(r, "'"))
		skip_name(r);
	else if (next_is(r, "P<"))
		skip_past(r, ">");
	else if (next_is(r, "(?") || next_is(r, "(*"))
		return; /* a condition that is a pattern */
	else if (next_is(r, "("))
		skip_past(r, ")");
	else if (r->p < r->end && strchr("=!>|", *r->p) != NULL)
		r->p++;
	else
		skip_past(r, ":)");
}

/* "(*" has been read: a verb, or a group whose kind has a name. */
static void read_verb(struct reading *r)
{
	skip_past(r, r->p < r->end && islower((unsigned char)*r->p) ? ":)" : ")");
}

/* "{2,3}" */
static int skip_repeat(struct reading *r)
{
	const char *p = r->p + 1;

	while (p < r->end && (isdigit((unsigned char)*p) || *p == ','))
		p++;
	if (p == r->p + 1 || p == r->end || *p != '}')
		return 0;
	r->p = p + 1;
	return 1;
}

static void read_one(struct reading *r)
{
	int basic = (r->syntax & FL_SCAN_BASIC) != 0;

	if (r->syntax & FL_SCAN_FIXED) {
		note_next(r);
	} else if (*r->p == '\\' && basic && r->end - r->p > 1 && strchr("(){}|+?", r->p[1])) {
		r->p += 2;
	} else if (*r->p == '\\') {
		r->p++;
		read_escape(r);
	} else if (*r->p == '[') {
		r->p++;
		read_class(r);
	} else if (r->syntax == 0 && next_is(r, "(?")) {
		r->p += 2;
		read_group(r);
	} else if (r->syntax == 0 && next_is(r, "(*")) {
		r->p += 2;
		read_verb(r);
	} else if (strchr(basic ? ".*^$" : ".*^$()|+?", *r->p) != NULL && *r->p != '\0') {
		r->p++;
	} else if (basic || *r->p != '{' || !skip_repeat(r)) {
		note_next(r);
	}
}

int smart_case_ignores(const char *pattern, size_t len, unsigned syntax)
{
	struct reading r = {.p = pattern, .syntax = syntax};
	const char *end = pattern + len;

	while (r.p < end) {
		const char *eol = memchr(r.p, '\n', (size_t)(end - r.p));

		r.end = eol != NULL ? eol : end;
		while (r.p < r.end)
			read_one(&r);
		r.p = r.end + 1;
	}
	return r.any && !r.capital;
}
