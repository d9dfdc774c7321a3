/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "engine/exec.h"
#include "ops/transform/inplace_feed.h"
#include "ops/transform/inplace_map.h"
#include "store/journal_block.h"
#include "store/move_store.h"
#include "store/same_store.h"

/**
 * struct dry - the pass that only measures
 */
struct dry {
	struct fl_edit_run run;
	struct fl_move_plan *plan;
	size_t batch_bytes;
};

/**
 * struct gather - the pass over one batch: its changes as runs
 */
struct gather {
	struct fl_edit_run run;
	unsigned char *runs;
	size_t len;
	size_t cap;
};

static int dry_fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	struct dry *dry = op;
	struct fl_edit_part_run run;
	size_t at = 0;

	while (fl_edit_part_next(part, &at, &run)) {
		uint64_t changes = run.len > 0 ? run.len + FL_RUN_HEAD_BYTES : 0;

		if (fl_move_plan_add(dry->plan, run.off, run.end, changes, run.growth, run.crc,
				     dry->batch_bytes) < 0)
			return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	}
	return 0;
}

static int gather_fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	struct gather *g = op;
	struct fl_edit_part_run run;
	size_t at = 0;

	while (fl_edit_part_next(part, &at, &run)) {
		size_t need = g->len + FL_RUN_HEAD_BYTES + run.len;

		if (need > g->cap) {
			unsigned char *bigger = realloc(g->runs, 2 * need);

			if (!bigger)
				return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
			g->runs = bigger;
			g->cap = 2 * need;
		}
		fl_put64(g->runs + g->len, run.off);
		fl_put64(g->runs + g->len + 8, run.len);
		memcpy(g->runs + g->len + FL_RUN_HEAD_BYTES, run.p, run.len);
		g->len = need;
	}
	return 0;
}

static const struct fl_operator dry_ops = {.size = sizeof(dry_ops),
					   .name = "measure",
					   .cut = FL_CUT_RECORD,
					   .worker_init = fl_edit_worker_init,
					   .worker_done = fl_edit_worker_done,
					   .map = fl_edit_run_map,
					   .fold = dry_fold};

static const struct fl_operator gather_ops = {.size = sizeof(gather_ops),
					      .name = "transform",
					      .cut = FL_CUT_RECORD,
					      .worker_init = fl_edit_worker_init,
					      .worker_done = fl_edit_worker_done,
					      .map = fl_edit_run_map,
					      .fold = gather_fold};

static int make_pipeline(const struct fl_inplace_edit *edit, const struct fl_options *run,
			 struct gather *g, struct fl_pipeline **ret, struct fl_error *reterr)
{
	int r = fl_pipeline_new(run, ret, reterr);

	if (r < 0)
		return r;
	r = fl_pipeline_add(*ret, &gather_ops, g);
	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	if (edit->watch)
		edit->watch(edit->watch_arg, *ret);
	return 0;
}

static void drop_pipeline(const struct fl_inplace_edit *edit, struct fl_pipeline *pl)
{
	if (edit->watch && pl)
		edit->watch(edit->watch_arg, NULL);
	fl_pipeline_free(pl);
}

static int measure(struct fl_move *m, struct fl_source *src, const struct fl_inplace_edit *edit,
		   const struct fl_options *run, struct fl_error *reterr)
{
	struct dry dry = {.run = {edit, true}, .plan = &m->plan};
	struct fl_edit_pass pass = {
		.edit = edit, .ops = &dry_ops, .op = &dry, .run = run, .feeds = true};
	int r = fl_move_plan_begin(&m->plan);

	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	dry.batch_bytes = m->job->small_groups ? 1 : FL_BATCH_BYTES;
	r = fl_edit_pass_run(&pass, src, reterr);
	if (r == 0 && fl_move_plan_end(&m->plan, m->job->target.size_bytes) < 0)
		r = fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	return r;
}

