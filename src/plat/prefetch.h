/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_PREFETCH_H
#define FL_PLAT_PREFETCH_H

#include <stddef.h>
#include <stdint.h>

/**
 * fl_prefetch() - bring [off, off + len) into the page cache and wait for it
 * @len: <= 4 MiB
 *
 * One read request of the whole length, whose bytes go nowhere in particular:
 * the request's size is what makes the kernel use large folios, which
 * readahead(2), MADV_WILLNEED and POSIX_FADV_WILLNEED do not. Errors are left
 * to be found by whoever looks at the bytes.
 */
void fl_prefetch(int fd, uint64_t off, size_t len);

#endif
