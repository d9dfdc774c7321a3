/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <malloc.h>

#include "base/error.h"
#include "base/size.h"
#include "engine/exec.h"
#include "ops/transform/inplace_feed.h"
#include "ops/transform/inplace_kept.h"
#include "ops/transform/inplace_map.h"
#include "ops/transform/record_seam.h"
#include "store/journal_block.h"
#include "store/move_ahead.h"
#include "store/move_store.h"
#include "store/same_store.h"

/* A quarter of the memory holds changes; a change takes 4 bytes and its new text. The rest is for what
 * becomes of two batches, and for their undo logs: of most edits these are short. */
#define KEPT_PART 4
#define BATCH_PART 3
#define BATCH_MIN_BYTES FL_MIB(1)
#define DRY_ENGINE_PART 2
#define ENGINE_PART 8
#define ENGINE_MIN_BYTES FL_MIB(4)

/**
 * struct rewrite - a file that is rewritten
 * @kept: the changes of the batches that come first, by the dry pass; none where a recovery goes on
 */
struct rewrite {
	const struct fl_inplace_edit *edit;
	struct fl_options run;
	struct fl_source *src;
	struct fl_move move;
	struct fl_kept kept;
};

/**
 * struct dry - the pass that only measures, and keeps the changes that it finds while there is room
 */
struct dry {
	struct fl_edit_run run;
	struct fl_move_plan *plan;
	struct fl_kept *kept;
	size_t batch_bytes;
	struct fl_record_seam seam;
	struct fl_shortened shortened;
};

/**
 * struct gather - the pass over one batch whose changes were not kept: its changes as runs
 * @growth:   of the batch
 * @first:    run in which the first record of the result begins; @first_at: its place in @runs
 */
struct gather {
	struct fl_edit_run run;
	struct fl_kept runs;
	struct fl_record_seam seam;
	struct fl_shortened shortened;
	int64_t growth;
	struct fl_edit_part_run first;
	size_t first_at;
};

static int out_of_memory(struct fl_error *reterr)
{
	return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
}

/* Drop the first record of what the view becomes, if it is the last one before the view again. */
static int meets_repeat(struct fl_record_seam *seam, struct fl_edit_part_run *run,
			struct fl_shortened *shortened)
{
	if (!fl_record_seam_next(seam, &run->ends))
		return 0;
	return fl_edit_run_shorten(run, run->ends.first_len, shortened);
}

static int dry_fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	struct dry *dry = op;
	struct fl_edit_part_run run;
	size_t at = 0;

	while (fl_edit_part_next(part, &at, &run)) {
		uint64_t changes;

		if (meets_repeat(&dry->seam, &run, &dry->shortened) < 0)
			return out_of_memory(reterr);
		/* As the undo log will have them. */
		changes = run.len > 0 ? run.len + run.old_bytes + FL_RUN_HEAD_BYTES : 0;
		if (fl_move_plan_add(dry->plan, run.off, run.end, changes, run.growth, run.crc,
				     dry->batch_bytes) < 0 ||
		    fl_kept_add(dry->kept, dry->plan->count, run.off, run.p, run.len) < 0)
			return out_of_memory(reterr);
	}
	return 0;
}

static int gather_fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	struct gather *g = op;
	struct fl_edit_part_run run;
	size_t at = 0;

	while (fl_edit_part_next(part, &at, &run)) {
		if (!g->seam.known && run.ends.first_len > 0) {
			g->first = run;
			g->first_at = g->runs.len;
		}
		if (meets_repeat(&g->seam, &run, &g->shortened) < 0 ||
		    fl_kept_add(&g->runs, 0, run.off, run.p, run.len) < 0)
			return out_of_memory(reterr);
		g->growth += run.growth;
	}
	return 0;
}

static void gather_begin(struct gather *g)
{
	fl_kept_clear(&g->runs);
	g->seam.known = false;
	g->first.ends.first_len = 0;
	g->growth = 0;
}

/*
 * Whether the first record of the batch goes depends on the one before it, which may have been
 * overwritten. The plan knows: a record has a byte at least, so only one of both gives its length.
 */
