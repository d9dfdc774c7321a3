/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kern/crc.h"

#define TEXT_MAX 290000

static unsigned char text[TEXT_MAX];

static const enum fl_crc_kernel kernels[] = {FL_CRC_BEST,  FL_CRC_GENERIC, FL_CRC_FOLD,
					     FL_CRC_SSE42, FL_CRC_FOLD512, FL_CRC_BOTH};
#define KERNELS (sizeof(kernels) / sizeof(*kernels))

static const uint32_t polys[] = {FL_CRC32_POLY, FL_CRC32C_POLY};

static void fill(unsigned seed)
{
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (unsigned char)rand_r(&seed);
}

/* The definition, one bit at a time */
static uint32_t slow(uint32_t poly, uint32_t reg, const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		reg ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			reg = (reg >> 1) ^ (reg & 1 ? poly : 0);
	}
	return reg;
}

static uint32_t check_value(uint32_t poly, enum fl_crc_kernel kernel, const void *p, size_t n)
{
	struct fl_crc crc;

	if (fl_crc_init(&crc, poly, kernel) < 0)
		fl_crc_init(&crc, poly, FL_CRC_GENERIC);
	return ~fl_crc_update(&crc, UINT32_MAX, p, n);
}

/* RFC 3720, B.4: 32 bytes of zeros, of ones, ascending, descending; and the check values of both
 * generators in the catalogue of parametrised CRC algorithms. */
Test(crc, published_vectors)
{
	unsigned char up[32], down[32], zeros[32] = {0}, ones[32];

	memset(ones, 255, sizeof(ones));
	for (size_t i = 0; i < 32; i++) {
		up[i] = (unsigned char)i;
		down[i] = (unsigned char)(31 - i);
	}
	for (size_t k = 0; k < KERNELS; k++) {
		cr_assert(check_value(FL_CRC32C_POLY, kernels[k], zeros, 32) == 0x8A9136AAu);
		cr_assert(check_value(FL_CRC32C_POLY, kernels[k], ones, 32) == 0x62A8AB43u);
		cr_assert(check_value(FL_CRC32C_POLY, kernels[k], up, 32) == 0x46DD794Eu);
		cr_assert(check_value(FL_CRC32C_POLY, kernels[k], down, 32) == 0x113FDB5Cu);
		cr_assert(check_value(FL_CRC32C_POLY, kernels[k], "123456789", 9) == 0xE3069283u);
		cr_assert(check_value(FL_CRC32_POLY, kernels[k], "123456789", 9) == 0xCBF43926u);
	}
}

Test(crc, every_length_and_start)
{
	fill(1);
	for (size_t i = 0; i < 2 * KERNELS; i++) {
		struct fl_crc crc;
		uint32_t poly = polys[i % 2];

		if (fl_crc_init(&crc, poly, kernels[i / 2]) < 0)
			continue;
		for (size_t len = 0; len <= 2100; len++) {
			const unsigned char *p = text + len % 17;
			uint32_t reg = (uint32_t)len * 0x9E3779B1u;

			cr_assert(fl_crc_update(&crc, reg, p, len) == slow(poly, reg, p, len),
				  "kernel %zu, length %zu", i / 2, len);
		}
	}
}

/* Longer than two blocks of every kernel; the definition goes on from one length to the next. */
Test(crc, long_inputs)
{
	fill(2);
	for (size_t i = 0; i < 2; i++) {
		uint32_t reg = 7;
		size_t done = 0;

		for (size_t len = 3 * FL_CRC_LANE_BYTES - 9; len < TEXT_MAX; len += 8111) {
			reg = slow(polys[i], reg, text + done, len - done);
			done = len;
			for (size_t k = 0; k < KERNELS; k++) {
				struct fl_crc crc;

				if (fl_crc_init(&crc, polys[i], kernels[k]) < 0)
					continue;
				cr_assert(fl_crc_update(&crc, 7, text, len) == reg,
					  "kernel %zu, length %zu", k, len);
				cr_assert(fl_crc_update_warm(&crc, 7, text, len) == reg,
					  "kernel %zu, length %zu, warm", k, len);
			}
		}
	}
}

Test(crc, shift_is_zero_bytes)
{
	static const unsigned char zeros[5000];

	for (size_t i = 0; i < 2; i++) {
		struct fl_crc crc;
		uint32_t far = 0xDEADBEEFu;

		fl_crc_init(&crc, polys[i], FL_CRC_BEST);
		for (size_t n = 0; n < sizeof(zeros); n += 1 + n / 3)
			cr_assert(fl_crc_shift(&crc, 0xDEADBEEFu, n) ==
				  slow(polys[i], 0xDEADBEEFu, zeros, n));
		/* 2^60 bytes in two halves: 8 * 2^61 would not fit in 64 bits. */
		far = fl_crc_shift(&crc, far, UINT64_C(1) << 61);
		far = fl_crc_shift(&crc, far, UINT64_C(1) << 61);
		cr_assert(far == fl_crc_shift(&crc, 0xDEADBEEFu, UINT64_C(1) << 62));
	}
}

Test(crc, kernels_that_do_not_fit)
{
	struct fl_crc crc;

	cr_assert(fl_crc_init(&crc, FL_CRC32_POLY, FL_CRC_SSE42) == -ENOTSUP);
	cr_assert(fl_crc_init(&crc, FL_CRC32_POLY, FL_CRC_BOTH) == -ENOTSUP);
}
