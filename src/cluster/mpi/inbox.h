/* SPDX-License-Identifier: MIT */
#ifndef FL_CLUSTER_MPI_INBOX_H
#define FL_CLUSTER_MPI_INBOX_H

#include "cluster/mpi/mapper.h"
#include "cluster/mpi/ranks.h"

/**
 * DOC: What comes to rank 0.
 *
 * Every other rank sends a stream of packets, in pieces, in the order of its chunks, and no more than
 * rank 0 has allowed for: a little ahead, and what it needs of the rank whose chunk is folded next.
 * So rank 0 holds one part and the little for each rank, however much the ranks find.
 */

/**
 * struct fl_inbox - one rank's stream
 * @data: bytes that have come and are not folded: [@at, @len)
 * @got, @folded: bytes so far
 * @told: what it was told last; @want: what it should know now
 * @sending: @request is under way
 * @done: it has mapped all it will
 * @left: its last message of the run has come
 */
struct fl_inbox {
	unsigned char *data;
	size_t room;
	size_t at;
	size_t len;
	uint64_t got;
	uint64_t folded;
	struct fl_control told;
	struct fl_control want;
	struct fl_control buffer;
	MPI_Request request;
	bool sending;
	bool done;
	bool left;
};

/** fl_inbox_begin() - a new run; @credit: as in its order */
void fl_inbox_begin(struct fl_inbox *in, uint64_t credit);

/**
 * fl_inbox_receive() - take one message, if one has come
 * @bytes: of it, added
 * Return: 1; 0; -ENOMEM, -FL_ECORRUPT.
 */
int fl_inbox_receive(struct fl_inbox *all, struct fl_ranks *r, uint64_t *bytes);

/** fl_inbox_tell() - send a rank what it should know, if that is new and the last message is gone */
void fl_inbox_tell(struct fl_inbox *in, struct fl_ranks *r, int rank);

/**
 * fl_inbox_peek() - the oldest packet
 * @ret_data: its bytes, if all have come
 * Return: 2: all of it is here; 1: its head is; 0: nothing.
 */
int fl_inbox_peek(const struct fl_inbox *in, struct fl_packet *ret, const unsigned char **ret_data);

/** fl_inbox_drop() - the oldest packet has been dealt with */
void fl_inbox_drop(struct fl_inbox *in, const struct fl_packet *head);

/** fl_inbox_done() - free */
void fl_inbox_done(struct fl_inbox *in);

#endif
