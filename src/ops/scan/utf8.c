/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "ops/scan/match.h"

#define HIGH_BITS UINT64_C(0x8080808080808080)

size_t fl_text_ascii_prefix(const unsigned char *p, size_t n)
{
	size_t i = 0;
	uint64_t v[8];

	for (; n - i >= sizeof(v); i += sizeof(v)) {
		memcpy(v, p + i, sizeof(v));
		if ((v[0] | v[1] | v[2] | v[3] | v[4] | v[5] | v[6] | v[7]) & HIGH_BITS)
			break;
	}
	while (i < n && p[i] < 0x80)
		i++;
	return i;
}

bool fl_text_is_ascii(const unsigned char *p, size_t n)
{
	return fl_text_ascii_prefix(p, n) == n;
}

/* Length of the character at p, which is not ASCII; 0 if none stands there. */
static size_t character(const unsigned char *p, size_t n)
{
	unsigned low = 0x80;
	unsigned high = 0xBF;
	size_t len = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;

	if (p[0] < 0xC2 || p[0] > 0xF4 || len > n)
		return 0;
	if (p[0] == 0xE0)
		low = 0xA0;
	else if (p[0] == 0xED)
		high = 0x9F;
	else if (p[0] == 0xF0)
		low = 0x90;
	else if (p[0] == 0xF4)
		high = 0x8F;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	return len;
}

bool fl_text_is_utf8(const unsigned char *p, size_t n)
{
	size_t i = 0;

	for (;;) {
		size_t len;

		i += fl_text_ascii_prefix(p + i, n - i);
		for (; i < n && p[i] >= 0x80; i += len) {
			len = character(p + i, n - i);
			if (len == 0)
				return false;
		}
		if (i == n)
			return true;
	}
}
