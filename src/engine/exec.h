/* SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_EXEC_H
#define FL_ENGINE_EXEC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <faultline/pipeline.h>
#include <faultline/shard.h>

#include "base/attr.h"
#include "engine/pool.h"
#include "engine/ring.h"
#include "plat/counters.h"
#include "plat/seats.h"
#include "window/auto.h"
#include "window/coldset.h"
#include "window/feeder.h"
#include "window/framecache.h"
#include "window/plan.h"
#include "window/readahead.h"
#include "window/seam.h"
#include "window/source_impl.h"
#include "window/window.h"

#define FL_OPERATORS_MAX 64u
/* The largest frame of the zstd seekable format. */
#define FL_UNIT_MAX (UINT64_C(1) << 30)

/**
 * struct fl_stage - an operator in a pipeline
 * @stopped: its fold asked for no more, or failed
 * @failed:  its fold failed; for whoever holds the fold baton
 * @ns:      spent in its maps and folds
 */
struct fl_stage {
	const struct fl_operator *ops;
	void *op;
	_Atomic bool stopped;
	bool failed;
	_Atomic uint64_t ns;
};

/* What fl_pipeline.cancel holds. */
#define FL_CANCEL_NONE 0
#define FL_CANCEL_USER 1    /* fl_pipeline_cancel(): stays */
#define FL_CANCEL_SEGMENT 2 /* another segment failed: for this run */

/**
 * struct fl_remote - the ends of a worker in another process: src/cluster
 * @take: the chunk that is the process's @seq-th, from 0; may wait. Return: 1 with its number; 0: no more
 * @part: instead of an operator's fold; may keep the buffer and leave another one. Return: as fold
 * @end:  a chunk is done: @result 0, or its error. Chunks end in the order in which they were taken
 */
struct fl_remote {
	void *arg;
	int (*take)(void *arg, uint64_t seq, uint64_t *ret_chunk);
	int (*part)(void *arg, unsigned k, struct fl_part *part);
	int (*end)(void *arg, const struct fl_slot *slot, int result, const struct fl_error *err);
};

struct fl_exec;

/**
 * struct fl_crew - processes that map the chunks of one run together, on several machines perhaps
 * @run:   instead of the worker threads. The leader folds everything and returns as such a run does;
 *         a follower maps what it takes, hands on the parts, and returns when the leader says so
 * @ranks: how many processes
 * @leads: this one does
 * @size_bytes, @begin, @end, @chunk_bytes: followers: of the leader's plan, before the run
 *
 * All have the same operators and the same options, but for threads and memory. See src/cluster/mpi.
 */
struct fl_crew {
	int (*run)(struct fl_crew *crew, struct fl_exec *x);
	unsigned ranks;
	bool leads;
	uint64_t size_bytes;
	uint64_t begin;
	uint64_t end;
	uint64_t chunk_bytes;
};

/**
 * struct fl_pipeline - a segment; the first one is the pipeline that users have
 * @started: how many stages' start succeeded in this run
 * @failure: whose error the run ends with; under the fold baton, or when no worker runs
 * @next:   the segment that reads what this one writes to @stream; NULL for the last
 * @threads_before: opt.threads without processes
 * @spread: maps with so many @processes instead of threads, and folds; NULL = with threads
 * @shard:  runs map a share and fold nothing, if its count is not 0; @shard_parts: handed to it
 * @replay: this run folds what shards wrote; NULL: it reads a source
 * @crew:   runs are shared with other processes, where they can be; NULL = not
 * @small: buffer of @small_capacity bytes for files that are read at once (small.h)
 * @small_rss: when such a run last asked, @small_rss_ns on the clock
 */
struct fl_pipeline {
	struct fl_options opt;
	struct fl_stage stages[FL_OPERATORS_MAX];
	unsigned stage_count;
	unsigned started;
	struct fl_pool *pool;
	struct fl_stats stats;
	_Atomic int cancel;
	bool running;
	struct fl_failure failure;
	struct fl_pipeline *next;
	struct fl_stream *stream;
	struct fl_shard_options shard;
	uint64_t shard_parts;
	const struct fl_replay_options *replay;
	unsigned char *small;
	size_t small_capacity;
	struct fl_rss small_rss;
	uint64_t small_rss_ns;
	unsigned processes;
	unsigned threads_before;
	int (*spread)(struct fl_exec *x, unsigned processes);
	struct fl_crew *crew;
};

/**
 * struct fl_exec - one run
 * @next:    chunk to be taken next (sources that are not fed)
 * @result:  the run's, written by whoever holds the fold baton
 * @folded:  input bytes done
 * @crewed:  the crew maps
 * @early:   the operators stopped the run before the end
 * @remote: this is a worker process; @remote_faults: of those, for the statistics
 * @init_result, @init_op, @init_error: of worker_init; under the ring's lock
 */
struct fl_exec {
	struct fl_pipeline *pl;
	struct fl_source *src;
	struct fl_needs needs;
	struct fl_plan plan;
	struct fl_choice choice;
	struct fl_window_env env;
	struct fl_ring ring;
	struct fl_auto adapt;
	struct fl_seats seats;
	struct fl_feeder *feeder;
	struct fl_readahead *readahead;
	struct fl_coldset *coldset;
	FL_CACHE_ALIGNED _Atomic uint64_t next;
	FL_CACHE_ALIGNED int result;
	struct fl_error error;
	uint64_t folded;
	uint64_t start_ns;
	uint64_t progress_ns;
	uint64_t rss_ns;
	struct fl_rss peak;
	bool crewed;
	bool early;
	int init_result;
	unsigned init_op;
	struct fl_error init_error;
	struct fl_remote *remote;
	struct fl_faults remote_faults;
};

/**
 * fl_exec_run() - run one segment over its source
 * Return: as fl_pipeline_run().
 */
int fl_exec_run(struct fl_pipeline *pl, struct fl_source *src, struct fl_error *reterr);

/** fl_pipeline_set_range() - for the next run: another range, and whether a record begins there */
void fl_pipeline_set_range(struct fl_pipeline *pl, uint64_t off, uint64_t len, bool at_record);

/** fl_exec_start_operators() - with the plan made. Return: 0, or an operator's error. */
int fl_exec_start_operators(struct fl_exec *x, struct fl_error *reterr);

/** fl_exec_worker() - take chunks until there are none; @arg: struct fl_exec; any number at once */
void fl_exec_worker(void *arg, unsigned i);

/** fl_exec_fold() - the ring's fold: all operators' folds of one chunk, progress, statistics */
int fl_exec_fold(void *arg, struct fl_slot *slot);

/** fl_exec_fold_part() - one operator's fold of one part, or handing it on; with the baton held */
int fl_exec_fold_part(struct fl_exec *x, unsigned k, struct fl_part *part, struct fl_error *err);

/** fl_exec_fold_here() - the fold itself, also where the process's own workers hand their parts on */
int fl_exec_fold_here(struct fl_exec *x, unsigned k, struct fl_part *part, struct fl_error *err);

/** fl_exec_fold_end() - a chunk whose parts were folded here is done. Return: as fl_exec_fold(). */
int fl_exec_fold_end(struct fl_exec *x, const struct fl_slot *slot);

/**
 * fl_exec_check_source() - after all of it was read: is the file still as long, and the same one?
 * Return: 0; -FL_ETRUNCATED; -FL_ECHANGED.
 */
int fl_exec_check_source(struct fl_source *src, struct fl_error *reterr);

/** fl_exec_sample_rss() - note the peaks; with the baton held */
void fl_exec_sample_rss(struct fl_exec *x, uint64_t now);

#endif
