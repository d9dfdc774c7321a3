/* SPDX-License-Identifier: MIT */
#include "plat/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* A signal interrupts a call once; a call that is interrupted this often in a row is broken. */
#define EINTR_MAX 1000

static int64_t kernel_pwrite(void *ctx, int fd, const void *buf, size_t n, uint64_t off)
{
	ssize_t r = pwrite(fd, buf, n, (off_t)off);

	(void)ctx;
	return r < 0 ? -errno : r;
}

static int kernel_sync(void *ctx, int fd)
{
	(void)ctx;
	return fdatasync(fd) < 0 ? -errno : 0;
}

static int kernel_sync_all(void *ctx, int fd)
{
	(void)ctx;
	return fsync(fd) < 0 ? -errno : 0;
}

static int kernel_truncate(void *ctx, int fd, uint64_t bytes)
{
	(void)ctx;
	return ftruncate(fd, (off_t)bytes) < 0 ? -errno : 0;
}

/* Where a file system cannot reserve, the size grows, and a full disk is told by pwrite. */
static int kernel_allocate(void *ctx, int fd, uint64_t bytes)
{
	(void)ctx;
	if (fallocate(fd, 0, 0, (off_t)bytes) == 0)
		return 0;
	if (errno != EOPNOTSUPP && errno != ENOSYS)
		return -errno;
	return ftruncate(fd, (off_t)bytes) < 0 ? -errno : 0;
}

static int kernel_unlink(void *ctx, int dir_fd, const char *name)
{
	(void)ctx;
	return unlinkat(dir_fd, name, 0) < 0 ? -errno : 0;
}

/* Where a file system cannot do both at once, nobody but us knows the hidden name. */
static int kernel_rename(void *ctx, int dir_fd, const char *from, const char *to, bool replace)
{
	unsigned flags = replace ? 0 : RENAME_NOREPLACE;

	(void)ctx;
	if (renameat2(dir_fd, from, dir_fd, to, flags) == 0)
		return 0;
	if (errno != EINVAL || replace)
		return -errno;
	if (faccessat(dir_fd, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST;
	return renameat(dir_fd, from, dir_fd, to) < 0 ? -errno : 0;
}

static int kernel_punch(void *ctx, int fd, uint64_t off, uint64_t len)
{
	int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;

	(void)ctx;
	return fallocate(fd, mode, (off_t)off, (off_t)len) < 0 ? -errno : 0;
}

static void *kernel_map(void *ctx, int fd, uint64_t off, size_t len, int *ret_err)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)off);

	(void)ctx;
	if (p != MAP_FAILED)
		return p;
	*ret_err = -errno;
	return NULL;
}

const struct fl_durable_ops fl_durable_kernel = {.pwrite = kernel_pwrite,
						 .sync = kernel_sync,
						 .sync_all = kernel_sync_all,
						 .truncate = kernel_truncate,
						 .allocate = kernel_allocate,
						 .unlink = kernel_unlink,
						 .rename = kernel_rename,
						 .punch = kernel_punch,
						 .map = kernel_map};

int fl_durable_write(struct fl_durable *d, int fd, const void *buf, size_t n, uint64_t off)
{
	const unsigned char *p = buf;
	unsigned interrupted = 0;
	int64_t r;

	while (n > 0) {
		r = d->ops->pwrite(d->ctx, fd, p, n, off);
		if (r == -EINTR && interrupted++ < EINTR_MAX)
			continue;
		if (r < 0)
			return (int)r;
		if (r == 0)
			return -EIO;
		interrupted = 0;
		p += r;
		off += (uint64_t)r;
		n -= (size_t)r;
	}
	return 0;
}

static int sync_with(struct fl_durable *d, int (*call)(void *, int), int fd)
{
	unsigned interrupted = 0;
	int r;

	if (d->never_syncs)
		return 0;
	do {
		r = call(d->ctx, fd);
	} while (r == -EINTR && interrupted++ < EINTR_MAX);
	d->syncs++;
	return r;
}

int fl_durable_sync(struct fl_durable *d, int fd)
{
	return sync_with(d, d->ops->sync, fd);
}

int fl_durable_sync_all(struct fl_durable *d, int fd)
{
	return sync_with(d, d->ops->sync_all, fd);
}

int fl_durable_truncate(struct fl_durable *d, int fd, uint64_t bytes)
{
	unsigned interrupted = 0;
	int r;

	do {
		r = d->ops->truncate(d->ctx, fd, bytes);
	} while (r == -EINTR && interrupted++ < EINTR_MAX);
	return r;
}

int fl_durable_allocate(struct fl_durable *d, int fd, uint64_t bytes)
{
	unsigned interrupted = 0;
	int r;

	do {
		r = d->ops->allocate(d->ctx, fd, bytes);
	} while (r == -EINTR && interrupted++ < EINTR_MAX);
	return r;
}

int fl_durable_unlink(struct fl_durable *d, int dir_fd, const char *name)
{
	return d->ops->unlink(d->ctx, dir_fd, name);
}

int fl_durable_rename(struct fl_durable *d, int dir_fd, const char *from, const char *to,
		      bool replace)
{
	return d->ops->rename(d->ctx, dir_fd, from, to, replace);
}

int fl_durable_punch(struct fl_durable *d, int fd, uint64_t off, uint64_t len)
{
	unsigned interrupted = 0;
	int r;

	do {
		r = d->ops->punch(d->ctx, fd, off, len);
	} while (r == -EINTR && interrupted++ < EINTR_MAX);
	return r == -ENOSYS ? -EOPNOTSUPP : r;
}

void *fl_durable_map(struct fl_durable *d, int fd, uint64_t off, size_t len, int *ret_err)
{
	return d->ops->map(d->ctx, fd, off, len, ret_err);
}

void fl_durable_start(struct fl_durable *d, int fd, uint64_t off, uint64_t len)
{
	if (!d->never_syncs && d->ops == &fl_durable_kernel)
		(void)sync_file_range(fd, (off_t)off, (off_t)len, SYNC_FILE_RANGE_WRITE);
}
