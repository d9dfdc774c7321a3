/* SPDX-License-Identifier: MIT */
#include "kern/crc_impl.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include "base/cpu.h"
#include "base/load.h"

/*
 * How far ahead to ask for cache lines: the processor's own prefetching ends with each page. CRC32C of
 * 4.5 GB of mapped log on both cores of a Zen 5: none 0.095 s, 4096: 0.086. Beyond the end of a mapping
 * a prefetch does nothing.
 */
#define AHEAD_BYTES 4096

#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif

/* The register @lane_bytes zero bytes later. */
static inline uint32_t skip_lane(const struct fl_crc *crc, uint32_t reg)
{
	return crc->lane[0][reg & 255] ^ crc->lane[1][reg >> 8 & 255] ^
	       crc->lane[2][reg >> 16 & 255] ^ crc->lane[3][reg >> 24];
}

#define SSE42_TARGET __attribute__((target("sse4.2")))

/* The registers of three lanes of n bytes each, a multiple of 8, side by side: the instruction takes three
 * cycles and one can start in each (Fog, instruction tables). */
SSE42_TARGET static inline void feed_lanes(uint64_t reg[3], const unsigned char *p, size_t lane,
					   size_t n)
{
	for (size_t i = 0; i < n; i += 8) {
		reg[0] = _mm_crc32_u64(reg[0], fl_load64(p + i));
		reg[1] = _mm_crc32_u64(reg[1], fl_load64(p + lane + i));
		reg[2] = _mm_crc32_u64(reg[2], fl_load64(p + 2 * lane + i));
	}
}

/* One register of all three lanes. */
static inline uint32_t join_lanes(const struct fl_crc *crc, const uint64_t reg[3])
{
	uint32_t joined = skip_lane(crc, (uint32_t)reg[0]) ^ (uint32_t)reg[1];

	return skip_lane(crc, joined) ^ (uint32_t)reg[2];
}

SSE42_TARGET static uint32_t update_sse42(const struct fl_crc *crc, uint32_t reg,
					  const unsigned char *p, size_t n)
{
	const size_t lane = FL_CRC_LANE_BYTES;

	for (; n >= 3 * lane; p += 3 * lane, n -= 3 * lane) {
		uint64_t lanes[3] = {reg, 0, 0};

		feed_lanes(lanes, p, lane, lane);
		reg = join_lanes(crc, lanes);
	}
	for (; n >= 8; p += 8, n -= 8)
		reg = (uint32_t)_mm_crc32_u64(reg, fl_load64(p));
	for (; n > 0; p++, n--)
		reg = _mm_crc32_u8(reg, *p);
	return reg;
}

#define FOLD_TARGET __attribute__((target("pclmul,sse4.1")))

FOLD_TARGET static inline __m128i fold_onto(__m128i x, __m128i by, __m128i next)
{
	return _mm_xor_si128(next, _mm_xor_si128(_mm_clmulepi64_si128(x, by, 0x00),
						 _mm_clmulepi64_si128(x, by, 0x11)));
}

