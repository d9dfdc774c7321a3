/* SPDX-License-Identifier: MIT */
#ifndef FL_WINDOW_AUTO_H
#define FL_WINDOW_AUTO_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <faultline/pipeline.h>

#include "plat/file.h"
#include "window/plan.h"

/**
 * DOC: --io=auto.
 *
 * Decided in two steps. Before the run, from what can be seen: kind and size
 * of the source, what of it is cached, what memory is free. During the run,
 * for cached files, from measurement: the faster of mmap and read is used, the
 * other one now and then to know, and the more seldom the slower it is. Page
 * faults per MiB tell large folios from small ones, which take mmap different
 * times; where the file has both, looking is more frequent. It begins with mmap,
 * but with read where page faults are dear; there, what is not cached is read, too.
 */

/*
 * Where mapping costs more faults per MiB, folios are called small. What is in the cache in 2 MiB
 * folios takes 0.5-1.5, in single pages 16, and where folios are mixed 3-5.
 */
#define FL_AUTO_FAULTS_PER_MIB_SMALL 8.0

/**
 * struct fl_choice - how a run begins
 * @io:        loader
 * @fed:       chunks come from a feeder
 * @readahead: loading threads that fill the page cache ahead, 0 = none
 * @adaptive:  mmap and read may change places during the run
 * @reason:    for the statistics
 */
struct fl_choice {
	enum fl_io io;
	bool fed;
	unsigned readahead;
	bool adaptive;
	char reason[160];
};

/**
 * fl_auto_choose() - before the run. Cost: 10-150 us.
 *
 * @fault_ns: what a page fault takes (fl_fault_ns()); 0 = not known, taken for cheap
 */
void fl_auto_choose(const struct fl_options *opt, const struct fl_file *file,
		    const struct fl_plan *plan, uint64_t fault_ns, struct fl_choice *ret);

/**
 * struct fl_pick - with what to go on
 * @bytes: how far: about so many, then ask again; UINT64_MAX = to the end of the chunk
 */
struct fl_pick {
	enum fl_io io;
	uint64_t bytes;
};

/**
 * struct fl_sample - what a worker reports of what it did with a pick
 * @settling: its first with this loader: stacks, buffers and code pages were touched for the first time
 * @disturbed: the processor was taken away meanwhile, or parts grew into fresh memory: @ns says little. (The
 *            thread's own clock would not count the former, but asking it once a chunk made two threads
 *            5-10 % slower.)
 * @bytes:    0 if the chunk had ended: nothing was done with the pick
 * @faults:   without those of parts
 * @ns:       all of it, and of that @mapping_ns for mappings that were made and replaced
 */
struct fl_sample {
	enum fl_io io;
	bool disturbed;
	bool settling;
	uint64_t bytes;
	uint64_t ns;
	uint64_t mapping_ns;
	uint64_t faults;
};

/* What has a pace of its own. */
enum fl_pace_kind {
	FL_PACE_MAP_LARGE,
	FL_PACE_MAP_SMALL,
	FL_PACE_READ,
	FL_PACE_COUNT,
};

/**
 * struct fl_pace - how fast a loader is
 * @asked:      how often it was picked
 * @samples:    of the first ones, of which the fastest counts; then it is a moving average
 * @ns_per_mib: 0 = not measured yet
 */
struct fl_pace {
	unsigned asked;
	unsigned samples;
	double ns_per_mib;
};

/**
 * struct fl_auto - the run's measurements; all under @lock
 * @io:     without adaptation, or until there are measurements
 * @small:  what was mapped and reported last was cached in small folios
 * @since:  bytes since the other loader was tried last, or small folios began
 * @look_cost: share of the time that mapping may take where reading is faster, to see the folios
 * @window_share: bytes that a thread looks at through one mapping
 * @mapping_ns: what the last mapping took, and @rent: of that, what each MiB seen through it pays
 * @pace:   by enum fl_pace_kind
 * @long_ns, @long_mib: of the last stretches that were mapped, whatever their folios
 * @mapped: sum of the mapped chunks
 * @served: bytes by loader
 */
struct fl_auto {
	pthread_mutex_t lock;
	bool adaptive;
	enum fl_io io;
	bool small;
	uint64_t since;
	double look_cost;
	uint64_t window_share;
	double mapping_ns;
	double rent;
	struct fl_pace pace[FL_PACE_COUNT];
	double long_ns;
	double long_mib;
	struct fl_sample mapped;
	uint64_t served[2];
};

/** fl_auto_init() - @window_share: see struct fl_auto */
void fl_auto_init(struct fl_auto *a, const struct fl_choice *choice, uint64_t window_share);

void fl_auto_done(struct fl_auto *a);

/**
 * fl_auto_pick() - FL_IO_MMAP or FL_IO_READ for what comes next; any thread
 * @settled: this worker has reported before
 */
struct fl_pick fl_auto_pick(struct fl_auto *a, bool settled);

/** fl_auto_report() - how it went; any thread, once for each pick */
void fl_auto_report(struct fl_auto *a, const struct fl_sample *s);

/** fl_auto_explain() - after the run: the loader that served most, and why (@reason of 160 bytes) */
enum fl_io fl_auto_explain(const struct fl_auto *a, const struct fl_choice *choice, char *reason,
			   size_t n);

#endif
