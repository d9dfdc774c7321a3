/* SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_POOL_H
#define FL_ENGINE_POOL_H

/**
 * DOC: Worker threads, kept between runs. The thread that asks is worker 0.
 *
 * After fork(2) a child may use and free its parent's pools, if no run was under way: it starts
 * threads of its own.
 */
struct fl_pool;

/** fl_pool_new() - no thread is started yet. Return: 0 or -ENOMEM. */
int fl_pool_new(struct fl_pool **ret);

/**
 * fl_pool_run() - fn(arg, i) for i in [0, n) on n threads at once; returns when all have returned
 *
 * If the system gives fewer threads than n, those that there are do the work:
 * fn must not wait for a particular i to exist.
 * Return: number of threads that ran, >= 1.
 */
unsigned fl_pool_run(struct fl_pool *pool, unsigned n, void (*fn)(void *arg, unsigned i),
		     void *arg);

/** fl_pool_free() - join all; NULL is fine */
void fl_pool_free(struct fl_pool *pool);

#endif
