/* SPDX-License-Identifier: MIT */
#include "plat/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "plat/disk.h"
#include "plat/file.h"
#include "plat/pagecache.h"
#include "plat/pseudo_file.h"

/* linux/userfaultfd.h: only faults of user mode, which needs no privilege (Linux 5.11). */
#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

/* linux/fs.h, Linux 6.14 */
#ifndef RWF_DONTCACHE
#define RWF_DONTCACHE 0x80
#endif

/* linux/mman.h, Linux 5.14 */
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

/* "always [madvise] never": what stands in brackets */
static void read_choice(const char *path, char *ret)
{
	char text[FL_FACT_BYTES], *begin;

	snprintf(ret, FL_FACT_BYTES, "unknown");
	if (!fl_pseudo_line(path, text, sizeof(text)))
		return;
	begin = strchr(text, '[');
	if (!begin)
		return;
	begin[strcspn(begin, "]")] = '\0';
	snprintf(ret, FL_FACT_BYTES, "%s", begin + 1);
}

static void read_cpu(char *ret, const char *fallback)
{
	char line[512], *colon;
	FILE *f = fopen("/proc/cpuinfo", "re");

	snprintf(ret, FL_FACT_BYTES, "%s", fallback);
	while (f && fgets(line, sizeof(line), f)) {
		colon = strchr(line, ':');
		if (strncmp(line, "model name", 10) != 0 || !colon)
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(ret, FL_FACT_BYTES, "%.*s", FL_FACT_BYTES - 1,
			 colon + 1 + strspn(colon + 1, " "));
		break;
	}
	if (f)
		fclose(f);
}

static const char *cgroup_version(void)
{
	bool v2 = access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0;
	bool v1 = access("/sys/fs/cgroup/memory/memory.limit_in_bytes", F_OK) == 0;

	if (v1)
		return access("/sys/fs/cgroup/unified", F_OK) == 0 ? "v1 and v2" : "v1";
	return v2 ? "v2" : "none";
}

static uint64_t memlock_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	return (uint64_t)limit.rlim_cur;
}

/* Powers of two: a directory for each that is more than a page (Linux 6.8). */
static void read_folios(char *ret)
{
	uint64_t bytes = (uint64_t)sysconf(_SC_PAGESIZE);
	size_t n = (size_t)snprintf(ret, FL_FACT_BYTES, "%" PRIu64, bytes);
	char path[80];

	for (bytes *= 2; bytes <= UINT64_C(1) << 30; bytes *= 2) {
		snprintf(path, sizeof(path),
			 "/sys/kernel/mm/transparent_hugepage/hugepages-%" PRIu64 "kB",
			 bytes >> 10);
		if (access(path, F_OK) == 0 && n + 12 < FL_FACT_BYTES)
			n += (size_t)snprintf(ret + n, FL_FACT_BYTES - n, ",%" PRIu64, bytes);
	}
}

void fl_machine_read(struct fl_machine *ret)
{
	struct utsname name;
	long pages = sysconf(_SC_PHYS_PAGES), online = sysconf(_SC_NPROCESSORS_ONLN);

	*ret = (struct fl_machine){0};
	if (uname(&name) == 0) {
		snprintf(ret->kernel, sizeof(ret->kernel), "%.64s %.64s", name.sysname,
			 name.release);
		snprintf(ret->architecture, sizeof(ret->architecture), "%.64s", name.machine);
	}
	read_cpu(ret->cpu, ret->architecture);
	ret->cpus_online = online > 0 ? (unsigned)online : 1;
	ret->memory_bytes = pages > 0 ? (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
	ret->huge_page_bytes =
		fl_pseudo_number("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size", 0);
	read_folios(ret->folios);
	read_choice("/sys/kernel/mm/transparent_hugepage/enabled", ret->thp);
	ret->fault_around_bytes = fl_pseudo_number("/sys/kernel/debug/fault_around_bytes", 0);
	ret->memlock_bytes = memlock_limit();
	ret->cgroup = cgroup_version();
}

static int try_cachestat(void)
{
	struct fl_pagecache counts;
	int fd = fl_file_temp(), r;

	if (fd < 0)
		return fd;
	r = fl_pagecache_count(fd, 0, 4096, &counts);
	close(fd);
	return r;
}

static int opened(long fd)
{
	if (fd < 0)
		return -errno;
	close((int)fd);
	return 0;
}

static int try_perf(void)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_HARDWARE,
				       .size = sizeof(attr),
				       .config = PERF_COUNT_HW_CPU_CYCLES,
				       .exclude_kernel = 1,
				       .exclude_hv = 1};

	return opened(syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC));
}

