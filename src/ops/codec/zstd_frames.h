/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_CODEC_ZSTD_FRAMES_H
#define FL_OPS_CODEC_ZSTD_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

#include <zstd.h>

#include "window/source_impl.h"

/* Bytes of a file. */
struct fl_zstd_place {
	uint64_t off;
	uint64_t bytes;
};

/**
 * struct fl_zstd_frames - where the frames of a file are, if they all tell how long they are
 * @frames:  for the window floor; its ends are @ends. Short ones that follow each other are one
 * @places:  in the file, one per frame
 * @most_packed: of the longest of them
 */
struct fl_zstd_frames {
	struct fl_frames frames;
	uint64_t *ends;
	struct fl_zstd_place *places;
	uint64_t capacity;
	uint64_t most_packed;
};

/**
 * fl_zstd_frames_read() - from the seek table, else from frame to frame
 *
 * What a table says is believed only as to where frames may begin: decoding checks the rest.
 *
 * Return: 1; 0 when the frames do not tell, or the file is damaged: reading in order will say
 * where; -ENOMEM; -EIO ...
 */
int fl_zstd_frames_read(const struct fl_source *src, struct fl_zstd_frames *ret,
			struct fl_error *reterr);

/* For tests: short frames are not joined, so that a few bytes have seams. */
extern bool fl_zstd_frames_alone;

/** fl_zstd_frames_done() - fine on a zeroed struct */
void fl_zstd_frames_done(struct fl_zstd_frames *f);

/** struct fl_zstd_packed - @len bytes, whole frames, that stand at @off in the file */
struct fl_zstd_packed {
	const unsigned char *data;
	size_t len;
	uint64_t off;
};

/**
 * fl_zstd_frame_decode() - whole frames whose bytes are @len together
 * Return: 0; -FL_ECORRUPT with the offset of the frame.
 */
int fl_zstd_frame_decode(ZSTD_DCtx *dctx, const struct fl_zstd_packed *in, unsigned char *to,
			 size_t len, struct fl_error *reterr);

#endif
