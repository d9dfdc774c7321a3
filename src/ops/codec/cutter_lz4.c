/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "base/error.h"
#include "base/size.h"
#include "ops/codec/cutter.h"
#include "ops/codec/seek_table.h"

/*
 * The LZ4 frame format, version 1.6.2: magic number, FLG, BD, maybe the content's size, a byte of
 * checksum; blocks, each behind its length; a length of 0; maybe the content's checksum. Where blocks do
 * not look into those before them, as lz4(1) makes them, as many as hold 4 MiB are a piece.
 */
#define MAGIC 0x184D2204u
#define HEAD_BYTES 7
#define HEAD_BYTES_MAX 15
#define VERSION_MASK 0xC0u
#define VERSION 0x40u
#define INDEPENDENT 0x20u
#define BLOCK_SUMS 0x10u
#define CONTENT_SIZE 0x08u
#define CONTENT_SUM 0x04u
#define UNKNOWN_FLAGS 0x03u /* a reserved one; a dictionary */
#define UNKNOWN_BD 0x8Fu
#define STORED 0x80000000u
#define PIECE_BYTES FL_MIB(4)

/**
 * struct lz4 - @off: of the next block, or frame
 * @flags, @bd: of the frame; @flags 0: none is open
 * @size_said:  with CONTENT_SIZE
 * @sum, @size: of what was given of a frame: the reader's, who is at another place
 */
struct lz4 {
	struct fl_look *look;
	uint64_t off;
	unsigned flags;
	unsigned char bd;
	uint64_t size_said;
	XXH32_state_t *sum;
	uint64_t size;
};

static void lz4_close(void *cutter)
{
	struct lz4 *z = cutter;

	XXH32_freeState(z->sum);
	free(z->look);
	free(z);
}

static size_t block_bytes_max(const struct lz4 *z)
{
	return FL_KIB(64) << 2 * ((z->bd >> 4) - 4);
}

static unsigned char head_sum(const unsigned char *descriptor, size_t n)
{
	return (unsigned char)(XXH32(descriptor, n, 0) >> 8);
}

/* Return: 1; 0: no frame that can be cut begins here; -EIO ... */
static int begin_frame(struct lz4 *z)
{
	const unsigned char *p;
	int64_t got = fl_look_at(z->look, z->off, HEAD_BYTES_MAX, &p);
	size_t n;

	if (got < HEAD_BYTES)
		return got < 0 ? (int)got : 0;
	if (fl_get_le32(p) != MAGIC || (p[4] & VERSION_MASK) != VERSION || !(p[4] & INDEPENDENT) ||
	    (p[4] & UNKNOWN_FLAGS) || (p[5] & UNKNOWN_BD) || p[5] >> 4 < 4)
		return 0;
	n = p[4] & CONTENT_SIZE ? HEAD_BYTES_MAX : HEAD_BYTES;
	if (got < (int64_t)n || head_sum(p + 4, n - 5) != p[n - 1])
		return 0;
	z->flags = p[4];
	z->bd = p[5];
	z->size_said = z->flags & CONTENT_SIZE
			       ? fl_get_le32(p + 6) | (uint64_t)fl_get_le32(p + 10) << 32
			       : FL_SIZE_UNKNOWN;
	z->off += n;
	return 1;
}

/* Return: 0; -FL_ECORRUPT: the file ends before; -EIO ... */
static int word_at(struct lz4 *z, uint32_t *ret)
{
	const unsigned char *p;
	int64_t got = fl_look_at(z->look, z->off, 4, &p);

	if (got < 4)
		return got < 0 ? (int)got : -FL_ECORRUPT;
	*ret = fl_get_le32(p);
	z->off += 4;
	return 0;
}

static int end_frame(struct lz4 *z, struct fl_cut *ret)
{
	int r = 0;

	ret->last = true;
	ret->has_sum = z->flags & CONTENT_SUM;
	ret->text_bytes = z->size_said;
	if (ret->has_sum)
		r = word_at(z, &ret->sum);
	z->flags = 0;
	return r;
}

/* Blocks until there are enough, or the frame ends. */
static int take_blocks(struct lz4 *z, struct fl_cut *ret)
{
	size_t most = block_bytes_max(z), n;
	uint32_t word = 0;
	int r;

	for (size_t room = PIECE_BYTES; room >= most; room -= most) {
		r = word_at(z, &word);
		if (r < 0)
			return r;
		if (word == 0)
			return end_frame(z, ret);
		n = word & ~STORED;
		if (n > most)
			return -FL_ECORRUPT;
		n += z->flags & BLOCK_SUMS ? 4 : 0;
		if (n > z->look->size - z->off)
			return -FL_ECORRUPT;
		z->off += n;
		ret->bytes += 4 + n;
	}
	return 0;
}

static int lz4_next(void *cutter, struct fl_cut *ret, uint64_t *ret_rest)
{
	struct lz4 *z = cutter;
	unsigned char head[HEAD_BYTES];
	int r;

	*ret_rest = z->off;
	r = z->flags ? 1 : begin_frame(z);
	if (r <= 0)
		return r;
	head[0] = MAGIC & 0xFF;
	head[1] = MAGIC >> 8 & 0xFF;
	head[2] = MAGIC >> 16 & 0xFF;
	head[3] = MAGIC >> 24;
	head[4] = (unsigned char)(VERSION | INDEPENDENT | (z->flags & BLOCK_SUMS));
	head[5] = z->bd;
	head[6] = head_sum(head + 4, 2);
	*ret = (struct fl_cut){.off = z->off, .head_len = HEAD_BYTES, .tail_len = 4};
	memcpy(ret->head, head, sizeof(head));
	r = take_blocks(z, ret);
	return r < 0 ? r : 1;
}

static int lz4_given(void *cutter, const struct fl_cut *cut, const void *data, size_t n)
{
	struct lz4 *z = cutter;
	bool wrong;

	z->size += n;
	if (n > 0)
		XXH32_update(z->sum, data, n);
	if (n > 0 || !cut->last)
		return 0;
	wrong = (cut->has_sum && XXH32_digest(z->sum) != cut->sum) ||
		(cut->text_bytes != FL_SIZE_UNKNOWN && cut->text_bytes != z->size);
	XXH32_reset(z->sum, 0);
	z->size = 0;
	return wrong ? -FL_ECORRUPT : 0;
}

static int lz4_open(const struct fl_source *src, void **ret, struct fl_cut_limits *ret_limits)
{
	struct lz4 *z = calloc(1, sizeof(*z));
	struct fl_cut first;
	uint64_t rest;
	int r = -ENOMEM;

	if (z) {
		z->look = fl_look_new(src);
		z->sum = XXH32_createState();
	}
	if (z && z->look && z->sum)
		r = lz4_next(z, &first, &rest);
	/* One piece is decoded as fast by one thread. */
	if (r <= 0 || (first.last && z->off == z->look->size)) {
		if (z)
			lz4_close(z);
		return r == -FL_ECORRUPT || r > 0 ? 0 : r;
	}
	z->off = z->flags = 0;
	XXH32_reset(z->sum, 0);
	*ret = z;
	*ret_limits = (struct fl_cut_limits){
		.bytes = PIECE_BYTES, .room = PIECE_BYTES, .state = PIECE_BYTES, .whole = true};
	return 1;
}

const struct fl_cutter fl_cutter_lz4 = {
	.open = lz4_open, .next = lz4_next, .given = lz4_given, .close = lz4_close};
