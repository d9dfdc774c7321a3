/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_HASH_LANES_H
#define FAULTLINE_CLI_HASH_LANES_H

#include <stddef.h>

#include <faultline/manifest.h>
#include <faultline/pipeline.h>

#include "cli/hash_options.h"
#include "cli/job.h"

/**
 * DOC: Files side by side.
 *
 * Small files are hashed by one thread each, on lanes; large ones, if their
 * digests can be shared among threads, by all threads together, one after the
 * other. Lanes are the workers of a batch; the caller of hash_lanes_whole() is
 * the batch's done.
 */
struct hash_lanes;

/**
 * struct leaf_sink - where the leaves of one file go, in file order
 * @sums: as in struct fl_leaves_options, or NULL
 */
struct leaf_sink {
	int (*leaf)(void *arg, const struct fl_leaf *leaf);
	int (*sums)(void *arg, const void *data, size_t len);
	void *arg;
};

/**
 * struct hash_result - of one file
 * @sink:    set before the work, where the choice has leaves
 * @ranged, @range_off, @range_len: set before the work: this file's range is not that of all files
 * @state, @state_len: set before the work of a ranged file: go on with what hash_lanes_save() gave
 * @waiting: it was left to hash_lanes_whole()
 * @code:    0, or an error with detail in @error
 * @digests: those of the choice, one after the other; with leaves, the whole file's
 */
struct hash_result {
	struct leaf_sink sink;
	int ranged;
	uint64_t range_off;
	uint64_t range_len;
	const void *state;
	size_t state_len;
	int waiting;
	int code;
	struct fl_error error;
	struct fl_stats stats;
	unsigned char digests[HASH_MAX * FL_HASH_DIGEST_MAX];
};

/**
 * hash_lanes_new() - ends the program without memory
 * @threads: lanes
 * @single:  there will be one file only: all threads are for it
 */
struct hash_lanes *hash_lanes_new(const struct common_options *common, unsigned threads,
				  int single);

/** hash_lanes_check() - can these digests be computed? Ends the program where not */
void hash_lanes_check(struct hash_lanes *lanes, const struct hash_choice *choice);

/**
 * hash_lanes_work() - for fl_batch_ops.work
 * @choice: must outlive the lanes; it is told from others by its address
 * Return: what work returns.
 */
int hash_lanes_work(struct hash_lanes *lanes, unsigned worker, const struct hash_choice *choice,
		    const char *name, struct hash_result *result);

/** hash_lanes_whole() - for fl_batch_ops.done: the files that were left, with all threads */
void hash_lanes_whole(struct hash_lanes *lanes, const struct hash_choice *choice, const char *name,
		      struct hash_result *result);

/**
 * hash_lanes_save() - the state of the file that hash_lanes_whole() works on, or was working on
 * @buf: @size bytes; or NULL and 0, to ask how many there would have to be
 * @ret_off: where to go on
 * Threads: from that file's progress callback or leaf_sink, or after hash_lanes_whole().
 * Return: bytes; 0 when there is no such file; -ENOSPC; -EBUSY, -FL_EUNSUPPORTED as from
 * fl_hash_set_save().
 */
int64_t hash_lanes_save(const struct hash_lanes *lanes, void *buf, size_t size, uint64_t *ret_off);

/** hash_lanes_follow() - in place of all this where another rank leads: do what it orders (crew.h) */
void hash_lanes_follow(const struct common_options *common);

/** hash_lanes_free() */
void hash_lanes_free(struct hash_lanes *lanes);

#endif
