/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plat/file.h"
#include "plat/residency.h"

#define MIB ((uint64_t)1 << 20)
#define FILE_BYTES (8 * MIB)

static uint64_t page(void)
{
	return (uint64_t)sysconf(_SC_PAGESIZE);
}

static int written_file(void)
{
	static char text[1 << 20];
	int fd = fl_file_temp();
	uint64_t off;

	cr_assert(fd >= 0);
	cr_assert_eq(fchmod(fd, 0644), 0);
	for (off = 0; off < FILE_BYTES; off += sizeof(text))
		cr_assert_eq(fl_fd_pwrite(fd, text, sizeof(text), off), 0);
	cr_assert_eq(fsync(fd), 0);
	return fd;
}

static uint64_t resident(int fd, uint64_t off, uint64_t len)
{
	uint64_t pages = 12345;

	cr_assert_eq(fl_resident_pages(fd, off, len, &pages, NULL), 0);
	return pages;
}

/* A file that is on disk and in the cache; skips where the cache is all there is (tmpfs). */
static int cached_file(void)
{
	int fd = written_file();
	size_t got;
	char *text = malloc(FILE_BYTES);

	fl_drop_pages(fd, 0, FILE_BYTES);
	if (resident(fd, 0, FILE_BYTES) > 0)
		cr_skip_test("/var/tmp keeps its pages");
	cr_assert_eq(fl_file_pread(fd, text, FILE_BYTES, 0, &got), 0);
	free(text);
	return fd;
}

/* The kernel may take a clean page back at any time, or hold one that is dropped: pages are counted in a
 * new file until neither happened. */
static void until(bool (*counts)(int fd))
{
	bool right = false;

	for (unsigned i = 0; i < 20 && !right; i++) {
		int fd = cached_file();

		right = counts(fd);
		close(fd);
	}
	cr_assert(right, "never");
}

static bool all_are_seen(int fd)
{
	bool right = resident(fd, 0, FILE_BYTES) == FILE_BYTES / page() &&
		     resident(fd, page(), 3 * page()) == 3;

	cr_assert_eq(resident(fd, 0, 0), 0u);
	fl_drop_pages(fd, 0, FILE_BYTES);
	return right && resident(fd, 0, FILE_BYTES) == 0;
}

Test(residency, sees_pages_come_and_go)
{
	until(all_are_seen);
}

static unsigned percent(int fd, uint64_t off, uint64_t len)
{
	unsigned p = 12345;

	cr_assert_eq(fl_resident_percent(fd, off, len, &p), 0);
	return p;
}

static bool quarters_are_seen(int fd)
{
	bool right = percent(fd, 0, FILE_BYTES) == 100;

	cr_assert_eq(percent(fd, 0, 0), 0u);
	fl_drop_pages(fd, FILE_BYTES / 4, FILE_BYTES / 4);
	return right && percent(fd, FILE_BYTES / 4, FILE_BYTES / 4) == 0 &&
	       percent(fd, 0, FILE_BYTES) == 75 && percent(fd, FILE_BYTES / 2, 1) == 100;
}

Test(residency, percent_of_a_small_range_is_exact)
{
	until(quarters_are_seen);
}

/* Reading a hole fills the cache with pages of zeros: the last quarter of the file. */
static bool last_quarter_is_seen(int fd, uint64_t size)
{
	static char text[MIB];
	unsigned all;
	size_t got;

	for (uint64_t off = size - size / 4; off < size; off += MIB)
		cr_assert_eq(fl_file_pread(fd, text, MIB, off, &got), 0);
	all = percent(fd, 0, size);
	return all >= 24 && all <= 26 && percent(fd, size - size / 4, size / 4) >= 95u;
}

Test(residency, percent_of_a_large_range_is_sampled)
{
	uint64_t size = 256 * MIB;
	int fd = fl_file_temp();
	bool right = false;

	cr_assert_eq(ftruncate(fd, (off_t)size), 0);
	cr_assert_eq(percent(fd, 0, size), 0u);
	/* The kernel may take clean pages back at any time: other tests run beside this one. */
	for (unsigned i = 0; i < 20 && !right; i++)
		right = last_quarter_is_seen(fd, size);
	cr_assert(right);
	cr_assert_eq(percent(fd, 0, size / 2), 0u);
	close(fd);
}

static bool one_is_at_the_end(int fd)
{
	cr_assert_eq(resident(fd, FILE_BYTES, FILE_BYTES), 0u);
	return resident(fd, FILE_BYTES - page(), FILE_BYTES) == 1;
}

Test(residency, beyond_the_end_nothing_is_resident)
{
	until(one_is_at_the_end);
}

static bool neighbours_stay(int fd)
{
	fl_drop_pages(fd, 4 * MIB, 2 * MIB);
	/* A large folio that reaches over the edge may stay. */
	cr_assert(resident(fd, 4 * MIB, 2 * MIB) < 2 * MIB / page());
	return resident(fd, 0, 4 * MIB) == 4 * MIB / page() &&
	       resident(fd, 6 * MIB, 2 * MIB) == 2 * MIB / page();
}

Test(residency, drops_only_inside_the_range)
{
	until(neighbours_stay);
}

static bool all_stay(int fd)
{
	fl_drop_pages(fd, page() + 1, page() - 1);
	fl_drop_pages(fd, page() + 1, 2);
	fl_drop_pages(fd, 0, 0);
	return resident(fd, 0, FILE_BYTES) == FILE_BYTES / page();
}

