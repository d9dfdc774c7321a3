/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_TRANSFORM_EDIT_IMPL_H
#define FL_OPS_TRANSFORM_EDIT_IMPL_H

#include "ops/transform/edit.h"
#include "ops/transform/edit_step.h"

/**
 * struct fl_edit - a compiled program
 * @opt:   as given; its texts are copies, owned by @texts
 * @drops_repeats: see fl_edit_drops_repeats()
 * @label: see fl_edit_label()
 * @plan:  see fl_edit_plan()
 */
struct fl_edit {
	struct fl_edit_options opt;
	struct fl_edit_step *texts;
	struct fl_edit_regex where;
	struct fl_step *steps;
	size_t step_count;
	bool drops_repeats;
	char label[64];
	char plan[256];
};

/**
 * struct fl_edit_scratch - what a thread needs
 * @step_deltas: of the step at work, on its own text
 * @sum:         of all steps before it, on the original text
 * @buffers:     texts between steps
 */
struct fl_edit_scratch {
	struct fl_step_scratch *steps;
	size_t step_count;
	struct fl_edit_matcher where;
	struct fl_deltas step_deltas;
	struct fl_deltas sum;
	struct fl_deltas spare;
	unsigned char *buffers[2];
	size_t buffer_sizes[2];
};

#endif
