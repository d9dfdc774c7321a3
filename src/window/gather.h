/* SPDX-License-Identifier: MIT */
#ifndef FL_WINDOW_GATHER_H
#define FL_WINDOW_GATHER_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct fl_gather - bytes of a stream put together until a record is whole
 * @buffer, @capacity: memory, at most @limit bytes of it
 * @len:               bytes gathered (in memory, or all of them once spilled)
 * @fd:                unlinked temporary file once they do not fit, else -1
 * @map, @map_len:     its mapping after fl_gather_finish()
 *
 * Memory stays bounded whatever a record's length: what exceeds @limit goes to
 * a temporary file that is mapped, so the kernel can write it back and drop it.
 */
struct fl_gather {
	unsigned char *buffer;
	size_t capacity;
	size_t limit;
	uint64_t len;
	int fd;
	void *map;
	size_t map_len;
};

/** fl_gather_init() - @limit: bytes of memory, >= 64 KiB; nothing is allocated yet */
void fl_gather_init(struct fl_gather *g, size_t limit);

/** fl_gather_reset() - empty it; the memory is kept */
void fl_gather_reset(struct fl_gather *g);

/** fl_gather_done() - free all */
void fl_gather_done(struct fl_gather *g);

/**
 * fl_gather_space() - room for n more bytes
 * @n:   <= limit
 * Return: 0 with *ret; -ENOMEM; -errno from the temporary file (ENOSPC ...).
 */
int fl_gather_space(struct fl_gather *g, size_t n, unsigned char **ret);

/**
 * fl_gather_commit() - n bytes were written into the space
 * Return: 0; -ENOMEM when there is no address space to map them all; -errno.
 */
int fl_gather_commit(struct fl_gather *g, size_t n);

/** fl_gather_finish() - all bytes in one piece; valid until reset. Return: 0 or -errno. */
int fl_gather_finish(struct fl_gather *g, const unsigned char **ret);

#endif
