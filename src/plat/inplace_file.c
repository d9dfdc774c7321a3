/* SPDX-License-Identifier: MIT */
#include "plat/inplace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "plat/file.h"

/* open(2) says EPERM for files that chattr(1) has closed to this. */
static int explain_open(int code, struct fl_error *reterr)
{
	if (code == -EPERM)
		return fl_error_set(reterr, code, FL_OFF_NONE,
				    "immutable or append-only: cannot be rewritten in place");
	return fl_error_set(reterr, code, FL_OFF_NONE, NULL);
}

int fl_target_identity(int fd, struct fl_target *ret)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	ret->dev = st.st_dev;
	ret->ino = st.st_ino;
	ret->size_bytes = (uint64_t)st.st_size;
	/* st_blocks counts 512 bytes (stat(2)). */
	ret->has_holes = (uint64_t)st.st_blocks * 512 < ret->size_bytes;
	return 0;
}

static int open_regular(struct fl_target *t, bool write, struct fl_error *reterr)
{
	struct stat st;
	int r;

	/* A FIFO would wait for its other end, a device might act. */
	if (stat(t->path, &st) < 0)
		return fl_error_set(reterr, -errno, FL_OFF_NONE, NULL);
	if (S_ISDIR(st.st_mode))
		return fl_error_set(reterr, -EISDIR, FL_OFF_NONE, NULL);
	if (!S_ISREG(st.st_mode))
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE,
				    "not a regular file: cannot be rewritten in place");
	t->fd = open(t->path, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
	if (t->fd < 0)
		return explain_open(-errno, reterr);
	if (fl_file_is_made_up(t->fd))
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE,
				    "its bytes are on no disk: cannot be rewritten in place");
	r = fl_target_identity(t->fd, t);
	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, NULL) : 0;
}

int fl_path_dir(const char *path)
{
	char *copy = strdup(path), *slash;
	int fd;

	if (!copy)
		return -ENOMEM;
	slash = strrchr(copy, '/');
	if (slash)
		slash[slash == copy] = '\0';
	fd = open(slash ? copy : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = fd < 0 ? -errno : fd;
	free(copy);
	return fd;
}

int fl_target_open(const char *path, bool write, struct fl_target *ret, struct fl_error *reterr)
{
	struct fl_target t = {.fd = -1, .dir_fd = -1};
	int r;

	t.path = realpath(path, NULL);
	if (!t.path)
		return fl_error_set(reterr, -errno, FL_OFF_NONE, NULL);
	t.name = strrchr(t.path, '/') + 1;
	r = open_regular(&t, write, reterr);
	if (r == 0) {
		t.dir_fd = fl_path_dir(t.path);
		if (t.dir_fd < 0)
			r = fl_error_set(reterr, t.dir_fd, FL_OFF_NONE, NULL);
	}
	if (r < 0) {
		fl_target_close(&t);
		return r;
	}
	*ret = t;
	return 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void fl_target_close(struct fl_target *t)
{
	close_fd(&t->fd);
	close_fd(&t->dir_fd);
	free(t->path);
	t->path = NULL;
}

static int lock(int fd, int command)
{
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (fcntl(fd, command, &l) < 0)
		return errno == EACCES ? -EAGAIN : -errno;
	return command == F_OFD_GETLK && l.l_type != F_UNLCK ? -EAGAIN : 0;
}

int fl_target_lock(const struct fl_target *t)
{
	return lock(t->fd, F_OFD_SETLK);
}

int fl_beside_lock(int fd, bool test)
{
	return lock(fd, test ? F_OFD_GETLK : F_OFD_SETLK);
}

bool fl_beside_has_name(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_nlink > 0;
}

int fl_target_size(const struct fl_target *t, uint64_t *ret_bytes)
{
	return fl_beside_size(t->fd, ret_bytes, NULL);
}

int fl_beside_size(int fd, uint64_t *ret_bytes, uint64_t *ret_dev)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	*ret_bytes = (uint64_t)st.st_size;
	if (ret_dev)
		*ret_dev = st.st_dev;
	return 0;
}

uint64_t fl_beside_data(int fd, uint64_t off)
{
	off_t at = lseek(fd, (off_t)off, SEEK_DATA);

	/* ENXIO: nothing but a hole; others: a file system that does not know, so all is data. */
	if (at < 0)
		return errno == ENXIO ? UINT64_MAX : off;
	return (uint64_t)at;
}

int fl_target_mark(const struct fl_target *t, const void *value, size_t len)
{
	return fsetxattr(t->fd, FL_TARGET_MARK, value, len, 0) < 0 ? -errno : 0;
}

int fl_target_unmark(const struct fl_target *t)
{
	if (fremovexattr(t->fd, FL_TARGET_MARK) == 0 || errno == ENODATA || errno == EOPNOTSUPP)
		return 0;
	return -errno;
}

size_t fl_target_marked(int fd, void *value, size_t size)
{
	ssize_t n = fgetxattr(fd, FL_TARGET_MARK, value, size);

	return n < 0 ? 0 : (size_t)n;
}

bool fl_path_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

bool fl_path_marked(const char *path)
{
	return getxattr(path, FL_TARGET_MARK, NULL, 0) > 0;
}

int fl_target_create(const struct fl_target *t, const char *name)
{
	int fd = openat(t->dir_fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : fd;
}

int fl_beside_open(int dir_fd, const char *name, bool write)
{
	int fd = openat(dir_fd, name,
			(write ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC |
				O_NOCTTY);

	return fd < 0 ? -errno : fd;
}

bool fl_target_leased(const struct fl_target *t)
{
	return fcntl(t->fd, F_GETLEASE) == F_WRLCK;
}

int fl_target_lease(const struct fl_target *t, bool take)
{
	/* A broken lease is told by a signal: one that does nothing unless someone asked for it. */
	if (take && fcntl(t->fd, F_SETSIG, SIGURG) < 0)
		return -errno;
	if (fcntl(t->fd, F_SETLEASE, take ? F_WRLCK : F_UNLCK) < 0)
		return -errno;
	return 0;
}
