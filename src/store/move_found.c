/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "base/error.h"
#include "store/journal_block.h"
#include "store/move_store.h"

void fl_move_found_init(struct fl_move_found *f)
{
	*f = (struct fl_move_found){.back = SIZE_MAX};
}

void fl_move_found_done(struct fl_move_found *f)
{
	fl_move_plan_done(&f->plan);
	free(f->block);
	free(f->seq);
	free(f->crc);
}

static int add_plan(struct fl_move_found *f, const struct fl_jgroup *g)
{
	int r = f->plan.batch ? -FL_ECORRUPT : fl_move_plan_load(&f->plan, g->data, g->len);

	if (r < 0)
		return r;
	f->block = calloc(f->plan.moves + 1, sizeof(*f->block));
	f->seq = calloc(f->plan.moves + 1, sizeof(*f->seq));
	f->crc = calloc(f->plan.moves + 1, sizeof(*f->crc));
	return f->block && f->seq && f->crc ? 0 : -ENOMEM;
}

/* A batch may have its turn twice: a resumed rewrite begins with the one that was interrupted. */
static int add_batch(struct fl_move_found *f, const struct fl_jgroup *g, uint64_t block)
{
	uint64_t k = g->numbers[0];

	if (k >= f->plan.moves || f->back != SIZE_MAX || f->tail_len > 0 ||
	    (k != f->placed && k + 1 != f->placed) || g->numbers[1] > g->len)
		return -FL_ECORRUPT;
	f->block[k] = block;
	f->seq[k] = g->seq;
	f->crc[k] = (uint32_t)g->numbers[2];
	f->placed = (size_t)k + 1;
	return 0;
}

static int add_back(struct fl_move_found *f, const struct fl_jgroup *g)
{
	uint64_t k = g->numbers[0];

	if (k >= f->placed || (f->back != SIZE_MAX && k > f->back))
		return -FL_ECORRUPT;
	f->back = (size_t)k;
	return 0;
}

/* All batches are new, or all are old. */
static bool is_settled(const struct fl_move_found *f)
{
	return f->end != 0 || f->placed <= 1 || f->back == 0 || f->placed == f->plan.moves;
}

static int add_tail(struct fl_move_found *f, const struct fl_jgroup *g, uint64_t block)
{
	f->tail_block = block;
	f->tail_seq = g->seq;
	f->tail_len = g->len;
	return is_settled(f) ? 0 : -FL_ECORRUPT;
}

static int add_end(struct fl_move_found *f, const struct fl_jgroup *g)
{
	if (!is_settled(f) || (f->end != 0 && f->end != g->type) || g->numbers[0] > g->numbers[1])
		return -FL_ECORRUPT;
	f->end = g->type;
	f->end_keep = g->numbers[0];
	f->end_from = g->numbers[1];
	f->end_crc = (uint32_t)g->numbers[2];
	f->tail_len = 0;
	return 0;
}

int fl_move_found_add(struct fl_move_found *f, const struct fl_jgroup *g, uint64_t block)
{
	bool ends = g->type == FL_JGROUP_COMMIT || g->type == FL_JGROUP_ROLLBACK;

	if (g->type != FL_JGROUP_PLAN && !f->plan.batch)
		return -FL_ECORRUPT;
	if (ends)
		return add_end(f, g);
	if (g->type == FL_JGROUP_TAIL)
		return add_tail(f, g, block);
	if (f->end != 0)
		return -FL_ECORRUPT;
	switch (g->type) {
	case FL_JGROUP_PLAN:
		return add_plan(f, g);
	case FL_JGROUP_BATCH:
		return add_batch(f, g, block);
	case FL_JGROUP_BACK:
		return add_back(f, g);
	default:
		return -FL_ECORRUPT;
	}
}
