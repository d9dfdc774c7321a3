/* SPDX-License-Identifier: MIT */
#ifndef FL_STORE_STORE_BEHIND_H
#define FL_STORE_STORE_BEHIND_H

#include <stdint.h>

#include <faultline/error.h>

/**
 * DOC: Groups of changes are stored, in their order, while whoever collects them goes on.
 *
 * One thread stores. Where one finds changes and another collects and stores them, the second has two
 * thirds of the work: see ARCHITECTURE.md, "Rewriting in place".
 */
struct fl_store_behind;

/** fl_store_behind_fn() - store group @number, in the thread. Return: 0 or a negative code. */
typedef int fl_store_behind_fn(void *arg, uint64_t number, struct fl_error *reterr);

/**
 * fl_store_behind_start() - begins with group 0
 * Return: NULL where no thread is to be had.
 */
struct fl_store_behind *fl_store_behind_start(fl_store_behind_fn *fn, void *arg);

/** fl_store_behind_give() - groups before @end may be stored */
void fl_store_behind_give(struct fl_store_behind *b, uint64_t end);

/**
 * fl_store_behind_wait() - no more than @most of the groups that were given are left when this returns 0
 * Return: 0, or the error that ended it, the same each time.
 */
int fl_store_behind_wait(struct fl_store_behind *b, uint64_t most, struct fl_error *reterr);

/** fl_store_behind_stop() - no group is begun any more; NULL is fine */
void fl_store_behind_stop(struct fl_store_behind *b);

#endif
