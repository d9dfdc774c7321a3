/* SPDX-License-Identifier: MIT */
#include "ops/codec/zstd_frames.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "ops/codec/seek_table.h"
#include "ops/codec/zstd_header.h"

/* A frame as long as this, packed, is not looked through for its end: files of one such frame are
 * the rule with zstd(1), and reading them in order is what remains. */
#define HOP_BYTES_MAX (UINT64_C(64) << 20)
#define FRAME_BYTES_MAX (UINT64_C(256) << 20)

/*
 * Frames as short as this that follow each other are taken for one, up to so many decoded bytes: a chunk
 * looks as far as a view reaches (FL_SLICE_BYTES), which may be 500 frames, and the cache of frames has
 * four places at least.
 */
#define SHORT_BYTES FL_KIB(64)
#define GROUP_BYTES FL_KIB(256)

bool fl_zstd_frames_alone;

void fl_zstd_frames_done(struct fl_zstd_frames *f)
{
	free(f->ends);
	free(f->places);
	*f = (struct fl_zstd_frames){0};
}

static int make_room(struct fl_zstd_frames *f)
{
	uint64_t capacity = f->capacity ? f->capacity * 2 : 64;
	struct fl_zstd_place *places;
	uint64_t *ends;

	if (f->frames.count < f->capacity)
		return 0;
	ends = realloc(f->ends, capacity * sizeof(*ends));
	if (!ends)
		return -ENOMEM;
	f->ends = ends;
	places = realloc(f->places, capacity * sizeof(*places));
	if (!places)
		return -ENOMEM;
	f->places = places;
	f->capacity = capacity;
	return 0;
}

static uint64_t decoded(const struct fl_zstd_frames *f, uint64_t k)
{
	return f->ends[k] - (k > 0 ? f->ends[k - 1] : 0);
}

/* May it be one with the last place? What lies between them is skipped, or no bytes when decoded. */
static bool joins(struct fl_zstd_frames *f, uint64_t off, uint64_t packed, uint64_t bytes)
{
	uint64_t k = f->frames.count - 1;

	if (fl_zstd_frames_alone || f->frames.count == 0 || bytes > SHORT_BYTES ||
	    decoded(f, k) + bytes > GROUP_BYTES || off + packed - f->places[k].off > GROUP_BYTES)
		return false;
	f->places[k].bytes = off + packed - f->places[k].off;
	f->ends[k] += bytes;
	return true;
}

/* Frames of no bytes are left out: nothing is to be seen there. @bytes: decoded */
static int add(struct fl_zstd_frames *f, uint64_t off, uint64_t packed, uint64_t bytes)
{
	uint64_t end = f->frames.count ? f->ends[f->frames.count - 1] : 0, k;
	int r;

	if (bytes == 0)
		return 0;
	if (!joins(f, off, packed, bytes)) {
		r = make_room(f);
		if (r < 0)
			return r;
		f->places[f->frames.count] = (struct fl_zstd_place){.off = off, .bytes = packed};
		f->ends[f->frames.count++] = end + bytes;
	}
	k = f->frames.count - 1;
	f->most_packed = fl_max_u64(f->most_packed, f->places[k].bytes);
	f->frames.most_bytes = fl_max_u64(f->frames.most_bytes, decoded(f, k));
	return 0;
}

/**
 * struct table - the seek table of a file
 * @off:   where its rows begin
 * @begin: where its skippable frame does
 */
struct table {
	uint64_t begin;
	uint64_t off;
	uint32_t rows;
	uint32_t row_bytes;
};

/* Return: 1; 0 when there is none that makes sense; or an error. */
static int find_table(const struct fl_source *src, struct table *ret)
{
	uint64_t size = fl_source_raw_file(src)->size_bytes, content;
	unsigned char p[FL_SEEK_FOOTER_BYTES];
	size_t got;
	int r;

	if (size < FL_SEEK_HEADER_BYTES + FL_SEEK_FOOTER_BYTES)
		return 0;
	r = fl_source_raw_pread(src, p, sizeof(p), size - sizeof(p), &got);
	if (r < 0 || got < sizeof(p))
		return r;
	if (fl_get_le32(p + 5) != FL_SEEK_MAGIC || (p[4] & FL_SEEK_FLAGS_RESERVED))
		return 0;
	ret->rows = fl_get_le32(p);
	ret->row_bytes = p[4] & FL_SEEK_FLAG_CHECKSUM ? FL_SEEK_ROW_BYTES : FL_SEEK_ROW_BYTES - 4;
	content = (uint64_t)ret->rows * ret->row_bytes + FL_SEEK_FOOTER_BYTES;
	if (content > size - FL_SEEK_HEADER_BYTES)
		return 0;
	ret->begin = size - content - FL_SEEK_HEADER_BYTES;
	ret->off = ret->begin + FL_SEEK_HEADER_BYTES;
	r = fl_source_raw_pread(src, p, FL_SEEK_HEADER_BYTES, ret->begin, &got);
	if (r < 0 || got < FL_SEEK_HEADER_BYTES)
		return r;
	return fl_get_le32(p) == FL_SEEK_SKIPPABLE_MAGIC && fl_get_le32(p + 4) == content;
}

