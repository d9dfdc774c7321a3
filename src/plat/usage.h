/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_USAGE_H
#define FL_PLAT_USAGE_H

#include <stdint.h>

/* A counter that could not be read. */
#define FL_USAGE_UNKNOWN UINT64_MAX

/**
 * struct fl_usage - what a process has used so far
 * @storage_read_bytes, @storage_written_bytes: /proc/self/io
 * @tlb_shootdowns: of the machine: /proc/interrupts (x86), FL_USAGE_UNKNOWN elsewhere
 */
struct fl_usage {
	uint64_t user_ns;
	uint64_t sys_ns;
	uint64_t minor_faults;
	uint64_t major_faults;
	uint64_t voluntary_switches;
	uint64_t involuntary_switches;
	uint64_t storage_read_bytes;
	uint64_t storage_written_bytes;
	uint64_t tlb_shootdowns;
};

/** fl_usage_read() - of this process. Cost: 50-100 us. */
void fl_usage_read(struct fl_usage *ret);

/** fl_usage_page_tables() - VmPTE of /proc/self/status, bytes; 0 if unknown. Cost: 30 us. */
uint64_t fl_usage_page_tables(void);

/** fl_usage_machine_ns() - processor time that all processes have used since boot; 0 if unknown */
uint64_t fl_usage_machine_ns(void);

/** fl_usage_children_ns() - user and system time of children that have ended */
uint64_t fl_usage_children_ns(void);

/**
 * struct fl_perf - hardware counters of this process and the threads it starts from now on
 */
struct fl_perf {
	int cycles;
	int dtlb;
};

/** fl_perf_open() - counters that cannot be had stay unknown */
void fl_perf_open(struct fl_perf *perf);

/** fl_perf_close() - read and close; FL_USAGE_UNKNOWN for what was not counted */
void fl_perf_close(struct fl_perf *perf, uint64_t *ret_cycles, uint64_t *ret_dtlb_misses);

#endif
