/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "base/error.h"
#include "base/size.h"
#include "engine/exec.h"
#include "ops/transform/inplace_map.h"
#include "store/same_store.h"

/**
 * struct same - the operator
 * @store:   NULL in a dry pass, which only adds up
 * @payload: bytes that the runs take in the journal
 */
struct same {
	struct fl_edit_run run;
	struct fl_same_store *store;
	uint64_t payload;
};

static int same_fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	struct same *same = op;
	struct fl_edit_part_run run;
	size_t at = 0;
	int r = 0;

	while (r == 0 && fl_edit_part_next(part, &at, &run)) {
		same->payload += run.len + FL_RUN_HEAD_BYTES;
		if (same->store)
			r = fl_same_add(same->store, run.off, run.end, run.p, run.len, reterr);
	}
	return r;
}

static const struct fl_operator same_ops = {.size = sizeof(same_ops),
					    .name = "transform",
					    .cut = FL_CUT_RECORD,
					    .worker_init = fl_edit_worker_init,
					    .worker_done = fl_edit_worker_done,
					    .map = fl_edit_run_map,
					    .fold = same_fold};

static int run_pass(struct same *same, struct fl_store_job *job, const struct fl_options *run,
		    struct fl_error *reterr)
{
	struct fl_source *src = NULL;
	struct fl_pipeline *pl = NULL;
	int r = fl_inplace_source(job, &src, reterr);

	if (r == 0)
		r = fl_pipeline_new(run, &pl, reterr);
	if (r == 0)
		r = fl_pipeline_add(pl, &same_ops, same);
	if (r == 0) {
		if (same->run.edit->watch)
			same->run.edit->watch(same->run.edit->watch_arg, pl);
		r = fl_pipeline_run(pl, src, reterr);
		if (same->run.edit->watch)
			same->run.edit->watch(same->run.edit->watch_arg, NULL);
	}
	fl_pipeline_free(pl);
	fl_source_close(src);
	return r;
}

/* Before anything was stored, how much room the journal needs can be found out exactly. */
static bool wants_dry_pass(const struct fl_store_job *job, const struct fl_same_store *store, int r)
{
	return (r == -ENOSPC || r == -EDQUOT || r == -EFBIG || r == -FL_ELIMIT) && !job->stored &&
	       !job->open && store->exact_space == 0;
}

int fl_inplace_same(struct fl_store_job *job, const struct fl_inplace_edit *edit,
		    const struct fl_options *run, uint64_t from, struct fl_error *reterr)
{
	struct fl_same_store store;
	struct same same = {.run = {edit, false}, .store = &store};
	struct same dry = {.run = {edit, false}};
	struct fl_options opt = *run;
	int r;

	opt.flags |= FL_RUN_OWN_STORES;
	opt.delimiter = edit->delimiter;
	if (from > opt.range_off) {
		if (opt.range_len != FL_SIZE_UNKNOWN)
			opt.range_len -= fl_min_u64(opt.range_len, from - opt.range_off);
		opt.range_off = from;
		opt.flags |= FL_RUN_AT_RECORD;
	}
	fl_same_init(&store, job, from);
	if (job->small_groups)
		store.group_bytes = 1;
	r = run_pass(&same, job, &opt, reterr);
	if (wants_dry_pass(job, &store, r)) {
		r = run_pass(&dry, job, &opt, reterr);
		fl_same_done(&store);
		fl_same_init(&store, job, from);
		store.exact_space = fl_same_space(dry.payload);
		if (r == 0)
			r = run_pass(&same, job, &opt, reterr);
	}
	if (r == 0)
		r = fl_same_finish(&store, reterr);
	fl_same_done(&store);
	return r;
}
