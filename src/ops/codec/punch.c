/* SPDX-License-Identifier: MIT */
#include "ops/codec/punch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"

/* As many frames as that are in sight of two threads at once; each batch waits for two syncs, which
 * take some milliseconds where 16 MiB at level 3 take 30. */
#define BATCH_FRAMES 8
#define BATCH_BYTES_LEAST FL_KIB(64)
#define BATCH_BYTES_ENOUGH FL_MIB(64)
/* A block of the journal for each: 2 MiB at most. */
#define BATCHES_MOST 512

static int write_packed(void *arg, const void *data, size_t len)
{
	struct fl_punch_work *w = arg;

	return fl_punch_write(&w->p, data, len, &w->fault);
}

static int frame_is_whole(void *arg, uint32_t bytes, struct fl_error *reterr)
{
	struct fl_punch_work *w = arg;

	(void)reterr;
	return fl_punch_frame(&w->p, bytes, &w->fault);
}

int fl_punch_work_begin(struct fl_punch_work *w, const struct fl_punch_plan *plan,
			struct fl_error *reterr)
{
	struct fl_compress_options opt = {
		.size = sizeof(opt),
		.flags = plan->flags & FL_PLAN_RECORDS ? FL_COMPRESS_RECORDS : 0,
		.level = plan->level,
		.frame_bytes = plan->frame_bytes,
		.window_log = plan->window_log,
		.dict = plan->dict_len > 0 ? plan->dict : NULL,
		.dict_bytes = plan->dict_len,
		.write = write_packed,
		.arg = w};
	int r;

	r = fl_compress_new(&opt, &w->c, reterr);
	if (r < 0)
		return r;
	w->steps = (struct fl_compress_steps){.frame = frame_is_whole, .arg = w};
	fl_compress_in_steps(w->c, &w->steps);
	return 0;
}

void fl_punch_work_done(struct fl_punch_work *w)
{
	fl_compress_free(w->c);
	fl_punch_done(&w->p);
}

static int compress_rest(struct fl_punch_work *w, const struct fl_options *run,
			 struct fl_source *src, struct fl_error *reterr)
{
	struct fl_pipeline *pl = NULL;
	int r = fl_pipeline_new(run, &pl, reterr);

	if (r < 0)
		return r;
	r = fl_pipeline_add(pl, fl_compress_operator(w->c), w->c);
	if (w->watch)
		w->watch(w->watch_arg, pl);
	r = r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, NULL) : fl_pipeline_run(pl, src, reterr);
	if (w->watch)
		w->watch(w->watch_arg, NULL);
	fl_pipeline_free(pl);
	return r;
}

static int read_rest(struct fl_punch_work *w, const struct fl_options *run, struct fl_error *reterr)
{
	const struct fl_target *t = &w->p.job->target;
	struct fl_options opt = *run;
	struct fl_source *src = NULL;
	int r;

	if (w->p.now.in >= t->size_bytes)
		return 0;
	opt.range_off = w->p.now.in;
	opt.range_len = t->size_bytes - w->p.now.in;
	opt.delimiter = w->p.plan.delimiter;
	opt.flags |= FL_RUN_OWN_STORES;
	/* The byte before it has been freed. */
	if (opt.range_off > 0)
		opt.flags |= FL_RUN_AT_RECORD;
	r = fl_source_open_fd(t->fd, t->path, &src, reterr);
	if (r == 0)
		r = compress_rest(w, &opt, src, reterr);
	fl_source_close(src);
	return r;
}

int fl_punch_work_run(struct fl_punch_work *w, const struct fl_options *run,
		      struct fl_error *reterr)
{
	int r = read_rest(w, run, reterr);

	if (r == 0)
		r = fl_punch_settle(&w->p, reterr);
	if (r == 0)
		r = fl_compress_write_table(w->c, reterr);
	if (r < 0 && w->fault.code < 0 && reterr)
		*reterr = w->fault;
	if (r < 0)
		return w->fault.code < 0 ? w->fault.code : r;
	return fl_punch_commit(&w->p, reterr);
}

static uint64_t batch_bytes(uint64_t size, uint64_t frame)
{
	uint64_t few = fl_min_u64(BATCH_FRAMES * frame, BATCH_BYTES_ENOUGH);

	return fl_max_u64(fl_max_u64(frame, few),
			  fl_max_u64(BATCH_BYTES_LEAST, size / BATCHES_MOST));
}

static int open_job(const char *path, struct fl_store_job *job, struct fl_error *reterr)
{
	int r;

	if (fl_punch_is_link(path))
		return fl_error_set(reterr, -ELOOP, FL_OFF_NONE,
				    "is a symbolic link: name the file itself");
	r = fl_store_job_open(path, job, reterr);
	if (r == -EPERM)
		return fl_error_set(reterr, r, FL_OFF_NONE,
				    "immutable or append-only: its blocks cannot be freed");
	if (r == -EINVAL)
		return fl_error_set(reterr, r, FL_OFF_NONE,
				    "not a regular file: its blocks cannot be freed");
	return r;
}

