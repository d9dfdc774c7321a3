/* SPDX-License-Identifier: MIT */
#include "plat/holes.h"

#include <string.h>

static bool is_zero_block(const unsigned char *p)
{
	uint64_t first;

	memcpy(&first, p, sizeof(first));
	return first == 0 && memcmp(p, p + sizeof(first), FL_HOLE_BLOCK - sizeof(first)) == 0;
}

/* Return: bytes, in whole blocks. */
static size_t zeros_at(const unsigned char *p, size_t len)
{
	size_t n = 0;

	while (len - n >= FL_HOLE_BLOCK && is_zero_block(p + n))
		n += FL_HOLE_BLOCK;
	return n;
}

size_t fl_holes_span(const void *data, size_t len, uint64_t off, bool *ret_hole)
{
	const unsigned char *p = data;
	size_t at = (size_t)(-off % FL_HOLE_BLOCK), zeros;

	*ret_hole = false;
	while (at <= len && len - at >= FL_HOLE_LEAST) {
		zeros = zeros_at(p + at, len - at);
		if (zeros >= FL_HOLE_LEAST) {
			*ret_hole = at == 0;
			return at == 0 ? zeros : at;
		}
		at += zeros + FL_HOLE_BLOCK;
	}
	return len;
}
