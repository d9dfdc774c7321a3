/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "ops/codec/cutter.h"

/*
 * A bzip2 stream: "BZh1" to "BZh9"; blocks, each with 48 bits of pi and its CRC in front; 48 bits of its
 * square root; all CRCs combined; zeros up to a byte. Blocks follow each other at any bit, and nothing
 * says how long they are, so the next magic number is looked for, as bzip2recover(1) does. It may
 * stand in a block by chance (once in 2^48 bits): such a piece cannot be decoded.
 */
#define BLOCK_MAGIC UINT64_C(0x314159265359)
#define END_MAGIC UINT64_C(0x177245385090)
#define MAGIC_BITS 48
#define MAGIC_MASK ((UINT64_C(1) << MAGIC_BITS) - 1)
#define CRC_BITS 32
#define HEAD_BYTES 4

/* 900,000 symbols of at most 20 bits, and their tables. */
#define BLOCK_BYTES_MAX FL_KIB(2400)

/* More is only to be had from a block of runs, which are counted. */
#define ROOM_BYTES FL_MIB(1)

/* What is rarely more: text is compressed to a tenth. */
#define USUAL_BYTES FL_KIB(512)

/* bzip2(1), "memory management": 100 kB and 4 times the block size to decompress. */
#define STATE_BYTES FL_KIB(3700)

/**
 * struct bzip2 - @bit: where the next block or the end of the stream begins
 * @level:    the digit behind "BZh"; 0: @bit is where a stream begins, or the end of the file
 * @combined: the CRCs of the stream's blocks
 */
struct bzip2 {
	struct fl_look *look;
	uint64_t bit;
	unsigned char level;
	uint32_t combined;
};

static void bzip2_close(void *cutter)
{
	struct bzip2 *b = cutter;

	free(b->look);
	free(b);
}

/* @n: <= 56. Return: 0; -FL_ECORRUPT: the file ends before; -EIO ... */
static int bits_at(struct bzip2 *b, uint64_t bit, unsigned n, uint64_t *ret)
{
	size_t bytes = (size_t)(bit % 8 + n + 7) / 8;
	const unsigned char *p;
	int64_t got = fl_look_at(b->look, bit / 8, bytes, &p);
	uint64_t v = 0;

	if (got < (int64_t)bytes)
		return got < 0 ? (int)got : -FL_ECORRUPT;
	for (size_t i = 0; i < bytes; i++)
		v = v << 8 | p[i];
	*ret = v >> (8 * bytes - bit % 8 - n) & ((UINT64_C(1) << n) - 1);
	return 0;
}

/* Is it in the last 55 bits? Return: how many stand behind it, 0 to 7; -1: no. */
static int magic_in(uint64_t bits)
{
	for (int behind = 7; behind >= 0; behind--) {
		uint64_t v = bits >> behind & MAGIC_MASK;

		if (v == BLOCK_MAGIC || v == END_MAGIC)
			return behind;
	}
	return -1;
}

/* From @bit on. Return: 0; -FL_ECORRUPT: there is none where one must be; -EIO ... */
static int find_magic(struct bzip2 *b, uint64_t bit, uint64_t *ret)
{
	uint64_t off = bit / 8, end = off + BLOCK_BYTES_MAX, bits = 0, begin;
	const unsigned char *p;
	int64_t got;
	int behind;

	while (off < end) {
		got = fl_look_at(b->look, off, 1, &p);
		if (got <= 0)
			return got < 0 ? (int)got : -FL_ECORRUPT;
		for (int64_t i = 0; i < got; i++) {
			bits = bits << 8 | p[i];
			behind = magic_in(bits);
			begin = (off + (uint64_t)i + 1) * 8 - MAGIC_BITS - (uint64_t)(behind & 7);
			if (behind >= 0 && begin >= bit) {
				*ret = begin;
				return 0;
			}
		}
		off += (uint64_t)got;
	}
	return -FL_ECORRUPT;
}

/* Return: 1; 0: no stream begins here; -EIO ... */
static int begin_stream(struct bzip2 *b)
{
	const unsigned char *p;
	int64_t got = fl_look_at(b->look, b->bit / 8, HEAD_BYTES, &p);

	if (got < HEAD_BYTES || memcmp(p, "BZh", 3) != 0 || p[3] < '1' || p[3] > '9')
		return got < 0 ? (int)got : 0;
	b->level = p[3];
	b->combined = 0;
	b->bit += 8 * (uint64_t)HEAD_BYTES;
	return 1;
}

