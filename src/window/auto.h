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
 * for cached files, from measurement: page faults per MiB tell large folios
 * from small ones, and where they are small a few chunks are read instead of
 * mapped and the faster loader is kept.
 */

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

/** fl_auto_choose() - before the run. Cost: 10-100 us. */
void fl_auto_choose(const struct fl_options *opt, const struct fl_file *file,
		    const struct fl_plan *plan, struct fl_choice *ret);

/**
 * struct fl_sample - what a worker reports of a chunk
 * @settling: its first: stacks, buffers and code pages were touched for the first time
 */
struct fl_sample {
	enum fl_io io;
	bool settling;
	uint64_t bytes;
	uint64_t ns;
	uint64_t faults;
};

/* FL_AUTO_EXPLORE: mmap and read take turns; FL_AUTO_KEEP: the better one, until it is time to
 * look again. */
enum fl_auto_phase {
	FL_AUTO_KEEP,
	FL_AUTO_EXPLORE
};

/**
 * struct fl_tally - samples of one loader in one phase
 * @worst: the slowest of them: whoever was interrupted does not decide
 */
struct fl_tally {
	struct fl_sample sum;
	struct fl_sample worst;
};

/**
 * struct fl_auto - the run's measurements; all under @lock
 * @io:         loader of FL_AUTO_KEEP
 * @turn:       chunks before the loaders change places in FL_AUTO_EXPLORE
 * @length:     chunks of this phase
 * @handed_out, @reported: of them
 * @tally:      by loader: 0 mmap, 1 read
 * @ns_per_mib: by loader, when last explored; 0 = never
 * @faults_per_mib: of mmap, when last measured
 * @served:     bytes by loader
 */
struct fl_auto {
	pthread_mutex_t lock;
	bool adaptive;
	enum fl_auto_phase phase;
	enum fl_io io;
	unsigned turn;
	unsigned length;
	unsigned handed_out;
	unsigned reported;
	struct fl_tally tally[2];
	double ns_per_mib[2];
	double faults_per_mib;
	uint64_t served[2];
};

void fl_auto_init(struct fl_auto *a, const struct fl_choice *choice, unsigned threads);
void fl_auto_done(struct fl_auto *a);

/** fl_auto_pick() - FL_IO_MMAP or FL_IO_READ for the next chunk; any thread */
enum fl_io fl_auto_pick(struct fl_auto *a);

/** fl_auto_report() - how a picked chunk went; any thread, once for each pick */
void fl_auto_report(struct fl_auto *a, const struct fl_sample *s);

/** fl_auto_explain() - after the run: the loader that served most, and why (@reason of 160 bytes) */
enum fl_io fl_auto_explain(const struct fl_auto *a, const struct fl_choice *choice, char *reason,
			   size_t n);

#endif
