/* SPDX-License-Identifier: MIT */
#include <faultline/codec.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <zstd.h>
#include <zstd_errors.h>

#include "base/error.h"
#include "base/size.h"
#include "ops/codec/compress_steps.h"
#include "ops/codec/seek_table.h"

/* Of real logs, frames of 1, 2, 4 and 8 MiB at level 3 took 0.13, 0.06, 0.09 and 0.09 % more than
 * one frame; 2 MiB is also that level's window. The smaller the frame, the more of them can be
 * decoded side by side in bounded memory. */
#define FRAME_BYTES_DEFAULT FL_MIB(2)
/* Such a frame may become twice as long. */
#define RECORDS_FRAME_BYTES_MAX (FL_COMPRESS_FRAME_BYTES_MAX / 2)

/* zstd's content checksum: the low half of the XXH64 of the content, at the frame's end (RFC 8878,
 * 3.1.1). It is what the seek table wants, too. */
#define CHECKSUM_BYTES 4u

/* A frame leaves its map in pieces of at least this much; ZSTD_CStreamOutSize() is 128 KiB. */
#define PIECE_BYTES_MIN 4096u

struct fl_compress {
	struct fl_operator ops;
	struct fl_compress_options opt;
	uint32_t frame_bytes;
	ZSTD_CDict *cdict;
	uint64_t begin;
	unsigned char delimiter;
	bool closed;
	struct fl_seek_table table;
	struct fl_seek_table joined;
	struct fl_compress_result result;
	uint64_t frame_packed;
	const struct fl_compress_steps *steps;
};

/**
 * struct piece - head of what a part holds again and again, followed by @len bytes of a frame
 * @bytes: input bytes of the frame, in the piece that ends it
 */
struct piece {
	uint32_t len;
	uint32_t ends_frame;
	uint32_t bytes;
};

static int zstd_error(size_t code, uint64_t off, struct fl_error *reterr)
{
	int r = ZSTD_getErrorCode(code) == ZSTD_error_memory_allocation ? -ENOMEM : -EINVAL;

	return fl_error_set(reterr, r, off, "zstd: %s", ZSTD_getErrorName(code));
}

static int set_parameters(const struct fl_compress *c, ZSTD_CCtx *cctx, struct fl_error *reterr)
{
	size_t z = ZSTD_CCtx_setParameter(cctx, ZSTD_c_checksumFlag, 1);

	if (!ZSTD_isError(z))
		z = ZSTD_CCtx_setParameter(cctx, ZSTD_c_compressionLevel, c->opt.level);
	if (!ZSTD_isError(z) && c->opt.window_log) {
		z = ZSTD_CCtx_setParameter(cctx, ZSTD_c_enableLongDistanceMatching, 1);
		if (!ZSTD_isError(z))
			z = ZSTD_CCtx_setParameter(cctx, ZSTD_c_windowLog, (int)c->opt.window_log);
	}
	if (!ZSTD_isError(z) && c->cdict)
		z = ZSTD_CCtx_refCDict(cctx, c->cdict);
	return ZSTD_isError(z) ? zstd_error(z, FL_OFF_NONE, reterr) : 0;
}

static int compress_worker_init(const void *op, void **ret_scratch, struct fl_error *reterr)
{
	ZSTD_CCtx *cctx = ZSTD_createCCtx();
	int r;

	if (!cctx)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	r = set_parameters(op, cctx, reterr);
	if (r < 0) {
		ZSTD_freeCCtx(cctx);
		return r;
	}
	*ret_scratch = cctx;
	return 0;
}

static void compress_worker_done(const void *op, void *scratch)
{
	(void)op;
	ZSTD_freeCCtx(scratch);
}

/*
 * Opens a piece with room for something; a part that is full is folded first.
 * Return: 0; FL_FOLD_STOP; or an error.
 */
static int open_piece(struct fl_part *part, size_t want, ZSTD_outBuffer *ret,
		      struct fl_error *reterr)
{
	size_t least = sizeof(struct piece) + PIECE_BYTES_MIN;
	int r = 0;

	want += sizeof(struct piece);
	if (part->len > 0 && part->len + want > part->limit)
		r = fl_part_flush(part, reterr);
	if (r != 0)
		return r;
	want = fl_min_size(want, fl_max_size(part->limit, least));
	r = fl_part_reserve(part, want);
	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	part->len += sizeof(struct piece);
	*ret = (ZSTD_outBuffer){.dst = part->data + part->len, .size = want - sizeof(struct piece)};
	return 0;
}

