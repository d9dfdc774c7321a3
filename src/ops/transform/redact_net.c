/* SPDX-License-Identifier: MIT */
#include "ops/transform/redact.h"

#include <string.h>

#include "kern/kernels.h"
#include "kern/quads.h"
#include "ops/transform/redact_class.h"

/* A number from 0 to 255 in at most three digits, with no other behind it. Return: its length. */
static size_t octet(const unsigned char *p, size_t len)
{
	unsigned value = 0;
	size_t n = 0;

	for (; n < len && fl_is_digit(p[n]); n++) {
		if (n == 3)
			return 0;
		value = 10 * value + (unsigned)(p[n] - '0');
	}
	return value <= 255 ? n : 0;
}

static size_t dotted_quad(const unsigned char *p, size_t len)
{
	size_t at = 0;

	for (int i = 0; i < 4; i++) {
		size_t n;

		if (i > 0 && (at == len || p[at++] != '.'))
			return 0;
		n = octet(p + at, len - at);
		if (n == 0)
			return 0;
		at += n;
	}
	return len - at >= 2 && p[at] == '.' && fl_is_digit(p[at + 1]) ? 0 : at;
}

bool fl_find_ipv4(const unsigned char *p, size_t len, size_t from, struct fl_found *ret)
{
	struct fl_quads quads;

	fl_quads_init(&quads, p, len, from);
	return fl_quads_next(&quads, &ret->begin, &ret->end);
}

static bool is_ipv6_char(unsigned char c)
{
	return fl_is_hex(c) || c == ':' || c == '.';
}

/*
 * RFC 4291, section 2.2: eight groups, or fewer with one "::"; four numbers with dots may take the
 * place of the last two.
 */
static bool is_ipv6(const unsigned char *p, size_t len)
{
	unsigned groups = 0, digits = 0;
	bool gap = false;
	size_t at = 0, n;

	while (at < len) {
		if (at + 1 < len && p[at] == ':' && p[at + 1] == ':') {
			if (gap)
				return false;
			gap = true;
			at += 2;
			if (at == len)
				break;
		} else if (at > 0) {
			if (p[at++] != ':')
				return false;
		}
		for (n = 0; at + n < len && fl_is_hex(p[at + n]); n++)
			;
		digits += n > 0;
		if (at + n < len && p[at + n] == '.') {
			groups += 2;
			if (dotted_quad(p + at, len - at) != len - at)
				return false;
			break;
		}
		if (n == 0 || n > 4)
			return false;
		groups++;
		at += n;
	}
	return digits > 0 && (gap ? groups <= 7 : groups == 8);
}

bool fl_find_ipv6(const unsigned char *p, size_t len, size_t from, struct fl_found *ret)
{
	while (from < len) {
		const unsigned char *hit = memchr(p + from, ':', len - from);
		size_t begin, end, colons = 0;
		bool gap = false;

		if (!hit)
			return false;
		begin = end = (size_t)(hit - p);
		while (begin > from && is_ipv6_char(p[begin - 1]))
			begin--;
		for (; end < len && is_ipv6_char(p[end]); end++) {
			colons += p[end] == ':';
			gap |= p[end] == ':' && end > begin && p[end - 1] == ':';
		}
		from = end;
		/* Times of day and the like: told apart before anything else is looked at. */
		if (!gap && colons < 6)
			continue;
		if ((begin > 0 && fl_is_word(p[begin - 1])) || (end < len && fl_is_word(p[end])))
			continue;
		while (end > begin && (p[end - 1] == '.' ||
				       (end - begin > 2 && p[end - 1] == ':' && p[end - 2] != ':')))
			end--;
		if (!is_ipv6(p + begin, end - begin))
			continue;
		*ret = (struct fl_found){begin, end};
		return true;
	}
	return false;
}

/* Behind the @: labels and dots, the last label two letters or more. Return: bytes, 0 for none. */
static size_t domain(const unsigned char *p, size_t len)
{
	size_t at = 0, best = 0;

	for (;;) {
		size_t n = 0;

		while (at + n < len && fl_is_label(p[at + n]))
			n++;
		if (n == 0 || at + n == len || p[at + n] != '.')
			return best;
		at += n + 1;
		for (n = 0; at + n < len && fl_is_alpha(p[at + n]); n++)
			;
		if (n >= 2)
			best = at + n;
	}
}

bool fl_find_email(const unsigned char *p, size_t len, size_t from, struct fl_found *ret)
{
	size_t low = from;

	while (from < len) {
		const unsigned char *hit = memchr(p + from, '@', len - from);
		size_t begin, n;

		if (!hit)
			return false;
		from = (size_t)(hit + 1 - p);
		begin = from - 1;
		while (begin > low && fl_is_local(p[begin - 1]))
			begin--;
		n = begin < from - 1 ? domain(p + from, len - from) : 0;
		if (n == 0)
			continue;
		*ret = (struct fl_found){begin, from + n};
		return true;
	}
	return false;
}

static bool is_userinfo(unsigned char c)
{
	return c != '\0' && !strchr(" \t\n\v\f\r/?#@", c);
}

bool fl_find_url_password(const unsigned char *p, size_t len, size_t from, struct fl_found *ret)
{
	static const unsigned char text[] = "://";
	const struct fl_kernels *k = fl_kernels_get();
	struct fl_literal lit;

	fl_literal_init(&lit, text, 3, false);
	while (from < len) {
		const unsigned char *hit = k->find_literal(&lit, p + from, len - from);
		size_t begin, end;

		if (!hit)
			return false;
		begin = from = (size_t)(hit + 3 - p);
		while (begin < len && p[begin] != ':' && is_userinfo(p[begin]))
			begin++;
		if (begin == len || p[begin++] != ':')
			continue;
		for (end = begin; end < len && is_userinfo(p[end]); end++)
			;
		if (end == begin || end == len || p[end] != '@')
			continue;
		*ret = (struct fl_found){begin, end};
		return true;
	}
	return false;
}
