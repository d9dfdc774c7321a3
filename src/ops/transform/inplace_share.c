/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "base/error.h"
#include "ops/transform/inplace.h"
#include "store/journal_block.h"

/**
 * struct sharing - a process among others that rewrite a file
 * @starts:    for the journals' headers
 * @main_name: of journal 0
 */
struct sharing {
	const struct fl_inplace_share *share;
	struct fl_store_job *job;
	unsigned char *starts;
	char *main_name;
};

/* All processes are here. Return: @r; -FL_ECANCELED where another one has failed. */
static int agree(const struct sharing *s, int r, struct fl_error *reterr)
{
	int lowest = s->share->lowest(s->share->arg, r);

	if (r == 0 && lowest < 0)
		r = fl_error_set(reterr, -FL_ECANCELED, FL_OFF_NONE, "another process failed");
	return r;
}

static int make_set(struct sharing *s, struct fl_error *reterr)
{
	const struct fl_inplace_share *share = s->share;

	s->starts = malloc(8 * ((size_t)share->count + 1));
	if (!s->starts)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	for (size_t k = 0; k <= share->count; k++)
		fl_put64(s->starts + 8 * k, share->starts[k]);
	s->job->set =
		(struct fl_jset){.count = share->count, .index = share->index, .starts = s->starts};
	return 0;
}

/* Process 0 has the target's lock, and has looked for a journal. */
static int open_target(struct sharing *s, const char *path, struct fl_error *reterr)
{
	struct fl_target *t = &s->job->target;
	uint64_t size = s->share->starts[s->share->count];
	int r = s->share->index == 0 ? fl_store_job_open(path, s->job, reterr)
				     : fl_target_open(path, true, t, reterr);

	if (r == 0 && t->size_bytes < size)
		r = fl_error_set(reterr, -FL_ETRUNCATED, t->size_bytes, NULL);
	t->size_bytes = size;
	return r;
}

static int begin(struct sharing *s, const char *path, const struct fl_inplace_edit *edit,
		 const struct fl_inplace_options *opt, struct fl_error *reterr)
{
	int r = open_target(s, path, reterr);

	fl_inplace_fill_job(s->job, edit, opt);
	if (s->job->limit_bytes != UINT64_MAX)
		s->job->limit_bytes /= s->share->count;
	if (r == 0)
		r = make_set(s, reterr);
	if (r == 0 && s->share->index == 0 && opt->backup_suffix)
		r = fl_target_backup(&s->job->target, opt->backup_suffix, reterr);
	return r;
}

/* Journal 0 first; the others know it by its nonce. Nothing is stored before all of them are there. */
static int make_journals(struct sharing *s, struct fl_error *reterr)
{
	bool first = s->share->index == 0;
	int r = first ? fl_store_job_journal(s->job, 0, reterr) : 0;

	r = agree(s, r, reterr);
	if (r == 0 && !first && s->job->journaled)
		r = fl_store_job_join(s->job, &s->main_name, reterr);
	s->job->main_name = s->main_name;
	if (r == 0 && !first)
		r = fl_store_job_journal(s->job, 0, reterr);
	return agree(s, r, reterr);
}

/* Journal 0 is the last to go: while it is there, what the others cover is known to be unfinished. */
static int remove_journals(struct sharing *s, int r, struct fl_error *reterr)
{
	bool first = s->share->index == 0;

	if (r == 0 && !first)
		r = s->job->left ? -EIO : fl_store_job_end(s->job, reterr);
	r = agree(s, r, reterr);
	if (r == 0 && first)
		r = fl_store_job_end(s->job, reterr);
	return agree(s, r, reterr);
}

/* Where nobody has stored anything, nothing is left behind. */
static int give_up(struct sharing *s, int r)
{
	if (s->share->lowest(s->share->arg, s->job->stored ? -1 : 0) == 0)
		(void)remove_journals(s, 0, NULL);
	return r;
}

int fl_inplace_share_same(struct fl_store_job *job, const struct fl_inplace_edit *edit,
			  const struct fl_options *run, uint64_t from, struct fl_error *reterr)
{
	struct fl_options opt = *run;
	uint64_t end = fl_jset_start(&job->set, job->set.index + 1);

	if (from >= end)
		return 0;
	opt.range_off = from;
	opt.range_len = end - from;
	opt.flags |= FL_RUN_AT_RECORD;
	return fl_inplace_same(job, edit, &opt, from, reterr);
}

static int edit_share(struct sharing *s, const struct fl_inplace_edit *edit,
		      const struct fl_options *run, struct fl_error *reterr)
{
	uint64_t start = fl_jset_start(&s->job->set, s->share->index);
	int r = fl_inplace_share_same(s->job, edit, run, start, reterr);

	r = agree(s, r, reterr);
	if (r < 0)
		return give_up(s, r);
	if (s->share->index == 0)
		r = fl_store_job_commit(s->job, reterr);
	return remove_journals(s, agree(s, r, reterr), reterr);
}

int fl_inplace_shared(const char *path, struct fl_store_job *job,
		      const struct fl_inplace_edit *edit, const struct fl_options *run,
		      const struct fl_inplace_options *opt, struct fl_error *reterr)
{
	struct sharing s = {.share = opt->share, .job = job};
	int r = agree(&s, begin(&s, path, edit, opt, reterr), reterr);

	if (r == 0) {
		r = make_journals(&s, reterr);
		r = r < 0 ? give_up(&s, r) : edit_share(&s, edit, run, reterr);
	}
	free(s.starts);
	free(s.main_name);
	return r;
}
