/* SPDX-License-Identifier: MIT */
#ifndef FL_ENGINE_SHARD_IMPL_H
#define FL_ENGINE_SHARD_IMPL_H

#include "engine/exec.h"

/** fl_shard_check() - can this run be one of a share? Return: 0 or -FL_EUNSUPPORTED. */
int fl_shard_check(const struct fl_exec *x, struct fl_error *reterr);

/** fl_shard_begin() - the head, once the plan is made. Return: 0, or what write returned. */
int fl_shard_begin(struct fl_exec *x, struct fl_error *reterr);

/** fl_shard_put() - in place of operator @k's fold; with the baton. Return: as fl_shard_begin(). */
int fl_shard_put(struct fl_pipeline *pl, unsigned k, const struct fl_part *part,
		 struct fl_error *reterr);

/** fl_shard_end() - in place of the operators' finish. Return: as fl_shard_begin(). */
int fl_shard_end(struct fl_pipeline *pl, struct fl_error *reterr);

/** fl_shard_replay() - one segment's run, of @pl->replay. Return: as fl_pipeline_replay(). */
int fl_shard_replay(struct fl_pipeline *pl, struct fl_error *reterr);

#endif
