/* SPDX-License-Identifier: MIT */
#include "plat/prefetch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/size.h"

/* linux/mman.h, Linux 5.14 */
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

/* A folio that one page-table entry maps: 2 MiB on x86-64 and on arm64 with 4 KiB pages. */
#define FOLIO_BYTES FL_MIB(2)

/* The same 32 KiB again and again: the copy stays in the first-level cache. */
#define SINK_BYTES ((size_t)32 << 10)
#define SINKS_MAX 128

/* MADV_RANDOM: this folio and not the next one too, which another thread has taken. */
void fl_prefetch_folios(int fd, uint64_t off, size_t len)
{
	char *p = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, (off_t)off);
	size_t i;

	if (p == MAP_FAILED)
		return;
	if (madvise(p, len, MADV_HUGEPAGE) == 0) {
		(void)madvise(p, len, MADV_RANDOM);
		for (i = 0; i < len; i += FOLIO_BYTES)
			(void)madvise(p + i, 1, MADV_POPULATE_READ);
	}
	munmap(p, len);
}

void fl_prefetch(int fd, uint64_t off, size_t len)
{
	static _Thread_local unsigned char sink[SINK_BYTES];
	struct iovec iov[SINKS_MAX];
	ssize_t got = 1;
	size_t n;
	int i;

	while (len > 0 && got > 0) {
		for (i = 0, n = 0; i < SINKS_MAX && n < len; i++) {
			iov[i].iov_base = sink;
			iov[i].iov_len = len - n < SINK_BYTES ? len - n : SINK_BYTES;
			n += iov[i].iov_len;
		}
		got = preadv(fd, iov, i, (off_t)off);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0) {
			off += (uint64_t)got;
			len -= (size_t)got;
		}
	}
}

/* Reads of this size with readahead off leave single pages (measured on ext4, 6.18: 16 faults per
 * MiB afterwards, fault-around taken into account). */
#define SMALL_READ_BYTES FL_KIB(128)

int fl_prefetch_small(int fd, uint64_t off, uint64_t len)
{
	char path[32];
	uint64_t end = off + len;
	void *buf = malloc(SMALL_READ_BYTES);
	ssize_t got = 1;
	int own, r = 0;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	own = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (!buf || own < 0)
		r = buf ? -errno : -ENOMEM;
	else
		r = -posix_fadvise(own, 0, 0, POSIX_FADV_RANDOM);
	while (r == 0 && off < end && got != 0) {
		got = pread(own, buf, fl_min_size(SMALL_READ_BYTES, (size_t)(end - off)),
			    (off_t)off);
		if (got < 0 && errno != EINTR)
			r = -errno;
		off += got > 0 ? (uint64_t)got : 0;
	}
	if (own >= 0)
		close(own);
	free(buf);
	return r;
}

static uint64_t faults_so_far(void)
{
	struct rusage u = {.ru_minflt = 0};

	getrusage(RUSAGE_THREAD, &u);
	return (uint64_t)u.ru_minflt + (uint64_t)u.ru_majflt;
}

uint64_t fl_prefetch_faults(int fd, uint64_t off, size_t len)
{
	const volatile unsigned char *p = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, (off_t)off);
	size_t page = (size_t)sysconf(_SC_PAGESIZE), i;
	uint64_t before;

	if (p == MAP_FAILED)
		return UINT64_MAX;
	before = faults_so_far();
	for (i = 0; i < len; i += page)
		(void)p[i];
	before = faults_so_far() - before;
	munmap((void *)(uintptr_t)p, len);
	return before;
}

void fl_memory_use(uint64_t bytes)
{
	uint64_t free_bytes = (uint64_t)sysconf(_SC_AVPHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
	size_t n = (size_t)fl_min_u64(bytes, free_bytes / 2), i;
	volatile char *p;

	if (n == 0)
		return;
	p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return;
	/* 2 MiB pages where they are to be had: this is about memory, not about page faults. */
	(void)madvise((void *)(uintptr_t)p, n, MADV_HUGEPAGE);
	for (i = 0; i < n; i += 4096)
		p[i] = 1;
	munmap((void *)(uintptr_t)p, n);
}
