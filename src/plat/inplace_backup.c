/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/random.h"
#include "plat/attributes.h"
#include "plat/inplace_file.h"

#define COPY_BYTES ((size_t)1 << 20)

/* What copy_file_range(2) cannot do, a buffer can. */
static int copy_by_buffer(int from, int to, uint64_t off)
{
	char *buf = malloc(COPY_BYTES);
	ssize_t got, put;
	int r = buf ? 0 : -ENOMEM;

	while (r == 0 && (got = pread(from, buf, COPY_BYTES, (off_t)off)) != 0) {
		if (got < 0) {
			r = errno == EINTR ? 0 : -errno;
			continue;
		}
		for (ssize_t done = 0; r == 0 && done < got; done += put) {
			put = pwrite(to, buf + done, (size_t)(got - done),
				     (off_t)off + (off_t)done);
			if (put < 0) {
				r = errno == EINTR ? 0 : -errno;
				put = 0;
			}
		}
		off += (uint64_t)got;
	}
	free(buf);
	return r;
}

static int copy(int from, int to)
{
	off_t in = 0, out = 0;
	ssize_t n;

	if (ioctl(to, FICLONE, from) == 0)
		return 0;
	do
		n = copy_file_range(from, &in, to, &out, (size_t)1 << 30, 0);
	while (n > 0);
	/* Also when it says that all was copied: on some file systems it says so without having begun
	 * (copy_file_range(2), BUGS), and this backup is all that is left of the file. */
	return copy_by_buffer(from, to, (uint64_t)in);
}

static int copy_attributes(int from, int to)
{
	struct timespec times[2];
	struct stat st;
	int r;

	if (fstat(from, &st) < 0)
		return -errno;
	r = fl_attributes_owner(to, st.st_uid, st.st_gid, st.st_mode & 07777);
	if (r == 0)
		r = fl_attributes_access(NULL, from, to);
	if (r == 0)
		r = fl_attributes_copy_fd(from, to);
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	return r == 0 && futimens(to, times) < 0 ? -errno : r;
}

/* As sed -i: a '*' stands for the name, else the suffix is appended. */
static int backup_name(const char *name, const char *suffix, char *ret, size_t size)
{
	const char *star = strchr(suffix, '*');
	int n;

	if (star)
		n = snprintf(ret, size, "%.*s%s%s", (int)(star - suffix), suffix, name, star + 1);
	else
		n = snprintf(ret, size, "%s%s", name, suffix);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

static int refuse(struct fl_error *reterr, const char *suffix, const char *why)
{
	return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, "backup with suffix '%s': %s", suffix,
			    why);
}

int fl_target_backup(const struct fl_target *t, const char *suffix, struct fl_error *reterr)
{
	char name[NAME_MAX + 1], temp[64];
	uint64_t random = 0;
	int fd = -1, r = backup_name(t->name, suffix, name, sizeof(name));

	if (strchr(suffix, '/'))
		return refuse(reterr, suffix, "it stays beside the file: no '/' in the suffix");
	if (r == 0 && strcmp(name, t->name) == 0)
		return refuse(reterr, suffix, "that is the file itself");
	/* In containers all runs may have the same number: what a killed one left would be in the way. */
	if (r == 0)
		r = fl_random_bytes(&random, sizeof(random));
	snprintf(temp, sizeof(temp), ".faultline-backup.%016" PRIx64, random);
	if (r == 0) {
		fd = fl_target_create(t, temp);
		r = fd < 0 ? fd : 0;
	}
	if (r == 0)
		r = copy(t->fd, fd);
	if (r == 0)
		r = copy_attributes(t->fd, fd);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r == 0 && renameat(t->dir_fd, temp, t->dir_fd, name) < 0)
		r = -errno;
	if (r == 0 && fsync(t->dir_fd) < 0)
		r = -errno;
	else if (r < 0 && fd >= 0)
		unlinkat(t->dir_fd, temp, 0);
	if (fd >= 0)
		close(fd);
	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, "backup with suffix '%s': %s", suffix,
				    fl_strerror(r))
		     : 0;
}
