/* SPDX-License-Identifier: MIT */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "ops/codec/unpack.h"

#ifdef HAVE_BZIP2

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include <bzlib.h>

#include "base/size.h"
#include "ops/codec/cutter.h"

#define NAME "bzip2"

/* What the library asks for at the beginning of a stream: its state, and one array or two. */
#define BLOCKS 3

union block {
	size_t bytes;
	max_align_t align;
};

/**
 * struct bzip2 - @between: no stream is open
 * @kept: memory of the stream before, up to 3.6 MB: the next one asks for the same
 */
struct bzip2 {
	bz_stream z;
	bool between;
	union block *kept[BLOCKS];
};

static void *take(void *opaque, int items, int size)
{
	struct bzip2 *b = opaque;
	size_t bytes = (size_t)items * (size_t)size;
	union block *block;

	for (unsigned i = 0; i < BLOCKS; i++)
		if (b->kept[i] && b->kept[i]->bytes == bytes) {
			block = b->kept[i];
			b->kept[i] = NULL;
			return block + 1;
		}
	block = malloc(sizeof(*block) + bytes);
	if (!block)
		return NULL;
	block->bytes = bytes;
	return block + 1;
}

static void give(void *opaque, void *memory)
{
	struct bzip2 *b = opaque;
	union block *block = memory ? (union block *)memory - 1 : NULL;

	for (unsigned i = 0; block && i < BLOCKS; i++)
		if (!b->kept[i]) {
			b->kept[i] = block;
			return;
		}
	free(block);
}

static int bzip2_create(unsigned window_log_max, void **ret)
{
	struct bzip2 *b = calloc(1, sizeof(*b));

	(void)window_log_max;
	if (!b)
		return -ENOMEM;
	b->between = true;
	*ret = b;
	return 0;
}

static void bzip2_free(void *state)
{
	struct bzip2 *b = state;

	if (!b->between)
		BZ2_bzDecompressEnd(&b->z);
	for (unsigned i = 0; i < BLOCKS; i++)
		free(b->kept[i]);
	free(b);
}

static const char *reason(int code)
{
	return code == BZ_DATA_ERROR_MAGIC ? "no stream begins here" : "data integrity error";
}

/* Return: BZ_OK; BZ_STREAM_END; or an error of the library. */
static int step(struct bzip2 *b, struct fl_packed *in, void *out, unsigned room)
{
	int code = BZ_OK;

	if (b->between) {
		b->z = (bz_stream){.bzalloc = take, .bzfree = give, .opaque = b};
		code = BZ2_bzDecompressInit(&b->z, 0, 0);
		if (code != BZ_OK)
			return code;
		b->between = false;
	}
	/* Not written to; its type is older than const. */
	b->z.next_in = (char *)(uintptr_t)(in->data + in->pos);
	b->z.avail_in = (unsigned)(in->len - in->pos);
	b->z.next_out = out;
	b->z.avail_out = room;
	code = BZ2_bzDecompress(&b->z);
	in->pos = in->len - b->z.avail_in;
	if (code == BZ_STREAM_END) {
		BZ2_bzDecompressEnd(&b->z);
		b->between = true;
	}
	return code;
}

static int64_t bzip2_decode(void *state, struct fl_packed *in, void *out, size_t n,
			    struct fl_error *reterr)
{
	struct bzip2 *b = state;
	unsigned room = (unsigned)fl_min_size(n, FL_UNPACK_STEP_MAX), got = 0;
	size_t before;

	do {
		int code;

		if (b->between && in->pos == in->len)
			return 0;
		before = in->pos;
		code = step(b, in, out, room);
		if (code == BZ_MEM_ERROR)
			return -ENOMEM;
		if (code != BZ_OK && code != BZ_STREAM_END)
			return fl_unpack_failed(in, NAME, reason(code), reterr);
		got = room - b->z.avail_out;
	} while (got == 0 && in->pos != before);
	if (got == 0 && in->end && in->pos == in->len && !b->between)
		return fl_unpack_ends_early(in, NAME, reterr);
	return (int64_t)got;
}

const struct fl_unpack fl_unpack_bzip2 = {.name = NAME,
					  .create = bzip2_create,
					  .decode = bzip2_decode,
					  .free = bzip2_free,
					  .cutter = &fl_cutter_bzip2};

#endif
