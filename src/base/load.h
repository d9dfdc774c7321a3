/* SPDX-License-Identifier: MIT */
#ifndef FL_BASE_LOAD_H
#define FL_BASE_LOAD_H

#include <stdint.h>
#include <string.h>

/** fl_load64() - eight bytes, wherever they stand, in the machine's order */
static inline uint64_t fl_load64(const unsigned char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

#endif
