/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plat/counters.h"
#include "plat/file.h"
#include "plat/mapping.h"

#define MIB ((size_t)1 << 20)

/* Page k of the file begins with k. */
static int numbered(uint64_t first, uint64_t n)
{
	int fd = fl_file_temp();
	uint64_t k;

	cr_assert(fd >= 0);
	for (k = first; k < first + n; k++)
		cr_assert_eq(fl_fd_pwrite(fd, &k, sizeof(k), k * fl_page_bytes()), 0);
	cr_assert_eq(ftruncate(fd, (off_t)((first + n) * fl_page_bytes())), 0);
	return fd;
}

static uint64_t number_at(const void *p)
{
	uint64_t k;

	memcpy(&k, p, sizeof(k));
	return k;
}

/* Can the kernel read this byte for us? No signal either way. */
static bool readable(const void *p)
{
	int fd[2];
	ssize_t n;

	cr_assert_eq(pipe(fd), 0);
	n = write(fd[1], p, 1);
	close(fd[0]);
	close(fd[1]);
	return n == 1;
}

static bool reserved(void *p)
{
	unsigned char in_core;

	return mincore(p, fl_page_bytes(), &in_core) == 0;
}

static size_t address_space_bytes(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	size_t pages = 0;

	cr_assert(f && fscanf(f, "%zu", &pages) == 1);
	fclose(f);
	return pages * fl_page_bytes();
}

