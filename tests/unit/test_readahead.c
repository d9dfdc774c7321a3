/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/size.h"
#include "plat/file.h"
#include "plat/mapping.h"
#include "plat/residency.h"
#include "window/readahead.h"

static struct fl_file file;
static struct fl_plan plan;

static void plan_of(uint64_t begin, uint64_t end)
{
	plan = (struct fl_plan){.begin = begin,
				.end = end,
				.from = begin,
				.to = end,
				.size = end,
				.threads = 2,
				.chunk_bytes = FL_MIB(8),
				.window_bytes = FL_MIB(8)};
}

/* So much the kernel may have taken back: it does as it likes with clean pages. */
#define SLACK FL_KIB(512)

/* @data: bytes that are written, the rest is a hole */
static void cold_file(uint64_t size, size_t data)
{
	char *text = malloc(data);
	uint64_t pages = 0;
	int fd = fl_file_temp();

	cr_assert(fd >= 0 && text);
	memset(text, 'x', data);
	cr_assert_eq(fl_fd_pwrite(fd, text, data, 0), 0);
	cr_assert(ftruncate(fd, (off_t)size) == 0 && fsync(fd) == 0);
	free(text);
	fl_drop_pages(fd, 0, size);
	if (fl_resident_pages(fd, 0, size, &pages, NULL) < 0 || pages > 0)
		cr_skip_test("pages cannot be dropped here");
	cr_assert_eq(fl_file_from_fd(fd, &file, NULL), 0);
	plan_of(0, size);
}

static uint64_t resident_bytes(uint64_t off, uint64_t len)
{
	uint64_t pages = 0;

	cr_assert_eq(fl_resident_pages(file.fd, off, len, &pages, NULL), 0);
	return pages * fl_page_bytes();
}

Test(readahead, what_was_waited_for_is_there)
{
	static const unsigned threads[] = {1, 3, 16, 99};
	uint64_t size = FL_MIB(9) + 77, end;

	cold_file(size, size);
	for (size_t i = 0; i < sizeof(threads) / sizeof(*threads); i++) {
		struct fl_readahead *ra = NULL;

		fl_drop_pages(file.fd, 0, size);
		cr_assert_eq(fl_readahead_new(&file, &plan, threads[i], &ra), 0);
		for (end = 0; end < size; end += FL_MIB(1) + 5) {
			fl_readahead_wait(ra, end);
			cr_assert(resident_bytes(0, end) + SLACK >= end, "%llu",
				  (unsigned long long)end);
		}
		fl_readahead_wait(ra, size);
		/* More than there is: to the end. */
		fl_readahead_wait(ra, UINT64_MAX / 2);
		cr_assert(resident_bytes(0, size) + SLACK >= size);
		fl_readahead_free(ra);
	}
	close(file.fd);
}

Test(readahead, only_the_range_and_what_shares_its_blocks)
{
	struct fl_readahead *ra = NULL;

	cold_file(FL_MIB(16), FL_MIB(16));
	plan_of(FL_MIB(7), FL_MIB(9));
	cr_assert_eq(fl_readahead_new(&file, &plan, 2, &ra), 0);
	fl_readahead_wait(ra, FL_MIB(9));
	cr_assert(resident_bytes(FL_MIB(7), FL_MIB(2)) + SLACK >= FL_MIB(2));
	cr_assert_eq(resident_bytes(0, FL_MIB(6)), 0);
	/* Before the range: no reason to wait. */
	fl_readahead_wait(ra, 0);
	fl_readahead_consumed(ra, 0);
	fl_readahead_free(ra);
	close(file.fd);
}

