/* SPDX-License-Identifier: MIT */
#include "ops/transform/inplace.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "store/journal_header.h"
#include "store/recovery.h"

void fl_inplace_options_init(struct fl_inplace_options *opt)
{
	*opt = (struct fl_inplace_options){.size = sizeof(*opt), .journal_max_bytes = UINT64_MAX};
}

static int check_share(const struct fl_inplace_share *share, const struct fl_inplace_edit *edit,
		       struct fl_error *reterr)
{
	if (!share)
		return 0;
	if (share->size != sizeof(*share) || share->index >= share->count ||
	    share->count > FL_JSET_MAX || !share->starts || !share->lowest)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, "option value out of range");
	if (!edit->keeps_length)
		return fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE,
				    "the edit changes lengths: several processes cannot do that in "
				    "place");
	return 0;
}

static int check_options(const struct fl_inplace_options *opt, struct fl_error *reterr)
{
	if (opt->size != sizeof(*opt) || opt->sync > FL_INPLACE_SYNC_FULL ||
	    (opt->flags & ~(FL_INPLACE_NO_JOURNAL | FL_INPLACE_NO_ROLLBACK)))
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, "option value out of range");
	return 0;
}

void fl_inplace_fill_job(struct fl_store_job *job, const struct fl_inplace_edit *edit,
			 const struct fl_inplace_options *opt)
{
	job->durable.never_syncs = opt->sync == FL_INPLACE_SYNC_NONE;
	job->journal.fd = -1;
	job->journaled = !(opt->flags & FL_INPLACE_NO_JOURNAL);
	job->small_groups = opt->sync == FL_INPLACE_SYNC_FULL;
	job->flags = (edit->keeps_length ? 0 : FL_JHEADER_MOVES) |
		     (opt->flags & FL_INPLACE_NO_ROLLBACK ? FL_JHEADER_NO_ROLLBACK : 0);
	job->limit_bytes = opt->journal_max_bytes;
	job->program = edit->program;
	job->program_len = edit->program_len;
}

static void tell(const struct fl_store_job *job, int r, struct fl_inplace_result *ret)
{
	const struct fl_store_stats *s = &job->stats;
	uint64_t now = job->target.size_bytes;

	(void)fl_target_size(&job->target, &now);
	*ret = (struct fl_inplace_result){.size = sizeof(*ret),
					  .changes = s->changes,
					  .changed_bytes = s->stored_bytes,
					  .changed_pages = s->pages,
					  .by_pwrite = s->by_pwrite,
					  .by_map = s->by_map,
					  .by_block = s->by_block,
					  .journal_bytes = s->journal_bytes,
					  .syncs = job->durable.syncs,
					  .old_bytes = job->target.size_bytes,
					  .new_bytes = now,
					  .peak_rss_anon_bytes = s->peak_rss_anon_bytes,
					  .unfinished = r < 0 && job->open};
}

static int edit_alone(const char *path, struct fl_store_job *job,
		      const struct fl_inplace_edit *edit, const struct fl_options *run,
		      const struct fl_inplace_options *opt, struct fl_error *reterr)
{
	int r = fl_store_job_open(path, job, reterr);

	if (r < 0)
		return r;
	fl_inplace_fill_job(job, edit, opt);
	if (opt->backup_suffix)
		r = fl_target_backup(&job->target, opt->backup_suffix, reterr);
	if (r < 0)
		return r;
	if (edit->keeps_length)
		return fl_inplace_same(job, edit, run, 0, reterr);
	return edit->never_grows && !job->journaled ? fl_inplace_slide(job, edit, run, reterr)
						    : fl_inplace_move(job, edit, run, reterr);
}

int fl_inplace_edit_file(const char *path, const struct fl_inplace_edit *edit,
			 const struct fl_options *run, const struct fl_inplace_options *opt,
			 const struct fl_durable *durable, struct fl_inplace_result *ret,
			 struct fl_error *reterr)
{
	static const struct fl_durable kernel = {.ops = &fl_durable_kernel};
	struct fl_store_job job = {.durable = durable ? *durable : kernel,
				   .target = {.fd = -1, .dir_fd = -1}};
	struct fl_inplace_edit watched = *edit;
	int r = check_options(opt, reterr);

	if (r == 0)
		r = check_share(opt->share, edit, reterr);
	if (r < 0)
		return r;
	watched.watch = opt->watch;
	watched.watch_arg = opt->watch_arg;
	watched.taps = opt->taps;
	r = opt->share ? fl_inplace_shared(path, &job, &watched, run, opt, reterr)
		       : edit_alone(path, &job, &watched, run, opt, reterr);
	if (job.target.fd >= 0)
		tell(&job, r, ret);
	fl_store_job_done(&job);
	return r;
}

int fl_unfinished(const char *path)
{
	return fl_recovery_pending(path);
}
