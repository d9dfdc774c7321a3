/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_INPLACE_FILE_H
#define FL_PLAT_INPLACE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>

/* Extended attribute that leads from an inode to its journal: 8 bytes of nonce, then the path. */
#define FL_TARGET_MARK "user.faultline.journal"

/**
 * struct fl_target - a regular file that is rewritten in place
 * @fd:         reads and writes
 * @dir_fd:     its directory
 * @path:       without symbolic links; owned
 * @name:       last component of @path
 * @dev, @ino:  identity
 * @size_bytes: when it was opened
 * @has_holes:  fewer blocks than bytes: a mapped store might find the disk full
 */
struct fl_target {
	int fd;
	int dir_fd;
	char *path;
	const char *name;
	uint64_t dev;
	uint64_t ino;
	uint64_t size_bytes;
	bool has_holes;
};

/**
 * fl_target_open() - open a file to rewrite it
 * @write: false: only to look at it
 *
 * Symbolic links are followed: the file that they lead to is the target.
 * Return: 0; -EINVAL "not a regular file"; -EPERM for immutable and append-only files; -EROFS,
 * -EACCES, -ETXTBSY ... from open(2); -ENOMEM.
 */
int fl_target_open(const char *path, bool write, struct fl_target *ret, struct fl_error *reterr);

/** fl_target_close() - fine on a zeroed struct whose descriptors are -1 */
void fl_target_close(struct fl_target *t);

/**
 * fl_target_lock() - only one job at a time rewrites a file
 *
 * An open-file-description lock (fcntl(2)): it ends with the descriptor.
 * Return: 0; -EAGAIN when another one has it; -errno.
 */
int fl_target_lock(const struct fl_target *t);

/** fl_target_identity() - fills dev, ino, size_bytes and has_holes from a descriptor. Return: 0 or -errno. */
int fl_target_identity(int fd, struct fl_target *ret);

/** fl_target_size() - what fstat says now. Return: 0 or -errno. */
int fl_target_size(const struct fl_target *t, uint64_t *ret_bytes);

/** fl_target_mark() - set FL_TARGET_MARK. Return: 0; -errno (-EOPNOTSUPP: no such attributes here). */
int fl_target_mark(const struct fl_target *t, const void *value, size_t len);

/** fl_target_unmark() - remove it. Return: 0, also if there was none; -errno. */
int fl_target_unmark(const struct fl_target *t);

/** fl_target_marked() - read it. Return: bytes, at most @size; 0 if there is none or it is longer. */
size_t fl_target_marked(int fd, void *value, size_t size);

/**
 * fl_target_create() - a new file in the target's directory, 0600, for reading and writing
 * Return: descriptor; -EEXIST; -errno.
 */
int fl_target_create(const struct fl_target *t, const char *name);

/**
 * fl_beside_open() - open a file that may be a journal; symbolic links are not followed
 * @dir_fd: its directory, or AT_FDCWD's value for a whole path
 * Return: descriptor; -ENOENT; -errno.
 */
int fl_beside_open(int dir_fd, const char *name, bool write);

/**
 * fl_beside_lock() - lock a journal
 * @test: only look. Return: 0; -EAGAIN when a running job has it; -errno.
 */
int fl_beside_lock(int fd, bool test);

/** fl_beside_has_name() - false once it was unlinked */
bool fl_beside_has_name(int fd);

/** fl_beside_size() - bytes. Return: 0 or -errno. */
int fl_beside_size(int fd, uint64_t *ret_bytes, uint64_t *ret_dev);

/** fl_beside_data() - offset of the next bytes at or behind @off that are no hole; UINT64_MAX: none */
uint64_t fl_beside_data(int fd, uint64_t off);

/** fl_path_dir() - open the directory that a path names its file in. Return: descriptor or -errno. */
int fl_path_dir(const char *path);

/** fl_path_exists() - is there such a name? */
bool fl_path_exists(const char *path);

/** fl_path_marked() - does its inode have FL_TARGET_MARK? */
bool fl_path_marked(const char *path);

/**
 * fl_target_backup() - a copy beside the target, NAME + suffix, or suffix with '*' for NAME
 *
 * Shares blocks where the file system can (FICLONE), else copies. Mode and times are kept. It is
 * on the device when this returns 0, and appears under its name only when it is whole.
 * Return: 0; -errno.
 */
int fl_target_backup(const struct fl_target *t, const char *suffix, struct fl_error *reterr);

/**
 * fl_target_lease() - have, or give back, the last word on the file's size
 *
 * A write lease (fcntl(2), F_SETLEASE) is granted only while nobody else has the file open; who
 * opens it then waits until it is given back, 45 seconds at most.
 * Return: 0; -EAGAIN when others have it open; -errno.
 */
int fl_target_lease(const struct fl_target *t, bool take);

/** fl_target_leased() - it is held, and nobody waits for it */
bool fl_target_leased(const struct fl_target *t);

#endif
