/* SPDX-License-Identifier: MIT */
#ifndef FL_CLUSTER_MPI_CARRY_H
#define FL_CLUSTER_MPI_CARRY_H

#include "cluster/mpi/mapper.h"

/**
 * DOC: Folds that go from rank to rank.
 *
 * Parts of XXH3 are a sixteenth of the input, what its fold keeps is 1.2 KiB: an accumulator of 64 bytes and the
 * last block. So the parts of other ranks than the leader are held where they were made. Where the leader comes to FL_PACKET_HELD in
 * a rank's stream, it sends what the folds keep there, the rank folds what it holds, and sends it back.
 */

/** fl_carry_fold() - fold what is held up to @mark. Return: 0, or what a fold returned. */
int fl_carry_fold(struct fl_mapper *m, uint64_t mark, struct fl_error *err);

#endif
