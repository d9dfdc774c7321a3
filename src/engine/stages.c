/* SPDX-License-Identifier: MIT */
#include "engine/stages.h"

#include "engine/exec.h"

void fl_stages_blame(struct fl_pipeline *pl, uint32_t op, uint64_t off)
{
	pl->failure = (struct fl_failure){.op = op,
					  .name = op == FL_OPERATOR_NONE ? NULL
									 : pl->stages[op].ops->name,
					  .off = off};
}

int fl_stages_start(struct fl_pipeline *pl, const struct fl_run *run, struct fl_error *reterr)
{
	int r = 0;

	for (pl->started = 0; r == 0 && pl->started < pl->stage_count; pl->started += r == 0) {
		struct fl_stage *st = &pl->stages[pl->started];

		atomic_store_explicit(&st->stopped, false, memory_order_relaxed);
		st->failed = false;
		atomic_store_explicit(&st->ns, 0, memory_order_relaxed);
		if (st->ops->start)
			r = st->ops->start(st->op, run, reterr);
		if (r < 0)
			fl_stages_blame(pl, pl->started, run->off);
	}
	return r;
}

int fl_stages_finish(struct fl_pipeline *pl, uint64_t end, struct fl_error *reterr)
{
	unsigned k;
	int r = 0;

	for (k = 0; r == 0 && k < pl->stage_count; k++) {
		struct fl_stage *st = &pl->stages[k];

		if (st->ops->finish)
			r = st->ops->finish(st->op, reterr);
		if (r < 0)
			fl_stages_blame(pl, k, end);
	}
	return r;
}

/* The run's error stays what it is: what goes wrong from here on is not told. */
void fl_stages_abandon(struct fl_pipeline *pl)
{
	unsigned k;

	for (k = 0; k < pl->started; k++) {
		struct fl_stage *st = &pl->stages[k];

		if ((st->ops->flags & FL_OP_UNTIL_ERROR) && st->ops->finish && !st->failed)
			(void)st->ops->finish(st->op, NULL);
	}
}

bool fl_stages_stopped(const struct fl_pipeline *pl)
{
	unsigned k;

	for (k = 0; k < pl->stage_count; k++)
		if (!atomic_load_explicit(&pl->stages[k].stopped, memory_order_relaxed))
			return false;
	return true;
}

size_t fl_stages_carry_bytes(const struct fl_pipeline *pl)
{
	size_t sum = 0;

	for (unsigned k = 0; k < pl->stage_count; k++)
		if (pl->stages[k].ops->carry)
			sum += pl->stages[k].ops->carry->bytes(pl->stages[k].op);
	return sum;
}

void fl_stages_carry_save(const struct fl_pipeline *pl, unsigned char *ret)
{
	for (unsigned k = 0; k < pl->stage_count; k++) {
		const struct fl_carry *c = pl->stages[k].ops->carry;

		if (!c)
			continue;
		c->save(pl->stages[k].op, ret);
		ret += c->bytes(pl->stages[k].op);
	}
}

int fl_stages_carry_load(struct fl_pipeline *pl, const unsigned char *state)
{
	int r = 0;

	for (unsigned k = 0; r == 0 && k < pl->stage_count; k++) {
		const struct fl_carry *c = pl->stages[k].ops->carry;
		size_t n = c ? c->bytes(pl->stages[k].op) : 0;

		if (c)
			r = c->load(pl->stages[k].op, state, n);
		state += n;
	}
	return r;
}
