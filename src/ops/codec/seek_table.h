/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_CODEC_SEEK_TABLE_H
#define FL_OPS_CODEC_SEEK_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * DOC: The seek table of the zstd seekable format, version 0.1.0.
 *
 * A skippable frame at the end of the file: header (magic, length), one row per
 * frame, footer (number of rows, flags, magic). All little-endian.
 * Source: contrib/seekable_format/zstd_seekable_compression_format.md of zstd.
 */
#define FL_SEEK_SKIPPABLE_MAGIC UINT32_C(0x184D2A5E)
#define FL_SEEK_MAGIC UINT32_C(0x8F92EAB1)
#define FL_SEEK_HEADER_BYTES 8u
#define FL_SEEK_FOOTER_BYTES 9u
/* Of a row that carries a checksum; 8 without. */
#define FL_SEEK_ROW_BYTES 12u
#define FL_SEEK_FLAG_CHECKSUM 0x80u
#define FL_SEEK_FLAGS_RESERVED 0x7Cu

/* One frame: compressed and decompressed size, low 32 bits of the XXH64 of its content. */
struct fl_seek_row {
	uint32_t packed_bytes;
	uint32_t bytes;
	uint32_t checksum;
};

/* Little-endian fields of files. */
static inline void fl_put_le32(unsigned char *p, uint32_t v)
{
	p[0] = (unsigned char)v;
	p[1] = (unsigned char)(v >> 8);
	p[2] = (unsigned char)(v >> 16);
	p[3] = (unsigned char)(v >> 24);
}

static inline uint32_t fl_get_le32(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/**
 * struct fl_seek_table - rows that are being collected
 * @rows, @count, @capacity: a growing array
 */
struct fl_seek_table {
	struct fl_seek_row *rows;
	uint32_t count;
	uint32_t capacity;
};

/** fl_seek_table_add() - Return: 0; -ENOMEM; -FL_ELIMIT above the format's number of frames. */
int fl_seek_table_add(struct fl_seek_table *t, const struct fl_seek_row *row);

/**
 * fl_seek_table_encode() - the whole skippable frame
 * @ret: malloc'ed, @ret_len bytes
 * Return: 0 or -ENOMEM.
 */
int fl_seek_table_encode(const struct fl_seek_table *t, unsigned char **ret, size_t *ret_len);

/** fl_seek_table_done() - free the rows; fine on a zeroed struct */
void fl_seek_table_done(struct fl_seek_table *t);

#endif
