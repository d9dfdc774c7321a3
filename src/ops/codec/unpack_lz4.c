/* SPDX-License-Identifier: MIT */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "ops/codec/unpack.h"

#ifdef HAVE_LZ4

#include <errno.h>
#include <stdlib.h>

#include <lz4frame.h>

#include "ops/codec/cutter.h"

#define NAME "lz4"

/** struct lz4 - @hint: what the last call returned: 0 at the end of a frame */
struct lz4 {
	LZ4F_dctx *ctx;
	size_t hint;
};

static int lz4_create(unsigned window_log_max, void **ret)
{
	struct lz4 *z = calloc(1, sizeof(*z));

	(void)window_log_max;
	if (!z || LZ4F_isError(LZ4F_createDecompressionContext(&z->ctx, LZ4F_VERSION))) {
		free(z);
		return -ENOMEM;
	}
	*ret = z;
	return 0;
}

static void lz4_free(void *state)
{
	struct lz4 *z = state;

	LZ4F_freeDecompressionContext(z->ctx);
	free(z);
}

static int64_t lz4_decode(void *state, struct fl_packed *in, void *out, size_t n,
			  struct fl_error *reterr)
{
	struct lz4 *z = state;
	size_t took, gave;

	do {
		if (in->pos == in->len && z->hint == 0)
			return 0;
		took = in->len - in->pos;
		gave = n;
		z->hint = LZ4F_decompress(z->ctx, out, &gave, in->data + in->pos, &took, NULL);
		if (LZ4F_isError(z->hint))
			return fl_unpack_failed(in, NAME, LZ4F_getErrorName(z->hint), reterr);
		in->pos += took;
	} while (gave == 0 && took > 0);
	if (gave == 0 && in->end && in->pos == in->len && z->hint != 0)
		return fl_unpack_ends_early(in, NAME, reterr);
	return (int64_t)gave;
}

const struct fl_unpack fl_unpack_lz4 = {.name = NAME,
					.create = lz4_create,
					.decode = lz4_decode,
					.free = lz4_free,
					.cutter = &fl_cutter_lz4};

#endif