static void close_piece(struct fl_part *part, size_t len, uint32_t frame_bytes, bool ends)
{
	struct piece head = {
		.len = (uint32_t)len, .ends_frame = ends, .bytes = ends ? frame_bytes : 0};

	memcpy(part->data + part->len - sizeof(head), &head, sizeof(head));
	part->len += len;
}

/*
 * The streaming interface copies the input before it looks at it twice: what is mapped may change
 * at any time. That is so only where the end is not announced together with the bytes.
 */
static int compress_frame(ZSTD_CCtx *cctx, const struct fl_view *in, struct fl_part *part,
			  struct fl_error *reterr)
{
	ZSTD_inBuffer from = {.src = in->data, .size = in->len};
	size_t z = ZSTD_CCtx_reset(cctx, ZSTD_reset_session_only), left = 1;
	ZSTD_outBuffer to;
	int r;

	if (!ZSTD_isError(z))
		z = ZSTD_CCtx_setPledgedSrcSize(cctx, in->len);
	while (!ZSTD_isError(z) && left != 0) {
		r = open_piece(part, ZSTD_compressBound(from.size - from.pos), &to, reterr);
		if (r != 0)
			return r;
		if (from.pos < from.size)
			z = ZSTD_compressStream2(cctx, &to, &from, ZSTD_e_continue);
		if (!ZSTD_isError(z) && from.pos == from.size)
			z = left = ZSTD_compressStream2(cctx, &to, &from, ZSTD_e_end);
		close_piece(part, to.pos, (uint32_t)in->len, left == 0);
	}
	return ZSTD_isError(z) ? zstd_error(z, in->off, reterr) : 0;
}

/*
 * A frame, or the group of records that begins with byte @done of a view: those that start in one
 * unit, so that it is longer by the end of its last record.
 */
static size_t group_len(const struct fl_compress *c, const struct fl_view *in, size_t done)
{
	size_t left = in->len - done, unit = c->frame_bytes, nominal;
	const unsigned char *hit;

	if (!(c->opt.flags & FL_COMPRESS_RECORDS))
		return fl_min_size(left, unit);
	nominal = unit - (size_t)((in->off + done - c->begin) % unit);
	if (left < nominal)
		return left;
	hit = memchr(in->data + done + nominal - 1, c->delimiter, left - (nominal - 1));
	return hit ? (size_t)(hit - (in->data + done)) + 1 : left;
}

/* Only a group that a long record makes longer than two frames becomes several. */
static int compress_group(const struct fl_compress *c, ZSTD_CCtx *cctx, const struct fl_view *in,
			  struct fl_part *part, struct fl_error *reterr)
{
	struct fl_view frame = *in;
	size_t left;
	int r = 0;

	for (left = in->len; r == 0 && left > 0; left -= frame.len) {
		frame.off = in->off + (in->len - left);
		frame.data = in->data + (in->len - left);
		frame.len = left / 2 > c->frame_bytes ? c->frame_bytes : left;
		r = compress_frame(cctx, &frame, part, reterr);
	}
	return r;
}

static int compress_map(const void *op, void *scratch, const struct fl_view *in,
			struct fl_part *part, struct fl_error *reterr)
{
	const struct fl_compress *c = op;
	struct fl_view group = *in;
	size_t done;
	int r = 0;

	for (done = 0; r == 0 && done < in->len; done += group.len) {
		group = (struct fl_view){.off = in->off + done,
					 .data = in->data + done,
					 .len = group_len(c, in, done)};
		r = compress_group(c, scratch, &group, part, reterr);
	}
	return r == FL_FOLD_STOP ? 0 : r;
}

static int put(struct fl_compress *c, const void *data, size_t len, struct fl_error *reterr)
{
	int r = c->closed ? 0 : c->opt.write(c->opt.arg, data, len);

	c->closed |= r == FL_FOLD_STOP;
	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, "write error: %s", fl_strerror(r));
	c->result.bytes_out += len;
	return 0;
}

static int end_frame(struct fl_compress *c, uint32_t bytes, const unsigned char *end,
		     struct fl_error *reterr)
{
	struct fl_seek_row row = {.packed_bytes = (uint32_t)c->frame_packed,
				  .bytes = bytes,
				  .checksum = fl_get_le32(end - CHECKSUM_BYTES)};
	int r = fl_seek_table_add(&c->table, &row);

