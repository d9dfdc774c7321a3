/* SPDX-License-Identifier: MIT */
#include "ops/transform/siphash.h"

/* Little-endian, at most 8 bytes. */
static uint64_t load(const unsigned char *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

static uint64_t rotate(uint64_t v, unsigned bits)
{
	return v << bits | v >> (64 - bits);
}

static void rounds(uint64_t v[4], unsigned count)
{
	for (; count > 0; count--) {
		v[0] += v[1];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[0] = rotate(v[0], 32);
		v[2] += v[3];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[2] = rotate(v[2], 32);
	}
}

uint64_t fl_siphash(const unsigned char key[FL_SIPHASH_KEY_BYTES], const unsigned char *p,
		    size_t len)
{
	uint64_t k0 = load(key, 8), k1 = load(key + 8, 8), last = (uint64_t)len << 56;
	uint64_t v[4] = {k0 ^ UINT64_C(0x736f6d6570736575), k1 ^ UINT64_C(0x646f72616e646f6d),
			 k0 ^ UINT64_C(0x6c7967656e657261), k1 ^ UINT64_C(0x7465646279746573)};

	for (; len >= 8; len -= 8, p += 8) {
		uint64_t m = load(p, 8);

		v[3] ^= m;
		rounds(v, 2);
		v[0] ^= m;
	}
	last |= load(p, len);
	v[3] ^= last;
	rounds(v, 2);
	v[0] ^= last;
	v[2] ^= 0xFF;
	rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
