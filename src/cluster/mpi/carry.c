/* SPDX-License-Identifier: MIT */
#include "cluster/mpi/carry.h"

#include <stdlib.h>

size_t fl_carry_bytes(const struct fl_pipeline *pl)
{
	size_t sum = 0;

	for (unsigned k = 0; k < pl->stage_count; k++)
		if (pl->stages[k].ops->carry)
			sum += pl->stages[k].ops->carry->bytes(pl->stages[k].op);
	return sum;
}

void fl_carry_save(const struct fl_pipeline *pl, unsigned char *ret)
{
	for (unsigned k = 0; k < pl->stage_count; k++) {
		const struct fl_carry *c = pl->stages[k].ops->carry;

		if (!c)
			continue;
		c->save(pl->stages[k].op, ret);
		ret += c->bytes(pl->stages[k].op);
	}
}

int fl_carry_load(struct fl_pipeline *pl, const unsigned char *state)
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

int fl_carry_fold(struct fl_mapper *m, uint64_t mark, struct fl_error *err)
{
	struct fl_packet_node *node;
	int r = 0;

	while (r == 0 && (node = fl_mapper_pop_held(m, mark))) {
		struct fl_part part = {.data = node->data,
				       .len = (size_t)node->head.len,
				       .capacity = (size_t)node->head.len,
				       .limit = m->x->plan.part_limit,
				       .off = node->head.off,
				       .end = node->head.end};

		r = fl_exec_fold_here(m->x, node->head.stage, &part, err);
		free(node);
	}
	return r;
}
