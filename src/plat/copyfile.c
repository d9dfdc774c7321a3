/* SPDX-License-Identifier: MIT */
#include "plat/copyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "base/size.h"

/* What cp(1) of coreutils 9.1 reads at a time is 128 KiB; the engine reads 256 KiB. */
#define BUFFER_BYTES FL_KIB(256)
#define WINDOW_BYTES FL_MIB(8)
#define PIPE_BYTES FL_MIB(1)

static int write_all(int to, const unsigned char *p, size_t n, uint64_t off, struct fl_copied *ret)
{
	while (n > 0) {
		ssize_t put = pwrite(to, p, n, (off_t)off);

		if (put < 0 && errno != EINTR)
			return -errno;
		if (put > 0) {
			p += put;
			off += (uint64_t)put;
			n -= (size_t)put;
			ret->call_bytes += (uint64_t)put;
		}
	}
	return 0;
}

static int by_read(int from, int to, uint64_t len, struct fl_copied *ret)
{
	unsigned char *buf = malloc(BUFFER_BYTES);
	uint64_t off = 0;
	int r = buf ? 0 : -ENOMEM;

	while (r == 0 && off < len) {
		size_t n = (size_t)fl_min_u64(BUFFER_BYTES, len - off);
		ssize_t got = pread(from, buf, n, (off_t)off);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			r = got < 0 ? -errno : -ENODATA;
			break;
		}
		ret->call_bytes += (uint64_t)got;
		r = write_all(to, buf, (size_t)got, off, ret);
		off += (uint64_t)got;
	}
	free(buf);
	return r;
}

static int map_pair(int from, int to, uint64_t off, size_t n, unsigned char **a, unsigned char **b)
{
	*a = mmap(NULL, n, PROT_READ, MAP_SHARED, from, (off_t)off);
	if (*a == MAP_FAILED)
		return -errno;
	*b = NULL;
	if (to >= 0)
		*b = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, to, (off_t)off);
	if (*b != MAP_FAILED)
		return 0;
	to = -errno;
	munmap(*a, n);
	return to;
}

static int by_mapping(int from, int to, uint64_t len, int both, struct fl_copied *ret)
{
	unsigned char *a = NULL, *b = NULL;
	uint64_t off;
	size_t n;
	int r = 0;

	/* Real blocks: a full disk is an error here, and a SIGBUS in a mapping. */
	if (both)
		r = -posix_fallocate(to, 0, (off_t)len);
	for (off = 0; r == 0 && off < len; off += n) {
		n = (size_t)fl_min_u64(WINDOW_BYTES, len - off);
		r = map_pair(from, both ? to : -1, off, n, &a, &b);
		if (r < 0)
			break;
		if (both) {
			memcpy(b, a, n);
			ret->memcpy_bytes += n;
			munmap(b, n);
		} else {
			r = write_all(to, a, n, off, ret);
		}
		munmap(a, n);
	}
	return r;
}

static int by_call(enum fl_copy how, int from, int to, uint64_t len)
{
	off_t in = 0, out = 0;
	ssize_t n = 1;

	if (how == FL_COPY_SENDFILE && lseek(to, 0, SEEK_SET) < 0)
		return -errno;
	while ((uint64_t)in < len) {
		size_t left = (size_t)(len - (uint64_t)in);

		n = how == FL_COPY_RANGE ? copy_file_range(from, &in, to, &out, left, 0)
					 : sendfile(to, from, &in, left);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return -ENODATA;
	}
	return 0;
}

static int drain(int pipe_end, int to, size_t n)
{
	while (n > 0) {
		ssize_t put = splice(pipe_end, NULL, to, NULL, n, SPLICE_F_MOVE);

		if (put < 0 && errno != EINTR)
			return -errno;
		n -= put > 0 ? (size_t)put : 0;
	}
	return 0;
}

static int by_splice(int from, int to, uint64_t len)
{
	off_t in = 0;
	int fd[2], r = 0;

	if (pipe2(fd, O_CLOEXEC) < 0)
		return -errno;
	(void)fcntl(fd[1], F_SETPIPE_SZ, (int)PIPE_BYTES);
	if (lseek(to, 0, SEEK_SET) < 0)
		r = -errno;
	while (r == 0 && (uint64_t)in < len) {
		size_t left = (size_t)fl_min_u64(PIPE_BYTES, len - (uint64_t)in);
		ssize_t got = splice(from, &in, fd[1], NULL, left, SPLICE_F_MOVE);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			r = got < 0 ? -errno : -ENODATA;
		else
			r = drain(fd[0], to, (size_t)got);
	}
	close(fd[0]);
	close(fd[1]);
	return r;
}

int fl_copy_file(enum fl_copy how, int from, int to, uint64_t len, struct fl_copied *ret)
{
	*ret = (struct fl_copied){0};
	switch (how) {
	case FL_COPY_READ_WRITE:
		return by_read(from, to, len, ret);
	case FL_COPY_MMAP_WRITE:
		return by_mapping(from, to, len, 0, ret);
	case FL_COPY_MMAP_MMAP:
		return by_mapping(from, to, len, 1, ret);
	case FL_COPY_RANGE:
	case FL_COPY_SENDFILE:
		return by_call(how, from, to, len);
	case FL_COPY_SPLICE:
		return by_splice(from, to, len);
	}
	return -EINVAL;
}

static int update_mapped(int fd, uint64_t len, uint64_t stride, unsigned char value)
{
	unsigned char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	uint64_t off;
	int r;

	if (p == MAP_FAILED)
		return -errno;
	for (off = 0; off < len; off += stride)
		p[off] = value;
	r = msync(p, len, MS_SYNC) < 0 ? -errno : 0;
	munmap(p, len);
	return r;
}

static int update_by_calls(int fd, uint64_t len, uint64_t stride, unsigned char value,
			   struct fl_copied *ret)
{
	unsigned char page[4096];
	uint64_t off;
	ssize_t got;
	int r = 0;

	for (off = 0; r == 0 && off < len; off += stride) {
		got = pread(fd, page, sizeof(page), (off_t)off);
		if (got <= 0)
			return got < 0 ? -errno : -ENODATA;
		page[0] = value;
		ret->call_bytes += (uint64_t)got;
		r = write_all(fd, page, (size_t)got, off, ret);
	}
	if (r == 0 && fdatasync(fd) < 0)
		r = -errno;
	return r;
}

int fl_update_file(int fd, uint64_t len, uint64_t stride, unsigned char value, int mapped,
		   struct fl_copied *ret)
{
	*ret = (struct fl_copied){0};
	return mapped ? update_mapped(fd, len, stride, value)
		      : update_by_calls(fd, len, stride, value, ret);
}
