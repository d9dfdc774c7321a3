/* SPDX-License-Identifier: MIT */
#include "plat/residency.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/size.h"
#include "plat/cgroup.h"
#include "plat/pagecache.h"

/* Enough probes that a file one per cent of which is missing is found out every second time. */
#define PROBES 64u

/* Of fl_resident_percent(): 64 KiB is what one fault maps around, 256 of them cost 0.1-0.5 ms. */
#define SAMPLES 256u
#define SAMPLE_BYTES FL_KIB(64)

static int by_cachestat(int fd, uint64_t off, uint64_t len, uint64_t *ret_pages)
{
	struct fl_pagecache counts;
	int r = fl_pagecache_count(fd, off, len, &counts);

	if (r == 0)
		*ret_pages = counts.resident;
	return r;
}

/* Return: what each of the two says that counts; *ret_method: which it was */
static int exactly(int fd, uint64_t off, uint64_t len, uint64_t *ret_pages, const char **ret_method)
{
	int r = by_cachestat(fd, off, len, ret_pages);

	*ret_method = "cachestat";
	if (r == -EOPNOTSUPP || r == -ENOSYS) {
		*ret_method = "mincore";
		r = fl_pagecache_mincore(fd, off, len, ret_pages);
	}
	return r;
}

/* 1 if the byte is in the cache, 0 if not or behind the end, -errno */
static int probe(int fd, uint64_t off)
{
	char byte;
	struct iovec iov = {.iov_base = &byte, .iov_len = 1};
	ssize_t r = preadv2(fd, &iov, 1, (off_t)off, RWF_NOWAIT);

	if (r >= 0)
		return (int)r;
	return errno == EAGAIN ? 0 : -errno;
}

/*
 * A probe that misses starts readahead behind it (measured on 6.18: a miss comes back as EAGAIN
 * and the page is there 50 ms later). So that it brings in one page only, and the caller's
 * readahead state stays as it is, probes go through a descriptor of their own.
 */
static int probing_fd(int fd)
{
	char path[32];
	int own;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	own = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (own >= 0)
		(void)posix_fadvise(own, 0, 0, POSIX_FADV_RANDOM);
	return own;
}

/* What this thread has read from devices so far, in blocks of 512 bytes; 0 where nobody counts */
static long blocks_read(void)
{
	struct rusage u;

	return getrusage(RUSAGE_THREAD, &u) == 0 ? u.ru_inblock : 0;
}

/*
 * From the end backwards: what a miss brings in lies where nobody asks any more. A fast device has
 * it there before the probe looks again (6.18: up to 3 of 64 misses came back as hits), so a probe
 * that had something read counts as a miss.
 */
static int count_hits(int fd, uint64_t off, uint64_t pages, uint64_t n, uint64_t *ret_hits)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), hits = 0, i;
	long before, after = blocks_read();
	int r;

	for (i = n; i-- > 0;) {
		before = after;
		r = probe(fd, off + pages * i / n * page);
		after = blocks_read();
		if (r < 0)
			return -EOPNOTSUPP;
		hits += r > 0 && after == before;
	}
	*ret_hits = hits;
	return 0;
}

static int by_probes(int fd, uint64_t off, uint64_t len, uint64_t *ret_pages)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), hits = 0;
	uint64_t first = fl_round_down(off, page);
	uint64_t pages = (fl_round_up(fl_add_sat(off, len), page) - first) / page;
	uint64_t n = fl_min_u64(pages, PROBES);
	int own = probing_fd(fd);
	int r = count_hits(own >= 0 ? own : fd, first, pages, n, &hits);

	if (own >= 0)
		close(own);
	if (r == 0)
		*ret_pages = n ? pages * hits / n : 0;
	return r;
}

int fl_resident_pages(int fd, uint64_t off, uint64_t len, uint64_t *ret_pages,
		      const char **method_ret)
{
	const char *method = "cachestat";
	int r = 0;

	/* 0 would mean "to the end" to cachestat(2). */
	if (len == 0)
		*ret_pages = 0;
	else
		r = exactly(fd, off, len, ret_pages, &method);
	if (r < 0) {
		method = "nowait";
		r = by_probes(fd, off, len, ret_pages);
	}
	if (r == 0 && method_ret)
		*method_ret = method;
	return r;
}

int fl_resident_percent(int fd, uint64_t off, uint64_t len, unsigned *ret_percent)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t begin = fl_round_down(off, page);
	uint64_t pages = (fl_round_up(fl_add_sat(off, len), page) - begin) / page;
	uint64_t each = SAMPLE_BYTES / page, n = SAMPLES, found = 0, hits = 0, i;
	const char *method;

	if (pages <= n * each) {
		n = 1;
		each = pages;
	}
	for (i = 0; i < n; i++) {
		uint64_t at = n > 1 ? (pages - each) * i / (n - 1) : 0;

		if (each > 0 && exactly(fd, begin + at * page, each * page, &hits, &method) < 0)
			break;
		found += hits;
	}
	if (i < n) {
		if (by_probes(fd, off, len, &found) < 0)
			return -EOPNOTSUPP;
		n = 1;
		each = pages;
	}
	*ret_percent = each > 0 ? (unsigned)(fl_min_u64(found, n * each) * 100 / (n * each)) : 0;
	return 0;
}

bool fl_resident_is_exact(int fd)
{
	uint64_t pages;

	return by_cachestat(fd, 0, 1, &pages) == 0;
}

void fl_drop_pages(int fd, uint64_t off, uint64_t len)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t to = fl_min_u64(fl_add_sat(off, len), INT64_MAX);
	uint64_t from = fl_round_up(off, page);

	/* A length of 0 means "to the end", also of what is appended. The kernel leaves a last
	 * page alone that the range covers in part, unless the file ends there. */
	if (to > from)
		(void)posix_fadvise(fd, (off_t)from, (off_t)(to - from), POSIX_FADV_DONTNEED);
}

/* "Key:   1234 kB" of /proc/meminfo in bytes */
static uint64_t meminfo_bytes(const char *key)
{
	char text[4096];
	const char *p;
	ssize_t n = -1;
	int fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
	p = strstr(text, key);
	return p ? strtoull(p + strlen(key), NULL, 10) * 1024 : UINT64_MAX;
}

uint64_t fl_memory_available(void)
{
	struct fl_cgroup_memory m;

	fl_cgroup_memory(FL_CGROUP_ROOT, FL_CGROUP_SELF, &m);
	return fl_min_u64(meminfo_bytes("MemAvailable:"), m.room_bytes);
}

uint64_t fl_memory_cgroup_limit(void)
{
	struct fl_cgroup_memory m;

	fl_cgroup_memory(FL_CGROUP_ROOT, FL_CGROUP_SELF, &m);
	return m.limit_bytes;
}
