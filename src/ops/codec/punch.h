/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_CODEC_PUNCH_H
#define FL_OPS_CODEC_PUNCH_H

#include <faultline/inplace.h>
#include <faultline/punch.h>

#include "ops/codec/compress_steps.h"
#include "store/punch_job.h"

/**
 * struct fl_punch_work - a compression that frees its input
 * @p:     what has been written and freed
 * @c:     the operator
 * @fault: what @p said was wrong, which the operator tells in fewer words
 * @watch, @watch_arg: see struct fl_punch_options
 */
struct fl_punch_work {
	struct fl_punch_job p;
	struct fl_compress *c;
	struct fl_compress_steps steps;
	struct fl_error fault;
	void (*watch)(void *arg, struct fl_pipeline *pl);
	void *watch_arg;
};

/** fl_punch_file() - fl_compress_punch() with what it needs; @durable: NULL = the kernel */
int fl_punch_file(const char *path, const struct fl_options *run,
		  const struct fl_punch_options *opt, const struct fl_durable *durable,
		  struct fl_punch_result *ret, struct fl_error *reterr);

/** fl_punch_recover() - fl_recover() of its journals; @run, @durable: NULL = defaults */
int fl_punch_recover(const char *path, enum fl_recover_action action, const struct fl_options *run,
		     const struct fl_durable *durable, struct fl_recover_result *ret,
		     struct fl_error *reterr);

/** fl_punch_work_begin() - the operator that the plan asks for; w->p is the caller's.
 * Return: 0; -EINVAL; -ENOMEM. */
int fl_punch_work_begin(struct fl_punch_work *w, const struct fl_punch_plan *plan,
			struct fl_error *reterr);

/** fl_punch_work_run() - all that is left of the input, then the end. Return: 0 or an error. */
int fl_punch_work_run(struct fl_punch_work *w, const struct fl_options *run,
		      struct fl_error *reterr);

/** fl_punch_work_done() */
void fl_punch_work_done(struct fl_punch_work *w);

/**
 * struct fl_punch_frame_place - a frame that was written before
 * @in, @packed: where it begins in the input and in the output
 */
struct fl_punch_frame_place {
	uint64_t in;
	uint64_t packed;
	struct fl_seek_row row;
};

/**
 * fl_punch_compare_frame() - what the input still has of a frame must be what the frame holds
 *
 * Bytes that were freed are zero. Return: 0; -FL_ECHANGED; -FL_ECORRUPT; -ENOMEM; -errno.
 */
int fl_punch_compare_frame(const struct fl_punch_job *p, const struct fl_punch_frame_place *frame,
			   struct fl_error *reterr);

#endif
