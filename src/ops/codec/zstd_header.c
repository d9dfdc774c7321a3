/* SPDX-License-Identifier: MIT */
#include "ops/codec/zstd_header.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "ops/codec/seek_table.h"
#include "window/source_impl.h"

#define BLOCK_HEADER_BYTES 3u
#define CHECKSUM_BYTES 4u
/* A block's size is at most that of the window, and this (RFC 8878, 3.1.1.2.4). */
#define BLOCK_BYTES_MAX (128u << 10)
#define BLOCK_RLE 1u
#define BLOCK_RESERVED 3u

static uint64_t get_le(const unsigned char *p, unsigned n)
{
	uint64_t v = 0;

	while (n-- > 0)
		v = v << 8 | p[n];
	return v;
}

/* 3.1.1.1.2: exponent and mantissa */
static uint64_t window_of(unsigned char descriptor)
{
	uint64_t base = UINT64_C(1) << (10 + (descriptor >> 3));

	return base + base / 8 * (descriptor & 7);
}

int fl_zstd_header(const unsigned char *p, size_t n, struct fl_frame_info *ret)
{
	static const unsigned char dict_len[] = {0, 1, 2, 4}, size_len[] = {0, 2, 4, 8};
	unsigned single, dict, size, at = 5;
	unsigned char fhd;

	if (n < 8)
		return n < 4 || fl_zstd_is_skippable(fl_get_le32(p)) ||
				       fl_get_le32(p) == FL_ZSTD_MAGIC
			       ? 0
			       : -FL_ECORRUPT;
	if (fl_zstd_is_skippable(fl_get_le32(p))) {
		ret->skippable = fl_get_le32(p);
		ret->packed_bytes = 8 + (uint64_t)fl_get_le32(p + 4);
		return 8;
	}
	if (fl_get_le32(p) != FL_ZSTD_MAGIC || (p[4] & 0x08))
		return -FL_ECORRUPT;
	fhd = p[4];
	single = fhd >> 5 & 1;
	dict = dict_len[fhd & 3];
	size = size_len[fhd >> 6];
	if (size == 0 && single)
		size = 1;
	if (n < at + !single + dict + size)
		return 0;
	ret->has_checksum = fhd >> 2 & 1;
	if (!single)
		ret->window_bytes = window_of(p[at++]);
	ret->dict_id = (uint32_t)get_le(p + at, dict);
	at += dict;
	ret->bytes = size ? get_le(p + at, size) + (size == 2 ? 256 : 0) : FL_SIZE_UNKNOWN;
	if (single)
		ret->window_bytes = ret->bytes;
	return (int)(at + size);
}

static int too_short(const struct fl_frame_info *info, struct fl_error *reterr)
{
	return fl_error_set(reterr, -FL_ECORRUPT, info->off,
			    "the file ends in the middle of the zstd frame that begins here");
}

/* From block to block, up to the one that says it is the last. */
static int hop_blocks(const struct fl_source *src, uint64_t most, struct fl_frame_info *info,
		      struct fl_error *reterr)
{
	uint64_t at = info->off + info->packed_bytes;
	unsigned char p[BLOCK_HEADER_BYTES + CHECKSUM_BYTES];
	uint32_t head, type, len;
	size_t got;
	int r;

	do {
		if (at - info->off > most)
			return -FL_ELIMIT;
		r = fl_source_raw_pread(src, p, BLOCK_HEADER_BYTES, at, &got);
		if (r < 0)
			return fl_error_set(reterr, r, at, NULL);
		if (got < BLOCK_HEADER_BYTES)
			return too_short(info, reterr);
		head = (uint32_t)get_le(p, BLOCK_HEADER_BYTES);
		type = head >> 1 & 3;
		len = head >> 3;
		if (type == BLOCK_RESERVED || len > BLOCK_BYTES_MAX)
			return fl_error_set(reterr, -FL_ECORRUPT, at, "no zstd block begins here");
		at += BLOCK_HEADER_BYTES + (type == BLOCK_RLE ? 1 : len);
	} while (!(head & 1));
	if (info->has_checksum) {
		r = fl_source_raw_pread(src, p, CHECKSUM_BYTES, at, &got);
		if (r < 0)
			return fl_error_set(reterr, r, at, NULL);
		if (got < CHECKSUM_BYTES)
			return too_short(info, reterr);
		info->checksum = fl_get_le32(p);
		at += CHECKSUM_BYTES;
	}
	info->packed_bytes = at - info->off;
	return 0;
}

int fl_zstd_hop(const struct fl_source *src, uint64_t most, struct fl_frame_info *info,
		struct fl_error *reterr)
{
	uint64_t size = fl_source_raw_file(src)->size_bytes;
	unsigned char p[FL_ZSTD_HEADER_BYTES_MAX];
	uint64_t off = info->off;
	size_t got;
	int r = fl_source_raw_pread(src, p, sizeof(p), off, &got);

	if (r < 0)
		return fl_error_set(reterr, r, off, NULL);
	if (got == 0)
		return 0;
	*info = (struct fl_frame_info){.off = off};
	r = fl_zstd_header(p, got, info);
	if (r < 0)
		return fl_error_set(reterr, r, off, "no zstd frame begins here");
	if (r == 0)
		return too_short(info, reterr);
	if (!info->skippable) {
		info->packed_bytes = (uint64_t)r;
		r = hop_blocks(src, most, info, reterr);
		if (r < 0)
			return r;
	}
	if (info->packed_bytes > size - off)
		return too_short(info, reterr);
	return 1;
}

int fl_zstd_list(struct fl_source *src, int (*frame)(void *arg, const struct fl_frame_info *info),
		 void *arg, struct fl_error *reterr)
{
	struct fl_frame_info info = {0};
	int r;

	while ((r = fl_zstd_hop(src, UINT64_MAX, &info, reterr)) > 0) {
		r = frame(arg, &info);
		if (r != 0)
			return r;
		info.off += info.packed_bytes;
	}
	return r;
}
