/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <faultline/shm.h>
#include <faultline/shm_sync.h>

#include "../support/shmtest.h"

#define RESERVED "/proc/sys/vm/nr_hugepages"
#define PAGE ((uint64_t)2 << 20)

/* What a test here needs at most. */
#define PAGES 6

static struct fl_error err;
static int reserved = -1;
static long before;

static long meminfo(const char *word)
{
	FILE *f = fopen("/proc/meminfo", "re");
	char line[128];
	long value = -1;

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, word, strlen(word)) == 0)
			value = atol(line + strlen(word));
	if (f)
		fclose(f);
	return value;
}

static void reserve(long pages)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%ld\n", pages);

	cr_assert_eq(pwrite(reserved, text, (size_t)n, 0), n);
}

/* One test at a time: the lock goes with the process. */
static void set_pages_aside(void)
{
	char text[32] = "";

	reserved = open(RESERVED, O_RDWR | O_CLOEXEC);
	if (reserved < 0)
		cr_skip_test("nobody lets us reserve huge pages: " RESERVED);
	if (meminfo("Hugepagesize:") != (long)(PAGE >> 10))
		cr_skip_test("huge pages of another size than 2 MiB");
	cr_assert_eq(flock(reserved, LOCK_EX), 0);
	cr_assert(pread(reserved, text, sizeof(text) - 1, 0) > 0);
	before = atol(text);
	reserve(before + PAGES);
	if (meminfo("HugePages_Free:") - meminfo("HugePages_Rsvd:") < PAGES) {
		reserve(before);
		cr_skip_test("memory is too fragmented, or too small, for huge pages");
	}
}

static void give_pages_back(void)
{
	if (reserved >= 0)
		reserve(before);
}

TestSuite(segment_huge, .init = set_pages_aside, .fini = give_pages_back);

static struct fl_segment_options options(enum fl_segment_type type, uint64_t bytes)
{
	struct fl_segment_options o;

	fl_segment_options_init(&o);
	o.type = type;
	o.bytes = bytes;
	o.flags = FL_SEGMENT_HUGE | FL_SEGMENT_MANAGED;
	return o;
}

static int attach_there(struct fl_segment_options o, const struct fl_segment_info *info)
{
	struct fl_segment *there = NULL;
	struct fl_shm_spec spec = {.size = sizeof(spec), .kind = FL_SHM_MUTEX, .name = "m"};
	struct fl_shm_object *m = NULL;
	char text[6] = "";

	o.bytes = 0;
	o.flags = FL_SEGMENT_MANAGED;
	o.id = info->id;
	o.nonce = info->nonce;
	if (fl_segment_attach(&o, &there, NULL) < 0)
		return 1;
	if (fl_segment_read(there, 3 << 20, text, 5, NULL) < 0 || strcmp(text, "hello") != 0)
		return 2;
	if (fl_segment_write(there, (3 << 20) + 1, "u", 1, NULL) < 0)
		return 3;
	if (fl_shm_open(there, &spec, &m, NULL) < 0 ||
	    fl_shm_mutex_lock(m, FL_SHM_FOREVER, NULL, NULL) < 0)
		return 4;
	return 0;
}

