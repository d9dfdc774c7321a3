/* SPDX-License-Identifier: MIT */
#include "plat/file.h"
#include "base/size.h"
#include "plat/mapping.h"
#include "plat/residency.h"
#include "plat/supply.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* statx(2), Linux 6.1; missing from Debian 12's headers. */
#ifndef STATX_DIOALIGN
#define STATX_DIOALIGN 0x00002000U
#endif

/* struct statx: stx_dio_mem_align and stx_dio_offset_align are the two u32 behind stx_mnt_id,
 * at byte 152 (include/uapi/linux/stat.h). */
#define DIO_ALIGN_AT 152

/* Where the file system does not tell: a page suits every logical block size there is. */
#define DIO_ALIGN_DEFAULT 4096u

int fl_file_pread(int fd, void *buf, size_t n, uint64_t off, size_t *ret_got)
{
	size_t got = 0;
	ssize_t r;

	if (fl_supply_in_use)
		return fl_supply_pread(fd, buf, n, off, ret_got);
	while (got < n) {
		r = pread(fd, (char *)buf + got, n - got, (off_t)(off + got));
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (r == 0)
			break;
		got += (size_t)r;
	}
	*ret_got = got;
	return 0;
}

/* On overlayfs, where nobody is told that a read would wait. */
static bool is_missing(int fd, uint64_t off, size_t n)
{
	uint64_t pages = 0;

	return fl_resident_pages(fd, off, n, &pages, NULL) == 0 && pages == 0;
}

/*
 * Reading brings pages in, and so does asking with RWF_NOWAIT, which starts readahead: random access
 * keeps both to the pages asked for, and those are dropped again if they were not there.
 */
int fl_file_peek(int fd, void *buf, size_t n, uint64_t off, size_t *ret_got)
{
	struct iovec iov = {.iov_base = buf, .iov_len = n};
	uint64_t begin = fl_round_down(off, fl_page_bytes());
	uint64_t end = fl_round_up(off + n, fl_page_bytes());
	ssize_t got;
	bool missing;
	int r = 0;

	if (fl_supply_in_use)
		return fl_supply_pread(fd, buf, n, off, ret_got);
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
	got = preadv2(fd, &iov, 1, (off_t)off, RWF_NOWAIT);
	missing = got < 0 && (errno == EAGAIN || (errno == EOPNOTSUPP && is_missing(fd, off, n)));
	*ret_got = n;
	if (got < 0 || (size_t)got < n)
		r = fl_file_pread(fd, buf, n, off, ret_got);
	if (missing)
		(void)posix_fadvise(fd, (off_t)begin, (off_t)(end - begin), POSIX_FADV_DONTNEED);
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_NORMAL);
	return r;
}

int64_t fl_file_read(int fd, void *buf, size_t n, bool cancel_eintr)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	ssize_t r;

	for (;;) {
		r = read(fd, buf, n);
		if (r < 0 && errno == EAGAIN)
			r = poll(&p, 1, -1) < 0 ? -1 : -2;
		if (r >= 0)
			return r;
		if (r == -1 && (errno != EINTR || cancel_eintr))
			return -errno;
	}
}

/* Through the descriptor, not the path: another file may stand there by now. */
static int reopen(const struct fl_file *file, int flags, int *ret_fd)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file->fd);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | flags);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int fl_file_reopen(const struct fl_file *file, int *ret_fd)
{
	return reopen(file, 0, ret_fd);
}

static void dio_alignment(int fd, uint32_t *mem, uint32_t *off)
{
	union {
		struct statx x;
		unsigned char bytes[256];
	} u;

	*mem = *off = DIO_ALIGN_DEFAULT;
	memset(&u, 0, sizeof(u));
	if (statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &u.x) < 0 ||
	    !(u.x.stx_mask & STATX_DIOALIGN))
		return;
	memcpy(mem, u.bytes + DIO_ALIGN_AT, sizeof(*mem));
	memcpy(off, u.bytes + DIO_ALIGN_AT + sizeof(*mem), sizeof(*off));
}

int fl_file_open_direct(const struct fl_file *file, int *ret_fd, uint32_t *ret_mem_align,
			uint32_t *ret_off_align)
{
	uint32_t mem, off;
	int fd = -1, r = reopen(file, fl_supply_through_cache ? 0 : O_DIRECT, &fd);

	if (r < 0)
		return r == -EINVAL || r == -EOPNOTSUPP ? -FL_EUNSUPPORTED : r;
	dio_alignment(fd, &mem, &off);
	if (fl_supply_through_cache)
		mem = off = DIO_ALIGN_DEFAULT;
	/* Zero is how statx says "not on this file". */
	if (mem == 0 || off == 0) {
		close(fd);
		return -FL_EUNSUPPORTED;
	}
	*ret_fd = fd;
	*ret_mem_align = mem;
	*ret_off_align = off;
	return 0;
}

static int temp_in(const char *dir)
{
	char path[PATH_MAX];
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);

	if (fd >= 0)
		return fd;
	/* EISDIR: a kernel, EOPNOTSUPP: a file system, that does not know O_TMPFILE (open(2)). */
	if (errno != EOPNOTSUPP && errno != EISDIR)
		return -errno;
	if (snprintf(path, sizeof(path), "%s/faultline.XXXXXX", dir) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	unlink(path);
	return fd;
}

int fl_file_temp_in(const char *dir)
{
	return dir ? temp_in(dir) : fl_file_temp();
}

int fl_file_temp(void)
{
	const char *dir = secure_getenv("TMPDIR");
	int fd = dir && *dir ? temp_in(dir) : -ENOENT;

	return fd >= 0 ? fd : temp_in("/var/tmp");
}

int fl_fd_pwrite(int fd, const void *buf, size_t n, uint64_t off)
{
	const char *p = buf;
	ssize_t r;

	while (n > 0) {
		r = pwrite(fd, p, n, (off_t)off);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (r == 0)
			return -EIO;
		p += r;
		off += (uint64_t)r;
		n -= (size_t)r;
	}
	return 0;
}

void fl_fd_close(int fd)
{
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
}
