/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_CODEC_ZSTD_STREAM_H
#define FL_OPS_CODEC_ZSTD_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>

#include "ops/codec/packed_bytes.h"

struct fl_zstd_stream;

/** fl_zstd_stream_new() - @dict: NULL or used by reference until free. Return: 0 or -ENOMEM. */
int fl_zstd_stream_new(unsigned window_log_max, const void *ddict, struct fl_zstd_stream **ret);
void fl_zstd_stream_free(struct fl_zstd_stream *z);

/** fl_zstd_stream_reset() - begin with another file */
void fl_zstd_stream_reset(struct fl_zstd_stream *z);

/**
 * fl_zstd_stream_decode() - take from @in, give to @out
 * Return: bytes given; 0: more input is needed or, if there is none, all is done; -FL_ECORRUPT,
 * -FL_ELIMIT (a window too large) with text in reterr and off counted from in->data[0].
 */
int64_t fl_zstd_stream_decode(struct fl_zstd_stream *z, struct fl_packed *in, void *out,
			      size_t out_len, struct fl_error *reterr);

#endif
