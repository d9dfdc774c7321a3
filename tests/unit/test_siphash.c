/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "ops/transform/siphash.h"

/* The paper's appendix A: key 00..0f, input 00..0e; the others are from its authors' vectors. */
Test(siphash, published_vectors)
{
	static const struct {
		size_t len;
		uint64_t hash;
	} vectors[] = {{0, UINT64_C(0x726fdb47dd0e0e31)},
		       {1, UINT64_C(0x74f839c593dc67fd)},
		       {7, UINT64_C(0xab0200f58b01d137)},
		       {8, UINT64_C(0x93f5f5799a932462)},
		       {15, UINT64_C(0xa129ca6149be45e5)}};
	unsigned char key[FL_SIPHASH_KEY_BYTES], input[16];

	for (unsigned char i = 0; i < 16; i++)
		key[i] = input[i] = i;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++)
		cr_assert(fl_siphash(key, input, vectors[i].len) == vectors[i].hash, "length %zu",
			  vectors[i].len);
}

Test(siphash, in_pieces_of_any_length)
{
	unsigned char key[FL_SIPHASH_KEY_BYTES] = {7}, input[40];
	struct fl_siphash_state s;

	for (unsigned char i = 0; i < sizeof(input); i++)
		input[i] = i;
	for (size_t a = 0; a <= sizeof(input); a++) {
		for (size_t b = a; b <= sizeof(input); b++) {
			fl_siphash_begin(&s, key);
			fl_siphash_add(&s, input, a);
			fl_siphash_add(&s, input + a, b - a);
			fl_siphash_add(&s, input + b, sizeof(input) - b);
			cr_assert(fl_siphash_end(&s) == fl_siphash(key, input, sizeof(input)));
		}
	}
}

Test(siphash, every_bit_of_key_and_input_counts)
{
	unsigned char key[FL_SIPHASH_KEY_BYTES] = {1}, input[20] = {2};
	uint64_t hash = fl_siphash(key, input, sizeof(input));

	for (size_t bit = 0; bit < 8 * sizeof(key); bit++) {
		key[bit / 8] ^= (unsigned char)(1u << bit % 8);
		cr_assert(fl_siphash(key, input, sizeof(input)) != hash);
		key[bit / 8] ^= (unsigned char)(1u << bit % 8);
	}
	for (size_t bit = 0; bit < 8 * sizeof(input); bit++) {
		input[bit / 8] ^= (unsigned char)(1u << bit % 8);
		cr_assert(fl_siphash(key, input, sizeof(input)) != hash);
		input[bit / 8] ^= (unsigned char)(1u << bit % 8);
	}
}
