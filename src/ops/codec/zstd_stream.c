/* SPDX-License-Identifier: MIT */
#include "ops/codec/zstd_stream.h"

#include <errno.h>
#include <stdlib.h>

#include <zstd.h>
#include <zstd_errors.h>

#include "base/error.h"

/**
 * struct fl_zstd_stream
 * @hint: what the last call returned: 0 at the end of a frame
 * @any:  a frame has begun
 */
struct fl_zstd_stream {
	ZSTD_DCtx *dctx;
	size_t hint;
	bool any;
};

int fl_zstd_stream_new(unsigned window_log_max, const void *ddict, struct fl_zstd_stream **ret)
{
	struct fl_zstd_stream *z = calloc(1, sizeof(*z));
	size_t code;

	if (!z)
		return -ENOMEM;
	z->dctx = ZSTD_createDCtx();
	if (!z->dctx) {
		free(z);
		return -ENOMEM;
	}
	code = ZSTD_DCtx_setParameter(z->dctx, ZSTD_d_windowLogMax, (int)window_log_max);
	if (!ZSTD_isError(code) && ddict)
		code = ZSTD_DCtx_refDDict(z->dctx, ddict);
	if (ZSTD_isError(code)) {
		fl_zstd_stream_free(z);
		return -EINVAL;
	}
	*ret = z;
	return 0;
}

void fl_zstd_stream_free(struct fl_zstd_stream *z)
{
	if (!z)
		return;
	ZSTD_freeDCtx(z->dctx);
	free(z);
}

void fl_zstd_stream_reset(struct fl_zstd_stream *z)
{
	ZSTD_DCtx_reset(z->dctx, ZSTD_reset_session_only);
	z->hint = 0;
	z->any = false;
}

static int64_t failed(size_t code, const struct fl_packed *in, struct fl_error *reterr)
{
	switch (ZSTD_getErrorCode(code)) {
	case ZSTD_error_frameParameter_windowTooLarge:
		return fl_error_set(reterr, -FL_ELIMIT, in->pos,
				    "zstd: the frame was made with a larger window than is "
				    "allowed (--long=N)");
	case ZSTD_error_memory_allocation:
		return fl_error_set(reterr, -ENOMEM, in->pos, NULL);
	case ZSTD_error_prefix_unknown:
		return fl_error_set(reterr, -FL_ECORRUPT, in->pos, "no zstd frame begins here");
	default:
		return fl_error_set(reterr, -FL_ECORRUPT, in->pos, "zstd: %s",
				    ZSTD_getErrorName(code));
	}
}

int64_t fl_zstd_stream_decode(struct fl_zstd_stream *z, struct fl_packed *in, void *out,
			      size_t out_len, struct fl_error *reterr)
{
	ZSTD_inBuffer from = {.src = in->data, .size = in->len, .pos = in->pos};
	ZSTD_outBuffer to = {.dst = out, .size = out_len};
	size_t before;

	/* Without a byte more, what the decoder holds back still has to come. */
	do {
		if (from.pos == from.size && z->hint == 0)
			break;
		before = from.pos;
		z->hint = ZSTD_decompressStream(z->dctx, &to, &from);
		in->pos = from.pos;
		if (ZSTD_isError(z->hint))
			return failed(z->hint, in, reterr);
	} while (to.pos == 0 && from.pos != before);
	if (to.pos == 0 && in->end && from.pos == from.size && z->hint != 0)
		return fl_error_set(reterr, -FL_ECORRUPT, in->pos,
				    "the file ends in the middle of a zstd frame");
	return (int64_t)to.pos;
}
