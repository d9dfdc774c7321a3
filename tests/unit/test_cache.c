/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <faultline/cache.h>

#include "plat/file.h"
#include "window/source_impl.h"

#define MIB ((uint64_t)1 << 20)

static struct fl_source *source_of(uint64_t bytes, uint64_t position)
{
	static char text[MIB];
	struct fl_source *src = NULL;
	int fd = fl_file_temp();

	for (uint64_t off = 0; off < bytes; off += sizeof(text))
		cr_assert_eq(fl_fd_pwrite(fd, text,
					  bytes - off < sizeof(text) ? (size_t)(bytes - off)
								     : sizeof(text),
					  off),
			     0);
	cr_assert_eq(lseek(fd, (off_t)position, SEEK_SET), (off_t)position);
	cr_assert_eq(fl_source_open_fd(fd, "test", &src, NULL), 0);
	return src;
}

static struct fl_cache_status status(struct fl_source *src, uint64_t off, uint64_t len)
{
	struct fl_cache_status st = {.size = sizeof(st)};

	cr_assert_eq(fl_cache_status(src, off, len, 0, &st), 0);
	return st;
}

/* A page that the kernel holds just now stays, one that is clean may go: looked at again until neither is so. */
static bool becomes(struct fl_source *src, int (*fn)(struct fl_source *, uint64_t, uint64_t),
		    uint64_t pages)
{
	uint64_t now = pages + 1;

	for (int i = 0; i < 50 && now != pages; i++) {
		if (i > 0)
			usleep(10000);
		(void)fn(src, 0, FL_SIZE_UNKNOWN);
		now = status(src, 0, FL_SIZE_UNKNOWN).resident;
	}
	return now == pages;
}

static void skip_if_memory(struct fl_source *src)
{
	if (status(src, 0, FL_SIZE_UNKNOWN).flags & FL_CACHE_MEMORY)
		cr_skip_test("/var/tmp is memory");
}

Test(cache, evict_and_touch_are_inverse)
{
	struct fl_source *src = source_of(5 * MIB + 1, 0);
	struct fl_cache_status st = status(src, 0, FL_SIZE_UNKNOWN);
	const unsigned char want[5] = {100, 100, 0, 0, 100};
	unsigned char map[5] = {0};

	skip_if_memory(src);
	cr_assert_eq(st.pages, (5 * MIB + st.page_bytes) / st.page_bytes);
	cr_assert(becomes(src, fl_cache_evict, 0));
	for (int i = 0; i < 50 && memcmp(map, want, sizeof(want)) != 0; i++) {
		cr_assert(becomes(src, fl_cache_touch, st.pages));
		/* A folio that only lies half in the range stays. */
		(void)fl_cache_evict(src, 2 * MIB, 2 * MIB);
		cr_assert_eq(fl_cache_map(src, 0, 5 * MIB, map, 5), 0);
	}
	cr_assert_eq(memcmp(map, want, sizeof(want)), 0);
	fl_source_close(src);
}

Test(cache, a_descriptor_counts_from_its_position)
{
	struct fl_source *src = source_of(4 * MIB, MIB);

	skip_if_memory(src);
	cr_assert_eq(status(src, 0, FL_SIZE_UNKNOWN).pages,
		     3 * MIB / (uint64_t)sysconf(_SC_PAGESIZE));
	cr_assert(becomes(src, fl_cache_evict, 0));
	fl_source_close(src);
}

static void load_one_page(struct fl_source *src)
{
	char byte;

	cr_assert_eq(posix_fadvise(src->file.fd, 0, 0, POSIX_FADV_RANDOM), 0);
	cr_assert_eq(pread(src->file.fd, &byte, 1, 0), 1);
}

Test(cache, cells_between_empty_and_full_are_neither)
{
	struct fl_source *src = source_of(4 * MIB, 0);
	unsigned char map[3] = {7, 7, 7};

	skip_if_memory(src);
	cr_assert(becomes(src, fl_cache_evict, 0));
	load_one_page(src);
	cr_assert_eq(fl_cache_map(src, 0, 2 * MIB, map, 1), 0);
	cr_assert_eq(map[0], 1);
	/* A file of one page has cells that all show it; an empty range has empty cells. */
	cr_assert_eq(fl_cache_map(src, 0, 1, map, 3), 0);
	cr_assert_eq(memcmp(map, (unsigned char[]){100, 100, 100}, 3), 0);
	cr_assert_eq(fl_cache_map(src, 0, 0, map, 3), 0);
	cr_assert_eq(memcmp(map, (unsigned char[]){0, 0, 0}, 3), 0);
	fl_source_close(src);
}

Test(cache, a_lock_ends_with_unlock)
{
	struct fl_source *src = source_of(MIB, 0);
	struct fl_cache_lock *lock = NULL;
	struct fl_error err;

	skip_if_memory(src);
#ifdef __SANITIZE_ADDRESS__
	cr_skip_test("AddressSanitizer makes mlock() do nothing");
#endif
	if (fl_cache_lock(src, 1, FL_SIZE_UNKNOWN, &lock, &err) < 0)
		cr_skip_test("%s", err.text);
	cr_assert_eq(fl_cache_evict(src, 0, FL_SIZE_UNKNOWN), 0);
	cr_assert_eq(status(src, 0, FL_SIZE_UNKNOWN).resident, MIB / 4096);
	fl_cache_unlock(lock);
	fl_cache_unlock(NULL);
	cr_assert(becomes(src, fl_cache_evict, 0));
	fl_source_close(src);
}

Test(cache, wrong_arguments_and_pipes_are_refused)
{
	struct fl_cache_status st = {.size = sizeof(st)};
	struct fl_cache_lock *lock = NULL;
	struct fl_source *src = NULL;
	unsigned char cell;
	int fd[2];

	cr_assert_eq(pipe(fd), 0);
	cr_assert_eq(fl_source_open_fd(fd[0], "pipe", &src, NULL), 0);
	cr_assert_eq(fl_cache_status(src, 0, 1, 0, &st), -ESPIPE);
	cr_assert_eq(fl_cache_touch(src, 0, 1), -ESPIPE);
	cr_assert_eq(fl_cache_evict(src, 0, 1), -ESPIPE);
	cr_assert_eq(fl_cache_lock(src, 0, 1, &lock, NULL), -ESPIPE);
	cr_assert_eq(fl_cache_map(src, 0, 1, &cell, 0), -EINVAL);
	cr_assert_eq(fl_cache_status(NULL, 0, 1, 0, &st), -EINVAL);
	st.size = 1;
	cr_assert_eq(fl_cache_status(src, 0, 1, 0, &st), -EINVAL);
	fl_source_close(src);
}