static int end_stream(struct bzip2 *b)
{
	uint64_t sum = 0;
	int r = bits_at(b, b->bit + MAGIC_BITS, CRC_BITS, &sum);

	if (r < 0 || sum != b->combined)
		return r < 0 ? r : -FL_ECORRUPT;
	b->bit = fl_round_up(b->bit + MAGIC_BITS + CRC_BITS, 8);
	b->level = 0;
	return 0;
}

/* The little file: the same head; the block, moved to a byte; the end of the stream with its CRC. */
static int block(struct bzip2 *b, struct fl_cut *ret)
{
	uint64_t crc = 0, next = 0;
	int r = bits_at(b, b->bit + MAGIC_BITS, CRC_BITS, &crc);

	if (r == 0)
		r = find_magic(b, b->bit + MAGIC_BITS + CRC_BITS, &next);
	if (r < 0)
		return r;
	*ret = (struct fl_cut){.off = b->bit / 8,
			       .shift = (unsigned)(b->bit % 8),
			       .bits = next - b->bit,
			       .bytes = (size_t)((next + 7) / 8 - b->bit / 8),
			       .head = {'B', 'Z', 'h', b->level},
			       .head_len = HEAD_BYTES,
			       .tail_len = (MAGIC_BITS + CRC_BITS) / 8};
	for (unsigned i = 0; i < MAGIC_BITS / 8; i++)
		ret->tail[i] = (unsigned char)(END_MAGIC >> (MAGIC_BITS - 8 - 8 * i));
	for (unsigned i = 0; i < CRC_BITS / 8; i++)
		ret->tail[MAGIC_BITS / 8 + i] = (unsigned char)(crc >> (CRC_BITS - 8 - 8 * i));
	b->combined = (b->combined << 1 | b->combined >> 31) ^ (uint32_t)crc;
	b->bit = next;
	return 1;
}

static int bzip2_next(void *cutter, struct fl_cut *ret, uint64_t *ret_rest)
{
	struct bzip2 *b = cutter;
	uint64_t magic = 0;
	int r;

	for (;;) {
		*ret_rest = b->bit / 8;
		r = b->level ? 1 : begin_stream(b);
		if (r <= 0)
			return r;
		r = bits_at(b, b->bit, MAGIC_BITS, &magic);
		if (r < 0)
			return r;
		if (magic == BLOCK_MAGIC)
			return block(b, ret);
		r = magic == END_MAGIC ? end_stream(b) : -FL_ECORRUPT;
		if (r < 0)
			return r;
	}
}

static size_t bzip2_pack(const struct fl_cut *cut, const unsigned char *raw, unsigned char *to)
{
	unsigned shift = cut->shift, over = (unsigned)(cut->bits % 8);
	size_t whole = (size_t)(cut->bits / 8), n = cut->head_len;
	unsigned last = 0;

	memcpy(to, cut->head, n);
	for (size_t i = 0; i < whole; i++)
		to[n++] = (unsigned char)((raw[i] << 8 | (shift ? raw[i + 1] : 0)) >> (8 - shift));
	/* The bits that are left, at the top of a byte; then the tail, which begins behind them. */
	for (unsigned i = 0; i < over; i++) {
		size_t bit = 8 * whole + shift + i;

		last |= ((unsigned)raw[bit / 8] >> (7 - bit % 8) & 1) << (7 - i);
	}
	for (size_t i = 0; i < cut->tail_len; i++) {
		to[n++] = (unsigned char)(last | cut->tail[i] >> over);
		last = (unsigned)(cut->tail[i] << (8 - over)) & 0xFF;
	}
	if (over)
		to[n++] = (unsigned char)last;
	return n;
}

/* One block is decoded as fast by one thread. */
static bool has_two_blocks(struct bzip2 *b)
{
	uint64_t first = 8 * (uint64_t)HEAD_BYTES, magic = 0, next = 0;

	return bits_at(b, first, MAGIC_BITS, &magic) == 0 && magic == BLOCK_MAGIC &&
	       find_magic(b, first + MAGIC_BITS, &next) == 0 && (next + 7) / 8 + 10 < b->look->size;
}

static int bzip2_open(const struct fl_source *src, void **ret, struct fl_cut_limits *ret_limits)
{
	struct bzip2 *b = calloc(1, sizeof(*b));

	if (b)
		b->look = fl_look_new(src);
	if (!b || !b->look) {
		free(b);
		return -ENOMEM;
	}
	if (!has_two_blocks(b)) {
		bzip2_close(b);
		return 0;
	}
	*ret = b;
	*ret_limits = (struct fl_cut_limits){
		.bytes = USUAL_BYTES, .room = ROOM_BYTES, .state = STATE_BYTES, .whole = true};
	return 1;
}

const struct fl_cutter fl_cutter_bzip2 = {
	.open = bzip2_open, .next = bzip2_next, .pack = bzip2_pack, .close = bzip2_close};