/* The rows must cover the file up to the table; what else is in front of it they do not know of. */
static int read_table(const struct fl_source *src, const struct table *t, struct fl_zstd_frames *f)
{
	unsigned char rows[FL_SEEK_ROW_BYTES * 512], *p;
	uint64_t off = 0;
	uint32_t i, n;
	size_t got;
	int r = 0;

	for (i = 0; r == 0 && i < t->rows; i += n) {
		n = (uint32_t)fl_min_u64(t->rows - i, 512);
		r = fl_source_raw_pread(src, rows, n * t->row_bytes,
					t->off + (uint64_t)i * t->row_bytes, &got);
		if (r == 0 && got < n * t->row_bytes)
			return 0;
		for (p = rows; r == 0 && p < rows + got; p += t->row_bytes) {
			r = add(f, off, fl_get_le32(p), fl_get_le32(p + 4));
			off += fl_get_le32(p);
		}
	}
	return r < 0 ? r : off == t->begin;
}

static int hop(const struct fl_source *src, struct fl_zstd_frames *f)
{
	struct fl_frame_info info = {0};
	int r;

	while ((r = fl_zstd_hop(src, HOP_BYTES_MAX, &info, NULL)) > 0) {
		if (info.bytes > FRAME_BYTES_MAX)
			return 0;
		r = add(f, info.off, info.packed_bytes, info.bytes);
		if (r < 0)
			return r;
		info.off += info.packed_bytes;
	}
	if (r == -FL_ELIMIT || r == -FL_ECORRUPT)
		return 0;
	return r < 0 ? r : 1;
}

/* Of a frame that is not to be hopped over, what its header says is enough. */
static int is_one_long_frame(const struct fl_source *src)
{
	struct fl_frame_info info = {0};
	unsigned char p[FL_ZSTD_HEADER_BYTES_MAX];
	size_t got;
	int r = fl_source_raw_pread(src, p, sizeof(p), 0, &got);

	if (r < 0)
		return r;
	r = fl_zstd_header(p, got, &info);
	return r <= 0 || info.bytes > FRAME_BYTES_MAX;
}

int fl_zstd_frames_read(const struct fl_source *src, struct fl_zstd_frames *ret,
			struct fl_error *reterr)
{
	struct fl_zstd_frames f = {0};
	struct table t;
	int r = find_table(src, &t);

	if (r > 0)
		r = read_table(src, &t, &f);
	if (r == 0) {
		fl_zstd_frames_done(&f);
		r = is_one_long_frame(src);
		r = r > 0 ? 0 : r < 0 ? r : hop(src, &f);
	}
	if (r <= 0 || f.frames.count == 0) {
		fl_zstd_frames_done(&f);
		return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, NULL) : 0;
	}
	f.frames.ends = f.ends;
	*ret = f;
	return 1;
}

static int corrupt(uint64_t off, const char *text, struct fl_error *reterr)
{
	return fl_error_set(reterr, -FL_ECORRUPT, off, "zstd frame that begins here: %s", text);
}

/* Which of the frames is it that cannot be decoded? Return: 0, or the error with its offset. */
static int find_damage(ZSTD_DCtx *dctx, const struct fl_zstd_packed *in, unsigned char *to,
		       size_t len, struct fl_error *reterr)
{
	size_t at = 0, n;

	while (at < in->len) {
		size_t whole = ZSTD_findFrameCompressedSize(in->data + at, in->len - at);

		n = ZSTD_isError(whole) ? whole
					: ZSTD_decompressDCtx(dctx, to, len, in->data + at, whole);
		if (ZSTD_isError(n))
			return corrupt(in->off + at, ZSTD_getErrorName(n), reterr);
		at += whole;
		to += n;
		len -= n;
	}
	return 0;
}

int fl_zstd_frame_decode(ZSTD_DCtx *dctx, const struct fl_zstd_packed *in, unsigned char *to,
			 size_t len, struct fl_error *reterr)
{
	size_t n = ZSTD_decompressDCtx(dctx, to, len, in->data, in->len);
	int r = ZSTD_isError(n) ? find_damage(dctx, in, to, len, reterr) : 0;

	if (r < 0)
		return r;
	if (n != len)
		return corrupt(in->off, "it has another length than the seek table says", reterr);
	return 0;
}
