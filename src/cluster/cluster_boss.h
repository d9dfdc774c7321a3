/* SPDX-License-Identifier: MIT */
#ifndef FL_CLUSTER_CLUSTER_BOSS_H
#define FL_CLUSTER_CLUSTER_BOSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cluster/cluster_impl.h"
#include "cluster/replay.h"
#include "plat/thread.h"

/** DOC: The coordinator of worker processes (cluster.c), and what it hears from them (cluster_hear.c). */

/**
 * struct fl_pile - complete messages of a chunk that is not folded yet
 * @ended: the end mark is among them
 */
struct fl_pile {
	bool used;
	bool ended;
	unsigned char *data;
	size_t len;
	size_t room;
};

/**
 * struct fl_hand - a worker as the coordinator sees it
 * @head_got: bytes of @head that have come
 * @body:     bytes of its payload that have come, in the pile's room behind its length
 */
struct fl_hand {
	int32_t pid;
	struct fl_bytering ring;
	struct fl_message head;
	size_t head_got;
	size_t body_got;
	struct fl_pile *pile;
};

/**
 * struct fl_boss - the coordinator
 * @piles:     of chunk k: k % FL_CLUSTER_WINDOW
 * @spare:     memory for the next one
 * @failure:   what workers say that could not begin; apart, as a chunk's pile may end in half a message
 * @starts:    workers started since a chunk was folded last
 * @replay:    parts of the oldest chunk that have been folded before its end
 * @deaths:    over the oldest chunk
 * @looked_ns: when it looked last whether all are alive
 */
struct fl_boss {
	struct fl_cluster c;
	struct fl_hand *children;
	struct fl_pile *piles;
	struct fl_pile spare;
	struct fl_pile failure;
	unsigned starts;
	struct fl_replay replay;
	unsigned deaths;
	uint64_t death_chunk;
	uint64_t looked_ns;
	pthread_t gate;
	bool gated;
};

/** fl_boss_pile() - what has come of @chunk; NULL: nothing */
struct fl_pile *fl_boss_pile(struct fl_boss *b, uint64_t chunk);

/** fl_boss_drop_pile() - it was folded, or its worker died */
void fl_boss_drop_pile(struct fl_boss *b, struct fl_pile *p);

/**
 * fl_boss_hear() - read on in the ring of worker @w
 * Return: 1: a message is complete; 0: nothing more now; -EOWNERDEAD: nothing more ever; else <0: error
 * of the run.
 */
int fl_boss_hear(struct fl_boss *b, unsigned w, uint64_t timeout_ns);

#endif