FOLD_TARGET static inline __m128i load16(const unsigned char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction", Intel,
 * 2009: four registers of 128 bits move 64 bytes ahead at a time. The last 16 bytes, which are
 * congruent to all that came before, go through the tables instead of a Barrett reduction. Four
 * variables and no array: that would stay in memory, at a third of the speed. */
FOLD_TARGET static uint32_t update_fold(const struct fl_crc *crc, uint32_t reg,
					const unsigned char *p, size_t n)
{
	__m128i by64 = _mm_set_epi64x((long long)crc->fold[0][1], (long long)crc->fold[0][0]);
	__m128i by16 = _mm_set_epi64x((long long)crc->fold[1][1], (long long)crc->fold[1][0]);
	unsigned char rest[16];
	__m128i a, b, c, d;

	if (n < 128)
		return fl_crc_update_generic(crc, reg, p, n);
	a = _mm_xor_si128(load16(p), _mm_cvtsi32_si128((int)reg));
	b = load16(p + 16);
	c = load16(p + 32);
	d = load16(p + 48);
	for (p += 64, n -= 64; n >= 64; p += 64, n -= 64) {
		__builtin_prefetch(p + AHEAD_BYTES);
		a = fold_onto(a, by64, load16(p));
		b = fold_onto(b, by64, load16(p + 16));
		c = fold_onto(c, by64, load16(p + 32));
		d = fold_onto(d, by64, load16(p + 48));
	}
	b = fold_onto(a, by16, b);
	c = fold_onto(b, by16, c);
	d = fold_onto(c, by16, d);
	_mm_storeu_si128((__m128i *)(void *)rest, d);
	reg = fl_crc_update_generic(crc, 0, rest, sizeof(rest));
	return fl_crc_update_generic(crc, reg, p, n);
}

#define FOLD512_TARGET __attribute__((target("avx512f,vpclmulqdq,pclmul,sse4.2")))

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

FOLD512_TARGET static inline __m512i load_with(const unsigned char *p, uint32_t reg)
{
	return _mm512_xor_si512(_mm512_loadu_si512(p),
				_mm512_zextsi128_si512(_mm_cvtsi32_si128((int)reg)));
}

/* The register of @count vectors: each but the last is moved onto the next one. */
FOLD512_TARGET static inline uint32_t reduce(const struct fl_crc *crc, __m512i *x, size_t count)
{
	__m512i by64 = multipliers(crc->fold[0]);
	unsigned char bytes[64];

	UNROLL
	for (size_t i = 1; i < count; i++)
		x[i] = fold512_onto(x[i - 1], by64, x[i]);
	_mm512_storeu_si512(bytes, x[count - 1]);
	return fl_crc_update_generic(crc, 0, bytes, sizeof(bytes));
}

/* update_fold() with eight registers of 512 bits, 512 bytes ahead at a time (four: 57 GB/s from the second
 * cache of a Zen 5, eight: 67). What they leave is 64 bytes that are congruent to all that came before. */
FOLD512_TARGET static uint32_t update_fold512(const struct fl_crc *crc, uint32_t reg,
					      const unsigned char *p, size_t n)
{
	__m512i by512 = multipliers(crc->fold[2]), x[8];

	if (n < 1024)
		return update_fold(crc, reg, p, n);
	x[0] = load_with(p, reg);
	UNROLL
	for (size_t i = 1; i < 8; i++)
		x[i] = _mm512_loadu_si512(p + 64 * i);
	for (p += 512, n -= 512; n >= 512; p += 512, n -= 512) {
		UNROLL
		for (size_t i = 0; i < 8; i++) {
			__builtin_prefetch(p + 64 * i + AHEAD_BYTES);
			x[i] = fold512_onto(x[i], by512, _mm512_loadu_si512(p + 64 * i));
		}
	}
	return update_fold(crc, reduce(crc, x, 8), p, n);
}

/*
 * CRC32C by both: the units of vpclmulqdq and of crc32 are different ones. In a step, four vectors take 256
 * bytes and three lanes 40 each: 89 GB/s from the second cache of a Zen 5 (built by clang: 94), where the
 * vectors alone take 64 and the lanes 32. From memory, four streams are slower than one. Two blocks are what a view of 256 KiB
 * holds.
 */
#define BOTH_VECTORS 4
#define BOTH_LANE_STEP ((size_t)40)
#define BOTH_STEPS ((size_t)348)
#define BOTH_VECTOR_BYTES (BOTH_STEPS * BOTH_VECTORS * 64)
#define BOTH_LANE_BYTES (BOTH_STEPS * BOTH_LANE_STEP)
#define BOTH_BYTES (BOTH_VECTOR_BYTES + 3 * BOTH_LANE_BYTES)

/* The vectors take the block's first bytes, the lanes what follows. */
FOLD512_TARGET static uint32_t both_block(const struct fl_crc *crc, uint32_t reg,
					  const unsigned char *p)
{
	const unsigned char *q = p + BOTH_VECTOR_BYTES;
	__m512i by256 = multipliers(crc->fold[3]), x[BOTH_VECTORS];
	uint64_t lanes[3] = {0};

	x[0] = load_with(p, reg);
	UNROLL
	for (size_t i = 1; i < BOTH_VECTORS; i++)
		x[i] = _mm512_loadu_si512(p + 64 * i);
	feed_lanes(lanes, q, BOTH_LANE_BYTES, BOTH_LANE_STEP);
	for (size_t s = 1; s < BOTH_STEPS; s++) {
		p += BOTH_VECTORS * 64;
		q += BOTH_LANE_STEP;
		UNROLL
		for (size_t i = 0; i < BOTH_VECTORS; i++)
			x[i] = fold512_onto(x[i], by256, _mm512_loadu_si512(p + 64 * i));
		feed_lanes(lanes, q, BOTH_LANE_BYTES, BOTH_LANE_STEP);
	}
	lanes[0] ^= skip_lane(crc, reduce(crc, x, BOTH_VECTORS));
	return join_lanes(crc, lanes);
}

FOLD512_TARGET static uint32_t update_both(const struct fl_crc *crc, uint32_t reg,
					   const unsigned char *p, size_t n)
{
	for (; n >= BOTH_BYTES; p += BOTH_BYTES, n -= BOTH_BYTES)
		reg = both_block(crc, reg, p);
	return update_fold512(crc, reg, p, n);
}

static bool has_sse42(void)
{
	return __builtin_cpu_supports("sse4.2");
}

static bool has_fold(void)
{
	return __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
}

static bool has_fold512(void)
{
	return has_fold() && has_sse42() && fl_cpu_has(FL_CPU_AVX512BW) &&
	       __builtin_cpu_supports("vpclmulqdq");
}

/* The fastest comes first; where bytes come from memory, the first that is not @warm_only. */
static const struct {
	enum fl_crc_kernel kernel;
	bool (*supported)(void);
	bool crc32c_only;
	bool warm_only;
	size_t lane_bytes;
	fl_crc_update_fn *update;
} choices[] = {
	{FL_CRC_BOTH, has_fold512, true, true, BOTH_LANE_BYTES, update_both},
	{FL_CRC_FOLD512, has_fold512, false, false, 0, update_fold512},
	{FL_CRC_SSE42, has_sse42, true, false, FL_CRC_LANE_BYTES, update_sse42},
	{FL_CRC_FOLD, has_fold, false, false, 0, update_fold},
};

bool fl_crc_choose_x86(struct fl_crc *crc, enum fl_crc_kernel kernel)
{
	bool best = kernel == FL_CRC_BEST;

	crc->update = crc->update_warm = NULL;
	for (size_t i = 0; i < sizeof(choices) / sizeof(*choices) && !crc->update; i++) {
		if ((!best && kernel != choices[i].kernel) ||
		    (choices[i].crc32c_only && crc->poly != FL_CRC32C_POLY) ||
		    !choices[i].supported())
			continue;
		if (!crc->update_warm) {
			crc->update_warm = choices[i].update;
			crc->lane_bytes = choices[i].lane_bytes;
		}
		if (!best || !choices[i].warm_only)
			crc->update = choices[i].update;
	}
	return crc->update;
}

#endif
