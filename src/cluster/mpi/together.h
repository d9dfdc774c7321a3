/* SPDX-License-Identifier: MIT */
#ifndef FL_CLUSTER_MPI_TOGETHER_H
#define FL_CLUSTER_MPI_TOGETHER_H

#include <faultline/error.h>

#include "cluster/mpi/ranks.h"

/**
 * DOC: What ranks do side by side, each by itself.
 *
 * Between FL_ORDER_TOGETHER and its end all ranks are in the same function of the program, each with a share
 * of one file (in place), or with pieces of it in turn (output files): rank 0 is one of them.
 * All of these are called by every rank, in the same order. They wait with naps (ranks.h), but for
 * MPI's own opening and closing of files.
 */

/** fl_together_lowest() - of the ranks' numbers */
int fl_together_lowest(struct fl_ranks *r, int value);

/** fl_together_place() - @mine of the lower ranks, and of all, added up (MPI_Exscan) */
void fl_together_place(struct fl_ranks *r, uint64_t mine, uint64_t *ret_before, uint64_t *ret_all);

/** fl_together_all() - the ranks' numbers; @ret: one for each */
void fl_together_all(struct fl_ranks *r, uint64_t mine, uint64_t *ret);

/**
 * fl_together_agree() - the first error of the lowest rank that has one becomes everybody's
 * @rc:  this rank's; -FL_ECANCELED is that of another one
 * @err: its detail; set to the one that counts, with the rank and its machine where it is not rank 0's
 * Return: 0, or the error.
 */
int fl_together_agree(struct fl_ranks *r, int rc, struct fl_error *err);

/**
 * fl_together_alarm() - this rank has failed: whoever works on its share may stop
 *
 * Not by all ranks, and whenever one calls MPI; only the first one of a rank is sent.
 */
void fl_together_alarm(struct fl_ranks *r);

/** fl_together_alarmed() - has another rank raised the alarm? By any rank, at any time. */
bool fl_together_alarmed(struct fl_ranks *r);

/** fl_together_calm() - of all ranks: no alarm is on its way any more, and there was none */
void fl_together_calm(struct fl_ranks *r);

/**
 * fl_together_collect() - rank 0 gets the bytes of all, in the order of ranks, at most 1 MiB at a time
 * @take: on rank 0: Return: 0 or an error, which ends it; the rest is dropped
 * Return: what @take returned.
 */
int fl_together_collect(struct fl_ranks *r, const void *data, size_t len,
			int (*take)(void *arg, const void *data, size_t len), void *arg);

/** fl_together_open() - a file that is there, to be written. @ret: on 0. Return: 0 or an error, not the same
 * one everywhere. */
int fl_together_open(struct fl_ranks *r, const char *path, MPI_File *ret, struct fl_error *err);

/** fl_together_write() - this rank's bytes at @off; only this one is by one rank alone. Return: 0; -ENOSPC; -EIO */
int fl_together_write(MPI_File file, uint64_t off, const void *data, size_t len,
		      struct fl_error *err);

/** fl_together_close() - what was written is in the file, for all who open it then. Return: 0 or -EIO */
int fl_together_close(MPI_File *file, struct fl_error *err);

#endif
