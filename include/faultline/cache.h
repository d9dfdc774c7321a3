/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CACHE_H
#define FAULTLINE_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>
#include <faultline/export.h>
#include <faultline/source.h>

FL_BEGIN_DECLS

/**
 * DOC: What of a file is in the page cache.
 *
 * All functions take a range of bytes of the source, which must be seekable
 * (regular file or block device); it is clipped to the size at open, and whole
 * pages that it touches count. Other sources give -ESPIPE.
 */

/* Folios of 2^0 .. 2^(FL_CACHE_ORDERS - 1) pages. */
#define FL_CACHE_ORDERS 12

/* struct fl_cache_status.flags */
#define FL_CACHE_EXACT 1u  /* @resident was counted, not estimated from 64 places */
#define FL_CACHE_DETAIL 2u /* @dirty ... @recently_evicted are known (cachestat(2), own files) */
#define FL_CACHE_FOLIOS 4u /* @folios is known (/proc/kpageflags, root) */
#define FL_CACHE_MEMORY 8u /* the file system is memory: its pages cannot be dropped */

/**
 * struct fl_cache_status - pages of a range
 * @size:             sizeof this struct, set by the caller
 * @flags:            FL_CACHE_...
 * @page_bytes:       of one page
 * @pages:            that the range touches
 * @resident, @dirty, @writeback, @evicted, @recently_evicted: as cachestat(2) counts
 * @folios:           folios[k] of 2^k pages, only if asked for with FL_CACHE_FOLIOS
 * @method:           "cachestat", "mincore" or "nowait" (static)
 */
struct fl_cache_status {
	size_t size;
	unsigned flags;
	uint64_t page_bytes;
	uint64_t pages;
	uint64_t resident;
	uint64_t dirty;
	uint64_t writeback;
	uint64_t evicted;
	uint64_t recently_evicted;
	uint64_t folios[FL_CACHE_ORDERS];
	const char *method;
};

/**
 * fl_cache_status() - what is in the page cache
 * @off, @len: bytes; FL_SIZE_UNKNOWN = to the end
 * @want: FL_CACHE_FOLIOS or 0
 *
 * cachestat(2); where it is not to be had mincore(2), which only tells the truth about own files;
 * else probes with preadv2(RWF_NOWAIT).
 * Threads: any. Cost: about 25 ms per GB in small folios; with FL_CACHE_FOLIOS ten times that.
 * Return: 0; -ESPIPE; -EINVAL; -EOPNOTSUPP where nothing works.
 */
FL_API int fl_cache_status(struct fl_source *src, uint64_t off, uint64_t len, unsigned want,
			   struct fl_cache_status *ret);

/**
 * fl_cache_map() - where in the range the resident pages are
 * @ret:   @cells numbers: hundredths of each equal part that are resident
 * @cells: 1 .. 4096
 * Only by counting: probes at that many places would bring the pages in that they look for.
 * Return: 0; as fl_cache_status().
 */
FL_API int fl_cache_map(struct fl_source *src, uint64_t off, uint64_t len, unsigned char *ret,
			size_t cells);

/**
 * fl_cache_touch() - load what is missing, in folios as large as the file system has them
 *
 * Eight threads each ask for 2 MiB at a time. What is there is left as it is.
 * Errors of reading are left to whoever reads; look at fl_cache_status() afterwards.
 * Return: 0; -ESPIPE; -EINVAL; -ENOMEM; -EAGAIN without threads.
 */
FL_API int fl_cache_touch(struct fl_source *src, uint64_t off, uint64_t len);

/**
 * fl_cache_evict() - write what is dirty, then drop the range's pages
 *
 * Pages that are mapped, locked or under I/O stay; so does everything on tmpfs.
 * Return: 0; -ESPIPE; -EINVAL; -EIO ... from fdatasync(2).
 */
FL_API int fl_cache_evict(struct fl_source *src, uint64_t off, uint64_t len);

/** struct fl_cache_lock - pages that stay in memory */
struct fl_cache_lock;

/**
 * fl_cache_lock() - load the range and keep it in memory until fl_cache_unlock()
 * Return: 0; -ESPIPE; -EINVAL; -ENOMEM beyond RLIMIT_MEMLOCK; -EPERM; -ENODEV.
 */
FL_API int fl_cache_lock(struct fl_source *src, uint64_t off, uint64_t len,
			 struct fl_cache_lock **ret, struct fl_error *reterr);

/** fl_cache_unlock() - NULL is fine */
FL_API void fl_cache_unlock(struct fl_cache_lock *lock);

FL_END_DECLS

#endif
