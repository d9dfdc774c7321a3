/* SPDX-License-Identifier: MIT */
#ifndef FL_CLUSTER_MPI_MAPPER_H
#define FL_CLUSTER_MPI_MAPPER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "cluster/mpi/claims.h"
#include "cluster/mpi/packet.h"
#include "cluster/mpi/saved.h"
#include "engine/exec.h"

/**
 * DOC: The maps of one rank.
 *
 * Threads of the engine take chunks that the rank has claimed, and put what their maps return into
 * a queue, in the order of the chunks. Parts of operators with a carry (operator.h) go to another
 * list of ranks that do not fold, where they are held until the folds come. The rank's other thread, the one that speaks MPI, claims
 * chunks and empties the queue. It is bounded: maps wait when it is full.
 */

/**
 * struct fl_mapper
 * @saved:     packets are put there, too, if it has a directory
 * @where:     behind what is said of errors: which rank, on which machine
 * @holds:     parts of operators with a carry stay here: the fold is with another rank, for the most part
 * @claims:    what this rank has; @taken of it by threads, @sent
 * @exhausted: there will be no more
 * @queue:     of at most @budget bytes and one packet
 * @returned:  bytes of parts so far
 * @held:      parts that stay, each with the mark in @head.chunk; @marked_bytes with one that is
 *             in the queue, @held_bytes with @mark, the next one
 * @spare:     buffers for the next parts
 * @told:      fl_mapper_wait() need not wait
 * @closed:    nobody reads the queue any more
 * @ended:     the threads have returned
 */
struct fl_mapper {
	struct fl_exec *x;
	struct fl_remote remote;
	struct fl_saved *saved;
	const char *where;
	bool holds;
	pthread_mutex_t lock;
	pthread_cond_t work;
	pthread_cond_t news;
	struct fl_claims claims;
	uint64_t taken;
	uint64_t sent;
	bool exhausted;
	struct fl_packets queue;
	size_t budget;
	uint64_t returned;
	struct fl_packets held;
	struct fl_packets spare;
	size_t marked_bytes;
	size_t held_bytes;
	uint64_t mark;
	bool told;
	bool closed;
	bool ended;
	pthread_t thread;
};

/**
 * fl_mapper_start() - threads that map; x->remote is set
 * @m: @saved, @where and @holds are set
 * Return: 0 or -errno.
 */
int fl_mapper_start(struct fl_mapper *m, struct fl_exec *x);

/** fl_mapper_is_hungry() - the threads may soon have nothing to do */
bool fl_mapper_is_hungry(struct fl_mapper *m);

/**
 * fl_mapper_fit() - chunks to be claimed at a time, so that what maps return for them waits in the queue
 *
 * A claim that does not fit would keep its rank waiting until all before it was mapped by another one. It is
 * judged by the chunks so far.
 */
uint64_t fl_mapper_fit(struct fl_mapper *m);

/** fl_mapper_feed() - chunks, behind all that were given before; @count 0: there are no more */
void fl_mapper_feed(struct fl_mapper *m, uint64_t chunk, uint64_t count);

/**
 * fl_mapper_pop() - the oldest packet, for fl_mapper_return()
 * @chunk: only if it is of this chunk; UINT64_MAX: any
 * Return: NULL: none now.
 */
struct fl_packet_node *fl_mapper_pop(struct fl_mapper *m, uint64_t chunk);

/** fl_mapper_pop_held() - the oldest part that is held, up to that mark, for fl_mapper_return(). Return: or NULL. */
struct fl_packet_node *fl_mapper_pop_held(struct fl_mapper *m, uint64_t mark);

/** fl_mapper_return() - a packet that was popped is done with */
void fl_mapper_return(struct fl_mapper *m, struct fl_packet_node *node);

/** fl_mapper_has_ended() - the threads have returned */
bool fl_mapper_has_ended(struct fl_mapper *m);

/** fl_mapper_is_done() - the threads have returned and the queue is empty */
bool fl_mapper_is_done(struct fl_mapper *m);

/**
 * fl_mapper_wait() - until @ns have passed, or earlier: the threads have ended or may soon have nothing to
 *                    do, or much is in the queue. Little of it wakes nobody: that would take a processor
 *                    from the threads for each chunk
 */
void fl_mapper_wait(struct fl_mapper *m, uint64_t ns);

/** fl_mapper_stop() - end the threads, drop the queue */
void fl_mapper_stop(struct fl_mapper *m);

#endif
