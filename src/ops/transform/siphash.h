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

/** struct fl_siphash_state - of an input that comes in pieces; @rest: its last @len % 8 bytes */
struct fl_siphash_state {
	uint64_t v[4];
	unsigned char rest[8];
	uint64_t len;
};

/** fl_siphash_begin(), fl_siphash_add(), fl_siphash_end() - the same hash, of all pieces in a row */
void fl_siphash_begin(struct fl_siphash_state *s, const unsigned char key[FL_SIPHASH_KEY_BYTES]);
void fl_siphash_add(struct fl_siphash_state *s, const unsigned char *p, size_t len);
uint64_t fl_siphash_end(struct fl_siphash_state *s);

#endif
