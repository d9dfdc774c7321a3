/* SPDX-License-Identifier: MIT */
#include "plat/attributes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "plat/inplace_file.h"

#define ACL_NAME "system.posix_acl_access"

/* A file: by its path or, where that is NULL, by a descriptor. */
struct file {
	const char *path;
	int fd;
};

static ssize_t value_of(const struct file *f, const char *name, void *value, size_t size)
{
	return f->path ? getxattr(f->path, name, value, size) : fgetxattr(f->fd, name, value, size);
}

static ssize_t names_of(const struct file *f, char *names, size_t size)
{
	return f->path ? listxattr(f->path, names, size) : flistxattr(f->fd, names, size);
}

static bool is_systems(const char *name)
{
	return strncmp(name, "security.", 9) == 0 || strncmp(name, "trusted.", 8) == 0;
}

static int copy_one(const struct file *from, int to, const char *name)
{
	ssize_t size = value_of(from, name, NULL, 0);
	char *value;
	int r = 0;

	/* Gone since it was listed, or not for us to read. */
	if (size < 0)
		return errno == ENODATA || is_systems(name) ? 0 : -errno;
	value = malloc((size_t)size + 1);
	if (!value)
		return -ENOMEM;
	size = value_of(from, name, value, (size_t)size);
	if (size >= 0 && fsetxattr(to, name, value, (size_t)size, 0) < 0 && !is_systems(name))
		r = -errno;
	free(value);
	return r;
}

static bool same_group(const struct file *from, int to)
{
	struct stat a, b;

	return (from->path ? stat(from->path, &a) : fstat(from->fd, &a)) == 0 &&
	       fstat(to, &b) == 0 && a.st_gid == b.st_gid;
}

/* The journal is that of one inode. And what an ACL gives to the group is for that group only. */
static bool is_left(const struct file *from, int to, const char *name)
{
	return strcmp(name, FL_TARGET_MARK) == 0 ||
	       (strcmp(name, ACL_NAME) == 0 && !same_group(from, to));
}

static int copy_listed(const struct file *from, int to, const char *names, size_t len)
{
	int r = 0;

	for (size_t at = 0; r == 0 && at < len; at += strlen(names + at) + 1)
		if (!is_left(from, to, names + at))
			r = copy_one(from, to, names + at);
	return r;
}

static int copy_all(const struct file *from, int to)
{
	ssize_t size = names_of(from, NULL, 0);
	char *names;
	int r;

	if (size <= 0)
		return size == 0 || errno == EOPNOTSUPP ? 0 : -errno;
	names = malloc((size_t)size);
	if (!names)
		return -ENOMEM;
	size = names_of(from, names, (size_t)size);
	r = size < 0 ? -errno : copy_listed(from, to, names, (size_t)size);
	free(names);
	return r;
}

int fl_attributes_copy(const char *from, int to)
{
	return copy_all(&(struct file){.path = from}, to);
}

int fl_attributes_copy_fd(int from, int to)
{
	return copy_all(&(struct file){.fd = from}, to);
}

int fl_attributes_access(const char *path, int fd, int to)
{
	const struct file from = {path, fd};
	struct stat st;

	if (value_of(&from, ACL_NAME, NULL, 0) < 0)
		return 0;
	if (same_group(&from, to) && copy_one(&from, to, ACL_NAME) == 0)
		return 0;
	if (fstat(to, &st) < 0 || fchmod(to, st.st_mode & 07777 & ~(mode_t)S_IRWXG) < 0)
		return -errno;
	return 0;
}

/* The owner first: chown(2) clears set-user-ID. Those who may not give files away keep them. */
int fl_attributes_owner(int fd, unsigned uid, unsigned gid, unsigned mode)
{
	if (fchown(fd, (uid_t)-1, gid) < 0)
		mode &= ~(unsigned)(S_ISGID | S_IRWXG);
	if (fchown(fd, uid, (gid_t)-1) < 0)
		mode &= ~(unsigned)S_ISUID;
	return fchmod(fd, mode) < 0 ? -errno : 0;
}

bool fl_attributes_fixed(const char *path)
{
	struct statx st;

	return statx(AT_FDCWD, path, 0, STATX_TYPE, &st) == 0 &&
	       (st.stx_attributes & (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND)) != 0;
}