	if (r == -FL_ELIMIT)
		return fl_error_set(
			reterr, r, FL_OFF_NONE,
			"more frames than a seek table holds: --frame-size is too small");
	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	c->frame_packed = 0;
	c->result.frames++;
	c->result.bytes_in += bytes;
	return c->steps && bytes > 0 ? c->steps->frame(c->steps->arg, bytes, reterr) : 0;
}

static int compress_fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	struct fl_compress *c = op;
	const unsigned char *p = part->data;
	struct piece head;
	size_t left = part->len;
	int r = 0;

	while (r == 0 && left > 0) {
		memcpy(&head, p, sizeof(head));
		p += sizeof(head);
		c->frame_packed += head.len;
		r = put(c, p, head.len, reterr);
		p += head.len;
		left -= sizeof(head) + head.len;
		if (r == 0 && head.ends_frame)
			r = end_frame(c, head.bytes, p, reterr);
	}
	return r == 0 && c->closed ? FL_FOLD_STOP : r;
}

static int compress_start(void *op, const struct fl_run *run, struct fl_error *reterr)
{
	struct fl_compress *c = op;

	(void)reterr;
	c->begin = run->off;
	c->delimiter = run->delimiter;
	c->closed = false;
	c->frame_packed = 0;
	if (c->steps)
		return 0;
	c->table.count = 0;
	c->result = (struct fl_compress_result){0};
	return 0;
}

/* Of nothing there is a frame, too: a file without any is no zstd file. */
static int empty_frame(struct fl_compress *c, struct fl_error *reterr)
{
	unsigned char frame[64];
	ZSTD_CCtx *cctx = ZSTD_createCCtx();
	size_t z;
	int r;

	if (!cctx)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	r = set_parameters(c, cctx, reterr);
	z = r == 0 ? ZSTD_compress2(cctx, frame, sizeof(frame), NULL, 0) : 0;
	ZSTD_freeCCtx(cctx);
	if (r < 0)
		return r;
	if (ZSTD_isError(z))
		return zstd_error(z, FL_OFF_NONE, reterr);
	c->frame_packed = z;
	r = put(c, frame, z, reterr);
	return r < 0 ? r : end_frame(c, 0, frame + z, reterr);
}

int fl_compress_write_table(struct fl_compress *c, struct fl_error *reterr)
{
	unsigned char *table = NULL;
	size_t len = 0;
	int r = 0;

	if (c->table.count == 0)
		r = empty_frame(c, reterr);
	if (r == 0 && fl_seek_table_encode(&c->table, &table, &len) < 0)
		r = fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	if (r == 0)
		r = put(c, table, len, reterr);
	free(table);
	return r;
}

static int compress_finish(void *op, struct fl_error *reterr)
{
	struct fl_compress *c = op;

	return c->steps || (c->opt.flags & FL_COMPRESS_PIECE) ? 0
							      : fl_compress_write_table(c, reterr);
}

size_t fl_compress_rows(const struct fl_compress *c, const void **ret)
{
	*ret = c->table.rows;
	return c->table.count * sizeof(*c->table.rows);
}

int fl_compress_join(struct fl_compress *c, const void *rows, size_t len)
{
	const unsigned char *p = rows;
	struct fl_seek_row row;
	int r = len % sizeof(row) != 0 ? -EINVAL : 0;

	for (; r == 0 && len > 0; p += sizeof(row), len -= sizeof(row)) {
		memcpy(&row, p, sizeof(row));
		r = fl_seek_table_add(&c->joined, &row);
	}
	return r;
}

/* The joined rows take the place of the last run's. */
int fl_compress_end(struct fl_compress *c, struct fl_error *reterr)
{
	struct fl_seek_table last = c->table;

	c->table = c->joined;
	c->joined = (struct fl_seek_table){0};
	fl_seek_table_done(&last);
	c->closed = false;
	c->frame_packed = 0;
	c->result = (struct fl_compress_result){.frames = c->table.count};
	for (uint32_t k = 0; k < c->table.count; k++) {
		c->result.bytes_in += c->table.rows[k].bytes;
		c->result.bytes_out += c->table.rows[k].packed_bytes;
	}
	return fl_compress_write_table(c, reterr);
}

