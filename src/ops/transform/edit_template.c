/* SPDX-License-Identifier: MIT */
#include "ops/transform/edit_template.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"

/** struct reader - a walk through a replacement */
struct reader {
	struct fl_template *t;
	const char *p;
	size_t len;
	size_t at;
	uint32_t groups;
};

static int add_piece(struct fl_template *t, const struct fl_piece *piece)
{
	struct fl_piece *pieces = realloc(t->pieces, (t->count + 1) * sizeof(*pieces));

	if (!pieces)
		return -ENOMEM;
	t->pieces = pieces;
	t->pieces[t->count++] = *piece;
	return 0;
}

static int add_text(struct fl_template *t, char c)
{
	struct fl_piece *last = t->count > 0 ? &t->pieces[t->count - 1] : NULL;
	int r = 0;

	t->text[t->text_len++] = c;
	if (last && last->kind == FL_PIECE_TEXT)
		last->text_len++;
	else
		r = add_piece(t, &(struct fl_piece){.kind = FL_PIECE_TEXT,
						    .text_off = t->text_len - 1,
						    .text_len = 1});
	return r;
}

static int add_group(struct reader *in, unsigned group, struct fl_error *reterr)
{
	if (group > in->groups)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE,
				    "the regex has %u groups: no reference to group %u", in->groups,
				    group);
	return add_piece(in->t, &(struct fl_piece){.kind = FL_PIECE_GROUP, .group = group});
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* As many digits as make the number of a group; nobody has a thousand. */
static size_t read_number(const struct reader *in, size_t at, unsigned *ret)
{
	size_t begin = at;

	*ret = 0;
	for (; at < in->len && is_digit(in->p[at]) && at - begin < 3; at++)
		*ret = 10 * *ret + (unsigned)(in->p[at] - '0');
	return at - begin;
}

/* Return: bytes read; 0 where the dollar is a dollar; an error. */
static int read_dollar(struct reader *in, struct fl_error *reterr)
{
	bool braced = in->at + 1 < in->len && in->p[in->at + 1] == '{';
	size_t begin = in->at + 1 + braced, n;
	unsigned group;
	int r;

	if (begin < in->len && in->p[begin] == '&' && !braced) {
		r = add_group(in, 0, reterr);
		return r < 0 ? r : 2;
	}
	n = read_number(in, begin, &group);
	if (n == 0 || (braced && (begin + n >= in->len || in->p[begin + n] != '}')))
		return 0;
	r = add_group(in, group, reterr);
	return r < 0 ? r : (int)(1 + n + 2u * braced);
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c != '\0' ? strchr(digits, c >= 'A' && c <= 'F' ? c + 0x20 : c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* \xHH, as sed and Perl have it. Return: digits read. */
static size_t read_hex(const struct reader *in, unsigned *ret)
{
	size_t n = 0;
	int digit;

	for (*ret = 0; n < 2 && in->at + n < in->len; n++) {
		digit = hex_digit(in->p[in->at + n]);
		if (digit < 0)
			break;
		*ret = 16 * *ret + (unsigned)digit;
	}
	return n;
}

static int read_escape(struct reader *in, struct fl_error *reterr)
{
	static const char from[] = "ntrfva", to[] = "\n\t\r\f\v\a";
	char c;
	const char *known;
	unsigned byte;
	size_t n;

	if (in->at + 1 == in->len)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE,
				    "the replacement ends with a backslash");
	c = in->p[in->at + 1];
	in->at += 2;
	if (is_digit(c))
		return add_group(in, (unsigned)(c - '0'), reterr);
	if (c != '\0' && strchr("ULEul", c))
		return add_piece(in->t, &(struct fl_piece){.kind = FL_PIECE_CASE, .mode = c});
	n = c == 'x' ? read_hex(in, &byte) : 0;
	if (n > 0) {
		in->at += n;
		return add_text(in->t, (char)byte);
	}
	known = c != '\0' ? strchr(from, c) : NULL;
	return add_text(in->t, known ? to[known - from] : c);
}

static int read_piece(struct reader *in, struct fl_error *reterr)
{
	char c = in->p[in->at];
	int r;

	if (c == '\\')
		return read_escape(in, reterr);
	if (c == '$') {
		r = read_dollar(in, reterr);
		if (r != 0) {
			in->at += r > 0 ? (size_t)r : 0;
			return r < 0 ? r : 0;
		}
	}
	in->at++;
	return c == '&' ? add_group(in, 0, reterr) : add_text(in->t, c);
}

int fl_template_init(struct fl_template *t, const char *p, size_t len, uint32_t groups,
		     struct fl_error *reterr)
{
	struct reader in = {.t = t, .p = p, .len = len, .groups = groups};
	int r = 0;

	*t = (struct fl_template){.text = malloc(len + 1)};
	if (!t->text)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	while (r == 0 && in.at < len)
		r = read_piece(&in, reterr);
	if (r == -ENOMEM)
		(void)fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	if (r < 0)
		fl_template_done(t);
	else
		t->plain = t->count == 0 || (t->count == 1 && t->pieces[0].kind == FL_PIECE_TEXT);
	return r;
}

void fl_template_done(struct fl_template *t)
{
	free(t->pieces);
	free(t->text);
	*t = (struct fl_template){0};
}

static size_t piece_len(const struct fl_piece *piece, const PCRE2_SIZE *pairs)
{
	if (piece->kind == FL_PIECE_TEXT)
		return piece->text_len;
	if (piece->kind == FL_PIECE_GROUP && pairs[2 * piece->group] != PCRE2_UNSET)
		return pairs[2 * piece->group + 1] - pairs[2 * piece->group];
	return 0;
}

/* What \U, \L, \u and \l do to ASCII letters; @once is for the first one only. */
static void change_case(unsigned char *p, size_t n, char mode, char *once)
{
	for (size_t i = 0; i < n; i++) {
		char m = *once ? *once : mode;
		unsigned char c = p[i];

		*once = '\0';
		if ((m == 'U' || m == 'u') && c >= 'a' && c <= 'z')
			p[i] = (unsigned char)(c - 0x20);
		else if ((m == 'L' || m == 'l') && c >= 'A' && c <= 'Z')
			p[i] = (unsigned char)(c + 0x20);
	}
}

static void set_mode(char piece, char *mode, char *once)
{
	if (piece == 'u' || piece == 'l')
		*once = piece;
	else
		*mode = piece;
}

int fl_template_expand(const struct fl_template *t, const unsigned char *subject,
		       const PCRE2_SIZE *pairs, struct fl_deltas *out, size_t *ret_len)
{
	char mode = 'E', once = '\0';
	unsigned char *room;
	size_t len = 0;
	int r;

	for (size_t i = 0; i < t->count; i++)
		len += piece_len(&t->pieces[i], pairs);
	*ret_len = len;
	if (len == 0)
		return 0;
	r = fl_deltas_room(out, len, 0, &room);
	for (size_t i = 0; r == 0 && i < t->count; i++) {
		const struct fl_piece *piece = &t->pieces[i];
		size_t n = piece_len(piece, pairs);

		if (piece->kind == FL_PIECE_CASE)
			set_mode(piece->mode, &mode, &once);
		if (n == 0)
			continue;
		if (piece->kind == FL_PIECE_TEXT)
			memcpy(room, t->text + piece->text_off, n);
		else
			memcpy(room, subject + pairs[2 * piece->group], n);
		change_case(room, n, mode, &once);
		room += n;
	}
	return r;
}
