/* SPDX-License-Identifier: MIT */
#include <faultline/codec.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <zstd.h>

#include "base/error.h"
#include "base/size.h"
#include "ops/codec/apart.h"
#include "ops/codec/seek_table.h"
#include "ops/codec/unpack.h"
#include "ops/codec/zstd_frames.h"
#include "ops/codec/zstd_header.h"
#include "ops/codec/zstd_stream.h"
#include "window/source_impl.h"

/* ZSTD_DStreamInSize() of zstd 1.5: a block and its header. */
#define IN_BYTES FL_KIB(128)

enum format {
	UNDECIDED,
	PLAIN,
	ZSTD,
	OTHER
};

/**
 * struct decoder - of a source, in its `decoder`
 * @format:  UNDECIDED for a stream of which nothing has been read
 * @unpack:  OTHER: which
 * @state:   of @unpack, or NULL: nothing has been decoded in order
 * @apart:   OTHER: pieces are decoded by several threads; NULL: they are not, or not yet
 * @begun:   something has been read
 * @ended:   so has everything, by way of @apart
 * @given:   bytes that have been read, by way of @apart
 * @skip:    bytes that come again: they are among @given
 * @in, @in_bytes: memory that @packed is in
 * @in_off:  of in[0] in the file
 * @error:   of the last read that failed
 */
struct decoder {
	struct fl_decode_options opt;
	enum format format;
	ZSTD_DDict *ddict;
	struct fl_zstd_frames frames;
	struct fl_zstd_stream *zstd;
	const struct fl_unpack *unpack;
	void *state;
	struct fl_apart *apart;
	bool begun;
	bool ended;
	uint64_t given;
	uint64_t skip;
	unsigned char *in;
	struct fl_packed packed;
	uint64_t in_off;
	struct fl_error error;
};

/* A thread's own, for whole frames. */
struct frame_state {
	const struct decoder *decoder;
	ZSTD_DCtx *dctx;
	unsigned char *packed;
};

static void drop_state(struct decoder *d)
{
	if (d->state)
		d->unpack->free(d->state);
	d->state = NULL;
}

static void decoder_free(struct decoder *d)
{
	if (!d)
		return;
	fl_apart_free(d->apart);
	drop_state(d);
	fl_zstd_stream_free(d->zstd);
	fl_zstd_frames_done(&d->frames);
	ZSTD_freeDDict(d->ddict);
	free(d->in);
	free(d);
}

static void frames_end(void *state)
{
	struct frame_state *s = state;

	ZSTD_freeDCtx(s->dctx);
	free(s->packed);
	free(s);
}

static int frames_begin(struct fl_source *src, void **ret_state, struct fl_error *reterr)
{
	const struct decoder *d = src->decoder;
	struct frame_state *s = calloc(1, sizeof(*s));

	if (!s)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	s->decoder = d;
	s->dctx = ZSTD_createDCtx();
	s->packed = malloc((size_t)d->frames.most_packed);
	if (!s->dctx || !s->packed ||
	    (d->ddict && ZSTD_isError(ZSTD_DCtx_refDDict(s->dctx, d->ddict)))) {
		frames_end(s);
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	}
	*ret_state = s;
	return 0;
}

/* pread, not a map: zstd takes its input for stable. */
static int frames_decode(struct fl_source *src, void *state, uint64_t k, unsigned char *to,
			 struct fl_error *reterr)
{
	struct frame_state *s = state;
	const struct fl_zstd_frames *f = &s->decoder->frames;
	const struct fl_zstd_place *at = &f->places[k];
	uint64_t begin = k > 0 ? f->ends[k - 1] : 0;
	struct fl_zstd_packed in;
	size_t got;
	int r = fl_source_raw_pread(src, s->packed, (size_t)at->bytes, at->off, &got);

	if (r < 0)
		return fl_error_set(reterr, r, at->off, NULL);
	if (got < at->bytes)
		return fl_error_set(reterr, -FL_ETRUNCATED, at->off + got, NULL);
	in = (struct fl_zstd_packed){.data = s->packed, .len = got, .off = at->off};
	return fl_zstd_frame_decode(s->dctx, &in, to, (size_t)(f->ends[k] - begin), reterr);
}

/* Return: 0; -EAGAIN; or an error. */
static int fill(struct fl_source *src)
{
	struct decoder *d = src->decoder;
	size_t kept = d->packed.len - d->packed.pos;
	int64_t got;

	memmove(d->in, d->in + d->packed.pos, kept);
	d->in_off += d->packed.pos;
	d->packed.len = kept;
	d->packed.pos = 0;
	got = fl_source_raw_read(src, d->in + kept, IN_BYTES - kept);
	if (got < 0)
		return got == -EAGAIN ? -EAGAIN
				      : fl_error_set(&d->error, (int)got, d->in_off + kept, NULL);
	d->packed.len += (size_t)got;
	d->packed.end = got == 0;
	return 0;
}

/* @ret: with OTHER */
static enum format format_of(const unsigned char *p, size_t n, const struct fl_unpack **ret)
{
	uint32_t magic = n >= 4 ? fl_get_le32(p) : 0;

