/* SPDX-License-Identifier: MIT */
#include "plat/pagecache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/size.h"

/* cachestat(2), Linux 6.5: the same number on every architecture that has the common table. */
#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif

/* linux/mman.h, Linux 5.14 */
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

/* uapi/linux/mman.h, whose newer versions have the names without "fl_" */
struct fl_cachestat_range {
	uint64_t off;
	uint64_t len;
};

struct fl_cachestat {
	uint64_t nr_cache;
	uint64_t nr_dirty;
	uint64_t nr_writeback;
	uint64_t nr_evicted;
	uint64_t nr_recently_evicted;
};

/* linux/magic.h */
#ifndef OVERLAYFS_SUPER_MAGIC
#define OVERLAYFS_SUPER_MAGIC 0x794c7630
#endif

/* Containers: the pages are those of the file below, and cachestat(2) looks for pages of the one above. A mapping
 * is one of the file below. */
static bool is_on_overlay(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == OVERLAYFS_SUPER_MAGIC;
}

int fl_pagecache_count(int fd, uint64_t off, uint64_t len, struct fl_pagecache *ret)
{
	struct fl_cachestat_range range = {.off = off, .len = len};
	struct fl_cachestat cs;

	if (syscall(SYS_cachestat, fd, &range, &cs, 0) < 0)
		return -errno;
	if (cs.nr_cache == 0 && is_on_overlay(fd))
		return -EOPNOTSUPP;
	*ret = (struct fl_pagecache){.resident = cs.nr_cache,
				     .dirty = cs.nr_dirty,
				     .writeback = cs.nr_writeback,
				     .evicted = cs.nr_evicted,
				     .recently_evicted = cs.nr_recently_evicted};
	return 0;
}

/* As the kernel's can_do_mincore(): owner, or may write. */
static bool mincore_is_honest(int fd)
{
	struct stat st;
	int flags = fcntl(fd, F_GETFL);

	if (fstat(fd, &st) < 0 || flags < 0)
		return false;
	return st.st_uid == geteuid() || geteuid() == 0 || (flags & O_ACCMODE) != O_RDONLY;
}

/* A range is looked at in pieces, so that neither page tables nor vectors grow with the file. */
#define PIECE_BYTES FL_MIB(64)

