/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_CODEC_ZSTD_HEADER_H
#define FL_OPS_CODEC_ZSTD_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <faultline/codec.h>

/**
 * DOC: The outside of zstd frames: headers and lengths, without decompressing.
 * Source: RFC 8878, sections 3.1.1 and 3.1.2.
 */
#define FL_ZSTD_MAGIC UINT32_C(0xFD2FB528)
#define FL_ZSTD_SKIPPABLE_MAGIC UINT32_C(0x184D2A50)
/* Magic, descriptor, window, dictionary ID (4), content size (8). */
#define FL_ZSTD_HEADER_BYTES_MAX 18u

/** fl_zstd_is_skippable() - is it one of the 16 magic numbers? */
static inline bool fl_zstd_is_skippable(uint32_t magic)
{
	return (magic & UINT32_C(0xFFFFFFF0)) == FL_ZSTD_SKIPPABLE_MAGIC;
}

/**
 * fl_zstd_header() - what the header at @p says
 * @n:   bytes there; FL_ZSTD_HEADER_BYTES_MAX suffice
 * @ret: all but off, packed_bytes (set for skippable frames only) and checksum
 * Return: bytes of the header; 0 when @n is too small; -FL_ECORRUPT.
 */
int fl_zstd_header(const unsigned char *p, size_t n, struct fl_frame_info *ret);

/**
 * fl_zstd_hop() - the frame at info->off, up to its end
 * @src:  a file
 * @most: bytes of a frame that are looked through at most
 * Return: 1; 0 at the end of the file; -FL_ELIMIT beyond @most; -FL_ECORRUPT, also where the file
 * ends in the middle; -ESPIPE; -EIO ...
 */
int fl_zstd_hop(const struct fl_source *src, uint64_t most, struct fl_frame_info *info,
		struct fl_error *reterr);

#endif
