/* SPDX-License-Identifier: MIT */
#ifndef FL_KERN_LITERAL_SAME_H
#define FL_KERN_LITERAL_SAME_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/** fl_literal_same() - do @len bytes stand at @p? @icase: in either case of ASCII; they are lower-case */
static inline bool fl_literal_same(const unsigned char *p, const unsigned char *bytes, size_t len,
				   bool icase)
{
	if (!icase)
		return memcmp(p, bytes, len) == 0;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = bytes[i];

		if ((p[i] | (c >= 'a' && c <= 'z' ? 0x20 : 0)) != c)
			return false;
	}
	return true;
}

#endif
