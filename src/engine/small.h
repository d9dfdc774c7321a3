/* SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_SMALL_H
#define FL_ENGINE_SMALL_H

#include <stdbool.h>

#include "engine/exec.h"

/**
 * DOC: Small files.
 *
 * A regular file that fits in one view is read at once and shown to the
 * operators on the calling thread. Threads, windows, the ring and the questions
 * about page cache and processors, which together take 100 us, are not needed
 * for bytes that are hashed in one.
 */

/** fl_small_applies() - may this run be done in that way? Not when a loader or a range was asked for */
bool fl_small_applies(const struct fl_pipeline *pl, const struct fl_source *src);

/**
 * fl_small_run() - the whole run
 * Return: as fl_pipeline_run(); or 1, with nothing done, when the file could not be read as
 * expected: the long way finds out why.
 */
int fl_small_run(struct fl_pipeline *pl, struct fl_source *src, struct fl_error *reterr);

#endif
