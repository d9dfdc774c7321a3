/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_CODEC_CUTTER_H
#define FL_OPS_CODEC_CUTTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "window/source_impl.h"

/**
 * DOC: Cutting compressed files.
 *
 * A cutter finds places where decoding can begin anew, and makes of each piece between them a little
 * file of the same format, which is decoded as any other (unpack.h), checksums included. So there is one
 * decoder of each format, and a cutter only has to be right about files that are sound: where
 * anything is odd it gives up, and the file is decoded in order, which says what is wrong and where.
 */

/* Of xz: an index of one block, and a footer: 28 and 12 bytes. */
#define FL_CUT_EDGE_BYTES 40

/**
 * struct fl_cut - a piece: bytes of a file, and what makes them a file
 * @off, @bytes: in the compressed file
 * @head, @tail: go in front and behind
 * @shift, @bits: bzip2: it begins with bit @shift of its first byte
 * @last:         lz4: of a frame: that has this @sum, if @has_sum, and is of @text_bytes, if that is
 *                not FL_SIZE_UNKNOWN
 */
struct fl_cut {
	uint64_t off;
	size_t bytes;
	unsigned char head[FL_CUT_EDGE_BYTES];
	unsigned char tail[FL_CUT_EDGE_BYTES];
	unsigned char head_len;
	unsigned char tail_len;
	unsigned shift;
	uint64_t bits;
	bool last;
	bool has_sum;
	uint32_t sum;
	uint64_t text_bytes;
};

/**
 * struct fl_cut_limits - of the pieces of a file
 * @bytes:      of the longest, compressed
 * @room:       to keep of each, decoded: all but the odd one take no more
 * @state:      memory of a decoder, if that is more than a fraction of @room
 * @window_log: for its create(); 0: what the run allows
 * @whole:      a cut may be in a wrong place, which is known when it has been decoded
 */
struct fl_cut_limits {
	uint64_t bytes;
	uint64_t room;
	uint64_t state;
	unsigned window_log;
	bool whole;
};

/**
 * struct fl_cutter - of a format
 * @open:  Return: 1; 0: this file is not worth it, or cannot be cut; -ENOMEM; -EIO ...
 * @next:  Return: 1; 0: no more: what is left, maybe nothing, is decoded in order from *ret_rest on, as
 *         a file that begins there; -FL_ECORRUPT: all of it has to be decoded in order
 * @pack:  the little file of a piece whose bytes are @raw: into @to, which has room for both edges and 8
 *         bytes more. NULL: the three behind each other. Return: its bytes
 * @given: bytes that a piece was decoded to, in order; at its end, none. NULL: there is nothing to
 *         compare. Return: 0; -FL_ECORRUPT
 */
struct fl_cutter {
	int (*open)(const struct fl_source *src, void **ret, struct fl_cut_limits *ret_limits);
	int (*next)(void *cutter, struct fl_cut *ret, uint64_t *ret_rest);
	size_t (*pack)(const struct fl_cut *cut, const unsigned char *raw, unsigned char *to);
	int (*given)(void *cutter, const struct fl_cut *cut, const void *data, size_t n);
	void (*close)(void *cutter);
};

extern const struct fl_cutter fl_cutter_bgzf;
extern const struct fl_cutter fl_cutter_bzip2;
extern const struct fl_cutter fl_cutter_lz4;
extern const struct fl_cutter fl_cutter_xz;

/** struct fl_look - a cutter's view of its file: @len bytes at @off */
struct fl_look {
	const struct fl_source *src;
	uint64_t size;
	uint64_t off;
	size_t len;
	unsigned char data[64 << 10];
};

/** fl_look_new() - malloc'ed */
struct fl_look *fl_look_new(const struct fl_source *src);

/**
 * fl_look_at() - bytes of the file
 * @want: <= 64 KiB
 * @ret:  until the next look
 * Return: how many there are, less than @want only at the end, maybe more; -EIO ...
 */
int64_t fl_look_at(struct fl_look *look, uint64_t off, size_t want, const unsigned char **ret);

#endif