static void make_plan(const struct fl_punch_options *opt, const struct fl_options *run,
		      const struct fl_store_job *job, char *output, struct fl_punch_plan *ret)
{
	const struct fl_compress_options *c = opt->compress;

	ret->flags = (c->flags & FL_COMPRESS_RECORDS ? FL_PLAN_RECORDS : 0) |
		     (opt->flags & FL_PUNCH_REPLACE ? FL_PLAN_REPLACE : 0);
	ret->level = c->level ? c->level : FL_COMPRESS_LEVEL_DEFAULT;
	ret->window_log = c->window_log;
	ret->delimiter = run->delimiter;
	ret->output = output;
	ret->dict = c->dict;
	ret->dict_len = c->dict_bytes;
	ret->frame_bytes = c->frame_bytes ? c->frame_bytes : fl_compress_frame_default(c);
	ret->batch_bytes = opt->batch_bytes ? opt->batch_bytes
					    : batch_bytes(job->target.size_bytes, ret->frame_bytes);
}

static int check_options(const struct fl_punch_options *opt, const struct fl_options *run,
			 const struct fl_punch_result *ret, struct fl_error *reterr)
{
	struct fl_compress_options c;
	struct fl_compress *probe;
	int r;

	if (opt->size != sizeof(*opt) || ret->size != sizeof(*ret) || !opt->output ||
	    !opt->compress || (opt->flags & ~FL_PUNCH_REPLACE) ||
	    (opt->compress->flags & ~FL_COMPRESS_RECORDS))
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, "option value out of range");
	/* What was freed reads as the ends of records. */
	if (run->delimiter == '\0' && (opt->compress->flags & FL_COMPRESS_RECORDS))
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE,
				    "frames of records that end with NUL cannot be freed");
	c = *opt->compress;
	c.write = write_packed;
	r = fl_compress_new(&c, &probe, reterr);
	if (r == 0)
		fl_compress_free(probe);
	return r;
}

static void tell(const struct fl_punch_work *w, const struct fl_store_job *job, int r,
		 struct fl_punch_result *ret)
{
	if (w->c)
		fl_compress_result(w->c, &ret->compressed);
	ret->freed_bytes = w->p.freed_bytes;
	ret->journal_bytes = job->stats.journal_bytes;
	ret->syncs = job->durable.syncs;
	ret->unfinished = r < 0 && (job->open || job->left);
}

/* Nothing was freed: nothing is left. */
static int end(struct fl_punch_work *w, int r)
{
	if (r < 0 && fl_punch_can_undo(&w->p) && fl_punch_abandon(&w->p, NULL) < 0)
		w->p.job->left = true;
	return r;
}

static int punch(struct fl_punch_work *w, struct fl_store_job *job, const struct fl_options *run,
		 const struct fl_punch_plan *plan, struct fl_error *reterr)
{
	char *program = NULL;
	int r = fl_punch_plan_save(plan, &program, &job->program_len);

	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	job->program = program;
	job->journaled = true;
	job->journal.fd = -1;
	job->flags = FL_JHEADER_PUNCH | FL_JHEADER_NO_ROLLBACK;
	job->limit_bytes = UINT64_MAX;
	r = fl_punch_work_begin(w, plan, reterr);
	if (r == 0)
		r = fl_punch_begin(&w->p, job, plan, reterr);
	if (r == 0)
		r = end(w, fl_punch_work_run(w, run, reterr));
	free(program);
	return r;
}

int fl_punch_file(const char *path, const struct fl_options *run,
		  const struct fl_punch_options *opt, const struct fl_durable *durable,
		  struct fl_punch_result *ret, struct fl_error *reterr)
{
	static const struct fl_durable kernel = {.ops = &fl_durable_kernel};
	struct fl_store_job job = {.durable = durable ? *durable : kernel,
				   .target = {.fd = -1, .dir_fd = -1}};
	struct fl_punch_work w = {
		.p = {.out_dir = -1, .out = -1}, .watch = opt->watch, .watch_arg = opt->watch_arg};
	struct fl_punch_plan plan = {0};
	char *output = NULL;
	int r = check_options(opt, run, ret, reterr);

	if (r < 0)
		return r;
	r = open_job(path, &job, reterr);
	if (r < 0)
		return r;
	r = fl_punch_check(&job, &plan.times, reterr);
	if (r == 0) {
		r = fl_punch_path(opt->output, &output);
		if (r < 0)
			fl_error_set(reterr, r, FL_OFF_NONE, "%s: %s", opt->output, fl_strerror(r));
	}
	if (r == 0) {
		make_plan(opt, run, &job, output, &plan);
		r = punch(&w, &job, run, &plan, reterr);
	}
	tell(&w, &job, r, ret);
	fl_punch_work_done(&w);
	fl_store_job_done(&job);
	free(output);
	return r;
}

int fl_compress_punch(const char *path, const struct fl_options *run,
		      const struct fl_punch_options *opt, struct fl_punch_result *ret,
		      struct fl_error *reterr)
{
	struct fl_options defaults;

	fl_options_init(&defaults);
	return fl_punch_file(path, run ? run : &defaults, opt, NULL, ret, reterr);
}
