/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLUSTER_H
#define FAULTLINE_CLUSTER_H

#include <faultline/error.h>
#include <faultline/export.h>
#include <faultline/pipeline.h>

FL_BEGIN_DECLS

/**
 * DOC: Worker processes.
 *
 * The chunks of a file can be mapped by processes instead of threads: what kills one of them, the
 * kernel short of memory or a bug in a library, does not end the job. Its chunk is done again by
 * another one.
 */

/* More processes than any machine has processors. */
#define FL_PROCESSES_MAX 256u

/**
 * fl_pipeline_set_processes() - have the runs of a pipeline mapped by worker processes
 * @processes: 1 .. FL_PROCESSES_MAX; 0 = threads again
 *
 * The calling process only folds, and not even that where operators have a struct fl_carry. Each run
 * forks the workers; they inherit the operators' state as start() left it, and run map() in memory of
 * their own, which the contract of map() allows for.
 * Sources that have no size, operators that fold over the input bytes, small files and the direct
 * loaders are done with threads as before; fl_stats.io_reason says so.
 *
 * Workers end with the process that started them. They ignore SIGINT and SIGTERM, which are the
 * caller's business. Children of the process are waited for by number only.
 *
 * Return of fl_pipeline_run() then also: -ECHILD: workers died 16 times over the same chunk.
 * Return: 0; -EINVAL; -EBUSY during a run.
 */
FL_API int fl_pipeline_set_processes(struct fl_pipeline *pl, unsigned processes);

FL_END_DECLS

#endif