void fl_compress_in_steps(struct fl_compress *c, const struct fl_compress_steps *steps)
{
	c->steps = steps;
}

int fl_compress_had_frame(struct fl_compress *c, const struct fl_seek_row *row)
{
	int r = fl_seek_table_add(&c->table, row);

	c->result.frames++;
	c->result.bytes_in += row->bytes;
	c->result.bytes_out += row->packed_bytes;
	return r;
}

static const struct fl_operator compress_operator = {
	.size = sizeof(compress_operator),
	.name = "compress",
	.cut = FL_CUT_UNIT,
	.start = compress_start,
	.worker_init = compress_worker_init,
	.worker_done = compress_worker_done,
	.map = compress_map,
	.fold = compress_fold,
	.finish = compress_finish,
};

/* A frame shorter than the window would waste what the level spends on finding far matches:
 * windows of zstd 1.5 are 2 MiB up to level 8 and 4 MiB up to 15 (lib/compress/clevels.h). */
uint32_t fl_compress_frame_default(const struct fl_compress_options *opt)
{
	if (opt->window_log)
		return UINT32_C(1)
		       << fl_min_size(opt->window_log, opt->flags & FL_COMPRESS_RECORDS ? 29 : 30);
	if (opt->level <= 8)
		return FRAME_BYTES_DEFAULT;
	return opt->level <= 15 ? FL_MIB(4) : FL_MIB(8);
}

static int check_options(const struct fl_compress_options *opt, struct fl_error *reterr)
{
	ZSTD_bounds window = ZSTD_cParam_getBounds(ZSTD_c_windowLog);

	if (opt->size != sizeof(*opt) || !opt->write ||
	    (opt->flags & ~(FL_COMPRESS_RECORDS | FL_COMPRESS_PIECE)))
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, NULL);
	if (opt->level < ZSTD_minCLevel() || opt->level > ZSTD_maxCLevel())
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, "level %d is not in %d .. %d",
				    opt->level, ZSTD_minCLevel(), ZSTD_maxCLevel());
	if (opt->window_log &&
	    ((int)opt->window_log < window.lowerBound || (int)opt->window_log > window.upperBound))
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE,
				    "a window of 2^%u bytes is not in 2^%d .. 2^%d",
				    opt->window_log, window.lowerBound, window.upperBound);
	if (opt->frame_bytes > FL_COMPRESS_FRAME_BYTES_MAX)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, "a frame holds at most 1 GiB");
	if ((opt->flags & FL_COMPRESS_RECORDS) && opt->frame_bytes > RECORDS_FRAME_BYTES_MAX)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE,
				    "a frame that ends at a record end holds at most 512 MiB");
	return 0;
}

int fl_compress_new(const struct fl_compress_options *opt, struct fl_compress **ret,
		    struct fl_error *reterr)
{
	struct fl_compress *c;
	int r = check_options(opt, reterr);

	if (r < 0)
		return r;
	c = calloc(1, sizeof(*c));
	if (!c)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	c->opt = *opt;
	if (c->opt.level == 0)
		c->opt.level = FL_COMPRESS_LEVEL_DEFAULT;
	c->frame_bytes = opt->frame_bytes ? opt->frame_bytes : fl_compress_frame_default(&c->opt);
	c->ops = compress_operator;
	c->ops.cut = opt->flags & FL_COMPRESS_RECORDS ? FL_CUT_RECORD : FL_CUT_UNIT;
	c->ops.unit_bytes = c->frame_bytes;
	if (opt->dict_bytes > 0) {
		c->cdict = ZSTD_createCDict(opt->dict, opt->dict_bytes, c->opt.level);
		if (!c->cdict) {
			fl_compress_free(c);
			return fl_error_set(reterr, -EINVAL, FL_OFF_NONE,
					    "the dictionary cannot be used");
		}
	}
	*ret = c;
	return 0;
}

const struct fl_operator *fl_compress_operator(const struct fl_compress *c)
{
	return &c->ops;
}

void fl_compress_result(const struct fl_compress *c, struct fl_compress_result *ret)
{
	*ret = c->result;
}

void fl_compress_free(struct fl_compress *c)
{
	if (!c)
		return;
	ZSTD_freeCDict(c->cdict);
	fl_seek_table_done(&c->table);
	fl_seek_table_done(&c->joined);
	free(c);
}
