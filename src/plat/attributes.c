/* SPDX-License-Identifier: MIT */
#include "plat/attributes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static bool is_systems(const char *name)
{
	return strncmp(name, "security.", 9) == 0 || strncmp(name, "trusted.", 8) == 0;
}

static int copy_one(const char *from, int to, const char *name)
{
	ssize_t size = getxattr(from, name, NULL, 0);
	char *value;
	int r = 0;

	/* Gone since it was listed, or not for us to read. */
	if (size < 0)
		return errno == ENODATA || is_systems(name) ? 0 : -errno;
	value = malloc((size_t)size + 1);
	if (!value)
		return -ENOMEM;
	size = getxattr(from, name, value, (size_t)size);
	if (size >= 0 && fsetxattr(to, name, value, (size_t)size, 0) < 0 && !is_systems(name))
		r = -errno;
	free(value);
	return r;
}

static int copy_listed(const char *from, int to, const char *names, size_t len)
{
	int r = 0;

	for (size_t at = 0; r == 0 && at < len; at += strlen(names + at) + 1)
		r = copy_one(from, to, names + at);
	return r;
}

int fl_attributes_copy(const char *from, int to)
{
	ssize_t size = listxattr(from, NULL, 0);
	char *names;
	int r;

	if (size <= 0)
		return size == 0 || errno == EOPNOTSUPP ? 0 : -errno;
	names = malloc((size_t)size);
	if (!names)
		return -ENOMEM;
	size = listxattr(from, names, (size_t)size);
	r = size < 0 ? -errno : copy_listed(from, to, names, (size_t)size);
	free(names);
	return r;
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