/* The batches before this one are stored, and have overwritten nothing that it looks at. */
static int one_batch(struct fl_move *m, struct fl_source *src, struct fl_pipeline *pl,
		     struct gather *g, struct fl_error *reterr)
{
	const struct fl_batch *b = &m->plan.batch[m->plan.order[m->next]];
	int r = 0;

	g->len = 0;
	if (b->changes > 0) {
		fl_pipeline_set_range(pl, b->src, b[1].src - b->src, true);
		r = fl_pipeline_run(pl, src, reterr);
	}
	return r < 0 ? r : fl_move_batch(m, g->runs, g->len, reterr);
}

static int all_batches(struct fl_move *m, struct fl_source *src, const struct fl_inplace_edit *edit,
		       const struct fl_options *run, struct fl_error *reterr)
{
	struct gather g = {.run = {edit, false}};
	struct fl_options opt = *run;
	struct fl_pipeline *pl = NULL;
	int r;

	/* The dry pass has just brought the file in; looking at the cache again for each batch would
	 * cost more than it gives. */
	if (opt.io == FL_IO_AUTO)
		opt.io = FL_IO_MMAP;
	opt.progress = NULL;
	r = make_pipeline(edit, &opt, &g, &pl, reterr);
	while (r == 0 && m->next < m->plan.moves)
		r = one_batch(m, src, pl, &g, reterr);
	drop_pipeline(edit, pl);
	free(g.runs);
	return r;
}

static void set_options(const struct fl_inplace_edit *edit, const struct fl_options *run,
			struct fl_options *ret)
{
	*ret = *run;
	ret->flags |= FL_RUN_OWN_STORES;
	ret->delimiter = edit->delimiter;
	ret->range_off = 0;
	ret->range_len = FL_SIZE_UNKNOWN;
}

static int plan_and_move(struct fl_store_job *job, const struct fl_inplace_edit *edit,
			 const struct fl_options *run, struct fl_error *reterr)
{
	struct fl_source *src = NULL;
	struct fl_options opt;
	struct fl_move m;
	int r = fl_inplace_source(job, &src, reterr);

	if (r < 0)
		return r;
	set_options(edit, run, &opt);
	fl_move_init(&m, job);
	r = measure(&m, src, edit, &opt, reterr);
	if (r == 0 && m.plan.moves > 0) {
		r = fl_move_begin(&m, reterr);
		if (r == 0)
			r = all_batches(&m, src, edit, &opt, reterr);
		if (r == 0)
			r = fl_move_finish(&m, reterr);
	}
	fl_move_done(&m);
	fl_source_close(src);
	return r;
}

int fl_inplace_move(struct fl_store_job *job, const struct fl_inplace_edit *edit,
		    const struct fl_options *run, struct fl_error *reterr)
{
	int r = plan_and_move(job, edit, run, reterr);

	/* Nothing was stored: the journal says nothing that is needed. */
	if (r < 0 && job->open && !job->stored)
		(void)fl_store_job_end(job, NULL);
	return r;
}

int fl_inplace_move_on(struct fl_recovery *rec, const struct fl_inplace_edit *edit,
		       const struct fl_options *run, struct fl_error *reterr)
{
	struct fl_source *src = NULL;
	struct fl_options opt;
	struct fl_move m;
	int r;

	/* Nothing was planned yet: from the beginning, but with this journal, which alone knows what
	 * was to be done should this be killed, too. */
	if (!rec->move->plan.batch) {
		r = plan_and_move(&rec->job, edit, run, reterr);
		return r < 0 ? r : fl_store_job_end(&rec->job, reterr);
	}
	r = fl_inplace_source(&rec->job, &src, reterr);
	if (r < 0)
		return r;
	set_options(edit, run, &opt);
	fl_move_init(&m, &rec->job);
	r = fl_move_continue(rec, &m, reterr);
	if (r == 0)
		r = all_batches(&m, src, edit, &opt, reterr);
	if (r == 0)
		r = fl_move_finish(&m, reterr);
	fl_move_done(&m);
	fl_source_close(src);
	return r;
}