Test(readahead, what_is_cached_is_not_read)
{
	char *text = malloc(FL_MIB(4));
	uint64_t loaded = 1;
	size_t got;

	cold_file(FL_MIB(4), FL_MIB(4));
	/* The kernel may take a clean page back at any time. */
	for (int i = 0; i < 20 && loaded > 0; i++) {
		struct fl_readahead *ra = NULL;

		cr_assert_eq(fl_file_pread(file.fd, text, FL_MIB(4), 0, &got), 0);
		cr_assert_eq(fl_readahead_new(&file, &plan, 2, &ra), 0);
		fl_readahead_wait(ra, FL_MIB(4));
		loaded = fl_readahead_loaded(ra);
		fl_readahead_free(ra);
	}
	cr_assert_eq(loaded, 0);
	close(file.fd);
	free(text);
}

/* Return: so much has come; or less, after ten seconds, as other tests that run beside this one cost some of
 * what had. The kernel's own readahead may add a little behind the last block. */
static bool comes_to(uint64_t least, uint64_t most)
{
	uint64_t ahead = 0;

	for (int i = 0; i < 500 && ahead < least; i++) {
		usleep(20000);
		ahead = resident_bytes(0, file.size_bytes);
	}
	usleep(50000);
	ahead = resident_bytes(0, file.size_bytes);
	cr_assert(ahead <= most, "%llu", (unsigned long long)ahead);
	return ahead >= least;
}

static bool runs_ahead(uint64_t size)
{
	struct fl_readahead *ra = NULL;
	bool right;

	cold_file(size, 4096);
	cr_assert_eq(fl_readahead_new(&file, &plan, 2, &ra), 0);
	fl_readahead_wait(ra, FL_MIB(2));
	right = comes_to(FL_MIB(56), FL_MIB(72));
	fl_readahead_consumed(ra, FL_MIB(16));
	right = right && comes_to(FL_MIB(70), FL_MIB(88));
	/* A window that is larger than the way ahead must not wait for ever. */
	fl_readahead_wait(ra, size);
	right = right && resident_bytes(0, size) >= size / 8 * 7;
	fl_readahead_free(ra);
	close(file.fd);
	return right;
}

/* Far ahead would push out of a small memory what is wanted next. */
Test(readahead, runs_a_bounded_way_ahead)
{
	bool right = false;

	for (int i = 0; i < 5 && !right; i++)
		right = runs_ahead(FL_MIB(160));
	cr_assert(right);
}

static void *wait_for_all(void *arg)
{
	fl_readahead_wait(arg, UINT64_MAX / 2);
	return NULL;
}

Test(readahead, stopping_ends_every_wait)
{
	struct fl_readahead *ra = NULL;
	pthread_t thread[4];

	cold_file(FL_MIB(512), 4096);
	cr_assert_eq(fl_readahead_new(&file, &plan, 1, &ra), 0);
	for (int i = 0; i < 4; i++)
		cr_assert_eq(pthread_create(&thread[i], NULL, wait_for_all, ra), 0);
	usleep(5000);
	fl_readahead_stop(ra);
	for (int i = 0; i < 4; i++)
		cr_assert_eq(pthread_join(thread[i], NULL), 0);
	fl_readahead_wait(ra, FL_MIB(512));
	fl_readahead_free(ra);
	fl_readahead_free(NULL);
	close(file.fd);
}

/* Whoever looks at the bytes finds out; here nothing may hang or die. */
Test(readahead, a_file_that_was_cut)
{
	struct fl_readahead *ra = NULL;

	cold_file(FL_MIB(32), FL_MIB(4));
	cr_assert_eq(ftruncate(file.fd, 5000), 0);
	cr_assert_eq(fl_readahead_new(&file, &plan, 3, &ra), 0);
	fl_readahead_wait(ra, FL_MIB(32));
	fl_readahead_free(ra);
	close(file.fd);
}

Test(readahead, an_empty_range)
{
	struct fl_readahead *ra = NULL;

	cold_file(FL_MIB(4), 4096);
	plan_of(FL_MIB(3), FL_MIB(3));
	cr_assert_eq(fl_readahead_new(&file, &plan, 2, &ra), 0);
	fl_readahead_wait(ra, FL_MIB(3));
	fl_readahead_free(ra);
	close(file.fd);
}
