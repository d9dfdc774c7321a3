/* SPDX-License-Identifier: MIT */
#include "kern/crc.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "base/cpu.h"

/* Polynomials are reflected: bit 31 is the coefficient of x^0. */
#define ONE 0x80000000u

static uint32_t times_x(uint32_t poly, uint32_t a)
{
	return (a >> 1) ^ (a & 1 ? poly : 0);
}

static uint32_t multiply(uint32_t poly, uint32_t a, uint32_t b)
{
	uint32_t product = 0;

	for (uint32_t bit = ONE; bit; bit >>= 1) {
		if (a & bit)
			product ^= b;
		b = times_x(poly, b);
	}
	return product;
}

/* x^n by repeated squaring */
static uint32_t power_of_x(uint32_t poly, uint64_t n)
{
	uint32_t square = times_x(poly, ONE), result = ONE;

	for (; n; n >>= 1) {
		if (n & 1)
			result = multiply(poly, result, square);
		square = multiply(poly, square, square);
	}
	return result;
}

uint32_t fl_crc_shift(const struct fl_crc *crc, uint32_t reg, uint64_t bytes)
{
	/* The order of x divides 2^32 - 1 or less, but 8 * bytes may not fit in 64 bits: x^8 first. */
	uint32_t square = ONE >> 8;

	for (; bytes; bytes >>= 1) {
		if (bytes & 1)
			reg = multiply(crc->poly, reg, square);
		square = multiply(crc->poly, square, square);
	}
	return reg;
}

static uint64_t load64(const unsigned char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint32_t update_generic(const struct fl_crc *crc, uint32_t reg, const unsigned char *p,
			       size_t n)
{
	const uint32_t(*t)[256] = crc->table;

	for (; n >= 8; p += 8, n -= 8) {
		uint64_t v = load64(p) ^ reg;

		reg = t[7][v & 255] ^ t[6][v >> 8 & 255] ^ t[5][v >> 16 & 255] ^
		      t[4][v >> 24 & 255] ^ t[3][v >> 32 & 255] ^ t[2][v >> 40 & 255] ^
		      t[1][v >> 48 & 255] ^ t[0][v >> 56];
	}
	for (; n > 0; p++, n--)
		reg = t[0][(reg ^ *p) & 255] ^ (reg >> 8);
	return reg;
}

#if defined(__x86_64__)

static inline uint32_t skip_lane(const struct fl_crc *crc, uint32_t reg)
{
	return crc->lane[0][reg & 255] ^ crc->lane[1][reg >> 8 & 255] ^
	       crc->lane[2][reg >> 16 & 255] ^ crc->lane[3][reg >> 24];
}

/* The instruction takes three cycles and one can start in each (Fog, instruction tables): three
 * registers keep it busy. */
__attribute__((target("sse4.2"))) static uint32_t
update_sse42(const struct fl_crc *crc, uint32_t reg, const unsigned char *p, size_t n)
{
	const size_t lane = FL_CRC_LANE_BYTES;
	uint64_t a = reg;

	for (; n >= 3 * lane; p += 3 * lane, n -= 3 * lane) {
		uint64_t b = 0, c = 0;

		for (size_t i = 0; i < lane; i += 8) {
			a = _mm_crc32_u64(a, load64(p + i));
			b = _mm_crc32_u64(b, load64(p + lane + i));
			c = _mm_crc32_u64(c, load64(p + 2 * lane + i));
		}
		a = skip_lane(crc, (uint32_t)a) ^ b;
		a = skip_lane(crc, (uint32_t)a) ^ c;
	}
	for (; n >= 8; p += 8, n -= 8)
		a = _mm_crc32_u64(a, load64(p));
	for (; n > 0; p++, n--)
		a = _mm_crc32_u8((uint32_t)a, *p);
	return (uint32_t)a;
}

#define FOLD_TARGET __attribute__((target("pclmul,sse4.1")))

FOLD_TARGET static inline __m128i fold_onto(__m128i x, __m128i by, __m128i next)
{
	return _mm_xor_si128(next, _mm_xor_si128(_mm_clmulepi64_si128(x, by, 0x00),
						 _mm_clmulepi64_si128(x, by, 0x11)));
}

/* Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction", Intel,
 * 2009: four registers of 128 bits move 64 bytes ahead at a time. The last 16 bytes, which are
 * congruent to all that came before, go through the tables instead of a Barrett reduction. */
FOLD_TARGET static uint32_t update_fold(const struct fl_crc *crc, uint32_t reg,
					const unsigned char *p, size_t n)
{
	__m128i by64 = _mm_set_epi64x((long long)crc->fold[0][1], (long long)crc->fold[0][0]);
	__m128i by16 = _mm_set_epi64x((long long)crc->fold[1][1], (long long)crc->fold[1][0]);
	unsigned char rest[16];
	__m128i x[4];

	if (n < 128)
		return update_generic(crc, reg, p, n);
	for (size_t i = 0; i < 4; i++)
		x[i] = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));
	x[0] = _mm_xor_si128(x[0], _mm_cvtsi32_si128((int)reg));
	for (p += 64, n -= 64; n >= 64; p += 64, n -= 64)
		for (size_t i = 0; i < 4; i++)
			x[i] = fold_onto(
				x[i], by64,
				_mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i)));
	for (size_t i = 1; i < 4; i++)
		x[i] = fold_onto(x[i - 1], by16, x[i]);
	_mm_storeu_si128((__m128i *)(void *)rest, x[3]);
	return update_generic(crc, update_generic(crc, 0, rest, sizeof(rest)), p, n);
}

