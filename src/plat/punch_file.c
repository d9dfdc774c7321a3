/* SPDX-License-Identifier: MIT */
#include "plat/punch_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "plat/attributes.h"

#define NS_PER_S INT64_C(1000000000)
#define BLOCK_BYTES_LEAST 4096u
/* Network file systems call the length of a request that; what they free may be shorter. */
#define BLOCK_BYTES_MOST (1u << 20)

static int64_t to_ns(struct timespec t)
{
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static struct timespec from_ns(int64_t ns)
{
	struct timespec t = {.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};

	if (t.tv_nsec < 0) {
		t.tv_sec--;
		t.tv_nsec += NS_PER_S;
	}
	return t;
}

static uint64_t block_bytes(int fd)
{
	struct statvfs fs;
	uint64_t bytes = BLOCK_BYTES_LEAST;

	if (fstatvfs(fd, &fs) == 0 && fs.f_bsize > bytes && fs.f_bsize <= BLOCK_BYTES_MOST &&
	    (fs.f_bsize & (fs.f_bsize - 1)) == 0)
		bytes = fs.f_bsize;
	return bytes;
}

int fl_punch_look(int fd, struct fl_punch_state *ret)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	*ret = (struct fl_punch_state){.size_bytes = (uint64_t)st.st_size,
				       .links = st.st_nlink,
				       .block_bytes = block_bytes(fd),
				       .times = {to_ns(st.st_atim), to_ns(st.st_mtim)}};
	return 0;
}

int fl_punch_name(int dir_fd, const char *name, uint64_t *ret_ino, bool *ret_regular)
{
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	*ret_ino = st.st_ino;
	*ret_regular = S_ISREG(st.st_mode);
	return 0;
}

bool fl_punch_is_link(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

int fl_punch_create(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : fd;
}

bool fl_punch_same_dir(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

int fl_punch_rewind(int fd)
{
	return lseek(fd, 0, SEEK_SET) < 0 ? -errno : 0;
}

int fl_punch_dress(int fd, int like, const struct fl_punch_times *times)
{
	struct timespec both[2] = {from_ns(times->atime_ns), from_ns(times->mtime_ns)};
	struct stat st;
	int r;

	if (fstat(like, &st) < 0)
		return -errno;
	r = fl_attributes_owner(fd, st.st_uid, st.st_gid, st.st_mode & 07777);
	if (r == 0)
		r = fl_attributes_access(NULL, like, fd);
	return r == 0 && futimens(fd, both) < 0 ? -errno : r;
}

int fl_punch_path(const char *path, char **ret)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char *dir, *real;
	int n;

	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return -EISDIR;
	dir = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	real = dir ? realpath(dir, NULL) : NULL;
	n = real ? asprintf(ret, "%s/%s", strcmp(real, "/") == 0 ? "" : real, name) : -errno;
	free(dir);
	free(real);
	if (!real)
		return n < 0 ? n : -ENOMEM;
	return n < 0 ? -ENOMEM : 0;
}
