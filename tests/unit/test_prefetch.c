/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/size.h"
#include "plat/file.h"
#include "plat/mapping.h"
#include "plat/prefetch.h"
#include "plat/residency.h"

#define SIZE (FL_MIB(6) + 1234)

/* On the disk and not in the cache; skips where dropping does nothing (a file system in memory). */
static int cold_file(void)
{
	char *text = malloc(SIZE);
	uint64_t pages = 0;
	int fd = fl_file_temp();

	cr_assert(fd >= 0 && text);
	memset(text, 'x', SIZE);
	cr_assert_eq(fl_fd_pwrite(fd, text, SIZE, 0), 0);
	cr_assert_eq(fsync(fd), 0);
	free(text);
	fl_drop_pages(fd, 0, SIZE);
	if (fl_resident_pages(fd, 0, SIZE, &pages, NULL) < 0 || pages > 0)
		cr_skip_test("pages cannot be dropped here");
	return fd;
}

static uint64_t resident(int fd, uint64_t off, uint64_t len)
{
	uint64_t pages = 0;

	cr_assert_eq(fl_resident_pages(fd, off, len, &pages, NULL), 0);
	return pages;
}

static uint64_t pages_of(uint64_t bytes)
{
	return fl_round_up(bytes, fl_page_bytes()) / fl_page_bytes();
}

/* The kernel may take a clean page back at any time: another try, then. */
static void brings(int fd, uint64_t off, uint64_t len)
{
	uint64_t pages = 0;

	for (int i = 0; i < 20 && pages < pages_of(len); i++) {
		fl_drop_pages(fd, off, len);
		fl_prefetch(fd, off, len);
		pages = resident(fd, off, len);
	}
	cr_assert_eq(pages, pages_of(len));
}

Test(prefetch, brings_all_of_the_range)
{
	int fd = cold_file();

	brings(fd, FL_MIB(2), FL_MIB(2));
	brings(fd, 0, FL_MIB(4));
	brings(fd, FL_MIB(4), SIZE - FL_MIB(4));
	close(fd);
}

/* Every folio of the range is touched; whether it comes whole is the kernel's affair. */
Test(prefetch, brings_something_of_every_folio)
{
	int fd = cold_file();

	fl_prefetch_folios(fd, FL_MIB(2), SIZE - FL_MIB(2));
	cr_assert(resident(fd, FL_MIB(2), FL_MIB(2)) > 0);
	cr_assert(resident(fd, FL_MIB(4), FL_MIB(2)) > 0);
	cr_assert(resident(fd, FL_MIB(6), SIZE - FL_MIB(6)) > 0);
	close(fd);
}

/* A file that was cut meanwhile: no signal, no endless loop. */
Test(prefetch, beyond_the_end_there_is_nothing)
{
	int fd = cold_file();

	cr_assert_eq(ftruncate(fd, FL_MIB(3)), 0);
	fl_prefetch_folios(fd, FL_MIB(2), FL_MIB(4));
	fl_prefetch_folios(fd, FL_MIB(8), FL_MIB(2));
	fl_prefetch(fd, FL_MIB(2), FL_MIB(4));
	fl_prefetch(fd, FL_MIB(8), FL_MIB(2));
	cr_assert(resident(fd, FL_MIB(2), FL_MIB(4)) <= pages_of(FL_MIB(1)));
	brings(fd, FL_MIB(2), FL_MIB(1));
	close(fd);
}

/* Errors are left to be found by whoever looks at the bytes. */
Test(prefetch, what_cannot_be_read_or_mapped)
{
	int fd[2];

	cr_assert_eq(pipe(fd), 0);
	fl_prefetch_folios(fd[0], 0, FL_MIB(2));
	fl_prefetch(fd[0], 0, FL_MIB(2));
	fl_prefetch_folios(-1, 0, FL_MIB(2));
	fl_prefetch(-1, 0, FL_MIB(2));
	fl_prefetch(fd[0], 0, 0);
	cr_assert(close(fd[0]) == 0 && close(fd[1]) == 0);
}
