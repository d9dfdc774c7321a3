/* SPDX-License-Identifier: MIT */
#ifndef FL_WINDOW_READAHEAD_H
#define FL_WINDOW_READAHEAD_H

#include <stdint.h>

#include "plat/file.h"
#include "window/plan.h"

/**
 * DOC: Loading threads.
 *
 * A page fault brings in little and waits for it. When pages are missing, a
 * few threads that only load run ahead of the computing ones, in file order,
 * with requests large enough that the kernel fills the cache with large
 * folios; the computing threads then map what is there.
 */
struct fl_readahead;

/**
 * fl_readahead_new() - start loading the plan's range into the page cache
 * @threads: 1 .. 16
 * Return: 0; -ENOMEM, -EAGAIN: go on without.
 */
int fl_readahead_new(const struct fl_file *file, const struct fl_plan *plan, unsigned threads,
		     struct fl_readahead **ret);

/** fl_readahead_wait() - until the source's bytes before @end have been asked for and have come */
void fl_readahead_wait(struct fl_readahead *ra, uint64_t end);

/** fl_readahead_consumed() - everything before @off is done with: load further */
void fl_readahead_consumed(struct fl_readahead *ra, uint64_t off);

/** fl_readahead_loaded() - bytes that were not in the cache and were read */
uint64_t fl_readahead_loaded(const struct fl_readahead *ra);

/** fl_readahead_stop() - no more waiting, no more loading; any thread */
void fl_readahead_stop(struct fl_readahead *ra);

/** fl_readahead_free() - stop, join, free; NULL is fine */
void fl_readahead_free(struct fl_readahead *ra);

#endif
