/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_DURABLE_H
#define FL_PLAT_DURABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * DOC: Writes that must survive.
 *
 * Everything that changes a file in place, or its journal, goes through this
 * small table, so that tests can make the n-th call fail, or keep what was not
 * synced from reaching the simulated device.
 */

/**
 * struct fl_durable_ops - the calls
 * @pwrite:   bytes written (may be fewer than n), or -errno
 * @sync:     data and what is needed to find them, as fdatasync(2)
 * @sync_all: the same with attributes, as fsync(2); also for directories
 * @truncate: set the size
 * @allocate: reserve blocks for the first @bytes; the size grows to it, what is new reads as zeros
 * @unlink:   a name in a directory
 * @rename:   a name within a directory; without @replace, -EEXIST where the new one is taken
 * @punch:    free the blocks of [off, off + len), which reads as zeros then; the size stays
 * @map:      [off, off + len) for reading and writing, off a multiple of the page; NULL with
 *            *ret_err = -errno where mapped stores cannot be had
 *
 * Return of the others: 0 or -errno.
 */
struct fl_durable_ops {
	int64_t (*pwrite)(void *ctx, int fd, const void *buf, size_t n, uint64_t off);
	int (*sync)(void *ctx, int fd);
	int (*sync_all)(void *ctx, int fd);
	int (*truncate)(void *ctx, int fd, uint64_t bytes);
	int (*allocate)(void *ctx, int fd, uint64_t bytes);
	int (*unlink)(void *ctx, int dir_fd, const char *name);
	int (*rename)(void *ctx, int dir_fd, const char *from, const char *to, bool replace);
	int (*punch)(void *ctx, int fd, uint64_t off, uint64_t len);
	void *(*map)(void *ctx, int fd, uint64_t off, size_t len, int *ret_err);
};

/**
 * struct fl_durable - where writes go
 * @ops, @ctx:   the calls and their first argument
 * @never_syncs: syncs do nothing: what is written survives the process, not the machine
 * @one_by_one:  of what was written to a journal, a sync covers no more than is waited for: as if another
 *               thread had begun it before the rest was written. For tests.
 * @syncs:       how many have been done
 */
struct fl_durable {
	const struct fl_durable_ops *ops;
	void *ctx;
	bool never_syncs;
	bool one_by_one;
	uint64_t syncs;
};

/** fl_durable_kernel() - the real calls */
extern const struct fl_durable_ops fl_durable_kernel;

/** fl_durable_write() - all n bytes. Short writes and EINTR go on. Return: 0 or -errno. */
int fl_durable_write(struct fl_durable *d, int fd, const void *buf, size_t n, uint64_t off);

/**
 * fl_durable_sync() - data are on the device when this returns 0
 *
 * A failure is final: the kernel may have dropped the pages that it could not write, and says so
 * once (fsync(2), "NOTES"). Only EINTR is tried again.
 * Return: 0 or -errno.
 */
int fl_durable_sync(struct fl_durable *d, int fd);

/** fl_durable_sync_all() - the same with fsync(2): attributes, directories */
int fl_durable_sync_all(struct fl_durable *d, int fd);

/** fl_durable_truncate(), fl_durable_allocate(), fl_durable_unlink(): Return: 0 or -errno */
int fl_durable_truncate(struct fl_durable *d, int fd, uint64_t bytes);
int fl_durable_allocate(struct fl_durable *d, int fd, uint64_t bytes);
int fl_durable_unlink(struct fl_durable *d, int dir_fd, const char *name);

/** fl_durable_rename(), fl_durable_punch(): Return: 0 or -errno (-EOPNOTSUPP: no holes here) */
int fl_durable_rename(struct fl_durable *d, int dir_fd, const char *from, const char *to,
		      bool replace);
int fl_durable_punch(struct fl_durable *d, int fd, uint64_t off, uint64_t len);

/** fl_durable_map() - see fl_durable_ops; unmapped with fl_unmap() */
void *fl_durable_map(struct fl_durable *d, int fd, uint64_t off, size_t len, int *ret_err);

/** fl_durable_start() - have the kernel begin to write [off, off + len); a hint */
void fl_durable_start(struct fl_durable *d, int fd, uint64_t off, uint64_t len);

#endif
