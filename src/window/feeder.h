/* SPDX-License-Identifier: MIT */
#ifndef FL_WINDOW_FEEDER_H
#define FL_WINDOW_FEEDER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "window/gather.h"
#include "window/plan.h"
#include "window/seam.h"
#include "window/source_impl.h"
#include "window/window.h"

/**
 * DOC: Feeders.
 *
 * What cannot be looked at in any order (pipes), or is best read in order with
 * many requests in flight (O_DIRECT, io_uring), is fed: workers take the next
 * chunk under a lock, cut at the last record end in sight; what follows the cut
 * is carried over to the next chunk. The map then runs in parallel.
 */
struct fl_feeder;

/**
 * struct fl_fed - a chunk in a worker's hands
 * @chunk:  its bounds; the next one begins at chunk.end
 * @span:   its bytes, with what the last record and unit need behind the end; without data where
 *          they are more than memory allows, and the file can be mapped
 * @gather: the worker's own memory, used where a block does not hold a record
 * @block:  id of the block that is held, or -1
 */
struct fl_fed {
	struct fl_chunk chunk;
	struct fl_span span;
	struct fl_gather gather;
	int block;
};

/**
 * fl_feeder_new() - feed a source
 * @io:     FL_IO_READ: read(2) in order (streams); FL_IO_DIRECT, FL_IO_URING: blocks
 * @cancel: looked at while waiting for a silent pipe
 * @env:    counters; outlives the feeder
 *
 * Return: 0; -FL_EUNSUPPORTED where the file system or the kernel cannot do it
 * (reason in reterr); -ENOMEM; -errno.
 */
int fl_feeder_new(struct fl_source *src, const struct fl_plan *plan, const struct fl_needs *needs,
		  enum fl_io io, struct fl_feeder **ret, struct fl_error *reterr);

/** fl_feeder_attach() - where to look for cancellation and count; before the first next() */
void fl_feeder_attach(struct fl_feeder *f, const _Atomic int *cancel, struct fl_window_env *env);

/** fl_fed_init(), fl_fed_done() - a worker's end; @limit: bytes of memory for long records */
void fl_fed_init(struct fl_fed *fed, size_t limit);
void fl_fed_done(struct fl_fed *fed);

/**
 * fl_feeder_next() - the next chunk in file order
 * Threads: any number at once; each with a fed of its own.
 * Return: 1; 0 at the end; -FL_ECANCELED; -FL_ETRUNCATED, -EIO ... (reterr has the offset; the
 * chunk's seq is set, so that the error takes its place in order).
 */
int fl_feeder_next(struct fl_feeder *f, struct fl_fed *fed, struct fl_error *reterr);

/**
 * fl_feeder_stop() - no more is wanted: who waits for a silent stream gets -FL_ECANCELED soon
 * Threads: any.
 */
void fl_feeder_stop(struct fl_feeder *f);

/** fl_fed_show() - @w shows the chunk from now on, or maps the file for it */
void fl_fed_show(const struct fl_fed *fed, struct fl_window *w);

/** fl_feeder_release() - the chunk's bytes are no longer looked at */
void fl_feeder_release(struct fl_feeder *f, struct fl_fed *fed);

/** fl_feeder_free() - NULL is fine; no worker may hold a chunk */
void fl_feeder_free(struct fl_feeder *f);

#endif
