/* SPDX-License-Identifier: MIT */
#ifndef FL_STORE_MOVE_AHEAD_H
#define FL_STORE_MOVE_AHEAD_H

#include "store/move_store.h"

/**
 * DOC: One thread makes the next batch while the caller stores the one before it.
 *
 * Which is safe: no batch overwrites a source that has not been stored (move_plan.h). Everything
 * that is written, and every sync, stays the caller's, in the order of the plan.
 */
struct fl_move_ahead;

/**
 * fl_move_runs - the changes of batch @b as bare runs, if they are at hand
 *
 * The same answer each time, from any thread. Return: false when they are not.
 */
typedef bool fl_move_runs(const void *arg, size_t b, const unsigned char **ret, size_t *ret_len);

/**
 * fl_move_ahead_start() - from place m->next on, skipping what is not at hand
 *
 * Lifetime: plan and job stay as they are until fl_move_ahead_stop().
 * Return: 0; -ENOMEM, -EAGAIN: without a thread, then.
 */
int fl_move_ahead_start(const struct fl_move *m, fl_move_runs *runs, const void *arg,
			struct fl_move_ahead **ret);

/**
 * fl_move_ahead_take() - the next one that was at hand
 * @ret: valid until the next call
 * Return: 0; as fl_move_make().
 */
int fl_move_ahead_take(struct fl_move_ahead *a, const struct fl_made **ret,
		       struct fl_error *reterr);

/** fl_move_ahead_stop() - end the thread; NULL is fine */
void fl_move_ahead_stop(struct fl_move_ahead *a);

#endif
