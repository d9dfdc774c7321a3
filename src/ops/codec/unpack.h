/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_CODEC_UNPACK_H
#define FL_OPS_CODEC_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>

#include "ops/codec/packed_bytes.h"

struct fl_cutter;

/* Bytes that tell all formats. */
#define FL_UNPACK_MAGIC_BYTES 10

/**
 * struct fl_unpack - a compressed format
 * @name:   of it
 * @create: state of a stream; @window_log_max: of the memory it may take. Return: 0; -ENOMEM.
 *          NULL: this build cannot read the format
 * @decode: as fl_zstd_stream_decode()
 * @again:  after the end of a file: begin with another one. NULL: there is nothing to do
 * @cutter: of files whose pieces can be decoded apart; or NULL
 */
struct fl_unpack {
	const char *name;
	int (*create)(unsigned window_log_max, void **ret);
	int64_t (*decode)(void *state, struct fl_packed *in, void *out, size_t n,
			  struct fl_error *reterr);
	int (*again)(void *state, unsigned window_log_max);
	void (*free)(void *state);
	const struct fl_cutter *cutter;
};

/** fl_unpack_of() - the format that begins with these @n bytes, or NULL */
const struct fl_unpack *fl_unpack_of(const unsigned char *p, size_t n);

/** fl_unpack_may_begin() - may more bytes behind these @n > 0 make it one that fl_unpack_of() knows? */
bool fl_unpack_may_begin(const unsigned char *p, size_t n);

/* The library's counts are ints. */
#define FL_UNPACK_STEP_MAX ((size_t)1 << 30)

/** fl_unpack_failed() - -FL_ECORRUPT with the format's name and @text, at @in->pos */
int64_t fl_unpack_failed(const struct fl_packed *in, const char *name, const char *text,
			 struct fl_error *reterr);

/** fl_unpack_ends_early() - the same: there is no more, and should be */
int64_t fl_unpack_ends_early(const struct fl_packed *in, const char *name, struct fl_error *reterr);

/* For fl_unpack_of() alone. */
extern const struct fl_unpack fl_unpack_gzip;
extern const struct fl_unpack fl_unpack_xz;
extern const struct fl_unpack fl_unpack_bzip2;
extern const struct fl_unpack fl_unpack_lz4;

#endif
