/* SPDX-License-Identifier: MIT */
#include "ops/scan/replacement.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

/* pcre2limits(3): names are at most 32 characters long, 128 in later releases. */
#define NAME_MAX_BYTES 128

static bool is_name_byte(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_';
}

/* The name behind a "$" at @p. Return: bytes of the whole reference; 0: it is none. */
static size_t read_name(const char *p, size_t left, struct fl_replacement_piece *ret)
{
	size_t open = left > 1 && p[1] == '{', at = 1 + open;

	while (at < left && is_name_byte(p[at]))
		at++;
	ret->text = p + 1 + open;
	ret->len = at - 1 - open;
	if (ret->len == 0 || (open && (at == left || p[at] != '}')))
		return 0;
	return at + open;
}

static size_t read_piece(const char *p, size_t left, struct fl_replacement_piece *ret)
{
	const char *dollar;
	size_t len;

	ret->group = FL_REPLACEMENT_NONE;
	if (*p == '$') {
		len = read_name(p, left, ret);
		if (len > 0)
			return len;
		*ret = (struct fl_replacement_piece){FL_REPLACEMENT_TEXT, p, 1};
		return left > 1 && p[1] == '$' ? 2 : 1;
	}
	dollar = memchr(p, '$', left);
	len = dollar ? (size_t)(dollar - p) : left;
	*ret = (struct fl_replacement_piece){FL_REPLACEMENT_TEXT, p, len};
	return len;
}

int fl_replacement_init(struct fl_replacement *t, const char *text, size_t len)
{
	const char *p;

	memset(t, 0, sizeof(*t));
	t->text = malloc(len + 1);
	/* No piece is shorter than a byte. */
	t->pieces = calloc(len + 1, sizeof(*t->pieces));
	if (!t->text || !t->pieces) {
		fl_replacement_done(t);
		return -ENOMEM;
	}
	memcpy(t->text, text, len);
	for (p = t->text; p < t->text + len;)
		p += read_piece(p, (size_t)(t->text + len - p), &t->pieces[t->count++]);
	return 0;
}

static uint32_t number_of(const char *text, size_t len)
{
	uint32_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return FL_REPLACEMENT_NONE;
		n = n * 10 + (uint32_t)(text[i] - '0');
		if (n > UINT16_MAX)
			return FL_REPLACEMENT_NONE;
	}
	return n;
}

static uint32_t named_group(const pcre2_code *code, const char *text, size_t len)
{
	char name[NAME_MAX_BYTES + 1];
	int n;

	if (!code || len > NAME_MAX_BYTES)
		return FL_REPLACEMENT_NONE;
	memcpy(name, text, len);
	name[len] = '\0';
	n = pcre2_substring_number_from_name(code, (PCRE2_SPTR)(const void *)name);
	return n > 0 ? (uint32_t)n : FL_REPLACEMENT_NONE;
}

void fl_replacement_resolve(struct fl_replacement *t, const struct fl_regex *re)
{
	const pcre2_code *code = re->utf ? re->utf : re->bytes;
	uint32_t most = 0;

	if (code)
		pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &most);
	for (size_t i = 0; i < t->count; i++) {
		struct fl_replacement_piece *piece = &t->pieces[i];

		if (piece->group == FL_REPLACEMENT_TEXT)
			continue;
		piece->group = number_of(piece->text, piece->len);
		if (piece->group == FL_REPLACEMENT_NONE)
			piece->group = named_group(code, piece->text, piece->len);
		if (piece->group != FL_REPLACEMENT_NONE && piece->group > most)
			piece->group = FL_REPLACEMENT_NONE;
		if (piece->group != FL_REPLACEMENT_NONE && piece->group > t->groups)
			t->groups = piece->group;
	}
}

void fl_replacement_done(struct fl_replacement *t)
{
	free(t->text);
	free(t->pieces);
	memset(t, 0, sizeof(*t));
}
