/* SPDX-License-Identifier: MIT */
#ifndef FL_CLUSTER_MPI_SAVED_H
#define FL_CLUSTER_MPI_SAVED_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "cluster/mpi/ranks.h"

struct fl_exec;
struct fl_packet;
struct fl_packet_node;

/**
 * DOC: What a killed job had done: --checkpoint.
 *
 * A directory that all ranks see holds
 *
 *   job          the command line
 *   run-N        one for each run that was shared: the file, and the chunks
 *   run-N.piece-P what the maps of the P-th piece (the chunks of one claim) returned, packet by packet
 *
 * Each gets its name when it is complete and on the device. A later job with --resume and the same command line does not map
 * the pieces that are there: the leader folds what the files hold. The number of ranks may be another one.
 * What was printed is printed again: the whole output is the same.
 */

/**
 * struct fl_saved
 * @dir:    or NULL: there are no checkpoints
 * @resume: an earlier job may have left something
 * @run, @step, @chunks: of the present run
 * @pieces: bit P: the file of piece P was there when the run began; @pieces_bytes long
 * @out:    the piece that is being written, to @temp; only by whoever has the fold baton
 * @in:     leader: the piece that is being read
 */
struct fl_saved {
	const char *dir;
	bool resume;
	uint32_t run;
	uint64_t step;
	uint64_t chunks;
	unsigned char *pieces;
	size_t pieces_bytes;
	FILE *out;
	char *temp;
	char *name;
	FILE *in;
};

/** fl_saved_open() - leader: is this the same job? Return: 0; -1: a message for the user is in *ret_text */
int fl_saved_open(struct fl_saved *s, int argc, char **argv, const char **ret_text);

/**
 * fl_saved_plan() - leader: before the order: what there is of this run
 * @order: its chunks become those of the earlier job
 * Return: 0; or an error of the run: the file is another one now.
 */
int fl_saved_plan(struct fl_saved *s, struct fl_exec *x, struct fl_order *order);

/** fl_saved_follow() - others: the order has come; @pieces with it */
void fl_saved_follow(struct fl_saved *s, const struct fl_order *order, const void *pieces);

/** fl_saved_has() - need the piece that begins with @chunk not be mapped? */
bool fl_saved_has(const struct fl_saved *s, uint64_t chunk);

/** fl_saved_put() - a packet, on its way to the fold. Return: 0; -errno. */
int fl_saved_put(struct fl_saved *s, const struct fl_packet_node *node);

/** fl_saved_abandon() - what is being written will not be complete */
void fl_saved_abandon(struct fl_saved *s);

/**
 * fl_saved_get() - leader: the next packet of the piece that has @chunk; the caller frees it
 * Return: 0; -FL_ECORRUPT; -errno.
 */
int fl_saved_get(struct fl_saved *s, uint64_t chunk, struct fl_packet_node **ret);

/** fl_saved_clear() - leader: the job is done: nothing is needed any more */
void fl_saved_clear(struct fl_saved *s);

/** fl_saved_done() - free */
void fl_saved_done(struct fl_saved *s);

#endif
