/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_COUNTERS_H
#define FL_PLAT_COUNTERS_H

#include <stdint.h>

/**
 * struct fl_faults - page faults
 * @preempted: how often the processor was taken away meanwhile
 */
struct fl_faults {
	uint64_t minor;
	uint64_t major;
	uint64_t preempted;
};

/** fl_faults_process() - getrusage(RUSAGE_SELF) */
void fl_faults_process(struct fl_faults *ret);

/** fl_faults_thread() - getrusage(RUSAGE_THREAD) */
void fl_faults_thread(struct fl_faults *ret);

struct fl_rss {
	uint64_t anon_bytes; /* RssAnon of /proc/self/status */
	uint64_t file_bytes; /* RssFile + RssShmem there */
};

/**
 * fl_rss_now() - resident memory of the process, from /proc/self/statm
 * Threads: any. Cost: about 2 us. Zeros where it cannot be read.
 */
void fl_rss_now(struct fl_rss *ret);

#endif
