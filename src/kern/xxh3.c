/* SPDX-License-Identifier: MIT */
#include "kern/xxh3.h"

#include <string.h>

/* The primes of the specification. */
#define PRIME32_1 ((uint64_t)FL_XXH3_PRIME32_1)
#define PRIME32_2 UINT64_C(0x85EBCA77)
#define PRIME32_3 UINT64_C(0xC2B2AE3D)
#define PRIME64_1 UINT64_C(0x9E3779B185EBCA87)
#define PRIME64_2 UINT64_C(0xC2B2AE3D27D4EB4F)
#define PRIME64_3 UINT64_C(0x165667B19E3779F9)
#define PRIME64_4 UINT64_C(0x85EBCA77C2B2AE63)
#define PRIME64_5 UINT64_C(0x27D4EB2F165667C5)
#define PRIME_MX1 UINT64_C(0x165667919E3779F9)

/* Where in the secret the final mixes begin (specification, "Finalization"). */
#define MERGE_AT 11

/* The default secret of the specification. */
static const unsigned char default_secret[FL_XXH3_SECRET_BYTES] = {
	0xb8, 0xfe, 0x6c, 0x39, 0x23, 0xa4, 0x4b, 0xbe, 0x7c, 0x01, 0x81, 0x2c, 0xf7, 0x21, 0xad,
	0x1c, 0xde, 0xd4, 0x6d, 0xe9, 0x83, 0x90, 0x97, 0xdb, 0x72, 0x40, 0xa4, 0xa4, 0xb7, 0xb3,
	0x67, 0x1f, 0xcb, 0x79, 0xe6, 0x4e, 0xcc, 0xc0, 0xe5, 0x78, 0x82, 0x5a, 0xd0, 0x7d, 0xcc,
	0xff, 0x72, 0x21, 0xb8, 0x08, 0x46, 0x74, 0xf7, 0x43, 0x24, 0x8e, 0xe0, 0x35, 0x90, 0xe6,
	0x81, 0x3a, 0x26, 0x4c, 0x3c, 0x28, 0x52, 0xbb, 0x91, 0xc3, 0x00, 0xcb, 0x88, 0xd0, 0x65,
	0x8b, 0x1b, 0x53, 0x2e, 0xa3, 0x71, 0x64, 0x48, 0x97, 0xa2, 0x0d, 0xf9, 0x4e, 0x38, 0x19,
	0xef, 0x46, 0xa9, 0xde, 0xac, 0xd8, 0xa8, 0xfa, 0x76, 0x3f, 0xe3, 0x9c, 0x34, 0x3f, 0xf9,
	0xdc, 0xbb, 0xc7, 0xc7, 0x0b, 0x4f, 0x1d, 0x8a, 0x51, 0xe0, 0x4b, 0xcd, 0xb4, 0x59, 0x31,
	0xc8, 0x9f, 0x7e, 0xc9, 0xd9, 0x78, 0x73, 0x64, 0xea, 0xc5, 0xac, 0x83, 0x34, 0xd3, 0xeb,
	0xc3, 0xc5, 0x81, 0xa0, 0xff, 0xfa, 0x13, 0x63, 0xeb, 0x17, 0x0d, 0xdd, 0x51, 0xb7, 0xf0,
	0xda, 0x49, 0xd3, 0x16, 0x55, 0x26, 0x29, 0xd4, 0x68, 0x9e, 0x2b, 0x16, 0xbe, 0x58, 0x7d,
	0x47, 0xa1, 0xfc, 0x8f, 0xf8, 0xb8, 0xd1, 0x7a, 0xd0, 0x31, 0xce, 0x45, 0xcb, 0x3a, 0x8f,
	0x95, 0x16, 0x04, 0x28, 0xaf, 0xd7, 0xfb, 0xca, 0xbb, 0x4b, 0x40, 0x7e,
};

static uint64_t le64(const unsigned char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	return v;
}

static void put_le64(unsigned char *p, uint64_t v)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	memcpy(p, &v, sizeof(v));
}

void fl_xxh3_derive_secret(uint64_t seed, unsigned char out[FL_XXH3_SECRET_BYTES])
{
	size_t i;

	for (i = 0; i < FL_XXH3_SECRET_BYTES; i += 16) {
		put_le64(out + i, le64(default_secret + i) + seed);
		put_le64(out + i + 8, le64(default_secret + i + 8) - seed);
	}
}

void fl_xxh3_init_acc(uint64_t acc[FL_XXH3_LANES])
{
	static const uint64_t init[FL_XXH3_LANES] = {PRIME32_3, PRIME64_1, PRIME64_2, PRIME64_3,
						     PRIME64_4, PRIME32_2, PRIME64_5, PRIME32_1};

	memcpy(acc, init, sizeof(init));
}

void fl_xxh3_apply_blocks(uint64_t acc[FL_XXH3_LANES], const uint64_t *sums, size_t n,
			  const unsigned char secret[FL_XXH3_SECRET_BYTES])
{
	fl_kernels_get()->xxh3_apply_blocks(acc, sums, n,
					    secret + FL_XXH3_SECRET_BYTES - FL_XXH3_STRIPE_BYTES);
}

void fl_xxh3_accumulate_stripe(uint64_t acc[FL_XXH3_LANES], const unsigned char *p,
			       const unsigned char *secret_at)
{
	size_t i;

	for (i = 0; i < FL_XXH3_LANES; i++) {
		uint64_t v = le64(p + 8 * i);
		uint64_t k = v ^ le64(secret_at + 8 * i);

		acc[i ^ 1] += v;
		acc[i] += (k & 0xFFFFFFFF) * (k >> 32);
	}
}

__extension__ typedef unsigned __int128 uint128;

static uint64_t mul128_fold64(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t merge(const uint64_t acc[FL_XXH3_LANES], const unsigned char *secret,
		      uint64_t start)
{
	uint64_t h = start;
	size_t i;

	for (i = 0; i < FL_XXH3_LANES; i += 2)
		h += mul128_fold64(acc[i] ^ le64(secret + 8 * i),
				   acc[i + 1] ^ le64(secret + 8 * i + 8));
	h ^= h >> 37;
	h *= PRIME_MX1;
	return h ^ (h >> 32);
}

uint64_t fl_xxh3_finish64(const uint64_t acc[FL_XXH3_LANES], uint64_t len,
			  const unsigned char secret[FL_XXH3_SECRET_BYTES])
{
	return merge(acc, secret + MERGE_AT, len * PRIME64_1);
}

void fl_xxh3_finish128(const uint64_t acc[FL_XXH3_LANES], uint64_t len,
		       const unsigned char secret[FL_XXH3_SECRET_BYTES], uint64_t *ret_lo,
		       uint64_t *ret_hi)
{
	*ret_lo = merge(acc, secret + MERGE_AT, len * PRIME64_1);
	*ret_hi = merge(acc, secret + FL_XXH3_SECRET_BYTES - FL_XXH3_STRIPE_BYTES - MERGE_AT,
			~(len * PRIME64_2));
}