static int gather_end(struct gather *g, const struct fl_batch *x)
{
	struct fl_edit_part_run *first = &g->first;
	size_t old_len = first->len;
	int r;

	if (first->ends.first_len == 0 ||
	    (x[1].src - x->src) + (uint64_t)g->growth == x[1].dst - x->dst)
		return 0;
	first->p = old_len > 0 ? g->runs.runs + g->first_at + FL_RUN_HEAD_BYTES : NULL;
	r = fl_edit_run_shorten(first, first->ends.first_len, &g->shortened);
	return r < 0 ? r
		     : fl_kept_replace(&g->runs, g->first_at, old_len, first->off, first->p,
				       first->len);
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

static int make_pipeline(const struct rewrite *w, const struct fl_options *opt, struct gather *g,
			 struct fl_pipeline **ret, struct fl_error *reterr)
{
	int r = fl_pipeline_new(opt, ret, reterr);

	if (r < 0)
		return r;
	r = fl_pipeline_add(*ret, &gather_ops, g);
	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	if (w->edit->watch)
		w->edit->watch(w->edit->watch_arg, *ret);
	return 0;
}

static void drop_pipeline(const struct rewrite *w, struct fl_pipeline *pl)
{
	if (w->edit->watch && pl)
		w->edit->watch(w->edit->watch_arg, NULL);
	fl_pipeline_free(pl);
}

static size_t batch_bytes(uint64_t memory_bytes)
{
	uint64_t share = fl_max_u64(memory_bytes / BATCH_PART, BATCH_MIN_BYTES);

	return (size_t)fl_min_u64(share, FL_BATCH_BYTES);
}

/* What threads freed stays in their arenas, 50 MiB of sixty threads; batches need some 30. */
static void give_back(void)
{
	malloc_trim(0);
}

static int measure(struct rewrite *w, struct fl_error *reterr)
{
	struct fl_move *m = &w->move;
	struct dry dry = {.run = {w->edit, true}, .plan = &m->plan, .kept = &w->kept};
	struct fl_options opt = w->run;
	struct fl_edit_pass pass = {.edit = w->edit,
				    .ops = &dry_ops,
				    .op = &dry,
				    .run = &opt,
				    .feeds = true,
				    .stats = &m->job->stats};
	int r = fl_move_plan_begin(&m->plan);

	if (r < 0)
		return out_of_memory(reterr);
	w->kept.limit = (size_t)(opt.max_memory_bytes / KEPT_PART);
	opt.max_memory_bytes = fl_max_u64(opt.max_memory_bytes / DRY_ENGINE_PART, ENGINE_MIN_BYTES);
	dry.batch_bytes = m->job->small_groups ? 1 : batch_bytes(w->run.max_memory_bytes);
	r = fl_edit_pass_run(&pass, w->src, reterr);
	fl_shortened_done(&dry.shortened);
	if (r == 0 && fl_move_plan_end(&m->plan, m->job->target.size_bytes) < 0)
		r = out_of_memory(reterr);
	return r;
}

static bool kept_runs(const void *arg, size_t b, const unsigned char **ret, size_t *ret_len)
{
	const struct rewrite *w = arg;

	if (fl_kept_get(&w->kept, b, ret, ret_len))
		return true;
	*ret = NULL;
	*ret_len = 0;
	return w->move.plan.batch[b].changes == 0;
}

/**
 * struct storing - the pass over the batches
 * @pl:    finds changes that were not kept
 * @ahead: NULL: each batch is made when its turn has come
 */
struct storing {
	struct rewrite *w;
	struct fl_pipeline *pl;
	struct gather gather;
	struct fl_move_ahead *ahead;
	struct fl_made made;
};

/* The batches before this one are stored, and have overwritten nothing that it looks at. */
static int find_again(struct storing *s, const unsigned char **runs, size_t *len,
		      struct fl_error *reterr)
{
	const struct fl_move *m = &s->w->move;
	const struct fl_batch *x = &m->plan.batch[m->plan.order[m->next]];
	int r;

	gather_begin(&s->gather);
	fl_pipeline_set_range(s->pl, x->src, x[1].src - x->src, true);
	r = fl_pipeline_run(s->pl, s->w->src, reterr);
	if (r == 0 && gather_end(&s->gather, x) < 0)
		r = out_of_memory(reterr);
	if (r == 0 && !fl_kept_get(&s->gather.runs, 0, runs, len))
		*len = 0;
	return r;
}

/* There is memory for one way of making batches at a time. */
static void make_ahead(struct storing *s, bool yes)
{
	const struct fl_move *m = &s->w->move;

	if (!yes) {
		fl_move_ahead_stop(s->ahead);
		s->ahead = NULL;
	} else if (!s->ahead && m->plan.moves - m->next > 1) {
		fl_kept_done(&s->gather.runs);
		fl_made_done(&s->made);
		give_back();
		/* Without a thread it takes longer. */
		if (fl_move_ahead_start(m, kept_runs, s->w, &s->ahead) < 0)
			s->ahead = NULL;
	}
}

static int make_one(struct storing *s, const struct fl_made **ret, struct fl_error *reterr)
{
	struct fl_move *m = &s->w->move;
	const unsigned char *runs = NULL;
	size_t len = 0;
	bool at_hand = kept_runs(s->w, m->plan.order[m->next], &runs, &len);
	int r = 0;

	make_ahead(s, at_hand);
	if (s->ahead)
		return fl_move_ahead_take(s->ahead, ret, reterr);
	if (!at_hand)
		r = find_again(s, &runs, &len, reterr);
	*ret = &s->made;
	return r < 0 ? r : fl_move_make(m, m->next, runs, len, &s->made, reterr);
}

static int one_batch(struct storing *s, struct fl_error *reterr)
{
	const struct fl_made *made;
	int r;

	if (atomic_load_explicit(&s->pl->cancel, memory_order_relaxed) == FL_CANCEL_USER)
		return fl_error_set(reterr, -FL_ECANCELED, FL_OFF_NONE, NULL);
	r = make_one(s, &made, reterr);
	return r < 0 ? r : fl_move_store(&s->w->move, made, reterr);
}

static int all_batches(struct rewrite *w, struct fl_error *reterr)
{
	struct storing s = {.w = w,
			    .gather = {.run = {w->edit, false}, .runs = {.limit = SIZE_MAX}}};
	struct fl_options opt = w->run;
	int r;

	/* The dry pass has just brought the file in; looking at the cache again for each batch would
	 * cost more than it gives. */
	if (opt.io == FL_IO_AUTO)
		opt.io = FL_IO_MMAP;
	opt.progress = NULL;
	opt.max_memory_bytes = fl_max_u64(opt.max_memory_bytes / ENGINE_PART, ENGINE_MIN_BYTES);
	r = make_pipeline(w, &opt, &s.gather, &s.pl, reterr);
	while (r == 0 && w->move.next < w->move.plan.moves)
		r = one_batch(&s, reterr);
	fl_move_ahead_stop(s.ahead);
	drop_pipeline(w, s.pl);
	fl_kept_done(&s.gather.runs);
	fl_shortened_done(&s.gather.shortened);
	fl_made_done(&s.made);
	return r;
}

static int rewrite_open(struct rewrite *w, struct fl_store_job *job,
			const struct fl_inplace_edit *edit, const struct fl_options *run,
			struct fl_error *reterr)
{
	*w = (struct rewrite){.edit = edit, .run = *run};
	w->run.flags |= FL_RUN_OWN_STORES;
	w->run.delimiter = edit->delimiter;
	w->run.range_off = 0;
	w->run.range_len = FL_SIZE_UNKNOWN;
	fl_move_init(&w->move, job);
	return fl_inplace_source(job, &w->src, reterr);
}

static void rewrite_close(struct rewrite *w)
{
	fl_move_done(&w->move);
	fl_kept_done(&w->kept);
	fl_source_close(w->src);
}

static int store_all(struct rewrite *w, struct fl_error *reterr)
{
	int r = all_batches(w, reterr);

	return r < 0 ? r : fl_move_finish(&w->move, reterr);
}

static int plan_and_move(struct fl_store_job *job, const struct fl_inplace_edit *edit,
			 const struct fl_options *run, struct fl_error *reterr)
{
	struct rewrite w;
	int r = rewrite_open(&w, job, edit, run, reterr);

	if (r == 0)
		r = measure(&w, reterr);
	give_back();
	if (r == 0 && w.move.plan.moves > 0) {
		r = fl_move_begin(&w.move, reterr);
		if (r == 0)
			r = store_all(&w, reterr);
	}
	rewrite_close(&w);
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
	struct rewrite w;
	int r;

	/* Nothing was planned yet: from the beginning, but with this journal, which alone knows what
	 * was to be done should this be killed, too. */
	if (!rec->move->plan.batch) {
		r = plan_and_move(&rec->job, edit, run, reterr);
		return r < 0 ? r : fl_store_job_end(&rec->job, reterr);
	}
	r = rewrite_open(&w, &rec->job, edit, run, reterr);
	if (r == 0)
		r = fl_move_continue(rec, &w.move, reterr);
	if (r == 0)
		r = store_all(&w, reterr);
	rewrite_close(&w);
	return r;
}
