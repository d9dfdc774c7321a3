/* SPDX-License-Identifier: MIT */
#include "cluster/mpi/carry.h"

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
		fl_mapper_return(m, node);
	}
	return r;
}
