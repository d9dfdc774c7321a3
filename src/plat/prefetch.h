/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_PREFETCH_H
#define FL_PLAT_PREFETCH_H

#include <stddef.h>
#include <stdint.h>

/**
 * fl_prefetch_folios() - bring [off, off + len) into the page cache in 2 MiB folios, and wait
 * @off, @len: whole multiples of 2 MiB, but for the end of the file
 *
 * One page of each 2 MiB is faulted through a mapping with MADV_HUGEPAGE, which makes the kernel
 * (6.1 and later with THP, on file systems with large folios) read a folio of that size in one
 * request, whatever other threads do. Nothing is copied, and a file that was cut gives no signal.
 * Where the kernel does otherwise a single page may have come: look, and use fl_prefetch().
 */
void fl_prefetch_folios(int fd, uint64_t off, size_t len);

/**
 * fl_prefetch() - bring [off, off + len) into the page cache and wait for it
 * @len: <= 4 MiB
 *
 * One read request of the whole length, whose bytes go nowhere in particular.
 * Errors are left to be found by whoever looks at the bytes.
 */
void fl_prefetch(int fd, uint64_t off, size_t len);

/**
 * fl_prefetch_small() - bring [off, off + len) into the cache with readahead off, each page a folio
 * of its own, where the kernel does not know better. Return: 0 or -errno.
 */
int fl_prefetch_small(int fd, uint64_t off, uint64_t len);

/** fl_prefetch_faults() - page faults that mapping and touching [off, off + len) takes; UINT64_MAX
 * where it cannot be mapped. What is missing is loaded. */
uint64_t fl_prefetch_faults(int fd, uint64_t off, size_t len);

/**
 * fl_memory_use() - use so much free memory for a moment, and give it back
 *
 * A virtual machine gives memory that stays free for some seconds back to its host (free page
 * reporting), and who uses it next pays for getting it again, several times what a copy into it
 * costs: a run that fills the page cache right after another one has it easy, one after a pause
 * has not. After this all have it easy. No more than half of what is free is used.
 */
void fl_memory_use(uint64_t bytes);

#endif
