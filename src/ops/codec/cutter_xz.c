/* SPDX-License-Identifier: MIT */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "ops/codec/cutter.h"

#ifdef HAVE_LZMA

#include <errno.h>
#include <stdlib.h>

#include <lzma.h>

#include "base/error.h"
#include "base/size.h"

/*
 * The index at the end of a stream tells where its blocks are, and how long when decoded. liblzma 5.4
 * can decode them on several threads itself, but not from the index, and until 5.8.1 (and the
 * distributions' repairs of older ones) a damaged file crashes it there (CVE-2025-31115).
 */

/* For the index: 48 bytes are more than a block takes in it. A million blocks are 24 TB as xz -T makes them. */
#define INDEX_BYTES_MAX ((uint64_t)48 << 20)

#define READ_BYTES FL_KIB(16)

/* unpack_xz.c: what it allows besides the window. */
#define MORE_BYTES ((uint64_t)2 << 20)

/** struct xz - @iter: at the block that was cut last */
struct xz {
	lzma_index *index;
	lzma_index_iter iter;
};

static void xz_close(void *cutter)
{
	struct xz *x = cutter;

	lzma_index_end(x->index, NULL);
	free(x);
}

/* Headers, footers, indexes and padding of all streams. Return: 1; 0: they are not right; -EIO ... */
static int read_index(const struct fl_source *src, lzma_index **ret)
{
	lzma_stream z = LZMA_STREAM_INIT;
	uint64_t size = fl_source_raw_file(src)->size_bytes, off = 0;
	unsigned char *in = malloc(READ_BYTES);
	lzma_ret code =
		in ? lzma_file_info_decoder(&z, ret, INDEX_BYTES_MAX, size) : LZMA_MEM_ERROR;
	size_t got;
	int r = 0;

	while (r == 0 && code == LZMA_OK) {
		if (z.avail_in == 0) {
			r = fl_source_raw_pread(src, in, READ_BYTES, off, &got);
			z.next_in = in;
			z.avail_in = r == 0 ? got : 0;
			off += z.avail_in;
		}
		code = lzma_code(&z, z.avail_in > 0 ? LZMA_RUN : LZMA_FINISH);
		if (code == LZMA_SEEK_NEEDED) {
			off = z.seek_pos;
			z.avail_in = 0;
			code = LZMA_OK;
		}
	}
	lzma_end(&z);
	free(in);
	if (r < 0 || code == LZMA_MEM_ERROR)
		return r < 0 ? r : -ENOMEM;
	return code == LZMA_STREAM_END;
}

/* Return: memory that the decoder of a block takes; 0: its header is not right */
static uint64_t decoder_bytes(const struct fl_source *src, const lzma_index_iter *at)
{
	lzma_filter filters[LZMA_FILTERS_MAX + 1];
	lzma_block block = {.check = at->stream.flags->check, .filters = filters};
	unsigned char head[LZMA_BLOCK_HEADER_SIZE_MAX];
	uint64_t bytes = 0;
	size_t got;

	if (fl_source_raw_pread(src, head, sizeof(head), at->block.compressed_file_offset, &got) <
		    0 ||
	    got == 0 || head[0] == 0)
		return 0;
	block.header_size = lzma_block_header_size_decode(head[0]);
	if (block.header_size > got || lzma_block_header_decode(&block, NULL, head) != LZMA_OK)
		return 0;
	bytes = lzma_raw_decoder_memusage(filters);
	lzma_filters_free(filters, NULL);
	return bytes == UINT64_MAX ? 0 : bytes;
}

/* The least that allows a decoder as much as the first block's takes. */
static unsigned window_log(uint64_t bytes)
{
	unsigned log = 10;

	while (log < 31 && (UINT64_C(1) << log) + MORE_BYTES < bytes)
		log++;
	return log;
}

/* Blocks of nothing have nothing to say, and are checked, too. */
static bool next_block(lzma_index_iter *iter)
{
	return !lzma_index_iter_next(iter, LZMA_INDEX_ITER_BLOCK);
}

static struct fl_cut_limits limits_of(const struct fl_source *src, const lzma_index *index)
{
	struct fl_cut_limits l = {0};
	lzma_index_iter iter;
	uint64_t state = 0;

	lzma_index_iter_init(&iter, index);
	while (next_block(&iter)) {
		if (l.bytes == 0)
			state = decoder_bytes(src, &iter);
		l.bytes = fl_max_u64(l.bytes, iter.block.total_size);
		l.room = fl_max_u64(l.room, iter.block.uncompressed_size);
	}
	/* With a byte more to keep, a decoder comes to its end, and is freed. */
	l.room++;
	l.window_log = window_log(state);
	/* A dictionary grows no longer than what has been decoded. */
	l.state = fl_min_u64(state, l.room + MORE_BYTES);
	return l;
}

static int xz_open(const struct fl_source *src, void **ret, struct fl_cut_limits *ret_limits)
{
	lzma_index *index = NULL;
	struct xz *x;
	int r = read_index(src, &index);

	if (r <= 0)
		return r;
	if (lzma_index_block_count(index) < 2) {
		lzma_index_end(index, NULL);
		return 0;
	}
	x = calloc(1, sizeof(*x));
	if (!x) {
		lzma_index_end(index, NULL);
		return -ENOMEM;
	}
	x->index = index;
	lzma_index_iter_init(&x->iter, index);
	*ret_limits = limits_of(src, index);
	*ret = x;
	return 1;
}

/* The stream's header, the block as it is, an index of one block, a footer. */
static lzma_ret make_edges(const lzma_index_iter *at, struct fl_cut *cut)
{
	lzma_stream_flags flags = {.check = at->stream.flags->check};
	lzma_index *index = lzma_index_init(NULL);
	size_t pos = 0;
	lzma_ret code;

	if (!index)
		return LZMA_MEM_ERROR;
	code = lzma_stream_header_encode(&flags, cut->head);
	if (code == LZMA_OK)
		code = lzma_index_append(index, NULL, at->block.unpadded_size,
					 at->block.uncompressed_size);
	if (code == LZMA_OK)
		code = lzma_index_buffer_encode(index, cut->tail, &pos,
						sizeof(cut->tail) - LZMA_STREAM_HEADER_SIZE);
	flags.backward_size = lzma_index_size(index);
	if (code == LZMA_OK)
		code = lzma_stream_footer_encode(&flags, cut->tail + pos);
	lzma_index_end(index, NULL);
	cut->head_len = LZMA_STREAM_HEADER_SIZE;
	cut->tail_len = (unsigned char)(pos + LZMA_STREAM_HEADER_SIZE);
	return code;
}

static int xz_next(void *cutter, struct fl_cut *ret, uint64_t *ret_rest)
{
	struct xz *x = cutter;
	lzma_ret code;

	*ret_rest = lzma_index_file_size(x->index);
	if (!next_block(&x->iter))
		return 0;
	*ret = (struct fl_cut){.off = x->iter.block.compressed_file_offset,
			       .bytes = (size_t)x->iter.block.total_size};
	code = make_edges(&x->iter, ret);
	if (code != LZMA_OK)
		return code == LZMA_MEM_ERROR ? -ENOMEM : -FL_ECORRUPT;
	return 1;
}

const struct fl_cutter fl_cutter_xz = {.open = xz_open, .next = xz_next, .close = xz_close};

#endif
