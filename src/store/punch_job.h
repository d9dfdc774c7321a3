/* SPDX-License-Identifier: MIT */
#ifndef FL_STORE_PUNCH_JOB_H
#define FL_STORE_PUNCH_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>

#include "store/punch_plan.h"
#include "store/recovery.h"
#include "store/store_job.h"

/**
 * DOC: A file that becomes another one and is freed meanwhile.
 *
 * The output grows under a hidden name, ".NAME.NONCE.part", beside what it will be called. Frames
 * are written to it in order. From time to time those that are whole are made durable, then a CURSOR
 * group in the input's journal says so, then the input's blocks before it are freed. So what is not
 * in the input any more is in the output, at every moment.
 *
 *     CURSOR   numbers: input bytes, output bytes, frames, inode of the output;
 *              bytes: how many of the input behind it (8), CRC32C of these (4)
 *     COMMIT   the output is complete and durable; numbers: its size, -, -, its inode. Then it
 *              gets its name, the input goes, the journal goes, each one durably.
 */

/* Behind a cursor: as much of the input as says that it still is the same. */
#define FL_PUNCH_NEXT_BYTES ((size_t)64 << 10)

struct fl_punch_cursor {
	uint64_t in;
	uint64_t packed;
	uint64_t frames;
};

/**
 * struct fl_punch_job
 * @job:      target and journal; the caller's
 * @plan:     what is to be done; the caller's, with the program of the journal
 * @out_dir, @out: directory and descriptor of the output
 * @part:     its name until it is complete; @name: the one to be, in plan.output
 * @ino:      its inode
 * @now:      whole frames that were written, @done: up to the last cursor
 * @written:  bytes of the output
 * @last_in:  where the last frame begins in the input
 * @punched:  input bytes before it are free; @freed_bytes: by this process
 * @mtime_ns: of the input, after our last change to it
 * @committed: COMMIT may be durable
 */
struct fl_punch_job {
	struct fl_store_job *job;
	struct fl_punch_plan plan;
	int out_dir;
	int out;
	char *part;
	const char *name;
	uint64_t ino;
	uint64_t block_bytes;
	struct fl_punch_cursor now;
	struct fl_punch_cursor done;
	uint64_t written;
	uint64_t last_in;
	uint64_t punched;
	uint64_t freed_bytes;
	int64_t mtime_ns;
	bool committed;
};

/**
 * fl_punch_check() - may the blocks of this file be freed?
 * @times: of it, for the plan
 *
 * Nothing is written. Return: 0; -EMLINK for hard links; -EOPNOTSUPP where the file system has no
 * holes; -EPERM; -errno.
 */
int fl_punch_check(struct fl_store_job *job, struct fl_punch_times *times, struct fl_error *reterr);

/**
 * fl_punch_begin() - journal and output are there when this returns 0
 * @job:  target open, locked and checked; job->program is the plan's
 * @plan: copied; what it points to stays the caller's
 *
 * Return: 0; -EEXIST: the output is there; -EAGAIN: others have the input open; -EACCES: no lease;
 * -EINVAL; -ENOSPC; -errno. After an error nothing is left; fl_punch_done() is called all the same.
 */
int fl_punch_begin(struct fl_punch_job *p, struct fl_store_job *job,
		   const struct fl_punch_plan *plan, struct fl_error *reterr);

/** fl_punch_write() - bytes of the output; on a full disk, what can be is freed first. Return: 0; -errno. */
int fl_punch_write(struct fl_punch_job *p, const void *data, size_t len, struct fl_error *reterr);

/**
 * fl_punch_frame() - a frame is whole; may make it durable and free what it stands for
 * @in_bytes: of the input; no map looks at them any more, nor, where frames end at records, at what
 *            precedes the frame
 * Return: 0; -FL_ECHANGED: someone else writes to the input; -errno.
 */
int fl_punch_frame(struct fl_punch_job *p, uint64_t in_bytes, struct fl_error *reterr);

/**
 * fl_punch_settle() - take the lease for the end, and see that nobody else has written to the input
 * Return: 0; -FL_ECHANGED; -EAGAIN: others have it open; -errno.
 */
int fl_punch_settle(struct fl_punch_job *p, struct fl_error *reterr);

/** fl_punch_commit() - the output is complete: all that remains to be done. Return: 0 or -errno. */
int fl_punch_commit(struct fl_punch_job *p, struct fl_error *reterr);

/** fl_punch_publish() - the part of it that comes behind COMMIT */
int fl_punch_publish(struct fl_punch_job *p, struct fl_error *reterr);

/** fl_punch_can_undo() - nothing has been freed, nor will be by a recovery */
bool fl_punch_can_undo(const struct fl_punch_job *p);

/** fl_punch_abandon() - output and journal go. Return: 0 or -errno. */
int fl_punch_abandon(struct fl_punch_job *p, struct fl_error *reterr);

/** fl_punch_done() - close; fine on a zeroed struct whose descriptors are -1 */
void fl_punch_done(struct fl_punch_job *p);

/**
 * struct fl_punch_found - what a journal that was left behind says
 * @plan:     leads into the recovery's texts
 * @cursor:   the last one; all zero: there is none
 * @next_len, @next_crc: of what follows it in the input
 * @ino:      of the output, if there is a cursor or @is_complete
 * @packed_bytes: of the complete output
 * @is_complete: COMMIT was written
 */
struct fl_punch_found {
	struct fl_punch_plan plan;
	struct fl_punch_cursor cursor;
	uint64_t next_len;
	uint32_t next_crc;
	uint64_t ino;
	uint64_t packed_bytes;
	bool is_complete;
};

/** fl_punch_found_new() - of a header. Return: 0; -FL_ECORRUPT; -ENOMEM. */
int fl_punch_found_new(const struct fl_jheader *h, struct fl_punch_found **ret);

/** fl_punch_found_add() - a group more. Return: 0; -FL_ECORRUPT. */
int fl_punch_found_add(struct fl_punch_found *f, const struct fl_jgroup *g);

/** fl_punch_is_journal() - is it such a job's journal that this file has, or had? */
bool fl_punch_is_journal(const char *path);

/**
 * fl_punch_orphan() - a journal whose input is not there any more, or another file stands there
 * @remove: if it says COMMIT, and its output has its name, it goes
 *
 * Return: 1: it was the last thing left, and has gone with @remove; 0: it is not so; -errno.
 */
int fl_punch_orphan(const char *path, bool remove, const struct fl_durable *durable);

/**
 * fl_punch_open_output() - of a journal that was left behind: find its directory and part
 * @rec: surveyed, with rec->punch
 *
 * Nothing is changed; p->out is -1 where there is no part.
 * Return: 0; -FL_ECHANGED: the output is gone; -errno.
 */
int fl_punch_open_output(struct fl_punch_job *p, struct fl_recovery *rec, struct fl_error *reterr);

/** fl_punch_read() - of the output, or the input. Return: bytes, less than @n at the end; -errno. */
int64_t fl_punch_read(const struct fl_punch_job *p, bool output, void *buf, size_t n, uint64_t off);

/**
 * fl_punch_next_is_same() - is what follows the cursor what it was?
 * Return: 0; -FL_ECHANGED; -errno.
 */
int fl_punch_next_is_same(const struct fl_recovery *rec, struct fl_error *reterr);

/** fl_punch_resume() - after fl_recovery_take(): the output is cut to the cursor, what it stands for
 * is freed again. Return: 0; -EAGAIN: others have the input open; -errno. */
int fl_punch_resume(struct fl_punch_job *p, struct fl_error *reterr);

#endif
