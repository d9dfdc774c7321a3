/* SPDX-License-Identifier: MIT */
#ifndef FL_STORE_RECOVERY_H
#define FL_STORE_RECOVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "store/journal_header.h"
#include "store/journal_scan.h"
#include "store/store_job.h"

/* What fl_recovery_open() finds. */
enum fl_recovery_state {
	FL_RECOVERY_NONE,    /* no journal */
	FL_RECOVERY_RUNNING, /* one that a running job holds */
	FL_RECOVERY_TORN,    /* its header never became durable: the target is untouched */
	FL_RECOVERY_STALE,   /* one that was left behind: recover */
	FL_RECOVERY_DONE     /* it says COMMIT: only its removal is missing */
};

struct fl_move_found;
struct fl_punch_found;

/**
 * struct fl_recovery - a journal that was left behind, and its file
 * @job:       its target and, once it is changed, its journal
 * @scan:      reads the journal
 * @fd, @dir_fd, @name: of the journal; they become job's in fl_recovery_take()
 * @header:    its texts are in @texts
 * @groups:    behind the header
 * @changes:   same length: changes that may have been stored
 * @bytes:     of them
 * @from:      same length: source bytes before it are covered by the journal
 * @move:      what moves (move_store.h), or NULL
 * @punch:     what is freed (punch_job.h), or NULL
 * @end_block: behind the last whole group
 */
struct fl_recovery {
	struct fl_store_job job;
	struct fl_jscan scan;
	enum fl_recovery_state state;
	int fd;
	int dir_fd;
	char *name;
	struct fl_jheader header;
	char *texts;
	uint64_t groups;
	uint64_t changes;
	uint64_t bytes;
	uint64_t from;
	struct fl_move_found *move;
	struct fl_punch_found *punch;
	uint64_t end_block;
	uint64_t end_seq;
};

/**
 * fl_recovery_open() - find the journal of a file, read its header
 * @write:   to recover; false: only to look
 * @durable: where writes go
 *
 * With @write, target and journal are locked when this returns.
 * Return: 0 with ret->state; -FL_ECORRUPT; -FL_ECHANGED: the journal is about another file;
 * -FL_EUNSUPPORTED; -errno. fl_recovery_close() after 0 only.
 */
int fl_recovery_open(const char *path, bool write, const struct fl_durable *durable,
		     struct fl_recovery *ret, struct fl_error *reterr);

/**
 * fl_recovery_member() - the same for another journal of the set that @main belongs to
 * @main: of journal 0, read; must outlive what is returned
 * @k:    1 .. main->header.set.count - 1
 *
 * ret->state is FL_RECOVERY_NONE, or _TORN, where nothing of that share has been stored, or all of it
 * has been rolled back; ret->job can then rewrite the share all the same, with its first offset in
 * ret->from.
 */
int fl_recovery_member(const struct fl_recovery *main, uint64_t k, bool write,
		       struct fl_recovery *ret, struct fl_error *reterr);

/** fl_recovery_close() */
void fl_recovery_close(struct fl_recovery *rec);

/**
 * fl_recovery_survey() - read all of it, and compare what it covers with the file
 *
 * Nothing is written. Every byte that may have been stored must be the old or the new one.
 * Return: 0; -FL_ECHANGED with the offset: someone else has changed the file since;
 * -FL_ECORRUPT; -errno.
 */
int fl_recovery_survey(struct fl_recovery *rec, struct fl_error *reterr);

/** fl_same_compare() - survey one group of changes that keep the length. Return: as the survey. */
int fl_same_compare(struct fl_recovery *rec, const struct fl_jgroup *g, struct fl_error *reterr);

/**
 * fl_recovery_pending() - is there a journal that was left behind, and is it this file's?
 * Return: 1; 2: a running job holds it, and frees the blocks of the file; 0, also when another
 * running job holds it.
 */
int fl_recovery_pending(const char *path);

/** fl_recovery_pending_for() - the same for a target that is open, and locked by the caller */
int fl_recovery_pending_for(const struct fl_target *target);

/** fl_recovery_take() - the job goes on: what was torn is cut off the journal. Return: 0 or -errno. */
int fl_recovery_take(struct fl_recovery *rec, struct fl_error *reterr);

/** fl_recovery_same() - same length: store all old or all new bytes again, and sync them */
int fl_recovery_same(struct fl_recovery *rec, bool old, struct fl_error *reterr);

/** fl_recovery_drop() - a member's journal goes, whatever is in it; before fl_recovery_take(). Return:
 * 0, also if there is none; -errno. */
int fl_recovery_drop(struct fl_recovery *rec, struct fl_error *reterr);

/** fl_recovery_end() - the journal goes; after fl_recovery_take(). Return: 0 or -errno. */
int fl_recovery_end(struct fl_recovery *rec, struct fl_error *reterr);

#endif
