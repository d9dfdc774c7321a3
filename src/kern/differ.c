/* SPDX-License-Identifier: MIT */
#include "kern/differ.h"

#include <stdint.h>
#include <string.h>

#include "base/load.h"
#include "base/size.h"

/* libc's memcmp runs at the speed of memory from a few KiB on (measured). */
#define BLOCK_BYTES 4096
#define WORD sizeof(uint64_t)

/* First byte in [at, n) that differs, or n. */
static size_t skip_equal(const unsigned char *a, const unsigned char *b, size_t n, size_t at)
{
	while (at + BLOCK_BYTES <= n && memcmp(a + at, b + at, BLOCK_BYTES) == 0)
		at += BLOCK_BYTES;
	while (at + WORD <= n && fl_load64(a + at) == fl_load64(b + at))
		at += WORD;
	while (at < n && a[at] == b[at])
		at++;
	return at;
}

/* How many bytes of a word are not zero: each byte's bits are gathered in its lowest one. */
static size_t bytes_set(uint64_t x)
{
	x |= x >> 4;
	x |= x >> 2;
	x |= x >> 1;
	return (size_t)__builtin_popcountll(x & UINT64_C(0x0101010101010101));
}

/* Words that differ in a stretch; no gap inside a word ends it. Little-endian, as all machines
 * supported. Return: where it stopped, with *end behind the last byte that differs. */
static size_t run_of_words(const unsigned char *a, const unsigned char *b, size_t n, size_t at,
			   size_t gap, struct fl_differ *d)
{
	size_t end = d->at + d->len;

	for (; at + WORD <= n; at += WORD) {
		uint64_t x = fl_load64(a + at) ^ fl_load64(b + at);
		size_t first;

		if (x == 0) {
			if (at + WORD - end > gap)
				break;
			continue;
		}
		first = (size_t)__builtin_ctzll(x) / 8;
		if (at + first - end > gap)
			break;
		end = at + WORD - (size_t)__builtin_clzll(x) / 8;
		d->count += bytes_set(x);
	}
	d->len = end - d->at;
	return at;
}

int fl_differ_next(const unsigned char *a, const unsigned char *b, size_t n, size_t from,
		   size_t gap, struct fl_differ *ret)
{
	size_t at = skip_equal(a, b, n, from);
	struct fl_differ d = {.at = at};

	if (at >= n)
		return 0;
	if (gap >= WORD)
		at = run_of_words(a, b, n, at, gap, &d);
	for (; at < n && at - (d.at + d.len) <= gap; at++) {
		if (a[at] == b[at])
			continue;
		d.len = at + 1 - d.at;
		d.count++;
	}
	*ret = d;
	return 1;
}
