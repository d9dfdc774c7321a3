/* SPDX-License-Identifier: MIT */
#ifndef FL_CLUSTER_MPI_MPI_CREW_H
#define FL_CLUSTER_MPI_MPI_CREW_H

#include "cluster/mpi/carry.h"
#include "cluster/mpi/inbox.h"
#include "cluster/mpi/saved.h"
#include "engine/exec.h"

/**
 * DOC: One run on all ranks.
 *
 * This is the base of faultline-mpi. A verb of src/cli runs unchanged on every rank:
 *
 * - Rank 0, the *leader*, is `faultline`: it has the list of files, the folds, the output, the messages
 *   and the exit status. job_run() (src/cli/job.c) hands the pipeline to crew_share() (src/cli/crew.h),
 *   which sets fl_pipeline.crew. Where the engine finds that a run can be shared (exec.c, is_for_crew():
 *   a file of known size and more than one chunk, no operator that must go through the bytes in order) it
 *   calls fl_crew.run in place of its threads. That sends the order to the others.
 * - The *followers* print nothing and have no list of files. Their job_next() waits for an order and
 *   returns the file that it names, so that the verb does for it what it does for any file (prefixes,
 *   numbers of lines); their job_run() opens it and maps. An order that a follower's verb did not come to
 *   run is refused with the error that it had.
 * - Verbs without a job (hash) give crew_share() a *recipe*, bytes that tell the followers which pipeline
 *   to make.
 *
 * Chunks are those of the leader's plan, and own the records that start in them. They are claimed
 * by adding to a counter in a window (MPI_Fetch_and_op), some neighbours at a time and fewer towards the
 * end (claims.h), so that a slow rank takes fewer. The leader folds the parts in the order of the chunks (lead.c): its folds see
 * what they would see in one process, and the output is that of `faultline` by construction. Every rank
 * holds a bounded queue of parts (mapper.h), the leader takes from it what it needs next (inbox.h).
 *
 * Where parts are much and what a fold keeps is little (XXH3), parts stay with their rank and the fold goes
 * there (carry.h).
 *
 * The run ends when the leader says so: all is folded and all followers have said FL_PACKET_DONE (their
 * file was as long at the end as at the start), or the folds need no more, or there was an error. What any
 * rank's map fails with comes to the leader as the end of its chunk and is the run's error if all before
 * it was folded: the first in the order of the file, with the rank and its machine. Then all ranks sum up
 * their statistics (MPI_Reduce) and are ready for the next order.
 *
 * A rank that dies takes the others along: the launchers of MPI see to that. Outputs that have no name
 * until they are complete (fl_output) never get one then.
 */

/**
 * struct fl_mpi_crew - what is at work
 * @crew:   for the engine, first
 * @order:  of the present run; on followers the one that was received
 * @name:   of the order's file, with the recipe behind it
 * @seen:   the counter, when this rank last saw it
 * @inbox:  leader: of each rank
 * @baton:  struct fl_baton and what follows, @baton_bytes altogether
 * @saved:  --checkpoint
 * @busy:   a run is under way
 * @pending: followers: the order has not been run
 */
struct fl_mpi_crew {
	struct fl_crew crew;
	struct fl_ranks *ranks;
	struct fl_order order;
	char *name;
	const void *recipe;
	size_t recipe_len;
	uint64_t seen;
	struct fl_inbox *inbox;
	struct fl_mapper mapper;
	unsigned char *baton;
	size_t baton_bytes;
	struct fl_saved saved;
	bool busy;
	bool pending;
};

/** fl_crew_begin_baton() - room for it, for a run of that pipeline. Return: 0; -ENOMEM. */
int fl_crew_begin_baton(struct fl_mpi_crew *c, const struct fl_pipeline *pl);

/** fl_crew_claim() - chunks for the maps, if they may soon have none */
void fl_crew_claim(struct fl_mpi_crew *c);

/** fl_crew_nap_ns() - fl_nap_ns(), more often where nothing is mapped any more */
uint64_t fl_crew_nap_ns(struct fl_mpi_crew *c, unsigned quiet);

/** fl_crew_lead() - fl_crew.run of rank 0 */
int fl_crew_lead(struct fl_crew *crew, struct fl_exec *x);

/** fl_crew_follow() - fl_crew.run of the others */
int fl_crew_follow(struct fl_crew *crew, struct fl_exec *x);

/** fl_crew_wait() - followers: the next order, c->order. Return: 1; 0: there are no more. */
int fl_crew_wait(struct fl_mpi_crew *c);

/** fl_crew_refuse() - followers: in place of the run of the order: it could not begin */
void fl_crew_refuse(struct fl_mpi_crew *c, const struct fl_error *err);

/** fl_crew_dismiss() - leader: no more orders */
void fl_crew_dismiss(struct fl_mpi_crew *c);

#endif
