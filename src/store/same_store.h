/* SPDX-License-Identifier: MIT */
#ifndef FL_STORE_SAME_STORE_H
#define FL_STORE_SAME_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "store/change.h"
#include "store/store_job.h"
#include "store/sync_ahead.h"

/**
 * DOC: Changes that keep the length.
 *
 * Changes come in the order of the file, in runs. A group of runs is written to the journal and
 * synced, then it is stored; nothing else is needed for a crash at any moment: the journal holds
 * old and new bytes of all that may have been stored. While a group's sync is under way, the next
 * ones are collected and written, so that neither processors nor the device wait for each other.
 *
 * A run is stored only when a run comes that begins at or behind its end. By then every chunk
 * that looks at bytes before that run has been mapped (seam.h: a chunk looks at the byte before
 * it and at what follows), so that a newline that a store makes or removes at the edge of a chunk
 * moves no seam.
 */

/**
 * struct fl_same_group - runs: u64 base, u64 bytes, then changes
 * @number: of struct fl_sync_ahead, where it is in the journal
 */
struct fl_same_group {
	unsigned char *data;
	size_t len;
	size_t cap;
	uint64_t number;
};

/* One is collected, the others are in the journal and wait for their sync, or are stored. */
#define FL_SAME_GROUPS 5u

/**
 * struct fl_same_store - a rewrite under way
 * @groups:      number n is in place n % FL_SAME_GROUPS
 * @parallel:    a thread of its own may store
 * @written:     groups so far; this is the number of the pending one
 * @stored:      of them, where no thread does it
 * @ahead:       NULL before the journal is there
 * @behind:      the thread that stores; or NULL
 * @pending_end: bytes of the file behind which the pending group can be stored
 * @done_end:    source bytes up to here are in the journal
 * @group_bytes: pending bytes that make a group
 * @end:         of the process's share, or of the file
 * @exact_space: bytes that the groups will take, if that is known (after a dry pass)
 */
struct fl_same_store {
	struct fl_store_job *job;
	struct fl_same_group groups[FL_SAME_GROUPS];
	bool parallel;
	uint64_t stored;
	uint64_t written;
	struct fl_sync_ahead *ahead;
	struct fl_store_behind *behind;
	uint64_t pending_end;
	uint64_t done_end;
	size_t group_bytes;
	uint64_t end;
	uint64_t exact_space;
};

#define FL_RUN_HEAD_BYTES ((size_t)16)
/*
 * The device has something to do early where the first group is small. Large ones save syncs: some
 * of 1 MiB (0.5 ms at 2 GB/s) are under way at a time, and all fit beside everything else into 64 MiB.
 */
#define FL_GROUP_BYTES_FIRST ((size_t)64 << 10)
#define FL_GROUP_BYTES ((size_t)1 << 20)

/**
 * fl_same_init()
 * @from:    source bytes before it are done
 * @threads: of the run, 0 = all processors: if they are several, one more stores, where there are several groups
 *           and calls are the kernel's
 */
void fl_same_init(struct fl_same_store *s, struct fl_store_job *job, uint64_t from,
		  unsigned threads);

/** fl_same_done() - free, and end what is under way; after an error the journal may hold more than was stored */
void fl_same_done(struct fl_same_store *s);

/**
 * fl_same_add() - a run of changes, behind all those before
 * @off:  the record they begin in, at the latest; nothing before it is looked at any more
 * @end:  end of the records they lie in
 * @base: their offsets count from here
 * @p:    @len bytes as fl_change_put() makes them; copied
 *
 * Return: 0; -ENOSPC, -FL_ELIMIT: no room for the journal, and nothing has been stored yet if
 * job->stored is false; -FL_ETRUNCATED; -errno.
 */
int fl_same_add(struct fl_same_store *s, uint64_t off, uint64_t end, const unsigned char *p,
		size_t len, struct fl_error *reterr);

/** fl_same_finish() - the rest, COMMIT, and the journal goes; of a set: the rest is on the device.
 * Return: as fl_same_add(). */
int fl_same_finish(struct fl_same_store *s, struct fl_error *reterr);

/**
 * fl_same_apply() - store all changes of a group
 * @old: the old bytes (rollback), else the new ones
 * Return: 0; -FL_ECORRUPT; -FL_ETRUNCATED; -errno.
 */
int fl_same_apply(struct fl_store_job *job, const unsigned char *group, size_t len, bool old,
		  struct fl_error *reterr);

/**
 * fl_same_next_run() - step through the runs of a group
 * @p, @len: what is left of it
 * Return: 1 with the changes of the next one; 0 at the end; -FL_ECORRUPT.
 */
int fl_same_next_run(const unsigned char **p, size_t *len, struct fl_change_reader *ret);

/** fl_same_space() - journal bytes that @payload bytes of runs take, as groups are made here */
uint64_t fl_same_space(uint64_t payload);

#endif
