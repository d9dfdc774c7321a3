/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_SPACE_AHEAD_H
#define FL_PLAT_SPACE_AHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct fl_space_ahead - room on the disk for a file that is written from its beginning to its end
 *
 * ext4 keeps account of each block that is written before it has a place on the disk: 28 ms of 57 that
 * the kernel takes for 301 MB written 128 KiB at a time (Linux 6.18, AMD Zen 5), which blocks that have
 * their place already do not cost. Other file systems do this by extents.
 *
 * @on:  room is taken
 * @used: room has been taken
 * @end: what has been taken reaches to here; 0: nothing is left of it
 */
struct fl_space_ahead {
	int fd;
	bool on;
	bool used;
	uint64_t end;
};

/** fl_space_ahead_init() - room will be taken for @fd if it is on ext4 and @wanted */
void fl_space_ahead_init(struct fl_space_ahead *space, int fd, bool wanted);

/**
 * fl_space_ahead_take() - before @len bytes are written at @off, which is where the file ends
 *
 * Where the file system has not that much nothing is said: the write will.
 * Cost: a call for each megabyte at first, for each 64 at last.
 */
void fl_space_ahead_take(struct fl_space_ahead *space, uint64_t off, size_t len);

/** fl_space_ahead_trim() - give back what is behind @size, the file's. Return: 0; -errno. */
int fl_space_ahead_trim(struct fl_space_ahead *space, uint64_t size);

#endif
