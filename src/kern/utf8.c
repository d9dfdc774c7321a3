/* SPDX-License-Identifier: MIT */
#include "kern/utf8.h"

#include <stdint.h>
#include <string.h>

#define HIGH_BITS UINT64_C(0x8080808080808080)

size_t fl_utf8_ascii_prefix(const unsigned char *p, size_t n)
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

bool fl_utf8_is_ascii(const unsigned char *p, size_t n)
{
	return fl_utf8_ascii_prefix(p, n) == n;
}

/* RFC 3629, section 4: which second bytes may follow a first one. */
static bool second_byte_fits(unsigned char first, unsigned char second)
{
	switch (first) {
	case 0xE0:
		return second >= 0xA0 && second <= 0xBF;
	case 0xED:
		return second >= 0x80 && second <= 0x9F;
	case 0xF0:
		return second >= 0x90 && second <= 0xBF;
	case 0xF4:
		return second >= 0x80 && second <= 0x8F;
	default:
		return second >= 0x80 && second <= 0xBF;
	}
}

size_t fl_utf8_char(const unsigned char *p, size_t n)
{
	size_t len = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xC2 || p[0] > 0xF4 || len > n || !second_byte_fits(p[0], p[1]))
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	return len;
}

bool fl_utf8_is_valid(const unsigned char *p, size_t n)
{
	size_t i = 0, len;

	while ((i += fl_utf8_ascii_prefix(p + i, n - i)) < n) {
		for (; i < n && p[i] >= 0x80; i += len) {
			len = fl_utf8_char(p + i, n - i);
			if (len == 0)
				return false;
		}
	}
	return true;
}
