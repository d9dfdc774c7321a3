/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_PAGECACHE_H
#define FL_PLAT_PAGECACHE_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct fl_pagecache - pages of a range, as cachestat(2) counts them
 * @recently_evicted: of @evicted, those that would count as working set if they came back
 */
struct fl_pagecache {
	uint64_t resident;
	uint64_t dirty;
	uint64_t writeback;
	uint64_t evicted;
	uint64_t recently_evicted;
};

/**
 * fl_pagecache_count() - cachestat(2) on [off, off + len)
 * @len: > 0
 * Cost: visits every folio, 75-110 ms for 4.5 GB in small ones.
 * Return: 0; -ENOSYS before Linux 6.5; -EPERM for files of others; -EOPNOTSUPP on overlayfs; -errno.
 */
int fl_pagecache_count(int fd, uint64_t off, uint64_t len, struct fl_pagecache *ret);

/**
 * fl_pagecache_mincore() - resident pages only, by mincore(2)
 * Return: 0; -EPERM where mincore would call everything resident: files that one neither owns nor
 * may write; -ENOMEM, -ENODEV from mapping.
 */
int fl_pagecache_mincore(int fd, uint64_t off, uint64_t len, uint64_t *ret_pages);

/* Folios of 2^0 .. 2^(FL_FOLIO_ORDERS - 1) pages; the page cache's largest have order 11
 * (MAX_PAGECACHE_ORDER of x86-64 and arm64 in Linux 6.18). */
#define FL_FOLIO_ORDERS 12

/**
 * fl_pagecache_folios() - how many folios of each size hold [off, off + len)
 * @ret: ret[k] folios of 2^k pages
 *
 * Maps the range and touches what is resident; nothing is loaded.
 * Return: 0; -EACCES, -EPERM where /proc/kpageflags or page frames are not for us (root with
 * CAP_SYS_ADMIN only); -errno.
 * Source: Documentation/admin-guide/mm/pagemap.rst.
 */
int fl_pagecache_folios(int fd, uint64_t off, uint64_t len, uint64_t ret[FL_FOLIO_ORDERS]);

/** fl_pagecache_sync() - write dirty pages, so that they can be dropped. Return: 0 or -errno. */
int fl_pagecache_sync(int fd);

/**
 * fl_pagecache_lock() - map [off, off + len) and mlock(2) it, which loads what is missing
 * @off: a multiple of the page size
 * @ret: unmap with fl_unmap(*ret, len)
 * Return: 0; -ENOMEM beyond RLIMIT_MEMLOCK; -EPERM; -errno.
 */
int fl_pagecache_lock(int fd, uint64_t off, size_t len, void **ret);

#endif
