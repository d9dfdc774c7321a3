/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_TRANSFORM_SIPHASH_H
#define FL_OPS_TRANSFORM_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

#define FL_SIPHASH_KEY_BYTES 16

/**
 * fl_siphash() - SipHash-2-4: a keyed hash that tells nothing about its input without the key
 * Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012.
 */
uint64_t fl_siphash(const unsigned char key[FL_SIPHASH_KEY_BYTES], const unsigned char *p,
		    size_t len);

#endif
