/* SPDX-License-Identifier: MIT */
#include "kern/crc.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/load.h"
#include "kern/crc_impl.h"

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

uint32_t fl_crc_update_generic(const struct fl_crc *crc, uint32_t reg, const unsigned char *p,
			       size_t n)
{
	const uint32_t(*t)[256] = crc->table;

	for (; n >= 8; p += 8, n -= 8) {
		uint64_t v = fl_load64(p) ^ reg;

		reg = t[7][v & 255] ^ t[6][v >> 8 & 255] ^ t[5][v >> 16 & 255] ^
		      t[4][v >> 24 & 255] ^ t[3][v >> 32 & 255] ^ t[2][v >> 40 & 255] ^
		      t[1][v >> 48 & 255] ^ t[0][v >> 56];
	}
	for (; n > 0; p++, n--)
		reg = t[0][(reg ^ *p) & 255] ^ (reg >> 8);
	return reg;
}

static void make_tables(struct fl_crc *crc)
{
	static const unsigned fold_bytes[4] = {64, 16, 512, 256};
	uint32_t lane = power_of_x(crc->poly, 8 * (uint64_t)crc->lane_bytes);

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
	for (size_t i = 0; i < 4; i++) {
		uint64_t bits = 8 * (uint64_t)fold_bytes[i];

		crc->fold[i][0] = (uint64_t)power_of_x(crc->poly, bits + 32) << 1;
		crc->fold[i][1] = (uint64_t)power_of_x(crc->poly, bits - 32) << 1;
	}
}

static int choose(struct fl_crc *crc, enum fl_crc_kernel kernel)
{
	crc->lane_bytes = FL_CRC_LANE_BYTES;
#if defined(__x86_64__)
	if (fl_crc_choose_x86(crc, kernel))
		return 0;
#endif
	crc->update = crc->update_warm = fl_crc_update_generic;
	return kernel == FL_CRC_BEST || kernel == FL_CRC_GENERIC ? 0 : -ENOTSUP;
}

int fl_crc_init(struct fl_crc *crc, uint32_t poly, enum fl_crc_kernel kernel)
{
	int r;

	crc->poly = poly;
	r = choose(crc, kernel);
	make_tables(crc);
	return r;
}