Test(residency, less_than_a_page_drops_nothing)
{
	until(all_stay);
}

static bool none_stays(int fd)
{
	fl_drop_pages(fd, 0, UINT64_MAX);
	return resident(fd, 0, UINT64_MAX) == 0;
}

Test(residency, no_end_means_to_the_end)
{
	until(none_stays);
}

/* Pages are gone that nobody dropped, or one that the kernel held just then was not dropped. */
#define NOT_AS_LEFT 60

/* Somebody who may read the file, but neither owns nor may write it: cachestat(2) says EPERM. */
static void ask_as_nobody(int fd)
{
	uint64_t all = FILE_BYTES / page(), pages = 0;
	const char *method = "";

	if (setgid(65534) != 0 || setuid(65534) != 0)
		_exit(50);
	if (fl_resident_pages(fd, 0, FILE_BYTES, &pages, &method) != 0 || pages > all)
		_exit(51);
	if (pages < all)
		_exit(NOT_AS_LEFT);
	if (strcmp(method, "nowait") != 0)
		_exit(52);
	fl_drop_pages(fd, 0, FILE_BYTES);
	if (fl_resident_pages(fd, 0, FILE_BYTES, &pages, &method) != 0)
		_exit(53);
	if (pages != 0)
		_exit(NOT_AS_LEFT);
	if (fl_resident_pages(fd, 0, 8 * page(), &pages, &method) != 0 || pages > 1)
		_exit(54);
	_exit(fl_resident_pages(fd, 2 * FILE_BYTES, MIB, &pages, &method) == 0 && pages == 0 ? 0
											     : 55);
}

static bool nobody_sees_the_same(int fd)
{
	char path[64];
	int status, ro;
	pid_t pid;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ro = open(path, O_RDONLY | O_CLOEXEC);
	pid = fork();
	if (pid == 0)
		ask_as_nobody(ro);
	waitpid(pid, &status, 0);
	close(ro);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_AS_LEFT)
		return false;
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%d", WEXITSTATUS(status));
	/* Each miss may bring in its own page and no more. */
	cr_assert(resident(fd, 0, FILE_BYTES) <= 64 + 8);
	return true;
}

Test(residency, probes_where_cachestat_is_refused)
{
	const char *method = "";
	uint64_t pages;
	int fd = cached_file();

	cr_assert_eq(fl_resident_pages(fd, 0, MIB, &pages, &method), 0);
	close(fd);
	if (geteuid() != 0 || strcmp(method, "cachestat") != 0)
		cr_skip_test("needs root, and cachestat(2), which is in Linux 6.5 and later");
	until(nobody_sees_the_same);
}

Test(residency, pipes_have_no_pages)
{
	uint64_t pages = 77;
	int fd[2], r;

	cr_assert_eq(pipe(fd), 0);
	r = fl_resident_pages(fd[0], 0, 4096, &pages, NULL);
	cr_assert_eq(pages, r == 0 ? 0u : 77u);
	pages = 77;
	cr_assert_eq(fl_resident_pages(-1, 0, 4096, &pages, NULL), -EOPNOTSUPP);
	cr_assert_eq(pages, 77u);
}

Test(residency, available_memory_is_a_part_of_memory)
{
	uint64_t available = fl_memory_available();
	struct sysinfo si;

	sysinfo(&si);
	cr_assert(available > 0);
	cr_assert(available < (uint64_t)si.totalram * si.mem_unit);
	cr_assert(fl_memory_cgroup_limit() > 0);
}

static bool write_to(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *f;
	bool ok;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	if (!f)
		return false;
	ok = fputs(text, f) >= 0;
	return fclose(f) == 0 && ok;
}

/* In the group, with 16 MiB of page cache of its own: that must not count against the room. */
static void look_from_inside(const char *dir)
{
	static char text[1 << 20];
	int fd = open("/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), i;
	uint64_t room;

	if (!write_to(dir, "cgroup.procs", "0"))
		_exit(50);
	for (i = 0; i < 16; i++)
		fl_fd_pwrite(fd, text, sizeof(text), (uint64_t)i * MIB);
	if (fl_memory_cgroup_limit() != 64 * MIB)
		_exit(51);
	room = fl_memory_available();
	_exit(room > 56 * MIB && room <= 64 * MIB ? 0 : 52);
}

/* The limit stands on the outer group, the process is in the inner one. */
static void limited_group(const char *mount, const char *file)
{
	char outer[128], inner[160];
	int status = -1;
	pid_t pid;

	snprintf(outer, sizeof(outer), "%s/faultline_test_%d", mount, (int)getpid());
	snprintf(inner, sizeof(inner), "%s/inner", outer);
	if (mkdir(outer, 0755) != 0)
		cr_skip_test("no memory control group can be made here");
	if (!write_to(outer, file, "67108864") || mkdir(inner, 0755) != 0) {
		rmdir(outer);
		cr_skip_test("no memory limit can be set here");
	}
	pid = fork();
	if (pid == 0)
		look_from_inside(inner);
	waitpid(pid, &status, 0);
	rmdir(inner);
	rmdir(outer);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%d", WEXITSTATUS(status));
}

Test(residency, a_memory_cgroup_limits)
{
	if (geteuid() != 0)
		cr_skip_test("needs root to make a control group");
	if (access("/sys/fs/cgroup/memory/memory.limit_in_bytes", F_OK) == 0)
		limited_group("/sys/fs/cgroup/memory", "memory.limit_in_bytes");
	else
		limited_group("/sys/fs/cgroup", "memory.max");
}
