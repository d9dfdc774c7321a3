/* SPDX-License-Identifier: MIT */
#ifndef FL_CLUSTER_MPI_CLAIMS_H
#define FL_CLUSTER_MPI_CLAIMS_H

#include <stdbool.h>
#include <stdint.h>

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
 * struct fl_claims - what one rank has claimed
 * @ring:  in order, the oldest at @at
 * @total: chunks that were ever claimed
 */
struct fl_claims {
	struct fl_claim ring[FL_CLAIMS_MAX];
	unsigned at;
	unsigned count;
	uint64_t total;
};

/**
 * fl_claims_step() - how many chunks to claim next
 * @left: chunks that nobody has claimed, as far as this rank knows
 * @ranks: how many share them
 * @least, @most: chunks; what is claimed is a multiple of the first
 */
uint64_t fl_claims_step(uint64_t left, uint64_t ranks, uint64_t least, uint64_t most);

/** fl_claims_full() - no further fl_claims_add() now */
bool fl_claims_full(const struct fl_claims *c);

/** fl_claims_add() - behind all that were added before */
void fl_claims_add(struct fl_claims *c, uint64_t chunk, uint64_t count);

/** fl_claims_chunk() - of the @seq-th, which has been claimed and not been forgotten */
uint64_t fl_claims_chunk(const struct fl_claims *c, uint64_t seq);

/** fl_claims_ends() - is the @seq-th, of the oldest claim, its last one? */
bool fl_claims_ends(const struct fl_claims *c, uint64_t seq);

/** fl_claims_forget() - the oldest one */
void fl_claims_forget(struct fl_claims *c);

#endif
