/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_HOLES_H
#define FL_PLAT_HOLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* File systems have blocks of 4 KiB, or of less. */
#define FL_HOLE_BLOCK ((size_t)4096)

/* Shorter runs of zeros are not worth a hole: as many as zstd looks at together (fileio_asyncio.c). */
#define FL_HOLE_LEAST ((size_t)32 << 10)

/**
 * fl_holes_span() - what to do with the beginning of @len bytes that belong at @off of a file
 * @ret_hole: they are whole blocks of zeros, FL_HOLE_LEAST bytes or more; else to be written
 *
 * Cost: one word of each block that does not begin with zeros.
 * Return: how many bytes of @data that is true of, 1 to @len.
 */
size_t fl_holes_span(const void *data, size_t len, uint64_t off, bool *ret_hole);

/** struct fl_holes_run - a run of zeros: so many to be written, a hole, and so many to be written */
struct fl_holes_run {
	size_t before;
	uint64_t hole;
	size_t after;
};

/** fl_holes_run() - of @len zeros that belong at @off of a file, by the same rule */
struct fl_holes_run fl_holes_run(uint64_t len, uint64_t off);

/** fl_zeros_leading() - bytes of zeros that @data begins with */
size_t fl_zeros_leading(const void *data, size_t len);

/** fl_zeros_trailing() - bytes of zeros that @data ends with */
size_t fl_zeros_trailing(const void *data, size_t len);

#endif
