/* SPDX-License-Identifier: MIT */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "ops/codec/unpack.h"

#ifdef HAVE_ZLIB

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

/* next_in is const then. */
#define ZLIB_CONST
#include <zlib.h>

#include "base/size.h"
#include "ops/codec/cutter.h"

#define NAME "gzip"

/* zlib.h: the largest window, and 16 for gzip's heads and trailers. */
#define WINDOW_BITS (15 + 16)

/** struct gzip - @between: no member is open */
struct gzip {
	z_stream z;
	bool between;
};

static int gzip_create(unsigned window_log_max, void **ret)
{
	struct gzip *g = calloc(1, sizeof(*g));

	(void)window_log_max;
	if (!g || inflateInit2(&g->z, WINDOW_BITS) != Z_OK) {
		free(g);
		return -ENOMEM;
	}
	g->between = true;
	*ret = g;
	return 0;
}

static void gzip_free(void *state)
{
	struct gzip *g = state;

	inflateEnd(&g->z);
	free(g);
}

/* Members follow each other; zero bytes may fill the last block of a tape (gzip(1)). */
static void begin_member(struct gzip *g, struct fl_packed *in)
{
	while (in->pos < in->len && in->data[in->pos] == 0)
		in->pos++;
	if (in->pos < in->len) {
		inflateReset(&g->z);
		g->between = false;
	}
}

static int64_t gzip_decode(void *state, struct fl_packed *in, void *out, size_t n,
			   struct fl_error *reterr)
{
	struct gzip *g = state;
	uInt room = (uInt)fl_min_size(n, FL_UNPACK_STEP_MAX);
	size_t before;
	int code;

	do {
		before = in->pos;
		if (g->between)
			begin_member(g, in);
		if (g->between)
			return 0;
		g->z.next_in = in->data + in->pos;
		g->z.avail_in = (uInt)(in->len - in->pos);
		g->z.next_out = out;
		g->z.avail_out = room;
		code = inflate(&g->z, Z_NO_FLUSH);
		in->pos = in->len - g->z.avail_in;
		if (code == Z_MEM_ERROR)
			return -ENOMEM;
		if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
			return fl_unpack_failed(in, NAME, g->z.msg ? g->z.msg : "damaged", reterr);
		g->between = code == Z_STREAM_END;
	} while (g->z.avail_out == room && in->pos != before);
	if (g->z.avail_out == room && in->end && in->pos == in->len && !g->between)
		return fl_unpack_ends_early(in, NAME, reterr);
	return (int64_t)(room - g->z.avail_out);
}

const struct fl_unpack fl_unpack_gzip = {.name = NAME,
					 .create = gzip_create,
					 .decode = gzip_decode,
					 .free = gzip_free,
					 .cutter = &fl_cutter_bgzf};

#endif
