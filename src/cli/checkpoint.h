/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_CHECKPOINT_H
#define FAULTLINE_CLI_CHECKPOINT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <faultline/error.h>

/**
 * DOC: Checkpoints.
 *
 * How far a run has come, in a small file that is replaced as a whole each time, so that a run
 * that is killed at any moment leaves a whole one; so does a machine, since the new file is on the
 * device before it takes the place of the old one.
 */

/**
 * struct checkpoint
 * @path:   NULL where none is wanted
 * @job:    what the command computes: a checkpoint of another one is refused
 * @done:   files that are finished; @names: a sum of their names, in order; @entries: of these, in the output
 * @entries_sum: of what these are written as (order_sum.h)
 * @trouble, @failed: what the exit status will be, because of them
 * @name:   of the file that was being read, or NULL; @st: what it was like (size, time, inode)
 * @leaves: of it, that are known; @leaves_sum: of their digests; @off: where to go on with @state
 */
struct checkpoint {
	const char *path;
	char job[1024];
	uint64_t interval_ns;
	uint64_t saved_ns;
	uint64_t done;
	uint64_t names;
	uint64_t entries;
	uint64_t entries_sum;
	uint64_t trouble;
	uint64_t failed;
	char *name;
	struct stat st;
	uint64_t leaves;
	uint64_t leaves_sum;
	uint64_t off;
	unsigned char *state;
	size_t state_len;
};

/** checkpoint_is_due() - is it time for the next one? */
int checkpoint_is_due(const struct checkpoint *cp);

/**
 * checkpoint_syncs() - shall they survive a power cut, and with them the files that they describe?
 *
 * Where they come more often than once a second, for tests mostly, only the end of the process.
 */
int checkpoint_syncs(const struct checkpoint *cp);

/** checkpoint_save() - Return: 0; -errno. */
int checkpoint_save(struct checkpoint *cp);

/**
 * checkpoint_load() - @cp: path and job are set
 * Return: 1; 0 where there is none; -FL_ECORRUPT for a file that is none; -EINVAL for another job.
 */
int checkpoint_load(struct checkpoint *cp, struct fl_error *err);

/** checkpoint_matches() - is this the file that was being read, as it was then? */
int checkpoint_matches(const struct checkpoint *cp, const char *name, const struct stat *st);

/** checkpoint_name_file() - @name is being read from now on. Return: 0; -ENOMEM. */
int checkpoint_name_file(struct checkpoint *cp, const char *name, const struct stat *st);

/** checkpoint_add_done() - @name is finished */
void checkpoint_add_done(struct checkpoint *cp, const char *name);

/** checkpoint_remove() - the run is complete */
void checkpoint_remove(const struct checkpoint *cp);

/** checkpoint_done() - free */
void checkpoint_done(struct checkpoint *cp);

#endif
