/* SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_STAGES_H
#define FL_ENGINE_STAGES_H

#include <stdbool.h>
#include <stddef.h>

#include <faultline/operator.h>

struct fl_pipeline;

/** fl_stages_blame() - the run's error is that of operator @op, at @off; FL_OPERATOR_NONE: of none */
void fl_stages_blame(struct fl_pipeline *pl, uint32_t op, uint64_t off);

/** fl_stages_start() - every operator's start, until one fails. Return: 0 or its error. */
int fl_stages_start(struct fl_pipeline *pl, const struct fl_run *run, struct fl_error *reterr);

/**
 * fl_stages_finish() - every operator's finish, until one fails
 * @end: of what was read
 * Return: 0 or its error.
 */
int fl_stages_finish(struct fl_pipeline *pl, uint64_t end, struct fl_error *reterr);

/**
 * fl_stages_abandon() - after a run that failed: finish, with NULL for its error, of the operators
 * that were started and have FL_OP_UNTIL_ERROR, but of none whose fold failed
 */
void fl_stages_abandon(struct fl_pipeline *pl);

/** fl_stages_carry_bytes() - what the folds of all operators with a carry keep; 0: none has one */
size_t fl_stages_carry_bytes(const struct fl_pipeline *pl);

/** fl_stages_carry_save() - theirs, one behind the other */
void fl_stages_carry_save(const struct fl_pipeline *pl, unsigned char *ret);

/** fl_stages_carry_load() - Return: 0; -FL_ECORRUPT. */
int fl_stages_carry_load(struct fl_pipeline *pl, const unsigned char *state);

/** fl_stages_stopped() - has every operator said that it needs no more? */
bool fl_stages_stopped(const struct fl_pipeline *pl);

#endif
