/* SPDX-License-Identifier: MIT */
#ifndef FL_KERN_BYTE_RANGES_H
#define FL_KERN_BYTE_RANGES_H

#include <stddef.h>

#define FL_BYTE_RANGES_MAX 4

/**
 * struct fl_byte_ranges - a place is one where, for each i < @count, the byte @off[i] bytes behind
 * it is within @low[i] .. @high[i]
 * @len: bytes that a place takes: the largest offset and one more
 */
struct fl_byte_ranges {
	unsigned count;
	size_t len;
	size_t off[FL_BYTE_RANGES_MAX];
	unsigned char low[FL_BYTE_RANGES_MAX];
	unsigned char high[FL_BYTE_RANGES_MAX];
};

/** fl_find_ranges_generic(), fl_find_ranges_avx2() - fl_kernels.find_ranges */
const unsigned char *fl_find_ranges_generic(const struct fl_byte_ranges *r, const unsigned char *p,
					    size_t n);
#if defined(__x86_64__)
const unsigned char *fl_find_ranges_avx2(const struct fl_byte_ranges *r, const unsigned char *p,
					 size_t n);
#endif

#endif
