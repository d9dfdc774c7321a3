/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_MACHINE_H
#define FL_PLAT_MACHINE_H

#include <stddef.h>
#include <stdint.h>

/* Room for one line of a file of /proc or /sys, or a short text about a facility. */
#define FL_FACT_BYTES 160

/**
 * struct fl_machine - what stands still while a program runs
 * @kernel:      "Linux 6.18.44"
 * @architecture: "x86_64"
 * @cpu:         model name, or the architecture
 * @cpus_online: of the machine
 * @memory_bytes, @huge_page_bytes: 0 = unknown
 * @folios:      sizes that the kernel can make folios in, in bytes: "4096,16384,...,2097152"
 * @thp:         the mode in force: "always", "madvise", "never"; "unknown"
 * @fault_around_bytes: 0 = unknown (debugfs is for root)
 * @memlock_bytes: RLIMIT_MEMLOCK, UINT64_MAX = none
 * @cgroup:      "v1", "v2", "v1 and v2", "none"
 */
struct fl_machine {
	char kernel[FL_FACT_BYTES];
	char architecture[FL_FACT_BYTES];
	char cpu[FL_FACT_BYTES];
	unsigned cpus_online;
	uint64_t memory_bytes;
	uint64_t huge_page_bytes;
	char folios[FL_FACT_BYTES];
	char thp[FL_FACT_BYTES];
	uint64_t fault_around_bytes;
	uint64_t memlock_bytes;
	const char *cgroup;
};

/** fl_machine_read() - fills all fields. Cost: a dozen small files. Threads: any. */
void fl_machine_read(struct fl_machine *ret);

/**
 * enum fl_facility - system calls that some machines or sandboxes lack
 */
enum fl_facility {
	FL_FACILITY_CACHESTAT,
	FL_FACILITY_USERFAULTFD,
	FL_FACILITY_PERF_EVENTS,
	FL_FACILITY_KPAGEFLAGS,
	FL_FACILITY_POPULATE_READ
};

/** fl_facility_try() - use it once, without effect. Return: 0, or the -errno it ends with. */
int fl_facility_try(enum fl_facility facility);

/**
 * struct fl_device - where a file lives
 * @filesystem: "ext4", "tmpfs", or the magic number of statfs(2) in hexadecimal
 * @device:     "/dev/vda", or what /proc/self/mountinfo calls the source
 * @number:     "254:0"
 * @model:      of the disk, empty if it has none
 * @kind:       "rotational", "solid", "none" (memory, network)
 * @readahead_bytes: of the file system's device; UINT64_MAX = unknown
 * @direct_mem_align, @direct_off_align: bytes for O_DIRECT; 0 = it cannot be had
 * @dontcache:  preadv2(RWF_DONTCACHE) works (Linux 6.14)
 * @memory_only: pages cannot be dropped: tmpfs, ramfs, hugetlbfs
 */
struct fl_device {
	char filesystem[FL_FACT_BYTES];
	char device[FL_FACT_BYTES];
	char number[FL_FACT_BYTES];
	char model[FL_FACT_BYTES];
	const char *kind;
	uint64_t readahead_bytes;
	uint32_t direct_mem_align;
	uint32_t direct_off_align;
	int dontcache;
	int memory_only;
};

/** fl_device_of() - the device under an open file; reads one byte of it. Return: 0 or -errno of fstat(2). */
int fl_device_of(int fd, struct fl_device *ret);

/** fl_device_is_memory() - struct fl_device.memory_only alone; reads nothing of the file */
int fl_device_is_memory(int fd);

#endif
