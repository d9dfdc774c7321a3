/* SPDX-License-Identifier: MIT */
#include "plat/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.h"
#include "plat/disk.h"

/* fs/configfs/mount.c; linux/magic.h has all the others. */
#define CONFIGFS_SUPER_MAGIC 0x62656570

static const long pseudo_magics[] = {PROC_SUPER_MAGIC,    SYSFS_MAGIC,         DEBUGFS_MAGIC,
				     TRACEFS_MAGIC,       CGROUP_SUPER_MAGIC,  SELINUX_MAGIC,
				     CGROUP2_SUPER_MAGIC, SECURITYFS_MAGIC,    PSTOREFS_MAGIC,
				     BINFMTFS_MAGIC,      CONFIGFS_SUPER_MAGIC};

/* Files whose content is made up while they are read: st_size is 0, a page, or a fancy. */
static bool on_pseudo_fs(int fd)
{
	struct statfs fs;
	size_t i;

	if (fstatfs(fd, &fs) < 0)
		return false;
	for (i = 0; i < sizeof(pseudo_magics) / sizeof(*pseudo_magics); i++)
		if (fs.f_type == pseudo_magics[i])
			return true;
	return false;
}

/* None of these is on a device, and of small files asking costs 4 % of the time. The second test finds
 * FUSE file systems that leave st_size 0. */
static bool size_lies(int fd, const struct stat *st)
{
	char byte;

	return (major(st->st_dev) == 0 && on_pseudo_fs(fd)) ||
	       (st->st_size == 0 && pread(fd, &byte, 1, 0) > 0);
}

bool fl_file_is_made_up(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && size_lies(fd, &st);
}

static void set_regular(struct fl_file *f, const struct stat *st)
{
	uint64_t size = (uint64_t)st->st_size;

	if (size_lies(f->fd, st)) {
		f->kind = FL_SOURCE_PSEUDO;
		f->size_bytes = FL_SIZE_UNKNOWN;
		return;
	}
	f->kind = FL_SOURCE_REGULAR;
	f->size_bytes = size > f->base_off ? size - f->base_off : 0;
	f->can_map = true;
}

static int set_block(struct fl_file *f, struct fl_error *reterr)
{
	uint64_t size;

	if (ioctl(f->fd, BLKGETSIZE64, &size) < 0)
		return fl_error_set(reterr, -errno, FL_OFF_NONE, NULL);
	f->kind = FL_SOURCE_BLOCK;
	f->size_bytes = size > f->base_off ? size - f->base_off : 0;
	f->can_map = true;
	return 0;
}

static void set_stream(struct fl_file *f)
{
	f->kind = FL_SOURCE_STREAM;
	f->size_bytes = FL_SIZE_UNKNOWN;
	f->base_off = 0;
}

static int classify(struct fl_file *f, struct fl_error *reterr)
{
	struct stat st;
	int r = 0;

	if (fstat(f->fd, &st) < 0)
		return fl_error_set(reterr, -errno, FL_OFF_NONE, NULL);
	f->dev = st.st_dev;
	f->ino = st.st_ino;
	switch (st.st_mode & S_IFMT) {
	case S_IFDIR:
		return fl_error_set(reterr, -EISDIR, FL_OFF_NONE, NULL);
	case S_IFREG:
		set_regular(f, &st);
		break;
	case S_IFBLK:
		r = set_block(f, reterr);
		break;
	default:
		set_stream(f);
	}
	f->disk = S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev;
	f->rotational = r == 0 && f->can_map && fl_disk_rotates(f->disk);
	return r;
}

/* Not retried on EINTR: that is how a signal ends the wait for a FIFO's writer. */
static int open_path(const char *path, struct fl_error *reterr)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), saved = errno;
	struct stat st;

	if (fd >= 0)
		return fd;
	/* strerror(ENXIO) reads as if a device were missing. */
	if (saved == ENXIO && stat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		return fl_error_set(reterr, -ENXIO, FL_OFF_NONE, "Is a socket");
	return fl_error_set(reterr, -saved, FL_OFF_NONE, NULL);
}

int fl_file_open(const char *path, struct fl_file *ret, struct fl_error *reterr)
{
	struct fl_file f = {.fd = open_path(path, reterr), .owns_fd = true};
	int r;

	if (f.fd < 0)
		return f.fd;
	r = classify(&f, reterr);
	if (r < 0)
		goto out;
	f.path = strdup(path);
	if (!f.path) {
		r = fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
		goto out;
	}
	*ret = f;
	return 0;
out:
	fl_file_close(&f);
	return r;
}

int fl_file_from_fd(int fd, struct fl_file *ret, struct fl_error *reterr)
{
	struct fl_file f = {.fd = fd};
	int flags = fcntl(fd, F_GETFL);
	off_t at;
	int r;

	/* Those that read(2) will refuse are refused now, before a job is built on them. */
	if (flags < 0 || (flags & O_ACCMODE) == O_WRONLY || (flags & O_PATH))
		return fl_error_set(reterr, -EBADF, FL_OFF_NONE, NULL);
	at = lseek(fd, 0, SEEK_CUR);
	f.base_off = at > 0 ? (uint64_t)at : 0;
	r = classify(&f, reterr);
	if (r == 0)
		*ret = f;
	return r;
}

void fl_file_close(struct fl_file *file)
{
	if (file->owns_fd)
		fl_fd_close(file->fd);
	free(file->path);
	file->fd = -1;
	file->owns_fd = false;
	file->path = NULL;
}

static uint64_t to_ns(const struct timespec *ts)
{
	return (uint64_t)ts->tv_sec * UINT64_C(1000000000) + (uint64_t)ts->tv_nsec;
}

int fl_file_state(const struct fl_file *file, struct fl_file_state *ret)
{
	struct stat st;
	uint64_t size;

	if (fstat(file->fd, &st) < 0)
		return -errno;
	size = (uint64_t)st.st_size;
	if (file->kind == FL_SOURCE_BLOCK && ioctl(file->fd, BLKGETSIZE64, &size) < 0)
		return -errno;
	ret->size_bytes = size;
	ret->ctime_ns = to_ns(&st.st_ctim);
	ret->mtime_ns = to_ns(&st.st_mtim);
	return 0;
}

bool fl_file_replaced(const struct fl_file *file)
{
	struct stat st;

	if (!file->path)
		return false;
	/* Any other error says nothing about which file stands there. */
	if (stat(file->path, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR;
	return st.st_dev != file->dev || st.st_ino != file->ino;
}
