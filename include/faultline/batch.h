/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_BATCH_H
#define FAULTLINE_BATCH_H

#include <stddef.h>

#include <faultline/error.h>
#include <faultline/export.h>

FL_BEGIN_DECLS

/**
 * DOC: Many small jobs.
 *
 * A pipeline shares one file among threads; a batch shares many items, files
 * for example, so that each is worked on by one thread, and their results are
 * taken in the order in which the items came.
 */

/* What work returns for an item whose done must run on the calling thread. */
#define FL_BATCH_CALLER 1

/**
 * struct fl_batch_ops - the code of a batch
 * @size:       sizeof this struct
 * @item_bytes: memory of one item; zeroed before next, then the operations' own
 * @next:       fill the next item; calling thread only; may wait.
 *              Return: 1; 0 at the end; a negative error, which ends the input, too
 * @work:       on any thread, any order, at the same time as anything else; @worker is
 *              below the number of threads, and one thread at a time has it.
 *              Return: 0, or FL_BATCH_CALLER
 * @done:       one at a time, in order, on any thread, or on the calling one where work asked
 *              for that; frees what the item owns.
 *              Return: 0; another value ends the batch
 * @drop:       for items that are not done because the batch ended; may be NULL
 */
struct fl_batch_ops {
	size_t size;
	size_t item_bytes;
	int (*next)(void *arg, void *item);
	int (*work)(void *arg, unsigned worker, void *item);
	int (*done)(void *arg, void *item);
	void (*drop)(void *arg, void *item);
};

/** fl_batch_threads() - how many workers there will be: @wanted, or the processors allowed for 0 */
FL_API unsigned fl_batch_threads(unsigned wanted);

/**
 * fl_batch_run() - work on items until there are no more
 * @threads: from fl_batch_threads(); with 1, everything happens on the calling thread
 *
 * The calling thread feeds the workers and is none of them; they have all signals
 * blocked. Memory: 64 items per thread.
 * Return: 0; what next returned, if negative; what done returned; -ENOMEM; -EINVAL.
 */
FL_API int fl_batch_run(const struct fl_batch_ops *ops, void *arg, unsigned threads);

FL_END_DECLS

#endif