	if (magic == FL_ZSTD_MAGIC || (n >= 8 && fl_zstd_is_skippable(magic)))
		return ZSTD;
	*ret = fl_unpack_of(p, n);
	return *ret ? OTHER : PLAIN;
}

/* What must not be read as it is. */
static int check_format(enum format format, const struct fl_unpack *unpack, unsigned flags,
			struct fl_error *reterr)
{
	if (format == PLAIN && (flags & FL_DECODE_ALWAYS))
		return fl_error_set(reterr, -FL_EUNSUPPORTED, 0, "is not compressed");
	if (format == OTHER && !unpack->create)
		return fl_error_set(reterr, -FL_EUNSUPPORTED, 0,
				    "is compressed by %s, which this build cannot read",
				    unpack->name);
	return 0;
}

/* The writer of a short line, and of nothing else for a while, is not waited for. */
static bool may_be_packed(const unsigned char *p, size_t n)
{
	static const unsigned char zstd[] = {0x28, 0xB5, 0x2F, 0xFD},
				   skippable[] = {0x2A, 0x4D, 0x18};

	if (n == 0 || memcmp(p, zstd, fl_min_size(n, sizeof(zstd))) == 0)
		return true;
	if (p[0] >> 4 == 5 && memcmp(p + 1, skippable, fl_min_size(n - 1, sizeof(skippable))) == 0)
		return true;
	return fl_unpack_may_begin(p, n);
}

/* Return: 0 when it is decided; -EAGAIN; or an error. */
static int look(struct fl_source *src)
{
	struct decoder *d = src->decoder;
	int r = 0;

	while (r == 0 && !d->packed.end && d->packed.len < FL_UNPACK_MAGIC_BYTES &&
	       may_be_packed(d->in, d->packed.len))
		r = fill(src);
	if (r < 0)
		return r;
	d->format = format_of(d->in, d->packed.len, &d->unpack);
	return check_format(d->format, d->unpack, d->opt.flags, &d->error);
}

static unsigned window_log_max(const struct fl_decode_options *opt)
{
	return opt->window_log_max ? opt->window_log_max : FL_DECODE_WINDOW_LOG_DEFAULT;
}

static int64_t decode_some(struct decoder *d, void *buf, size_t n)
{
	int r = 0;

	if (d->format == ZSTD)
		return fl_zstd_stream_decode(d->zstd, &d->packed, buf, n, &d->error);
	if (!d->state)
		r = d->unpack->create(window_log_max(&d->opt), &d->state);
	return r < 0 ? fl_error_set(&d->error, r, FL_OFF_NONE, NULL)
		     : d->unpack->decode(d->state, &d->packed, buf, n, &d->error);
}

/* From @off of the file on, as if it began there. */
static void go_on_at(struct fl_source *src, uint64_t off)
{
	struct decoder *d = src->decoder;

	src->raw_pos = off;
	d->in_off = off;
	d->packed = (struct fl_packed){.data = d->in};
}

static void leave_apart(struct fl_source *src, uint64_t off)
{
	struct decoder *d = src->decoder;

	fl_apart_free(d->apart);
	d->apart = NULL;
	go_on_at(src, off);
}

/* Return: bytes; 0: go on in order; or an error. */
static int64_t read_apart(struct fl_source *src, void *buf, size_t n)
{
	struct decoder *d = src->decoder;
	uint64_t off = 0;
	int64_t got = 0;
	int r = 0;

	if (!d->begun && d->format == OTHER && src->raw.kind == FL_SOURCE_REGULAR)
		r = fl_apart_new(src, d->unpack, src->threads, window_log_max(&d->opt), &d->apart);
	d->begun = true;
	if (r < 0)
		return fl_error_set(&d->error, r, FL_OFF_NONE, NULL);
	if (!d->apart)
		return 0;
	got = fl_apart_read(d->apart, buf, n, &off);
	src->decoding = got < 0 ? 0 : fl_apart_threads(d->apart);
	if (got > 0) {
		d->given += (uint64_t)got;
		return got;
	}
	d->skip = got < 0 ? d->given : 0;
	d->ended = got == 0 && off == src->raw.size_bytes;
	leave_apart(src, off);
	return 0;
}

static int64_t plain_read(struct fl_source *src, void *buf, size_t n)
{
	struct decoder *d = src->decoder;
	size_t held = fl_min_size(n, d->packed.len - d->packed.pos);

	if (held == 0)
		return fl_source_raw_read(src, buf, n);
	memcpy(buf, d->in + d->packed.pos, held);
	d->packed.pos += held;
	return (int64_t)held;
}

static int64_t read_in_order(struct fl_source *src, void *buf, size_t n)
{
	struct decoder *d = src->decoder;
	int64_t got;
	int r;

	for (;;) {
		got = decode_some(d, buf, n);
		if (got < 0 && d->error.off != FL_OFF_NONE)
			d->error.off += d->in_off;
		if (got != 0 || (d->packed.end && d->packed.pos == d->packed.len))
			return got;
		r = fill(src);
		if (r < 0)
			return r;
	}
}

