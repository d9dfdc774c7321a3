/* SPDX-License-Identifier: MIT */
#ifndef FL_WINDOW_SOURCE_IMPL_H
#define FL_WINDOW_SOURCE_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <faultline/source.h>

#include "plat/file.h"

/**
 * struct fl_source_ops - where a stream's bytes come from
 * @read:    up to n bytes, in order; called by one thread at a time.
 *           Return: bytes, 0 at the end, -EAGAIN "nothing yet, ask again" (so that the
 *           caller can look at its cancel flag), or -errno
 * @ready:   would read return something at once?
 * @explain: what the last read that failed has to say, where that is more than its number; or NULL
 * @rewind:  the next read begins anew; or NULL: it cannot
 * @restart: of a decoder: its stream is another one now; or NULL
 * @close:   free what the source holds besides its file; or NULL
 *
 * Files and pipes have one; a decoder is another, and so is the output of one segment
 * of a pipeline, which the next reads (stream.c). Sources that can be mapped or read
 * at an offset do not need it.
 */
struct fl_source_ops {
	int64_t (*read)(struct fl_source *src, void *buf, size_t n);
	bool (*ready)(struct fl_source *src);
	void (*explain)(struct fl_source *src, struct fl_error *reterr);
	void (*rewind)(struct fl_source *src);
	void (*restart)(struct fl_source *src);
	void (*close)(struct fl_source *src);
};

/**
 * struct fl_frames - a decoder whose input can be decoded piece by piece, in any order
 * @count:      frames, >= 1
 * @ends:       where each ends in the decoded stream; frame 0 begins at 0; ascending
 * @most_bytes: of the longest, decoded
 * @begin:      a thread's own state; @end frees it
 * @decode:     frame k into @to, which has room for exactly its bytes. Any thread with a state of
 *              its own. Return: 0, or an error with the offset in the file
 */
struct fl_frames {
	uint64_t count;
	const uint64_t *ends;
	uint64_t most_bytes;
	int (*begin)(struct fl_source *src, void **ret_state, struct fl_error *reterr);
	void (*end)(void *state);
	int (*decode)(struct fl_source *src, void *state, uint64_t k, unsigned char *to,
		      struct fl_error *reterr);
};

/**
 * struct fl_source
 * @file:    what it looks like to those who run it
 * @raw:     with a decoder: the file that is decoded, read through @raw_ops; else unused
 * @raw_pos: how much of it fl_source_raw_read() has read
 * @decoder: the decoder's own; NULL: there is none
 * @frames:  of a decoder, or NULL: it can only be read in order
 * @threads: that the run has; a decoder may use as many
 * @records_before: the range, in a source that is read in order
 * @decoding: of them, so many did decode what was read in order; 0: the reader alone
 */
struct fl_source {
	const struct fl_source_ops *ops;
	struct fl_file file;
	char *name;
	struct fl_file raw;
	const struct fl_source_ops *raw_ops;
	uint64_t raw_pos;
	void *decoder;
	const struct fl_frames *frames;
	unsigned threads;
	uint64_t records_before;
	unsigned decoding;
};

/**
 * fl_source_set_decoder() - from now on the source's bytes are what @decoder makes of its file
 * @ops:     its read; close frees @decoder
 * @frames:  or NULL; lives as long as the decoder
 *
 * The size is unknown then (FL_SOURCE_DECODED) unless @frames tell it.
 */
void fl_source_set_decoder(struct fl_source *src, const struct fl_source_ops *ops, void *decoder,
			   const struct fl_frames *frames);

/**
 * fl_source_raw_pread() - the file's own bytes, decoder or not, at any offset
 * Return: 0 with *ret_got (short: the end); -ESPIPE for streams; -errno.
 */
int fl_source_raw_pread(const struct fl_source *src, void *buf, size_t n, uint64_t off,
			size_t *ret_got);

/** fl_source_raw_peek() - its first bytes, leaving the page cache as it was. Return: as ..._pread(). */
int fl_source_raw_peek(const struct fl_source *src, void *buf, size_t n, size_t *ret_got);

/** fl_source_raw_read() - the same in order, also of streams. Return: as fl_source_ops.read. */
int64_t fl_source_raw_read(struct fl_source *src, void *buf, size_t n);

/** fl_source_raw_file() - the file under the decoder, if there is one, else the file */
static inline const struct fl_file *fl_source_raw_file(const struct fl_source *src)
{
	return src->decoder ? &src->raw : &src->file;
}

/** fl_source_seekable() - size known, any offset at any time */
static inline bool fl_source_seekable(const struct fl_source *src)
{
	return src->file.kind == FL_SOURCE_REGULAR || src->file.kind == FL_SOURCE_BLOCK;
}

#endif
