/* SPDX-License-Identifier: MIT */
#ifndef FL_CLUSTER_MPI_RANKS_H
#define FL_CLUSTER_MPI_RANKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mpi.h>

/**
 * DOC: What all of faultline-mpi needs of MPI.
 *
 * All ranks begin with the same command line, and rank 0 does what `faultline` would do. Where it comes
 * to a run over a file that is worth it, it sends the others an *order*; they open the file, map chunks
 * of it and send back the parts (mpi_crew.h). Beside that they wait.
 *
 * Nothing here waits inside MPI, whose libraries spin while they do, but between two looks with naps:
 * on a node whose processors all map, nothing is taken from them. One thread at a time calls MPI
 * (MPI_THREAD_SERIALIZED): the one that runs the verb. An error inside MPI ends the job (MPI_ERRORS_ARE_FATAL).
 */

/**
 * struct fl_ranks
 * @comm:    all of MPI_COMM_WORLD: nothing else in the program uses MPI, and another communicator takes
 *            a millisecond or more to make where ranks share processors
 * @where:   " (rank 3 on node17)": behind what is said of errors
 * @window, @counter: an integer on rank 0 that all may add to: the next chunk to be claimed
 * @raised:  this rank has raised the alarm (together.h)
 * @start_ns: when MPI_Init() had returned
 */
struct fl_ranks {
	MPI_Comm comm;
	int rank;
	int size;
	char where[MPI_MAX_PROCESSOR_NAME + 32];
	MPI_Win window;
	int64_t *counter;
	bool raised;
	uint64_t start_ns;
};

enum fl_order_kind {
	FL_ORDER_RUN = 1,
	FL_ORDER_TOGETHER, /* together.h; the recipe says what */
	FL_ORDER_END
};

/**
 * struct fl_order - from rank 0 to all others; what follows are @name_len bytes, a NUL,
 *                   @recipe_len and @pieces_len bytes
 * @run:    number of the run, from 1
 * @size_bytes, @begin, @end, @chunk_bytes: as in struct fl_crew
 * @step:   of which claims are multiples: chunks in a file of a checkpoint, or 1
 * @most:   chunks in one claim
 * @credit: bytes each may send before it is asked for more
 */
struct fl_order {
	uint32_t kind;
	uint32_t run;
	uint64_t name_len;
	uint64_t recipe_len;
	uint64_t pieces_len;
	uint64_t size_bytes;
	uint64_t begin;
	uint64_t end;
	uint64_t chunk_bytes;
	uint64_t chunks;
	uint64_t step;
	uint64_t most;
	uint64_t credit;
};

/* Kinds of messages, as MPI's tags. */
enum fl_tag {
	FL_TAG_DATA =
		1, /* to rank 0: a piece of the stream of packets; empty: the last one of a run */
	FL_TAG_CONTROL, /* from rank 0: struct fl_control */
	FL_TAG_CARRY,   /* both ways: struct fl_baton */
	FL_TAG_PIECE,   /* together.c */
	FL_TAG_ALARM    /* together.c: empty */
};

/**
 * struct fl_control - what a rank is to know now
 * @given:   bytes it may send in this run, altogether
 * @stopped: bit k: operator k needs no more
 * @over:    the run is
 */
struct fl_control {
	uint64_t given;
	uint64_t stopped;
	uint64_t over;
};

/**
 * struct fl_baton - what folds keep, on its way; the bytes follow (carry.h)
 * @mark: what is held up to it is to be folded
 * @code: on the way back: 0, or the error, with @off
 */
struct fl_baton {
	uint64_t mark;
	int64_t code;
	uint64_t off;
};

/**
 * struct fl_tally - what ranks did in a run, for the statistics: summed up over all of them
 */
struct fl_tally {
	uint64_t windows;
	uint64_t copied_bytes;
	uint64_t minor_faults;
	uint64_t major_faults;
};

/** fl_ranks_init() - MPI_Init_thread() and the rest; ends the program when it cannot */
void fl_ranks_init(struct fl_ranks *r, int *argc, char ***argv);

/** fl_ranks_done() - MPI_Finalize(); on all ranks */
void fl_ranks_done(struct fl_ranks *r);

/**
 * fl_nap_ns() - how long a rank whose threads map waits for messages
 * @quiet: looks since the last that was worth it: naps double up to 1 ms: messages that are waited
 *         for come soon, and each look at others takes time from a map
 */
uint64_t fl_nap_ns(unsigned quiet);

/**
 * fl_ranks_nap() - between two looks at MPI
 * @quiet: looks in vain since the last that was not; naps get longer, slowly: nothing else is to be done
 */
void fl_ranks_nap(unsigned quiet);

/** fl_ranks_wait() - until a request is done, with naps */
void fl_ranks_wait(MPI_Request *request);

/** fl_order_tail_bytes() - what follows it */
size_t fl_order_tail_bytes(const struct fl_order *order);

/** fl_ranks_order() - send, or receive into @order and *tail, which is malloc'ed. On all ranks. */
void fl_ranks_order(struct fl_ranks *r, struct fl_order *order, char **tail);

/** fl_ranks_reset() - rank 0, before an order: the next claim begins at @chunk */
void fl_ranks_reset(struct fl_ranks *r, uint64_t chunk);

/** fl_ranks_claim() - the next @step chunks are this rank's. Return: the first. */
uint64_t fl_ranks_claim(struct fl_ranks *r, uint64_t step);

/** fl_ranks_sum() - rank 0 gets the sum of all tallies. On all ranks. */
void fl_ranks_sum(struct fl_ranks *r, struct fl_tally *tally);

#endif