/* Made, written, attached by another process that dies with its lock, recovered, removed. */
static void round_trip(enum fl_segment_type type)
{
	struct fl_segment_options o = options(type, PAGE + 1);
	struct fl_segment_info info = {.size = sizeof(info)};
	struct fl_segment *seg = NULL;
	struct fl_shm_object *m;
	long unused = meminfo("HugePages_Free:");
	char text[6] = "";
	uint64_t bytes;
	pid_t pid;

	cr_assert_eq(fl_segment_create(&o, &seg, &err), 0, "%s", err.text);
	cr_assert_eq(unused - meminfo("HugePages_Free:"), 2);
	cr_assert_eq(fl_segment_info(seg, &info), 0);
	cr_assert_eq(info.bytes, 2 * PAGE);
	cr_assert_eq(info.header, FL_SEGMENT_OK);
	memset(fl_segment_data(seg, &bytes), 0, 16);
	cr_assert_eq(bytes, 2 * PAGE - FL_SEGMENT_HEADER_BYTES);
	cr_assert_eq(fl_segment_write(seg, 3 << 20, "hello", 5, &err), 0, "%s", err.text);
	m = shmtest_open(seg, FL_SHM_MUTEX, "m", 0, 0);
	o.fd = type == FL_SEGMENT_MEMFD ? fl_segment_fd(seg) : -1;
	pid = shmtest_fork();
	if (pid == 0)
		_exit(attach_there(o, &info));
	cr_assert_eq(shmtest_wait(pid), 0);
	cr_assert_eq(fl_shm_mutex_lock(m, FL_SHM_FOREVER, NULL, NULL), 1);
	cr_assert_eq(fl_segment_read(seg, 3 << 20, text, 5, &err), 0);
	cr_assert_str_eq(text, "hullo");
	o.id = info.id;
	if (type == FL_SEGMENT_SYSV)
		cr_assert_eq(fl_segment_remove(&o, &err), 0, "%s", err.text);
	fl_shm_close(m);
	fl_segment_detach(seg);
	cr_assert_eq(meminfo("HugePages_Free:"), unused);
}

Test(segment_huge, a_memfd)
{
	round_trip(FL_SEGMENT_MEMFD);
}

Test(segment_huge, a_system_v_segment)
{
	round_trip(FL_SEGMENT_SYSV);
}

Test(segment_huge, sizes_are_whole_pages_and_what_is_not_reserved_is_an_error)
{
	struct fl_segment_options o = options(FL_SEGMENT_MEMFD, 4096);
	struct fl_segment_info info = {.size = sizeof(info)};
	struct fl_segment *seg = NULL, *second = NULL;
	uint64_t more = (uint64_t)(meminfo("HugePages_Total:") + 64) * PAGE;

	cr_assert_eq(fl_segment_create(&o, &seg, &err), 0, "%s", err.text);
	cr_assert_eq(fl_segment_resize(seg, PAGE + 1, &err), 0, "%s", err.text);
	cr_assert_eq(fl_segment_info(seg, &info), 0);
	cr_assert_eq(info.bytes, 2 * PAGE);
	((volatile char *)fl_segment_data(seg, NULL))[PAGE] = 1;
	cr_assert_eq(fl_segment_resize(seg, more, &err), -ENOSPC);
	cr_assert_eq(fl_segment_info(seg, &info), 0);
	cr_assert_eq(info.bytes, 2 * PAGE);
	/* The same of one that another process attached, which was not told of its pages. */
	o = (struct fl_segment_options){.size = sizeof(o), .type = FL_SEGMENT_MEMFD, .id = -1};
	o.fd = fl_segment_fd(seg);
	cr_assert_eq(fl_segment_attach(&o, &second, &err), 0, "%s", err.text);
	cr_assert_eq(fl_segment_resize(second, PAGE - 1, &err), 0, "%s", err.text);
	fl_segment_detach(second);
	fl_segment_detach(seg);
	for (enum fl_segment_type t = FL_SEGMENT_SYSV; t <= FL_SEGMENT_MEMFD; t++) {
		if (t == FL_SEGMENT_FILE)
			continue;
		o = options(t, more);
		cr_assert(fl_segment_create(&o, &seg, &err) < 0);
		cr_assert_not_null(strstr(err.text, "nr_hugepages"), "%s", err.text);
	}
}

/* The guard's zeros cannot begin in the middle of a huge page: the whole window becomes zeros. */
Test(segment_huge, cut_while_attached_is_no_signal)
{
	struct fl_segment_options o = options(FL_SEGMENT_MEMFD, 3 * PAGE);
	struct fl_segment *seg = NULL;
	volatile char *data;

	cr_assert_eq(fl_segment_create(&o, &seg, &err), 0, "%s", err.text);
	data = fl_segment_data(seg, NULL);
	data[2 * PAGE] = 'x';
	cr_assert_eq(ftruncate(fl_segment_fd(seg), (off_t)PAGE), 0);
	cr_assert_eq(data[2 * PAGE], 0);
	cr_assert_eq(fl_segment_check(seg, &err), -FL_ETRUNCATED);
	fl_segment_detach(seg);
}
