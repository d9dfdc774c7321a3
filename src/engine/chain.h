/* SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_CHAIN_H
#define FL_ENGINE_CHAIN_H

#include <faultline/pipeline.h>

/* Each has threads and buffers of its own: more are a mistake rather than a wish. */
#define FL_SEGMENTS_MAX 8u

/**
 * fl_chain_run() - run all segments of a pipeline at the same time
 * @pl: the first one, which has a next
 * Return: as fl_pipeline_run().
 */
int fl_chain_run(struct fl_pipeline *pl, struct fl_source *src, struct fl_error *reterr);

#endif
