/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_CODEC_APART_H
#define FL_OPS_CODEC_APART_H

#include "ops/codec/unpack.h"
#include "window/source_impl.h"

/**
 * DOC: Compressed files whose pieces are decoded apart (cutter.h), by several threads.
 */
struct fl_apart;

/**
 * fl_apart_new() - of a file
 * @threads:        that decode, the reader among them
 * @window_log_max: bounds what all pieces together take: as much as one decoder may for its window
 *
 * Return: 1; 0: decode it in order; -ENOMEM; -EIO ...
 */
int fl_apart_new(const struct fl_source *src, const struct fl_unpack *how, unsigned threads,
		 unsigned window_log_max, struct fl_apart **ret);

/**
 * fl_apart_read() - the next bytes
 * Return: bytes; 0: what follows *ret_off in the file, maybe nothing, is decoded in order, as a file
 * of its own; less than 0: the whole file has to be, and will begin with the bytes that were read.
 */
int64_t fl_apart_read(struct fl_apart *a, void *to, size_t n, uint64_t *ret_off);

/** fl_apart_threads() - so many decode, the reader among them */
unsigned fl_apart_threads(const struct fl_apart *a);

/** fl_apart_free() - NULL is fine */
void fl_apart_free(struct fl_apart *a);

#endif
