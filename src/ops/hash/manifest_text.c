/* SPDX-License-Identifier: MIT */
#include "ops/hash/manifest_text.h"

#include <string.h>

#include "base/size.h"

char *fl_manifest_hex(char *out, const unsigned char *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		*out++ = digits[bytes[i] >> 4];
		*out++ = digits[bytes[i] & 15];
	}
	return out;
}

char *fl_manifest_escape(char *out, const char *name)
{
	for (; *name; name++) {
		char letter = *name == '\n' ? 'n' : *name == '\r' ? 'r' : *name;

		if (letter != *name || letter == '\\')
			*out++ = '\\';
		*out++ = letter;
	}
	return out;
}

int fl_cursor_text(struct fl_cursor *c, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(c->end - c->p) < len || memcmp(c->p, text, len) != 0)
		return 0;
	c->p += len;
	return 1;
}

/* One way to write a number only: no sign, no leading zeros. */
int fl_cursor_u64(struct fl_cursor *c, uint64_t *ret)
{
	const char *begin = c->p;
	uint64_t value = 0;

	for (; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++) {
		uint64_t digit = (uint64_t)(*c->p - '0');

		if (value > (UINT64_MAX - digit) / 10)
			return 0;
		value = value * 10 + digit;
	}
	*ret = value;
	return c->p - begin == 1 || (c->p > begin && *begin != '0');
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int fl_cursor_hex(struct fl_cursor *c, unsigned char *ret, size_t n)
{
	if ((size_t)(c->end - c->p) < 2 * n)
		return 0;
	for (size_t i = 0; i < n; i++, c->p += 2) {
		int high = hex_digit(c->p[0]), low = hex_digit(c->p[1]);

		if (high < 0 || low < 0)
			return 0;
		ret[i] = (unsigned char)(high << 4 | low);
	}
	return 1;
}

/* "-2.500000000" is half a second after -2: the decimals always count forward. */
static int time_of(struct fl_cursor *c, struct fl_manifest_file *ret)
{
	int negative = fl_cursor_text(c, "-");
	uint64_t s, ns = 0;
	int digits = 0;

	if (!fl_cursor_u64(c, &s) || s > (uint64_t)INT64_MAX + (negative ? 1 : 0) ||
	    (negative && s == 0) || !fl_cursor_text(c, "."))
		return 0;
	for (; c->p < c->end && *c->p >= '0' && *c->p <= '9' && digits < 10; c->p++, digits++)
		ns = ns * 10 + (uint64_t)(*c->p - '0');
	ret->mtime_s = negative ? -(int64_t)(s - 1) - 1 : (int64_t)s;
	ret->mtime_ns = (uint32_t)ns;
	return digits == 9;
}

static int unescape(struct fl_cursor *c, char *name)
{
	char *out = name;

	while (c->p < c->end) {
		char letter = *c->p++;

		if (letter == '\0')
			return 0;
		if (letter == '\\') {
			if (c->p == c->end)
				return 0;
			letter = *c->p++;
			if (letter == 'n')
				letter = '\n';
			else if (letter == 'r')
				letter = '\r';
			else if (letter != '\\')
				return 0;
		}
		*out++ = letter;
	}
	*out = '\0';
	return out > name;
}

int fl_cursor_file(struct fl_cursor *c, int part, struct fl_manifest_file *ret, char *name)
{
	*ret = (struct fl_manifest_file){.name = name, .part = part};
	if (part && !(fl_cursor_u64(c, &ret->off) && fl_cursor_text(c, ":") &&
		      fl_cursor_u64(c, &ret->len) && fl_cursor_text(c, " ")))
		return 0;
	if (!fl_cursor_u64(c, &ret->size_bytes) || !fl_cursor_text(c, " ") || !time_of(c, ret) ||
	    !fl_cursor_text(c, " "))
		return 0;
	if (!part) {
		ret->len = ret->size_bytes;
		if (!fl_cursor_hex(c, ret->digest, sizeof(ret->digest)) || !fl_cursor_text(c, " "))
			return 0;
	}
	return fl_add_sat(ret->off, ret->len) <= ret->size_bytes && unescape(c, name);
}
