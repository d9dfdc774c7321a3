/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_CREW_OUTPUT_H
#define FAULTLINE_CLI_CREW_OUTPUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <faultline/output.h>

#include "cli/job.h"

/**
 * DOC: An output file that all ranks write.
 *
 * The input is cut into pieces. In every round each rank makes what becomes of one piece, in memory or
 * else in a temporary file without a name; then all know where theirs goes, and write it there. So no byte
 * of the output passes from rank to rank, and none is made twice to learn its place. The file has a
 * temporary name until the leader gives it its own.
 */

/**
 * struct crew_output - one such file
 * @job:         of the verb: its options are the pieces' pipelines'
 * @ops, @op:    of them; it writes by crew_output_write(), also where there is no crew
 * @piece_bytes: 0: a quarter of the memory, or --chunk-size
 * @unit_bytes:  of which pieces are a multiple
 * @made:        after each piece, on each rank; Return: 0 or a negative error; or NULL
 * @placed:      after each round, on all ranks: they may ask one another; or NULL
 * @tail:        on the leader, behind the last piece; or NULL
 * @arg:         for all three
 * @bytes:       written so far by all
 * @pl:          at work on this rank's piece
 * @active:      crew_output_write() is for this, not for the verb's own output
 */
struct crew_output {
	struct job *job;
	const struct fl_operator *ops;
	void *op;
	uint64_t piece_bytes;
	uint64_t unit_bytes;
	int (*made)(void *arg, struct fl_error *err);
	int (*placed)(void *arg, struct fl_error *err);
	int (*tail)(void *arg, struct fl_error *err);
	void *arg;
	uint64_t bytes;
	int active;
	uint64_t size_bytes;
	struct fl_source *src;
	struct fl_pipeline *pl;
	unsigned char *memory;
	size_t room;
	size_t most;
	size_t held;
	uint64_t len;
	FILE *rest;
};

/** crew_output_flags() - for fl_output_open(): with a crew the file needs a name from the beginning */
unsigned crew_output_flags(void);

/**
 * crew_output_is_possible() - is @name a file that ranks can share, as a whole?
 * @out: where it goes; NULL: standard output, which only the leader writes
 * Return: 1; 0 also without a crew: then the verb's own way is right.
 */
int crew_output_is_possible(const struct job *job, const char *name, const struct fl_output *out);

/**
 * crew_output_run() - leader: all of @name to @out
 * Return: 0; a negative error, which has been told (job_complain()). fl_output_commit() and _discard()
 * stay the caller's. Followers do their part by crew_output_follow().
 */
int crew_output_run(struct crew_output *o, const char *name, struct fl_output *out);

/** crew_output_is_ordered() - followers: job_next() came with such an order */
int crew_output_is_ordered(const struct job *job);

/** crew_output_follow() - followers: their part of it */
void crew_output_follow(struct crew_output *o, const char *name);

/** crew_output_write() - behind what the piece has written. Return: 0 or -errno. */
int crew_output_write(struct crew_output *o, const void *data, size_t len);

#endif
