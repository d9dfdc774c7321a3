/* SPDX-License-Identifier: MIT */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "ops/codec/unpack.h"

#ifdef HAVE_LZMA

#include <errno.h>
#include <stdlib.h>

#include <lzma.h>

#include "base/error.h"
#include "ops/codec/cutter.h"

#define NAME "xz"

/* What a decoder takes besides its dictionary: 64 MiB of it are 65 MiB (xz(1), -9). */
#define MORE_BYTES ((uint64_t)2 << 20)

/* Of a state that has been used, it uses the memory again. */
static int xz_again(void *state, unsigned window_log_max)
{
	uint64_t limit = (UINT64_C(1) << window_log_max) + MORE_BYTES;

	return lzma_stream_decoder(state, limit, LZMA_CONCATENATED) == LZMA_OK ? 0 : -ENOMEM;
}

static int xz_create(unsigned window_log_max, void **ret)
{
	lzma_stream *z = calloc(1, sizeof(*z));

	if (!z)
		return -ENOMEM;
	*z = (lzma_stream)LZMA_STREAM_INIT;
	if (xz_again(z, window_log_max) < 0) {
		free(z);
		return -ENOMEM;
	}
	*ret = z;
	return 0;
}

static void xz_free(void *state)
{
	lzma_end(state);
	free(state);
}

static int64_t failed(lzma_ret code, const struct fl_packed *in, struct fl_error *reterr)
{
	switch (code) {
	case LZMA_MEM_ERROR:
		return -ENOMEM;
	case LZMA_MEMLIMIT_ERROR:
		return fl_error_set(reterr, -FL_ELIMIT, in->pos,
				    "xz: the file was made with a larger window than is allowed");
	case LZMA_FORMAT_ERROR:
		return fl_unpack_failed(in, NAME, "no stream begins here", reterr);
	case LZMA_OPTIONS_ERROR:
		return fl_unpack_failed(in, NAME, "unknown filter or check", reterr);
	default:
		return fl_unpack_failed(in, NAME, "damaged", reterr);
	}
}

/* LZMA_BUF_ERROR: there was nothing to do; with LZMA_FINISH: and there should have been. */
static int64_t xz_decode(void *state, struct fl_packed *in, void *out, size_t n,
			 struct fl_error *reterr)
{
	lzma_stream *z = state;
	lzma_ret code;
	size_t before;

	z->next_out = out;
	z->avail_out = n;
	do {
		before = in->pos;
		z->next_in = in->data + in->pos;
		z->avail_in = in->len - in->pos;
		code = lzma_code(z, in->end ? LZMA_FINISH : LZMA_RUN);
		in->pos = in->len - z->avail_in;
		if (code != LZMA_OK && code != LZMA_STREAM_END && code != LZMA_BUF_ERROR)
			return failed(code, in, reterr);
	} while (z->avail_out == n && in->pos != before);
	if (z->avail_out == n && in->end && code != LZMA_STREAM_END)
		return fl_unpack_ends_early(in, NAME, reterr);
	return (int64_t)(n - z->avail_out);
}

const struct fl_unpack fl_unpack_xz = {.name = NAME,
				       .create = xz_create,
				       .decode = xz_decode,
				       .again = xz_again,
				       .free = xz_free,
				       .cutter = &fl_cutter_xz};

#endif