#define FOLD512_TARGET __attribute__((target("avx512f,vpclmulqdq,pclmul,sse4.1")))

FOLD512_TARGET static inline __m512i fold512_onto(__m512i x, __m512i by, __m512i next)
{
	/* 0x96: all three exclusive-ored. */
	return _mm512_ternarylogic_epi64(next, _mm512_clmulepi64_epi128(x, by, 0x00),
					 _mm512_clmulepi64_epi128(x, by, 0x11), 0x96);
}

FOLD512_TARGET static inline __m512i multipliers(const uint64_t fold[2])
{
	return _mm512_broadcast_i32x4(_mm_set_epi64x((long long)fold[1], (long long)fold[0]));
}

/* update_fold() with eight registers of 512 bits, 512 bytes ahead at a time (four: 57 GB/s from the second
 * cache of a Zen 5, eight: 67). What they leave is 64 bytes that are congruent to all that came before. */
FOLD512_TARGET static uint32_t update_fold512(const struct fl_crc *crc, uint32_t reg,
					      const unsigned char *p, size_t n)
{
	__m512i by512 = multipliers(crc->fold[2]), by64 = multipliers(crc->fold[0]), x[8];
	unsigned char rest[64];

	if (n < 1024)
		return update_fold(crc, reg, p, n);
	for (size_t i = 0; i < 8; i++)
		x[i] = _mm512_loadu_si512(p + 64 * i);
	x[0] = _mm512_xor_si512(x[0], _mm512_zextsi128_si512(_mm_cvtsi32_si128((int)reg)));
	for (p += 512, n -= 512; n >= 512; p += 512, n -= 512)
		for (size_t i = 0; i < 8; i++)
			x[i] = fold512_onto(x[i], by512, _mm512_loadu_si512(p + 64 * i));
	for (size_t i = 1; i < 8; i++)
		x[i] = fold512_onto(x[i - 1], by64, x[i]);
	_mm512_storeu_si512(rest, x[7]);
	return update_fold(crc, update_generic(crc, 0, rest, sizeof(rest)), p, n);
}

static bool has_fold512(void)
{
	return fl_cpu_has(FL_CPU_AVX512BW) && __builtin_cpu_supports("vpclmulqdq");
}

static bool has_sse42(void)
{
	return __builtin_cpu_supports("sse4.2");
}

static bool has_fold(void)
{
	return __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
}

#endif

static void make_tables(struct fl_crc *crc)
{
	uint32_t lane = power_of_x(crc->poly, 8 * FL_CRC_LANE_BYTES);

	for (uint32_t b = 0; b < 256; b++) {
		uint32_t reg = b;

		for (int i = 0; i < 8; i++)
			reg = times_x(crc->poly, reg);
		crc->table[0][b] = reg;
		crc->lane[0][b] = multiply(crc->poly, b, lane);
		crc->lane[1][b] = multiply(crc->poly, b << 8, lane);
		crc->lane[2][b] = multiply(crc->poly, b << 16, lane);
		crc->lane[3][b] = multiply(crc->poly, b << 24, lane);
	}
	for (size_t k = 1; k < 8; k++)
		for (size_t b = 0; b < 256; b++) {
			uint32_t reg = crc->table[k - 1][b];

			crc->table[k][b] = crc->table[0][reg & 255] ^ (reg >> 8);
		}
	/* Gopal et al.: x^(D+32) and x^(D-32) for D bits ahead, one place up because the product of
	 * two reflected factors comes out one place down. */
	for (size_t i = 0; i < 3; i++) {
		uint64_t ahead = i == 0 ? 512 : i == 1 ? 128 : 4096;

		crc->fold[i][0] = (uint64_t)power_of_x(crc->poly, ahead + 32) << 1;
		crc->fold[i][1] = (uint64_t)power_of_x(crc->poly, ahead - 32) << 1;
	}
}

static int choose(struct fl_crc *crc, enum fl_crc_kernel kernel)
{
	bool best = kernel == FL_CRC_BEST;

#if defined(__x86_64__)
	if ((best || kernel == FL_CRC_FOLD512) && has_fold() && has_fold512()) {
		crc->update = update_fold512;
		return 0;
	}
	if ((best || kernel == FL_CRC_SSE42) && crc->poly == FL_CRC32C_POLY && has_sse42()) {
		crc->update = update_sse42;
		return 0;
	}
	if ((best || kernel == FL_CRC_FOLD) && has_fold()) {
		crc->update = update_fold;
		return 0;
	}
#endif
	crc->update = update_generic;
	return best || kernel == FL_CRC_GENERIC ? 0 : -ENOTSUP;
}

int fl_crc_init(struct fl_crc *crc, uint32_t poly, enum fl_crc_kernel kernel)
{
	crc->poly = poly;
	make_tables(crc);
	return choose(crc, kernel);
}
