/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_TRANSFORM_EDIT_STEP_H
#define FL_OPS_TRANSFORM_EDIT_STEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>

#include "kern/translate.h"
#include "ops/transform/delta.h"
#include "ops/transform/edit.h"
#include "ops/transform/edit_regex.h"
#include "ops/transform/edit_template.h"
#include "ops/transform/redact.h"

/** enum fl_step_kind - what a step does to a record */
enum fl_step_kind {
	FL_STEP_SUBST,     /* s */
	FL_STEP_TRANSLATE, /* y, upper, lower */
	FL_STEP_MASK,
	FL_STEP_REDACT,
	FL_STEP_DELETE,
	FL_STEP_KEEP,
	FL_STEP_DOS2UNIX,
	FL_STEP_UNIX2DOS
};

/**
 * struct fl_step - a compiled step; constant, any thread
 * @regex:    SUBST, MASK, DELETE, KEEP
 * @global:   SUBST: all matches from number @number on
 * @translation: TRANSLATE
 * @redact:   REDACT
 * @mask_char: MASK
 */
struct fl_step {
	enum fl_step_kind kind;
	struct fl_edit_regex regex;
	struct fl_template template;
	bool global;
	uint64_t number;
	struct fl_translation translation;
	struct fl_redact redact;
	unsigned char mask_char;
};

/**
 * fl_step_init() - read and compile a step
 * Return: 0; -EINVAL with the reason; -ENOMEM.
 */
int fl_step_init(struct fl_step *step, const struct fl_edit_step *text,
		 const struct fl_edit_options *opt, struct fl_error *reterr);

/** fl_step_done() - all zero is fine */
void fl_step_done(struct fl_step *step);

/** fl_step_preserves_length() - see fl_edit_preserves_length() */
bool fl_step_preserves_length(const struct fl_step *step);

/** fl_step_never_grows() - see fl_edit_never_grows() */
bool fl_step_never_grows(const struct fl_step *step);

/**
 * struct fl_step_scratch - what a thread needs for one step
 */
struct fl_step_scratch {
	struct fl_edit_matcher matcher;
};

/** fl_step_run() - append what the step does to @text. Return: as fl_edit_map(). */
int fl_step_run(const struct fl_step *step, struct fl_step_scratch *scratch,
		const struct fl_edit_text *text, struct fl_deltas *out, struct fl_error *reterr);

/** fl_step_subst() - s and mask. Return: as fl_edit_map(). */
int fl_step_subst(const struct fl_step *step, struct fl_step_scratch *scratch,
		  const struct fl_edit_text *text, struct fl_deltas *out, struct fl_error *reterr);

/** fl_step_lines() - delete and keep. Return: as fl_edit_map(). */
int fl_step_lines(const struct fl_step *step, struct fl_step_scratch *scratch,
		  const struct fl_edit_text *text, struct fl_deltas *out, struct fl_error *reterr);

/** fl_step_bytes() - y, upper, lower, dos2unix, unix2dos. Return: as fl_edit_map(). */
int fl_step_bytes(const struct fl_step *step, const struct fl_edit_text *text,
		  struct fl_deltas *out);

#endif
