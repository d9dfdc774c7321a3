/* SPDX-License-Identifier: MIT */
#ifndef FL_KERN_CRC_H
#define FL_KERN_CRC_H

#include <stddef.h>
#include <stdint.h>

/**
 * DOC: Reflected 32-bit cyclic redundancy checks.
 *
 * The register of a message is a polynomial remainder, so it can be computed
 * from zero for each chunk and joined afterwards: the register after A and B
 * is reg(A) times x^(8 len(B)), plus reg(B).
 *
 * Sources: Castagnoli, Braeuer, Herrmann, "Optimization of Cyclic
 * Redundancy-Check Codes", 1993 (CRC32C; RFC 3720, 12.1); ISO 3309 (CRC32 of
 * gzip and zlib, RFC 1952, 8). Bit-reflected generators.
 */
#define FL_CRC32_POLY 0xEDB88320u
#define FL_CRC32C_POLY 0x82F63B78u

struct fl_crc;

typedef uint32_t fl_crc_update_fn(const struct fl_crc *crc, uint32_t reg, const unsigned char *p,
				  size_t n);

/* The ways to advance a register. */
enum fl_crc_kernel {
	FL_CRC_BEST,    /* the fastest of those below that this processor has */
	FL_CRC_GENERIC, /* eight tables */
	FL_CRC_FOLD,    /* carry-less multiplication, any generator */
	FL_CRC_SSE42,   /* the crc32 instruction, CRC32C only */
	FL_CRC_FOLD512, /* as FOLD, four multiplications at once (AVX-512, VPCLMULQDQ) */
	FL_CRC_BOTH     /* FOLD512 and the crc32 instruction side by side, CRC32C only */
};

/* Bytes per lane where three registers run side by side: long enough that joining them is lost
 * in the noise (12 table look-ups per 12 KiB), short enough for a 256 KiB slice to hold many. */
#define FL_CRC_LANE_BYTES 4096

/**
 * struct fl_crc - what a generator needs; read-only once it is made
 * @table: [k][b]: the register after byte b and k zero bytes (Kounavis, Berry,
 *         "A Systematic Approach to Building High Performance, Software-based,
 *         CRC Generators", 2005)
 * @lane_bytes: of the kernel's lanes
 * @lane:  [k][b]: byte b at place k of a register, @lane_bytes zero bytes later
 * @fold:  multipliers for 64, 16, 512 and 256 bytes ahead, low and high half
 * @update, @update_warm: see fl_crc_update(), fl_crc_update_warm()
 */
struct fl_crc {
	uint32_t poly;
	uint32_t table[8][256];
	size_t lane_bytes;
	uint32_t lane[4][256];
	uint64_t fold[4][2];
	fl_crc_update_fn *update;
	fl_crc_update_fn *update_warm;
};

/**
 * fl_crc_init() - make the tables of a generator
 * @kernel: which code advances the register
 *
 * Cost: 20 us. Return: 0; -ENOTSUP where processor or generator do not allow @kernel.
 */
int fl_crc_init(struct fl_crc *crc, uint32_t poly, enum fl_crc_kernel kernel);

/**
 * fl_crc_update() - advance a register by n bytes
 * @reg: 0 for a part of a message, all ones for the start of one; what is published is the
 *       complement of the last register
 *
 * Threads: any. Reads exactly the n bytes.
 */
static inline uint32_t fl_crc_update(const struct fl_crc *crc, uint32_t reg, const unsigned char *p,
				     size_t n)
{
	return crc->update(crc, reg, p, n);
}

/**
 * fl_crc_update_warm() - the same for bytes that are in the processor's cache
 *
 * There the kernel that can do most is fastest; from memory, the one that reads straight on.
 */
static inline uint32_t fl_crc_update_warm(const struct fl_crc *crc, uint32_t reg,
					  const unsigned char *p, size_t n)
{
	return crc->update_warm(crc, reg, p, n);
}

/**
 * fl_crc_shift() - the register after @bytes zero bytes: reg times x^(8 bytes)
 * Cost: 64 multiplications of 32 bits at most, 3 us.
 */
uint32_t fl_crc_shift(const struct fl_crc *crc, uint32_t reg, uint64_t bytes);

#endif
