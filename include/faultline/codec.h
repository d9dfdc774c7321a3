/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CODEC_H
#define FAULTLINE_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>
#include <faultline/export.h>
#include <faultline/operator.h>
#include <faultline/source.h>

FL_BEGIN_DECLS

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

/* Frames end at record ends: frame k holds the records that start in [k, k + 1) x frame_bytes. A
 * record that makes one longer than two frames is cut into pieces of a frame. */
#define FL_COMPRESS_RECORDS 1u
/* The input is a piece of a longer one: it has no seek table, and of nothing comes nothing. */
#define FL_COMPRESS_PIECE 2u

/**
 * struct fl_compress_options
 * @size:        sizeof this struct
 * @flags:       FL_COMPRESS_...
 * @level:       1 .. 22, or negative for zstd's --fast=N; 0 = FL_COMPRESS_LEVEL_DEFAULT
 * @frame_bytes: input bytes per frame; 0 = by level: 2 MiB, or what the level's window asks for
 * @window_log:  long-distance matching with a window of 2^N bytes, 10 .. 31; 0 = without
 * @dict:        zstd dictionary or any bytes; copied; NULL = none
 * @dict_bytes:  of it
 * @write:       called in order, from one thread at a time. Return: 0; FL_FOLD_STOP when no more
 *               is needed; or -errno, which ends the run
 * @arg:         handed to @write
 */
struct fl_compress_options {
	size_t size;
	unsigned flags;
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

/**
 * fl_compress_rows() - what the last run has for the seek table
 * @ret: bytes, to be handed to fl_compress_join() by this version on a machine of this kind; until
 *       the next run
 * Return: how many.
 */
FL_API size_t fl_compress_rows(const struct fl_compress *c, const void **ret);

/**
 * fl_compress_join() - pieces that were compressed apart stand one behind the other
 * @rows: of the next of them, @len bytes
 * Return: 0; -EINVAL; -FL_ELIMIT: more frames than the table holds; -ENOMEM.
 */
FL_API int fl_compress_join(struct fl_compress *c, const void *rows, size_t len);

/**
 * fl_compress_end() - write the seek table of all that was joined, before it a frame if there is none
 *
 * fl_compress_result() is then that of all pieces.
 * Return: 0; what the write function returned; -ENOMEM.
 */
FL_API int fl_compress_end(struct fl_compress *c, struct fl_error *reterr);

/** fl_compress_free() - NULL is fine */
FL_API void fl_compress_free(struct fl_compress *c);

/**
 * DOC: Reading what is compressed.
 *
 * fl_source_decode() looks at the first bytes of a source. If they are those of
 * zstd, or of gzip, xz, bzip2 or lz4 where the build reads these, all jobs then see the
 * decompressed bytes: offsets, lines and ranges are theirs. Files whose frames say how long they are (zstd says so, unless it
 * reads from a pipe) are decoded on all threads, and from any offset, if several
 * frames fit into the run's memory. Blocks of bzip2, blocks of xz where there are several (xz -T, or
 * --block-size), independent blocks of lz4, and members of gzip that tell their length (BGZF) are decoded on all
 * threads, but read in order: of regular files, if two of them fit into the memory that
 * window_log_max allows a decoder. Others are decoded in order by one thread while others work on
 * what has been decoded. A format that is known but not built in is -FL_EUNSUPPORTED.
 *
 * Errors name the offset in the compressed file.
 */

/* What zstd(1) accepts without --long or --memory: windows of 128 MiB. */
#define FL_DECODE_WINDOW_LOG_DEFAULT 27

#define FL_DECODE_ALWAYS 1u /* what is not compressed is an error */

/**
 * struct fl_decode_options
 * @size:           sizeof this struct
 * @flags:          FL_DECODE_...
 * @window_log_max: windows (of zstd and xz) up to 2^N bytes, 10 .. 31; 0 = FL_DECODE_WINDOW_LOG_DEFAULT
 * @dict:           for zstd; copied; NULL = none
 * @dict_bytes:     of it
 */
struct fl_decode_options {
	size_t size;
	unsigned flags;
	unsigned window_log_max;
	const void *dict;
	size_t dict_bytes;
};

/**
 * fl_source_decode() - from now on @src is what its bytes decompress to
 * @opt: NULL = defaults
 *
 * Once per source, before its first run. Of a stream the first bytes are not waited for: they are
 * looked at in the run.
 *
 * Return: 1 when it is compressed, or a stream that may be; 0 when it is not; -EINVAL; -ENOMEM;
 * -EBUSY the second time; -FL_EUNSUPPORTED with FL_DECODE_ALWAYS when it is not compressed; -EIO ...
 */
FL_API int fl_source_decode(struct fl_source *src, const struct fl_decode_options *opt,
			    struct fl_error *reterr);

/**
 * struct fl_frame_info - a frame of a zstd file, as its header tells
 * @off:         in the file
 * @packed_bytes: in the file
 * @bytes:       decompressed, FL_SIZE_UNKNOWN if it does not tell; of a skippable frame 0
 * @window_bytes: memory that a streaming decoder needs
 * @dict_id:     0 = none
 * @has_checksum, @checksum: low half of the content's XXH64
 * @skippable:   its magic number, or 0
 */
struct fl_frame_info {
	uint64_t off;
	uint64_t packed_bytes;
	uint64_t bytes;
	uint64_t window_bytes;
	uint32_t dict_id;
	int has_checksum;
	uint32_t checksum;
	uint32_t skippable;
};

/**
 * fl_zstd_list() - call @frame for each frame, in order
 * @src: a file, not decoded
 *
 * Cost: one small read for each block of up to 128 KiB; nothing is decompressed.
 * Return: 0; what @frame returned if that is not 0; -ESPIPE for streams; -FL_ECORRUPT.
 */
FL_API int fl_zstd_list(struct fl_source *src,
			int (*frame)(void *arg, const struct fl_frame_info *info), void *arg,
			struct fl_error *reterr);

/**
 * struct fl_copy - an operator that hands the bytes of a run on, in order
 */
struct fl_copy;

/**
 * fl_copy_new()
 * @write:      as in struct fl_compress_options; NULL: only look at the bytes
 * @most_bytes: more of them are -FL_ELIMIT; FL_SIZE_UNKNOWN = any number
 *
 * Return: 0 or -ENOMEM.
 */
FL_API int fl_copy_new(int (*write)(void *arg, const void *data, size_t len), void *arg,
		       uint64_t most_bytes, struct fl_copy **ret);

/** fl_copy_operator() - its code, for fl_pipeline_add() */
FL_API const struct fl_operator *fl_copy_operator(const struct fl_copy *copy);

/** fl_copy_bytes() - handed on in the last run */
FL_API uint64_t fl_copy_bytes(const struct fl_copy *copy);

/** fl_copy_free() - NULL is fine */
FL_API void fl_copy_free(struct fl_copy *copy);

FL_END_DECLS

#endif
