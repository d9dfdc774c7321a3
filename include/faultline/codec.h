/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CODEC_H
#define FAULTLINE_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>
#include <faultline/export.h>
#include <faultline/operator.h>

/**
 * DOC: zstd.
 *
 * Compression cuts the input into pieces of equal size and makes each one an
 * independent zstd frame with a checksum, so that all processors can work, now
 * and when the file is read. The file ends with the seek table of the published
 * zstd seekable format, which other programs skip: what is written here is an
 * ordinary .zst file.
 *
 * Which bytes come out depends on the input and the options below, never on
 * threads, loaders, window or chunk sizes.
 */
struct fl_compress;

/* The seekable format's limits, in bytes and in frames of one file. */
#define FL_COMPRESS_FRAME_BYTES_MAX (UINT32_C(1) << 30)
#define FL_COMPRESS_FRAMES_MAX (UINT32_C(1) << 27)

/* zstd's default, in zstd(1): level 3. */
#define FL_COMPRESS_LEVEL_DEFAULT 3

/**
 * struct fl_compress_options
 * @size:        sizeof this struct
 * @level:       1 .. 22, or negative for zstd's --fast=N; 0 = FL_COMPRESS_LEVEL_DEFAULT
 * @frame_bytes: input bytes per frame; 0 = by level: 2 MiB, or what the level's window asks for
 * @window_log:  long-distance matching with a window of 2^N bytes, 10 .. 31; 0 = without
 * @dict:        zstd dictionary or any bytes; copied; NULL = none
 * @dict_bytes:  of it
 * @write:       called in order, from one thread at a time. Return: 0, or -errno, which ends the run
 * @arg:         handed to @write
 */
struct fl_compress_options {
	size_t size;
	int level;
	uint32_t frame_bytes;
	unsigned window_log;
	const void *dict;
	size_t dict_bytes;
	int (*write)(void *arg, const void *data, size_t len);
	void *arg;
};

/* What the last run read and wrote. */
struct fl_compress_result {
	uint64_t frames;
	uint64_t bytes_in;
	uint64_t bytes_out; /* seek table included */
};

/**
 * fl_compress_new() - an operator that compresses
 * Return: 0; -EINVAL for options out of range; -ENOMEM.
 */
FL_API int fl_compress_new(const struct fl_compress_options *opt, struct fl_compress **ret,
			   struct fl_error *reterr);

/**
 * fl_compress_operator() - its code, for fl_pipeline_add()
 *
 * Cost: a compression context per thread, 12 bytes per frame for the table.
 */
FL_API const struct fl_operator *fl_compress_operator(const struct fl_compress *c);

/** fl_compress_result() - of the last run that ended without error */
FL_API void fl_compress_result(const struct fl_compress *c, struct fl_compress_result *ret);

/** fl_compress_free() - NULL is fine */
FL_API void fl_compress_free(struct fl_compress *c);

#endif
