/* SPDX-License-Identifier: MIT */
#ifndef FL_STORE_STORE_JOB_H
#define FL_STORE_STORE_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>

#include "plat/durable.h"
#include "plat/inplace_file.h"
#include "store/journal.h"
#include "store/journal_header.h"
#include "store/same_block.h"
#include "store/write_behind.h"

/**
 * struct fl_store_stats - what stores did
 * @changes:      stored
 * @stored_bytes: of them
 * @pages:        of 4 KiB that were touched, each group's apart
 * @by_pwrite, @by_map, @by_block: changes stored in each way
 * @journal_bytes: written to the journal
 * @peak_rss_anon_bytes: of the process, as far as it was looked at
 */
struct fl_store_stats {
	uint64_t changes;
	uint64_t stored_bytes;
	uint64_t pages;
	uint64_t by_pwrite;
	uint64_t by_map;
	uint64_t by_block;
	uint64_t journal_bytes;
	uint64_t peak_rss_anon_bytes;
};

/**
 * struct fl_store_job - one file that is rewritten in place
 * @target:     open for writing, locked
 * @journaled:  false: --journal=none
 * @open:       the journal is there
 * @stored:     something was written to the target: from here on an error leaves the journal
 * @flags:      FL_JHEADER_...
 * @small_groups: store each run by itself
 * @limit_bytes: of the journal
 * @program:    for the header; the caller's
 * @set:        of journals, where several processes share the rewrite: stores are made by pwrite, as
 *              two clients of a network file system must not share a mapped page
 * @main_name:  of the set's journal 0; the caller's; NULL for journal 0 itself
 * @spaced:     of a set: room for the groups is reserved
 * @behind:     begins to write what was stored; or NULL
 * @block:      through which many changes are stored; or NULL
 * @left:       a journal could be neither completed nor removed
 */
struct fl_store_job {
	struct fl_durable durable;
	struct fl_target target;
	struct fl_journal journal;
	struct fl_store_stats stats;
	bool journaled;
	bool open;
	bool stored;
	bool small_groups;
	uint32_t flags;
	uint64_t limit_bytes;
	const char *program;
	size_t program_len;
	struct fl_jset set;
	const char *main_name;
	bool spaced;
	struct fl_write_behind *behind;
	struct fl_same_block *block;
	bool left;
};

/**
 * fl_store_job_open() - open and lock the target; is there a journal?
 * Return: 0; -FL_EUNFINISHED: there is one that was left behind; -EAGAIN: another job has the file;
 * as fl_target_open().
 */
int fl_store_job_open(const char *path, struct fl_store_job *job, struct fl_error *reterr);

/**
 * fl_store_job_journal() - make the journal; does nothing if it is there, or not wanted
 * @space: bytes that the groups behind the header will take
 *
 * Header, mark of the inode and the name in its directory are durable when this returns 0; after
 * an error there is no journal. In a set it may be called first to make the journal, then with the
 * space that it needs.
 * Return: 0; -EEXIST; -ENOSPC; -FL_ELIMIT; -errno.
 */
int fl_store_job_journal(struct fl_store_job *job, uint64_t space, struct fl_error *reterr);

/** fl_store_job_put() - fl_journal_append(); nothing without a journal */
int fl_store_job_put(struct fl_store_job *job, enum fl_jgroup_type type, const uint64_t *numbers,
		     const struct fl_jpiece *pieces, size_t count, struct fl_error *reterr);

/** fl_store_job_append() - fl_store_job_put() and fl_journal_sync() */
int fl_store_job_append(struct fl_store_job *job, enum fl_jgroup_type type, const uint64_t *numbers,
			const struct fl_jpiece *pieces, size_t count, struct fl_error *reterr);

/**
 * fl_store_job_check_size() - is the target still at least @bytes long?
 * Return: 0; -FL_ETRUNCATED; -errno.
 */
int fl_store_job_check_size(struct fl_store_job *job, uint64_t bytes, struct fl_error *reterr);

/** fl_store_job_write() - bytes of the target, with the offset in the error. Return: 0 or -errno. */
int fl_store_job_write(struct fl_store_job *job, const void *data, size_t len, uint64_t off,
		       struct fl_error *reterr);

/** fl_store_job_sync() - the target's data are durable when this returns 0. Return: 0 or -errno. */
int fl_store_job_sync(struct fl_store_job *job, struct fl_error *reterr);

/**
 * fl_store_job_join() - process set.index >= 1 finds journal 0 of its set, and takes its nonce
 * @ret_main: its name, malloc'ed
 * Return: 0; -FL_EUNSUPPORTED where it is not there: another file system; -errno.
 */
int fl_store_job_join(struct fl_store_job *job, char **ret_main, struct fl_error *reterr);

/** fl_store_job_commit() - all is stored: sync, COMMIT. Return: 0 or -errno. */
int fl_store_job_commit(struct fl_store_job *job, struct fl_error *reterr);

/** fl_store_job_end() - mark and journal go. Return: 0 or -errno. */
int fl_store_job_end(struct fl_store_job *job, struct fl_error *reterr);

/** fl_store_job_done() - close all; a journal that is still there stays */
void fl_store_job_done(struct fl_store_job *job);

#endif