static uint64_t page_bytes(void)
{
	return (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t count_set(const unsigned char *vec, uint64_t pages)
{
	uint64_t n = 0, i;

	for (i = 0; i < pages; i++)
		n += vec[i] & 1u;
	return n;
}

static int mincore_piece(int fd, uint64_t off, size_t len, unsigned char *vec, uint64_t *ret_pages)
{
	void *p = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, (off_t)off);
	int r = 0;

	if (p == MAP_FAILED)
		return -errno;
	if (mincore(p, len, vec) < 0)
		r = -errno;
	else
		*ret_pages += count_set(vec, fl_round_up(len, page_bytes()) / page_bytes());
	munmap(p, len);
	return r;
}

int fl_pagecache_mincore(int fd, uint64_t off, uint64_t len, uint64_t *ret_pages)
{
	unsigned char *vec;
	uint64_t end = fl_add_sat(off, len), pages = 0, n;
	int r = 0;

	if (!mincore_is_honest(fd))
		return -EPERM;
	vec = malloc(PIECE_BYTES / page_bytes());
	if (!vec)
		return -ENOMEM;
	for (off = fl_round_down(off, page_bytes()); r == 0 && off < end; off += n) {
		n = fl_min_u64(PIECE_BYTES, end - off);
		r = mincore_piece(fd, off, (size_t)n, vec, &pages);
	}
	free(vec);
	if (r == 0)
		*ret_pages = pages;
	return r;
}

/* Bits of /proc/self/pagemap and /proc/kpageflags (pagemap.rst). */
#define PAGEMAP_PRESENT (UINT64_C(1) << 63)
#define PAGEMAP_PFN ((UINT64_C(1) << 55) - 1)
#define KPF_COMPOUND_HEAD (UINT64_C(1) << 15)
#define KPF_COMPOUND_TAIL (UINT64_C(1) << 16)

#define BATCH_PAGES 512u

/**
 * struct folio_walk - pages in file order; a folio's are neighbours in the file and in memory
 * @run:  pages of the folio that is being walked, 0 = none
 * @next: page frame that would go on with it
 */
struct folio_walk {
	int pagemap;
	int flags;
	uint64_t *counts;
	uint64_t run;
	uint64_t next;
};

static void end_folio(struct folio_walk *w)
{
	unsigned order = 0;

	if (w->run == 0)
		return;
	while (order + 1 < FL_FOLIO_ORDERS && (UINT64_C(2) << order) <= w->run)
		order++;
	w->counts[order]++;
	w->run = 0;
}

static void add_page(struct folio_walk *w, uint64_t pfn, uint64_t flags)
{
	if (w->run > 0 && (flags & KPF_COMPOUND_TAIL) && pfn == w->next) {
		w->run++;
	} else {
		end_folio(w);
		w->run = 1;
	}
	w->next = pfn + 1;
	if (!(flags & (KPF_COMPOUND_HEAD | KPF_COMPOUND_TAIL)))
		end_folio(w);
}

/* Frames that follow one another are asked for in one call. */
static int add_frames(struct folio_walk *w, const uint64_t *map, size_t n)
{
	uint64_t flags[BATCH_PAGES], first;
	size_t i = 0, k, same;

	while (i < n) {
		first = map[i] & PAGEMAP_PFN;
		if (!(map[i] & PAGEMAP_PRESENT)) {
			end_folio(w);
			i++;
			continue;
		}
		/* Hidden from root in a container, which may not know where its pages are. */
		if (first == 0)
			return -EPERM;
		for (same = 1; i + same < n && (map[i + same] & PAGEMAP_PRESENT) &&
			       (map[i + same] & PAGEMAP_PFN) == first + same;)
			same++;
		if (pread(w->flags, flags, same * sizeof(*flags), (off_t)(first * 8)) !=
		    (ssize_t)(same * sizeof(*flags)))
			return -EIO;
		for (k = 0; k < same; k++)
			add_page(w, first + k, flags[k]);
		i += same;
	}
	return 0;
}

/* Only a page that is in our page table has an entry in pagemap. Not by touching: the file may be
 * cut meanwhile, and this gives no signal then. */
static void fault_in_resident(unsigned char *p, const unsigned char *vec, size_t n)
{
	size_t page = (size_t)page_bytes(), i = 0, same;

	while (i < n) {
		for (same = 1; i + same < n && ((vec[i] ^ vec[i + same]) & 1u) == 0;)
			same++;
		if (vec[i] & 1u)
			(void)madvise(p + i * page, same * page, MADV_POPULATE_READ);
		i += same;
	}
}

static int walk_mapping(struct folio_walk *w, unsigned char *p, size_t len,
			const unsigned char *vec)
{
	uint64_t page = page_bytes(), map[BATCH_PAGES];
	size_t pages = (size_t)(fl_round_up(len, page) / page), i, n;
	int r = 0;

	for (i = 0; r == 0 && i < pages; i += n) {
		n = fl_min_size(BATCH_PAGES, pages - i);
		fault_in_resident(p + i * page, vec + i, n);
		if (pread(w->pagemap, map, n * 8, (off_t)(((uintptr_t)p / page + i) * 8)) !=
		    (ssize_t)(n * 8))
			return -EIO;
		r = add_frames(w, map, n);
	}
	return r;
}

static int folios_of_piece(struct folio_walk *w, int fd, uint64_t off, size_t len,
			   unsigned char *vec)
{
	void *p = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, (off_t)off);
	int r;

	if (p == MAP_FAILED)
		return -errno;
	/* A folio may carry the mark at which the kernel would go on reading ahead. */
	(void)madvise(p, len, MADV_RANDOM);
	r = mincore(p, len, vec) < 0 ? -errno : walk_mapping(w, p, len, vec);
	munmap(p, len);
	return r;
}

static int open_walk(struct folio_walk *w)
{
	w->pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	w->flags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	return w->pagemap < 0 || w->flags < 0 ? -errno : 0;
}

int fl_pagecache_folios(int fd, uint64_t off, uint64_t len, uint64_t ret[FL_FOLIO_ORDERS])
{
	uint64_t counts[FL_FOLIO_ORDERS] = {0}, end = fl_add_sat(off, len), n;
	struct folio_walk w = {.counts = counts};
	unsigned char *vec = malloc(PIECE_BYTES / page_bytes());
	int r = open_walk(&w);

	if (!vec)
		r = -ENOMEM;
	for (off = fl_round_down(off, page_bytes()); r == 0 && off < end; off += n) {
		n = fl_min_u64(PIECE_BYTES, end - off);
		r = folios_of_piece(&w, fd, off, (size_t)n, vec);
	}
	end_folio(&w);
	if (w.pagemap >= 0)
		close(w.pagemap);
	if (w.flags >= 0)
		close(w.flags);
	free(vec);
	if (r == 0)
		memcpy(ret, counts, sizeof(counts));
	return r;
}

/* File systems without anything to write say EINVAL or EROFS. */
int fl_pagecache_sync(int fd)
{
	if (fdatasync(fd) < 0 && errno != EROFS && errno != EINVAL)
		return -errno;
	return 0;
}

int fl_pagecache_lock(int fd, uint64_t off, size_t len, void **ret)
{
	void *p = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, (off_t)off);
	int r;

	if (p == MAP_FAILED)
		return -errno;
	if (mlock(p, len) == 0) {
		*ret = p;
		return 0;
	}
	r = -errno;
	munmap(p, len);
	return r;
}
