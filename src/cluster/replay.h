/* SPDX-License-Identifier: MIT */
#ifndef FL_CLUSTER_REPLAY_H
#define FL_CLUSTER_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "cluster/cluster_impl.h"

/**
 * DOC: A chunk that is said again.
 *
 * A line that is longer than memory goes on in pieces before its chunk has ended. When its worker dies
 * then, another one maps the chunk again from its start, and what has been folded already must not be
 * folded twice. Maps depend on nothing but the bytes, so the same pieces come again: they are counted,
 * and a sum over them tells whether they are the same. Each operator has an account of its own, because
 * one that has been stopped may say less the second time.
 */

/**
 * struct fl_replay_account - of one operator, parts of the oldest chunk
 * @folded, @said: parts folded; parts that the present worker has said
 * @folded_sum, @said_sum: over them
 */
struct fl_replay_account {
	uint64_t folded;
	uint64_t said;
	uint64_t folded_sum;
	uint64_t said_sum;
};

struct fl_replay {
	bool any;
	struct fl_replay_account accounts[FL_OPERATORS_MAX];
};

/** fl_replay_begin() - a new chunk: nothing of it has been folded */
void fl_replay_begin(struct fl_replay *r);

/** fl_replay_again() - its worker died: another one says it again from the start */
void fl_replay_again(struct fl_replay *r);

/**
 * fl_replay_part() - a part has come that is to be folded before its chunk has ended
 * Return: 1: fold it; 0: it has been folded before; -FL_ECHANGED: not what was said before
 */
int fl_replay_part(struct fl_replay *r, const struct fl_message *m, const unsigned char *data);

/** fl_replay_is_short() - the chunk has ended, and operator @k has said less than has been folded */
bool fl_replay_is_short(const struct fl_replay *r, unsigned k);

#endif
