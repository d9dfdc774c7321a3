/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plat/file.h"
#include "plat/mapping.h"
#include "plat/pagecache.h"
#include "plat/prefetch.h"
#include "plat/residency.h"

#define MIB ((uint64_t)1 << 20)
#define FILE_BYTES (8 * MIB)

static int written_file(void)
{
	static char text[MIB];
	int fd = fl_file_temp();

	cr_assert(fd >= 0);
	for (uint64_t off = 0; off < FILE_BYTES; off += sizeof(text))
		cr_assert_eq(fl_fd_pwrite(fd, text, sizeof(text), off), 0);
	return fd;
}

static int clean_file(void)
{
	int fd = written_file();
	struct fl_pagecache c;

	cr_assert_eq(fl_pagecache_sync(fd), 0);
	fl_drop_pages(fd, 0, FILE_BYTES);
	if (fl_pagecache_count(fd, 0, FILE_BYTES, &c) < 0 || c.resident > 0)
		cr_skip_test("no cachestat(2), or /var/tmp keeps its pages");
	return fd;
}

static uint64_t resident(int fd, uint64_t off, uint64_t len)
{
	struct fl_pagecache c;

	cr_assert_eq(fl_pagecache_count(fd, off, len, &c), 0);
	return c.resident;
}

Test(pagecache, dirty_pages_are_seen_and_written)
{
	int fd = written_file();
	struct fl_pagecache c;

	if (fl_pagecache_count(fd, 0, FILE_BYTES, &c) < 0)
		cr_skip_test("no cachestat(2)");
	cr_assert_eq(fl_pagecache_sync(fd), 0);
	cr_assert_eq(fl_pagecache_count(fd, 0, FILE_BYTES, &c), 0);
	cr_assert_eq(c.dirty, 0u);
	/* Where others write much the kernel may have begun to write it. */
	for (int i = 0; i < 50 && c.dirty == 0; i++) {
		cr_assert_eq(fl_fd_pwrite(fd, "x", 1, 5 * MIB), 0);
		cr_assert_eq(fl_pagecache_count(fd, 0, FILE_BYTES, &c), 0);
	}
	cr_assert(c.dirty >= 1);
	close(fd);
}

Test(pagecache, mincore_and_cachestat_count_the_same)
{
	int fd = clean_file();
	uint64_t pages = 77, page = fl_page_bytes();

	cr_assert_eq(fl_pagecache_mincore(fd, 0, FILE_BYTES, &pages), 0);
	cr_assert_eq(pages, 0u);
	fl_prefetch(fd, 2 * MIB, MIB);
	cr_assert_eq(fl_pagecache_mincore(fd, 0, FILE_BYTES, &pages), 0);
	cr_assert_eq(pages, resident(fd, 0, FILE_BYTES));
	cr_assert(pages >= MIB / page);
	cr_assert_eq(fl_pagecache_mincore(fd, 2 * MIB + 1, page, &pages), 0);
	cr_assert_eq(pages, 2u);
	close(fd);
}

/* Every resident page is in exactly one folio, and looking brings nothing in. */
Test(pagecache, folios_cover_what_is_resident)
{
	uint64_t folios[FL_FOLIO_ORDERS], sum = 0;
	int fd = clean_file(), r;

	fl_prefetch_folios(fd, 2 * MIB, 2 * MIB);
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
	fl_prefetch(fd, 6 * MIB, 1);
	r = fl_pagecache_folios(fd, 0, FILE_BYTES, folios);
	if (r == -EACCES || r == -EPERM)
		cr_skip_test("/proc/kpageflags is for root");
	cr_assert_eq(r, 0, "%d", r);
	for (unsigned k = 0; k < FL_FOLIO_ORDERS; k++)
		sum += folios[k] << k;
	cr_assert_eq(sum, resident(fd, 0, FILE_BYTES));
	cr_assert(sum < FILE_BYTES / fl_page_bytes());
	close(fd);
}

Test(pagecache, locked_pages_stay)
{
	int fd = clean_file();
	void *p = NULL;
	int r;

#ifdef __SANITIZE_ADDRESS__
	cr_skip_test("AddressSanitizer makes mlock() do nothing");
#endif
	/* All of it: beyond the lock the kernel would be reading ahead while we drop. */
	r = fl_pagecache_lock(fd, 0, FILE_BYTES, &p);
	if (r < 0)
		cr_skip_test("RLIMIT_MEMLOCK is below 8 MiB");
	fl_drop_pages(fd, 0, FILE_BYTES);
	cr_assert_eq(resident(fd, 0, FILE_BYTES), FILE_BYTES / fl_page_bytes());
	fl_unmap(p, FILE_BYTES);
	/* One that the kernel holds just now stays until the next time. */
	for (int i = 0; i < 100 && resident(fd, 0, FILE_BYTES) > 0; i++) {
		usleep(10000);
		fl_drop_pages(fd, 0, FILE_BYTES);
	}
	cr_assert_eq(resident(fd, 0, FILE_BYTES), 0u);
	close(fd);
}

Test(pagecache, what_is_no_file_is_refused)
{
	struct fl_pagecache c;
	uint64_t pages = 77, folios[FL_FOLIO_ORDERS];
	void *p = NULL;

	cr_assert(fl_pagecache_count(-1, 0, 1, &c) < 0);
	cr_assert_eq(fl_pagecache_mincore(-1, 0, 1, &pages), -EPERM);
	cr_assert_eq(pages, 77u);
	cr_assert(fl_pagecache_folios(-1, 0, 1, folios) < 0);
	cr_assert_eq(fl_pagecache_lock(-1, 0, 1, &p), -EBADF);
	cr_assert_null(p);
}