static int in_child(void (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		fn();
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

Test(mapping, arenas_begin_at_huge_pages_and_cost_what_they_hold)
{
	size_t before = address_space_bytes(), held;
	struct fl_arena a[8];
	int i;

	for (i = 0; i < 8; i++) {
		cr_assert_eq(fl_arena_reserve(&a[i], 3 * MIB + 1), 0);
		cr_assert_eq((uintptr_t)a[i].base % FL_HUGE_BYTES, 0u);
		cr_assert_eq(a[i].len, 3 * MIB + fl_page_bytes());
		cr_assert(reserved(a[i].base));
		cr_assert(reserved(a[i].base + a[i].len - fl_page_bytes()));
		cr_assert_not(readable(a[i].base));
	}
	held = address_space_bytes() - before;
	cr_assert(held < 8 * (3 * MIB + fl_page_bytes()) + MIB, "holds %zu", held);
	for (i = 0; i < 8; i++)
		fl_arena_release(&a[i]);
	cr_assert(address_space_bytes() < before + MIB);
	fl_arena_release(&a[0]);
}

Test(mapping, impossible_lengths_are_refused)
{
	struct fl_arena a = {0};

	cr_assert_eq(fl_arena_reserve(&a, SIZE_MAX), -ENOMEM);
	cr_assert_eq(fl_arena_reserve(&a, SIZE_MAX - FL_HUGE_BYTES), -ENOMEM);
	cr_assert_eq(fl_arena_reserve(&a, (size_t)1 << 60), -ENOMEM);
	cr_assert_null(a.base);
}

Test(mapping, every_advice_shows_the_same_bytes)
{
	int fd = numbered(0, 64), advise;
	size_t page = fl_page_bytes(), k;
	struct fl_arena a;

	cr_assert_eq(fl_arena_reserve(&a, 64 * page), 0);
	for (advise = FL_ADVISE_NORMAL; advise <= FL_ADVISE_HUGEPAGE; advise++) {
		cr_assert_eq(
			fl_arena_map(&a, 8 * page, 50 * page, fd, 8 * page, (enum fl_advise)advise),
			0);
		for (k = 8; k < 58; k++)
			cr_assert_eq(number_at(a.base + k * page), k);
		cr_assert_not(readable(a.base + 7 * page));
		cr_assert_not(readable(a.base + 58 * page));
	}
	fl_arena_release(&a);
}

Test(mapping, populate_maps_pages_before_they_are_touched)
{
	size_t bytes = 4096 * fl_page_bytes();
	int fd = numbered(0, 4096);
	struct fl_rss none, lazy, full;
	struct fl_arena a;

	cr_assert_eq(fl_arena_reserve(&a, bytes), 0);
	fl_rss_now(&none);
	cr_assert_eq(fl_arena_map(&a, 0, bytes, fd, 0, FL_ADVISE_NORMAL), 0);
	fl_rss_now(&lazy);
	cr_assert_eq(fl_arena_map(&a, 0, bytes, fd, 0, FL_ADVISE_POPULATE), 0);
	fl_rss_now(&full);
	cr_assert(lazy.file_bytes < none.file_bytes + bytes / 10);
	cr_assert(full.file_bytes > lazy.file_bytes + bytes * 9 / 10);
}

Test(mapping, offsets_above_4_gib)
{
	uint64_t first = ((uint64_t)5 << 30) / fl_page_bytes();
	int fd = numbered(first, 4);
	struct fl_arena a;

	cr_assert_eq(fl_arena_reserve(&a, 4 * fl_page_bytes()), 0);
	cr_assert_eq(fl_arena_map(&a, 0, 4 * fl_page_bytes(), fd, first * fl_page_bytes(),
				  FL_ADVISE_NORMAL),
		     0);
	cr_assert_eq(number_at(a.base + 3 * fl_page_bytes()), first + 3);
}

Test(mapping, a_new_mapping_replaces_and_drop_closes)
{
	size_t page = fl_page_bytes();
	int fd = numbered(0, 16);
	struct fl_arena a;

	cr_assert_eq(fl_arena_reserve(&a, 8 * page), 0);
	cr_assert_eq(fl_arena_map(&a, 0, 8 * page, fd, 0, FL_ADVISE_NORMAL), 0);
	cr_assert_eq(fl_arena_map(&a, 0, 4 * page, fd, 8 * page, FL_ADVISE_NORMAL), 0);
	cr_assert_eq(number_at(a.base + page), 9u);
	cr_assert_eq(number_at(a.base + 5 * page), 5u);
	fl_arena_drop(&a, 4 * page, 4 * page);
	cr_assert(readable(a.base + 3 * page));
	cr_assert_not(readable(a.base + 4 * page));
	cr_assert(reserved(a.base + 7 * page));
}

Test(mapping, windows_cannot_be_written_to)
{
	int fd = numbered(1, 1), zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	struct fl_arena a;

	cr_assert_eq(fl_arena_reserve(&a, fl_page_bytes()), 0);
	cr_assert_eq(fl_arena_map(&a, 0, fl_page_bytes(), fd, fl_page_bytes(), FL_ADVISE_NORMAL),
		     0);
	cr_assert(read(zero, a.base, 1) < 0 && errno == EFAULT);
	cr_assert_eq(number_at(a.base), 1u);
}

/* Whatever happens to a mapping, no other mmap may land inside the arena. */
Test(mapping, a_failed_mapping_leaves_the_range_reserved)
{
	int dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = numbered(0, 2);
	size_t page = fl_page_bytes();
	struct fl_arena a;

	cr_assert_eq(fl_arena_reserve(&a, 2 * page), 0);
	cr_assert_eq(fl_arena_map(&a, 0, 2 * page, fd, 0, FL_ADVISE_NORMAL), 0);
	cr_assert_eq(fl_arena_map(&a, 0, 2 * page, dir, 0, FL_ADVISE_NORMAL), -ENODEV);
	cr_assert(reserved(a.base));
	cr_assert(reserved(a.base + page));
	cr_assert_not(readable(a.base));
	cr_assert_eq(fl_arena_map(&a, 0, 2 * page, fd, 0, FL_ADVISE_NORMAL), 0);
	cr_assert_eq(number_at(a.base + page), 1u);
}

/* 400 MiB of arena, mapped again and again, where 512 MiB are allowed in all. */
static void live_in_512_mib(void)
{
	struct rlimit limit = {.rlim_cur = 512 * MIB, .rlim_max = 512 * MIB};
	int fd = fl_file_temp(), i;
	struct fl_arena a, b;

	if (ftruncate(fd, (off_t)(800 * MIB)) != 0 || setrlimit(RLIMIT_AS, &limit) != 0)
		_exit(50);
	if (fl_arena_reserve(&a, 600 * MIB) != -ENOMEM)
		_exit(51);
	if (fl_arena_reserve(&a, 400 * MIB) != 0)
		_exit(52);
	for (i = 0; i < 20; i++) {
		if (fl_arena_map(&a, 0, 400 * MIB, fd, (uint64_t)i * MIB, FL_ADVISE_NORMAL) != 0)
			_exit(53);
		fl_arena_drop(&a, 200 * MIB, 200 * MIB);
	}
	if (fl_arena_reserve(&b, 200 * MIB) != -ENOMEM || fl_map_anon(200 * MIB))
		_exit(54);
	fl_arena_release(&a);
	_exit(fl_arena_reserve(&b, 400 * MIB) == 0 ? 0 : 55);
}

Test(mapping, a_limited_address_space_is_enough)
{
#ifdef __SANITIZE_ADDRESS__
	cr_skip_test("AddressSanitizer itself needs more address space");
#endif
	cr_assert_eq(in_child(live_in_512_mib), 0);
}

Test(mapping, anonymous_memory_is_zero_and_writable)
{
	unsigned char *p = fl_map_anon(MIB);
	size_t i;

	cr_assert_not_null(p);
	cr_assert_eq((uintptr_t)p % fl_page_bytes(), 0u);
	for (i = 0; i < MIB; i += 511)
		cr_assert_eq(p[i]++, 0);
	fl_unmap(p, MIB);
	cr_assert_not(reserved(p));
	fl_unmap(NULL, MIB);
}

/* Does the mapping that begins at @p have that flag of proc_pid_smaps(5)? */
static bool has_flag(const void *p, const char *flag)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	char line[512], begin[32];
	bool inside = false, found = false;

	snprintf(begin, sizeof(begin), "%lx-", (unsigned long)(uintptr_t)p);
	while (f && fgets(line, sizeof(line), f)) {
		inside = inside || strncmp(line, begin, strlen(begin)) == 0;
		if (inside && strncmp(line, "VmFlags:", 8) == 0) {
			found = strstr(line, flag) != NULL;
			break;
		}
	}
	if (f)
		fclose(f);
	return found;
}

Test(mapping, large_pages_are_asked_for_and_hold_what_is_stored)
{
	size_t n = 5 * MIB + fl_page_bytes(), i;
	unsigned char *p = fl_map_anon_large(n);

	cr_assert_not_null(p);
	cr_assert_eq((uintptr_t)p % FL_HUGE_BYTES, 0);
	if (access("/sys/kernel/mm/transparent_hugepage/enabled", R_OK) == 0)
		cr_assert(has_flag(p, " hg"));
	for (i = 0; i < n; i += 509)
		cr_assert_eq(p[i]++, 0);
	for (i = 0; i < n; i += 509)
		cr_assert_eq(p[i], 1);
	fl_unmap(p, n);
	cr_assert_not(reserved(p));
	cr_assert_null(fl_map_anon_large((size_t)1 << 60));
}

Test(mapping, a_file_that_cannot_be_mapped_says_why)
{
	int dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = 0;

	cr_assert_null(fl_map_file(-1, 0, 4096, &err));
	cr_assert_eq(err, -EBADF);
	cr_assert_null(fl_map_file(dir, 0, 4096, &err));
	cr_assert_eq(err, -ENODEV);
}

static void limited(void)
{
	struct rlimit lim = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
	uint64_t before, after;
	void *p;

	if (setrlimit(RLIMIT_AS, &lim) < 0 || fl_address_space_left() != UINT64_MAX)
		_exit(1);
	lim.rlim_cur = (rlim_t)1 << 40;
	if (setrlimit(RLIMIT_AS, &lim) < 0)
		_exit(2);
	before = fl_address_space_left();
	if (before == 0 || before >= (uint64_t)1 << 40)
		_exit(3);
	p = fl_map_anon(64 * MIB);
	after = fl_address_space_left();
	if (!p || before - after < 64 * MIB || before - after > 65 * MIB)
		_exit(4);
	/* Less than is in use already */
	lim.rlim_cur = MIB;
	if (setrlimit(RLIMIT_AS, &lim) < 0 || fl_address_space_left() != 0)
		_exit(5);
}

Test(mapping, address_space_that_is_left)
{
	int status;
	pid_t pid;

#ifdef __SANITIZE_ADDRESS__
	cr_skip_test("AddressSanitizer has terabytes of addresses mapped");
#endif
	pid = fork();
	if (pid == 0) {
		limited();
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%#x", (unsigned)status);
}
