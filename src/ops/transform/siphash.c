/* SPDX-License-Identifier: MIT */
#include "ops/transform/siphash.h"

#include <string.h>

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

void fl_siphash_begin(struct fl_siphash_state *s, const unsigned char key[FL_SIPHASH_KEY_BYTES])
{
	uint64_t k0 = load(key, 8), k1 = load(key + 8, 8);

	*s = (struct fl_siphash_state){
		.v = {k0 ^ UINT64_C(0x736f6d6570736575), k1 ^ UINT64_C(0x646f72616e646f6d),
		      k0 ^ UINT64_C(0x6c7967656e657261), k1 ^ UINT64_C(0x7465646279746573)}};
}

static void add_word(uint64_t v[4], uint64_t m)
{
	v[3] ^= m;
	rounds(v, 2);
	v[0] ^= m;
}

void fl_siphash_add(struct fl_siphash_state *s, const unsigned char *p, size_t len)
{
	size_t have = s->len % 8;

	s->len += len;
	for (; have > 0 && have < 8 && len > 0; len--)
		s->rest[have++] = *p++;
	if (have == 8) {
		add_word(s->v, load(s->rest, 8));
		have = 0;
	}
	for (; len >= 8; len -= 8, p += 8)
		add_word(s->v, load(p, 8));
	if (len > 0)
		memcpy(s->rest + have, p, len);
}

uint64_t fl_siphash_end(struct fl_siphash_state *s)
{
	add_word(s->v, s->len << 56 | load(s->rest, s->len % 8));
	s->v[2] ^= 0xFF;
	rounds(s->v, 4);
	return s->v[0] ^ s->v[1] ^ s->v[2] ^ s->v[3];
}

uint64_t fl_siphash(const unsigned char key[FL_SIPHASH_KEY_BYTES], const unsigned char *p,
		    size_t len)
{
	struct fl_siphash_state s;

	fl_siphash_begin(&s, key);
	fl_siphash_add(&s, p, len);
	return fl_siphash_end(&s);
}
