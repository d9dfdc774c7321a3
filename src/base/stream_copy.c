/* SPDX-License-Identifier: MIT */
#include "base/stream_copy.h"

#include <stdint.h>
#include <string.h>

#if FL_HAS_STREAM_COPY
#include <emmintrin.h>

#define LINE 64u

static void store_line(unsigned char *to, const unsigned char *from)
{
	for (size_t i = 0; i < LINE; i += 16)
		_mm_stream_si128((__m128i *)(void *)(to + i),
				 _mm_loadu_si128((const __m128i *)(const void *)(from + i)));
}

void fl_stream_copy(void *to, const void *from, size_t len)
{
	unsigned char *d = to;
	const unsigned char *s = from;
	size_t before = (size_t)(-(uintptr_t)d % LINE);

	if (before > len)
		before = len;
	memcpy(d, s, before);
	d += before;
	s += before;
	len -= before;
	for (; len >= LINE; d += LINE, s += LINE, len -= LINE)
		store_line(d, s);
	memcpy(d, s, len);
	_mm_sfence();
}

#else

void fl_stream_copy(void *to, const void *from, size_t len)
{
	memcpy(to, from, len);
}

#endif
