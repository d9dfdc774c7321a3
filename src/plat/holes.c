/* SPDX-License-Identifier: MIT */
#include "plat/holes.h"

#include <string.h>

#include "base/load.h"

static bool is_zero_block(const unsigned char *p)
{
	return fl_load64(p) == 0 &&
	       memcmp(p, p + sizeof(uint64_t), FL_HOLE_BLOCK - sizeof(uint64_t)) == 0;
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

struct fl_holes_run fl_holes_run(uint64_t len, uint64_t off)
{
	size_t before = (size_t)(-off % FL_HOLE_BLOCK);
	uint64_t hole = len > before ? (len - before) / FL_HOLE_BLOCK * FL_HOLE_BLOCK : 0;

	if (hole < FL_HOLE_LEAST)
		return (struct fl_holes_run){.before = (size_t)len};
	return (struct fl_holes_run){before, hole, (size_t)(len - before - hole)};
}

size_t fl_zeros_leading(const void *data, size_t len)
{
	const unsigned char *p = data;
	size_t n = 0;

	while (len - n >= sizeof(uint64_t) && fl_load64(p + n) == 0)
		n += sizeof(uint64_t);
	while (n < len && p[n] == 0)
		n++;
	return n;
}

size_t fl_zeros_trailing(const void *data, size_t len)
{
	const unsigned char *end = (const unsigned char *)data + len;
	size_t n = 0;

	while (len - n >= sizeof(uint64_t) && fl_load64(end - n - sizeof(uint64_t)) == 0)
		n += sizeof(uint64_t);
	while (n < len && end[-1 - (ptrdiff_t)n] == 0)
		n++;
	return n;
}
