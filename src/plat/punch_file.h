/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_PUNCH_FILE_H
#define FL_PLAT_PUNCH_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * DOC: A file whose blocks are freed while it is copied into another one.
 */

/* Nanoseconds since 1970; 1677 to 2262 fit. */
struct fl_punch_times {
	int64_t atime_ns;
	int64_t mtime_ns;
};

/**
 * struct fl_punch_state - what fstat(2) says
 * @links:       names of the inode
 * @block_bytes: what can be freed is a multiple of this: 4 KiB, or the file system's larger block
 */
struct fl_punch_state {
	uint64_t size_bytes;
	uint64_t links;
	uint64_t block_bytes;
	struct fl_punch_times times;
};

/** fl_punch_look() - Return: 0 or -errno. */
int fl_punch_look(int fd, struct fl_punch_state *ret);

/**
 * fl_punch_name() - what stands under a name? Symbolic links are not followed.
 * @ret_ino: its inode; @ret_regular: is it a regular file?
 * Return: 0; -ENOENT; -errno.
 */
int fl_punch_name(int dir_fd, const char *name, uint64_t *ret_ino, bool *ret_regular);

/** fl_punch_is_link() - is the path a symbolic link? */
bool fl_punch_is_link(const char *path);

/** fl_punch_create() - a new file, 0600, for reading and writing. Return: descriptor; -EEXIST; -errno. */
int fl_punch_create(int dir_fd, const char *name);

/** fl_punch_same_dir() - do two descriptors lead to the same directory? */
bool fl_punch_same_dir(int a, int b);

/** fl_punch_rewind() - to the first byte, where readers of a descriptor begin. Return: 0 or -errno. */
int fl_punch_rewind(int fd);

/**
 * fl_punch_dress() - mode and owner of @like, and times, for a file that takes its place
 *
 * An owner that the user may not give is kept away, and with it set-user-ID and set-group-ID.
 * Return: 0 or -errno.
 */
int fl_punch_dress(int fd, int like, const struct fl_punch_times *times);

/** fl_punch_path() - the directory of a path without symbolic links, and its last component
 * behind it; malloc'ed. Return: 0; -ENOENT; -EISDIR where there is no last component; -errno. */
int fl_punch_path(const char *path, char **ret);

#endif
