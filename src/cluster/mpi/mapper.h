/* SPDX-License-Identifier: MIT */
#ifndef FL_CLUSTER_MPI_MAPPER_H
#define FL_CLUSTER_MPI_MAPPER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "cluster/mpi/saved.h"
#include "engine/exec.h"

/**
 * DOC: The maps of one rank.
 *
 * Threads of the engine take chunks that the rank has claimed, and put what their maps return into
 * a queue, in the order of the chunks. Parts of operators with a carry (operator.h) go to another
 * list, where they are held until they are folded here. The rank's other thread, the one that speaks MPI, claims
 * chunks and empties the queue. It is bounded: maps wait when it is full.
 */

enum fl_packet_kind {
	FL_PACKET_PART = 1, /* of an operator */
	FL_PACKET_HELD,     /* parts of operators with a carry are held here: @off is their mark */
	FL_PACKET_END,      /* the chunk is done, or failed */
	FL_PACKET_DONE      /* the rank has mapped all it will, or failed before it could */
};

/**
 * struct fl_packet - the head of what is in the queue, and in what goes through MPI; @len bytes follow
 * @stage: PART: operator; END, DONE: whose error it is, at work at @failed_off, or FL_OPERATOR_NONE
 * @off, @end: PART: as in struct fl_part. END: @end as in struct fl_slot
 * @code:  END, DONE: 0 or the error, with @off, and its text behind it
 */
struct fl_packet {
	uint32_t kind;
	uint32_t stage;
	uint64_t chunk;
	uint64_t off;
	uint64_t end;
	uint64_t len;
	int64_t code;
	uint64_t failed_off;
};

struct fl_packet_node {
	struct fl_packet_node *next;
	struct fl_packet head;
	unsigned char data[];
};

/* Claims whose chunks have not all been sent; neighbours are one. */
#define FL_CLAIMS_MAX 1024u

/**
 * struct fl_claim - chunks [@chunk, @chunk + @count), the first of which is the rank's @seq-th
 */
struct fl_claim {
	uint64_t seq;
	uint64_t chunk;
	uint64_t count;
};

/**
 * struct fl_mapper
 * @saved:     packets are put there, too, if it has a directory
 * @where:     behind what is said of errors: which rank, on which machine
 * @claims:    in order, the oldest at @claims_at; @claimed chunks so far, @taken by threads, @sent
 * @exhausted: there will be no more
 * @first, @last, @bytes: the queue, of at most @budget bytes and one packet
 * @held, @held_last: parts that stay, each with the mark in @head.chunk; @marked_bytes with one that is
 *             in the queue, @held_bytes with @mark, the next one
 * @closed:    nobody reads the queue any more
 * @ended:     the threads have returned
 */
struct fl_mapper {
	struct fl_exec *x;
	struct fl_remote remote;
	struct fl_saved *saved;
	const char *where;
	pthread_mutex_t lock;
	pthread_cond_t work;
	pthread_cond_t news;
	struct fl_claim claims[FL_CLAIMS_MAX];
	unsigned claims_at;
	unsigned claims_count;
	uint64_t claimed;
	uint64_t taken;
	uint64_t sent;
	bool exhausted;
	struct fl_packet_node *first;
	struct fl_packet_node *last;
	size_t bytes;
	size_t budget;
	struct fl_packet_node *held;
	struct fl_packet_node *held_last;
	size_t marked_bytes;
	size_t held_bytes;
	uint64_t mark;
	bool closed;
	bool ended;
	pthread_t thread;
};

/** fl_mapper_start() - threads that map; x->remote is set. Return: 0 or -errno. */
int fl_mapper_start(struct fl_mapper *m, struct fl_exec *x, struct fl_saved *saved,
		    const char *where);

/** fl_mapper_is_hungry() - a thread may soon have nothing to do */
bool fl_mapper_is_hungry(struct fl_mapper *m);

/** fl_mapper_feed() - chunks, behind all that were given before; @count 0: there are no more */
void fl_mapper_feed(struct fl_mapper *m, uint64_t chunk, uint64_t count);

/**
 * fl_mapper_pop() - the oldest packet; the caller frees it
 * @chunk: only if it is of this chunk; UINT64_MAX: any
 * Return: NULL: none now.
 */
struct fl_packet_node *fl_mapper_pop(struct fl_mapper *m, uint64_t chunk);

/** fl_mapper_pop_held() - the oldest part that is held, up to that mark; the caller frees it. Return: or NULL. */
struct fl_packet_node *fl_mapper_pop_held(struct fl_mapper *m, uint64_t mark);

/** fl_mapper_is_done() - the threads have returned and the queue is empty */
bool fl_mapper_is_done(struct fl_mapper *m);

/** fl_mapper_wait() - until there is a packet, or @ns have passed */
void fl_mapper_wait(struct fl_mapper *m, uint64_t ns);

/** fl_mapper_stop() - end the threads, drop the queue */
void fl_mapper_stop(struct fl_mapper *m);

#endif
