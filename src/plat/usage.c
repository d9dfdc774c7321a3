/* SPDX-License-Identifier: MIT */
#include "plat/usage.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static uint64_t ns_of(const struct timeval *t)
{
	return (uint64_t)t->tv_sec * UINT64_C(1000000000) + (uint64_t)t->tv_usec * 1000;
}

/* The number behind @key in a file of "key: number" lines; @missing if it is not there. */
static uint64_t value_in(const char *path, const char *key, uint64_t missing)
{
	char text[8192];
	const char *p;
	ssize_t n = -1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
	p = strstr(text, key);
	return p ? strtoull(p + strlen(key), NULL, 10) : missing;
}

/* "TLB: 14677 13243 TLB shootdowns": one number for each processor */
static uint64_t tlb_shootdowns(void)
{
	FILE *f = fopen("/proc/interrupts", "re");
	uint64_t sum = FL_USAGE_UNKNOWN, one;
	char *line = NULL, *p, *end;
	size_t room = 0;

	while (f && sum == FL_USAGE_UNKNOWN && getline(&line, &room, f) > 0) {
		p = line + strspn(line, " ");
		if (strncmp(p, "TLB:", 4) != 0)
			continue;
		sum = 0;
		for (p += 4;; p = end) {
			one = strtoull(p, &end, 10);
			if (end == p)
				break;
			sum += one;
		}
	}
	free(line);
	if (f)
		fclose(f);
	return sum;
}

void fl_usage_read(struct fl_usage *ret)
{
	struct rusage u;

	memset(&u, 0, sizeof(u));
	getrusage(RUSAGE_SELF, &u);
	ret->user_ns = ns_of(&u.ru_utime);
	ret->sys_ns = ns_of(&u.ru_stime);
	ret->minor_faults = (uint64_t)u.ru_minflt;
	ret->major_faults = (uint64_t)u.ru_majflt;
	ret->voluntary_switches = (uint64_t)u.ru_nvcsw;
	ret->involuntary_switches = (uint64_t)u.ru_nivcsw;
	ret->storage_read_bytes = value_in("/proc/self/io", "\nread_bytes: ", 0);
	ret->storage_written_bytes = value_in("/proc/self/io", "\nwrite_bytes: ", 0);
	ret->tlb_shootdowns = tlb_shootdowns();
}

uint64_t fl_usage_page_tables(void)
{
	return value_in("/proc/self/status", "VmPTE:", 0) * 1024;
}

/* "cpu user nice system idle iowait irq softirq steal": all but idle and iowait (proc(5)) */
uint64_t fl_usage_machine_ns(void)
{
	unsigned long long v[8] = {0};
	FILE *f = fopen("/proc/stat", "re");
	int n = 0;

	if (f) {
		n = fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &v[0], &v[1], &v[2],
			   &v[3], &v[4], &v[5], &v[6], &v[7]);
		fclose(f);
	}
	if (n < 8)
		return 0;
	return (uint64_t)(v[0] + v[1] + v[2] + v[5] + v[6] + v[7]) *
	       (UINT64_C(1000000000) / (uint64_t)sysconf(_SC_CLK_TCK));
}

uint64_t fl_usage_children_ns(void)
{
	struct rusage u;

	memset(&u, 0, sizeof(u));
	getrusage(RUSAGE_CHILDREN, &u);
	return ns_of(&u.ru_utime) + ns_of(&u.ru_stime);
}

static int open_counter(uint32_t type, uint64_t config)
{
	struct perf_event_attr attr = {.type = type,
				       .size = sizeof(attr),
				       .config = config,
				       .inherit = 1,
				       .exclude_hv = 1};
	long fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	/* perf_event_paranoid of 2 and more leaves users only their own mode. */
	if (fd < 0 && errno == EACCES) {
		attr.exclude_kernel = 1;
		fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	}
	return (int)fd;
}

void fl_perf_open(struct fl_perf *perf)
{
	perf->cycles = open_counter(PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES);
	perf->dtlb = open_counter(PERF_TYPE_HW_CACHE,
				  PERF_COUNT_HW_CACHE_DTLB | (PERF_COUNT_HW_CACHE_OP_READ << 8) |
					  (PERF_COUNT_HW_CACHE_RESULT_MISS << 16));
}

static uint64_t take(int fd)
{
	uint64_t value = FL_USAGE_UNKNOWN;

	if (fd < 0)
		return FL_USAGE_UNKNOWN;
	if (read(fd, &value, sizeof(value)) != (ssize_t)sizeof(value))
		value = FL_USAGE_UNKNOWN;
	close(fd);
	return value;
}

void fl_perf_close(struct fl_perf *perf, uint64_t *ret_cycles, uint64_t *ret_dtlb_misses)
{
	*ret_cycles = take(perf->cycles);
	*ret_dtlb_misses = take(perf->dtlb);
	perf->cycles = perf->dtlb = -1;
}
