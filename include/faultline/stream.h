/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_STREAM_H
#define FAULTLINE_STREAM_H

#include <stddef.h>

#include <faultline/error.h>
#include <faultline/export.h>
#include <faultline/source.h>

FL_BEGIN_DECLS

/**
 * DOC: Streams.
 *
 * A stream joins two pipelines in one process: what the operators of the first
 * one write is the source of the second. It holds a bounded number of bytes: a
 * writer waits while it is full, a reader while it is empty.
 */
struct fl_stream;

/* Room for two of the parts that a fold hands over at once, and more than a slice of a view. */
#define FL_STREAM_BYTES_DEFAULT ((size_t)4 << 20)

/**
 * fl_stream_new() - an empty stream, open on both sides
 * @capacity_bytes: 1 .. 1 GiB, 0 = FL_STREAM_BYTES_DEFAULT
 * @name:           what messages call it; copied
 *
 * Return: 0; -EINVAL; -ENOMEM.
 */
FL_API int fl_stream_new(size_t capacity_bytes, const char *name, struct fl_stream **ret,
			 struct fl_error *reterr);

/**
 * fl_stream_write() - append bytes, waiting for room
 *
 * Threads: one writer at a time, beside one reader. Cost: one copy.
 * Return: 0; FL_FOLD_STOP when the reader needs no more (the bytes are dropped).
 */
FL_API int fl_stream_write(struct fl_stream *st, const void *data, size_t len);

/**
 * fl_stream_end() - there will be no more bytes
 * @result: 0, or the negative error that the reader is to end with once it has read what came before
 *
 * Threads: any. The first call counts.
 */
FL_API void fl_stream_end(struct fl_stream *st, int result);

/**
 * fl_stream_source() - the reading side; it belongs to the stream and is not closed by itself
 *
 * It can be run once.
 */
FL_API struct fl_source *fl_stream_source(struct fl_stream *st);

/** fl_stream_close() - the reader needs no more: writers are told. Threads: any. */
FL_API void fl_stream_close(struct fl_stream *st);

/** fl_stream_free() - when neither side uses it any more; NULL is fine */
FL_API void fl_stream_free(struct fl_stream *st);

FL_END_DECLS

#endif