static int64_t decoder_read(struct fl_source *src, void *buf, size_t n)
{
	struct decoder *d = src->decoder;
	int64_t got;
	int r = d->format == UNDECIDED ? look(src) : 0;

	if (r < 0)
		return r;
	if (d->format == PLAIN)
		return plain_read(src, buf, n);
	got = read_apart(src, buf, n);
	if (got != 0 || d->ended)
		return got;
	while (d->skip > 0) {
		got = read_in_order(src, buf, (size_t)fl_min_u64(n, d->skip));
		if (got == 0)
			got = fl_error_set(&d->error, -FL_ECHANGED, FL_OFF_NONE, NULL);
		if (got < 0)
			return got;
		d->skip -= (uint64_t)got;
	}
	return read_in_order(src, buf, n);
}

static bool decoder_ready(struct fl_source *src)
{
	struct decoder *d = src->decoder;

	return d->packed.len > d->packed.pos || src->raw_ops->ready(src);
}

static void decoder_explain(struct fl_source *src, struct fl_error *reterr)
{
	struct decoder *d = src->decoder;

	if (reterr && d->error.code < 0)
		*reterr = d->error;
}

static void begin_anew(struct fl_source *src)
{
	struct decoder *d = src->decoder;

	leave_apart(src, 0);
	d->begun = d->ended = false;
	d->given = d->skip = 0;
	d->error.code = 0;
	drop_state(d);
	if (d->zstd)
		fl_zstd_stream_reset(d->zstd);
}

static void decoder_rewind(struct fl_source *src)
{
	const struct decoder *d = src->decoder;

	if ((src->raw_pos > 0 || d->begun) && src->raw.size_bytes != FL_SIZE_UNKNOWN)
		begin_anew(src);
}

static void decoder_restart(struct fl_source *src)
{
	struct decoder *d = src->decoder;

	begin_anew(src);
	d->format = UNDECIDED;
}

static void decoder_close(struct fl_source *src)
{
	if (src->raw_ops->close)
		src->raw_ops->close(src);
	decoder_free(src->decoder);
}

static const struct fl_source_ops decoder_ops = {.read = decoder_read,
						 .ready = decoder_ready,
						 .explain = decoder_explain,
						 .rewind = decoder_rewind,
						 .restart = decoder_restart,
						 .close = decoder_close};

/* @unpack: of a file in another format than zstd's: what that needs is made when it is read */
static int decoder_new(const struct fl_decode_options *opt, const struct fl_unpack *unpack,
		       struct decoder **ret, struct fl_error *reterr)
{
	struct decoder *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	d->opt = *opt;
	d->in = malloc(IN_BYTES);
	d->packed.data = d->in;
	if (opt->dict_bytes > 0)
		d->ddict = ZSTD_createDDict(opt->dict, opt->dict_bytes);
	r = !d->in || (opt->dict_bytes > 0 && !d->ddict) ? -ENOMEM : 0;
	d->unpack = unpack;
	if (r == 0 && !unpack)
		r = fl_zstd_stream_new(window_log_max(opt), d->ddict, &d->zstd);
	if (r < 0) {
		decoder_free(d);
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	}
	*ret = d;
	return 0;
}

/* Return: the format of a file; UNDECIDED for streams; or an error. */
static int peek(const struct fl_source *src, const struct fl_unpack **ret, struct fl_error *reterr)
{
	unsigned char magic[FL_UNPACK_MAGIC_BYTES];
	size_t got;
	int r;

	if (!fl_source_seekable(src))
		return UNDECIDED;
	r = fl_source_raw_peek(src, magic, sizeof(magic), &got);
	if (r < 0)
		return fl_error_set(reterr, r, 0, NULL);
	return (int)format_of(magic, got, ret);
}

int fl_source_decode(struct fl_source *src, const struct fl_decode_options *opt,
		     struct fl_error *reterr)
{
	struct fl_decode_options defaults = {.size = sizeof(defaults)};
	const struct fl_unpack *unpack = NULL;
	struct decoder *d = NULL;
	int format, r;

	opt = opt ? opt : &defaults;
	if (opt->size != sizeof(*opt) || (opt->flags & ~FL_DECODE_ALWAYS))
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, NULL);
	if (src->decoder)
		return fl_error_set(reterr, -EBUSY, FL_OFF_NONE, NULL);
	format = peek(src, &unpack, reterr);
	if (format < 0)
		return format;
	r = check_format((enum format)format, unpack, opt->flags, reterr);
	if (r < 0 || format == PLAIN)
		return r;
	r = decoder_new(opt, unpack, &d, reterr);
	if (r == 0 && format == ZSTD)
		r = fl_zstd_frames_read(src, &d->frames, reterr);
	if (r < 0) {
		decoder_free(d);
		return r;
	}
	d->format = (enum format)format;
	d->frames.frames.begin = frames_begin;
	d->frames.frames.end = frames_end;
	d->frames.frames.decode = frames_decode;
	fl_source_set_decoder(src, &decoder_ops, d, r > 0 ? &d->frames.frames : NULL);
	return 1;
}
