/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_RESIDENCY_H
#define FL_PLAT_RESIDENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * fl_resident_pages() - how many pages of [off, off+len) are in the page cache
 * @method_ret: may be NULL; "cachestat" or "nowait"
 *
 * cachestat(2) where it is allowed (6.5, own or writable files); else one-byte
 * preadv2(RWF_NOWAIT) probes at up to 64 places, scaled up. mincore(2) is not
 * used: it says "all resident" for files one does not own.
 * Return: 0 with *ret_pages; -EOPNOTSUPP when neither works.
 */
int fl_resident_pages(int fd, uint64_t off, uint64_t len, uint64_t *ret_pages,
		      const char **method_ret);

/**
 * fl_resident_percent() - about how much of [off, off+len) is in the page cache, 0..100
 *
 * Looks at 256 places of 64 KiB: cachestat(2) visits every folio of what it is asked about, and
 * took 75-110 ms for 4.5 GB, half of what hashing them takes. Exact up to 16 MiB.
 * Return: 0; -EOPNOTSUPP as above.
 */
int fl_resident_percent(int fd, uint64_t off, uint64_t len, unsigned *ret_percent);

/**
 * fl_resident_is_exact() - can it be seen which pages are cached, without bringing any in?
 *
 * cachestat(2) only: a probe that misses brings in its page.
 */
bool fl_resident_is_exact(int fd);

/** fl_drop_pages() - posix_fadvise(DONTNEED) on whole pages inside [off, off+len) */
void fl_drop_pages(int fd, uint64_t off, uint64_t len);

/**
 * fl_memory_available() - bytes the page cache may still use: the least of MemAvailable and the
 * room in every memory cgroup (v1 or v2) above this process; UINT64_MAX if unknown
 */
uint64_t fl_memory_available(void);

/** fl_memory_cgroup_limit() - the lowest limit of the cgroups above this process; UINT64_MAX = none */
uint64_t fl_memory_cgroup_limit(void);

#endif
