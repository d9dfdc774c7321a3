/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "base/error.h"
#include "base/size.h"
#include "ops/transform/inplace_feed.h"
#include "ops/transform/inplace_map.h"
#include "store/same_store.h"

/**
 * struct same - the operator
 * @payload:  bytes that the runs take in the journal
 * @measures: there was no room for the largest journal that could be needed: from here on the pass
 *            only adds up what is
 */
struct same {
	struct fl_edit_run run;
	struct fl_same_store *store;
	uint64_t payload;
	bool measures;
};

/* Before anything was stored, how much room the journal needs can be found out exactly. */
static bool lacks_room(const struct fl_same_store *store, int r)
{
	return (r == -ENOSPC || r == -EDQUOT || r == -EFBIG || r == -FL_ELIMIT) &&
	       !store->job->stored && store->written == 0 &&
	       (!store->job->open || store->job->set.count > 0) && store->exact_space == 0;
}

static int same_fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	struct same *same = op;
	struct fl_edit_part_run run;
	size_t at = 0;
	int r = 0;

	while (r == 0 && fl_edit_part_next(part, &at, &run)) {
		same->payload += run.len + FL_RUN_HEAD_BYTES;
		if (same->measures)
			continue;
		r = fl_same_add(same->store, run.off, run.end, run.p, run.len, reterr);
		same->measures = lacks_room(same->store, r);
		if (same->measures)
			r = 0;
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
		    bool feeds, struct fl_error *reterr)
{
	struct fl_edit_pass pass = {.edit = same->run.edit,
				    .ops = &same_ops,
				    .op = same,
				    .run = run,
				    .feeds = feeds,
				    .stats = &job->stats};
	struct fl_source *src = NULL;
	int r = fl_inplace_source(job, &src, reterr);

	if (r == 0)
		r = fl_edit_pass_run(&pass, src, reterr);
	fl_source_close(src);
	return r;
}

int fl_inplace_same(struct fl_store_job *job, const struct fl_inplace_edit *edit,
		    const struct fl_options *run, uint64_t from, struct fl_error *reterr)
{
	struct fl_same_store store;
	struct same same = {.run = {edit, false}, .store = &store};
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
	fl_same_init(&store, job, from, run->threads);
	r = run_pass(&same, job, &opt, true, reterr);
	if (r == 0 && same.measures) {
		fl_same_done(&store);
		fl_same_init(&store, job, from, run->threads);
		store.exact_space = fl_same_space(same.payload);
		same.measures = false;
		r = run_pass(&same, job, &opt, false, reterr);
	}
	if (r == 0)
		r = fl_same_finish(&store, reterr);
	fl_same_done(&store);
	return r;
}