static int try_populate_read(void)
{
	size_t n = (size_t)sysconf(_SC_PAGESIZE);
	void *p = mmap(NULL, n, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int r;

	if (p == MAP_FAILED)
		return -errno;
	r = madvise(p, n, MADV_POPULATE_READ) < 0 ? -errno : 0;
	munmap(p, n);
	return r;
}

int fl_facility_try(enum fl_facility facility)
{
	switch (facility) {
	case FL_FACILITY_CACHESTAT:
		return try_cachestat();
	case FL_FACILITY_USERFAULTFD:
		return opened(syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY));
	case FL_FACILITY_PERF_EVENTS:
		return try_perf();
	case FL_FACILITY_KPAGEFLAGS:
		return opened(open("/proc/kpageflags", O_RDONLY | O_CLOEXEC));
	case FL_FACILITY_POPULATE_READ:
		return try_populate_read();
	}
	return -EINVAL;
}

static void unescape(char *text)
{
	char *to = text;

	while (*text) {
		if (text[0] == '\\' && text[1] && text[2] && text[3]) {
			*to++ = (char)((text[1] - '0') * 64 + (text[2] - '0') * 8 + text[3] - '0');
			text += 4;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
}

/* "36 35 98:0 / /mnt rw - ext4 /dev/sda rw", with any number of fields before the dash (proc(5)) */
static bool parse_mount(char *line, const char *number, struct fl_device *ret)
{
	char *save = NULL, *word = strtok_r(line, " \n", &save);
	bool ours = false;
	int field;

	for (field = 1; word; field++, word = strtok_r(NULL, " \n", &save)) {
		if (field == 3)
			ours = strcmp(word, number) == 0;
		if (field > 6 && strcmp(word, "-") == 0)
			break;
	}
	if (!ours || !word)
		return false;
	word = strtok_r(NULL, " \n", &save);
	if (word)
		snprintf(ret->filesystem, sizeof(ret->filesystem), "%s", word);
	word = strtok_r(NULL, " \n", &save);
	if (word) {
		unescape(word);
		snprintf(ret->device, sizeof(ret->device), "%s", word);
	}
	return true;
}

static bool find_mount(struct fl_device *ret)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t room = 0;
	bool found = false;

	while (f && !found && getline(&line, &room, f) > 0)
		found = parse_mount(line, ret->number, ret);
	free(line);
	if (f)
		fclose(f);
	return found;
}

static void read_disk(uint64_t disk, struct fl_device *ret)
{
	char text[FL_FACT_BYTES];

	ret->kind = "none";
	if (fl_disk_attribute(disk, "queue/rotational", text, sizeof(text)))
		ret->kind = *text == '1' ? "rotational" : "solid";
	if (fl_disk_attribute(disk, "device/model", text, sizeof(text))) {
		size_t n = strlen(text);

		while (n > 0 && text[n - 1] == ' ')
			text[--n] = '\0';
		snprintf(ret->model, sizeof(ret->model), "%s", text);
	}
	ret->readahead_bytes = fl_disk_readahead_bytes(disk);
}

static void read_direct(int fd, struct fl_device *ret)
{
	struct fl_file file;
	int direct;

	if (fl_file_from_fd(fd, &file, NULL) < 0)
		return;
	if (fl_file_open_direct(&file, &direct, &ret->direct_mem_align, &ret->direct_off_align) <
	    0) {
		ret->direct_mem_align = ret->direct_off_align = 0;
		return;
	}
	fl_fd_close(direct);
}

static bool has_dontcache(int fd)
{
	char byte;
	struct iovec iov = {.iov_base = &byte, .iov_len = 1};

	return preadv2(fd, &iov, 1, 0, RWF_DONTCACHE) >= 0;
}

int fl_device_is_memory(int fd)
{
	struct statfs fs;
	struct stat st;

	/* Its name is in memory, on devtmpfs; its bytes are not. */
	if (fstat(fd, &st) == 0 && S_ISBLK(st.st_mode))
		return false;
	return fstatfs(fd, &fs) == 0 && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC ||
					 fs.f_type == HUGETLBFS_MAGIC);
}

int fl_device_of(int fd, struct fl_device *ret)
{
	struct stat st;
	struct statfs fs = {0};
	dev_t disk;

	*ret = (struct fl_device){0};
	if (fstat(fd, &st) < 0)
		return -errno;
	(void)fstatfs(fd, &fs);
	disk = S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev;
	snprintf(ret->number, sizeof(ret->number), "%u:%u", major(disk), minor(disk));
	if (!find_mount(ret) && S_ISBLK(st.st_mode))
		snprintf(ret->filesystem, sizeof(ret->filesystem), "none");
	else if (!*ret->filesystem)
		snprintf(ret->filesystem, sizeof(ret->filesystem), "0x%lx",
			 (unsigned long)fs.f_type);
	ret->memory_only = fl_device_is_memory(fd);
	read_disk(disk, ret);
	read_direct(fd, ret);
	ret->dontcache = has_dontcache(fd);
	return 0;
}
