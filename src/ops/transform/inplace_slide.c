/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "ops/transform/change_sink.h"
#include "ops/transform/inplace_feed.h"
#include "ops/transform/inplace_map.h"
#include "ops/transform/record_seam.h"
#include "store/move_store.h"

/**
 * struct slide - one pass that stores what it finds as it goes
 *
 * Where no change is longer than what it takes the place of, what a view becomes goes over bytes that
 * have been looked at, and nothing needs to be known beforehand but by a journal. But the chunk behind
 * looks for its first record from its own start on, which may lie within the last record of this one:
 * so what would go behind the start of the last view is held until that chunk has been mapped, too.
 *
 * @dst:   where the next run goes; never behind where it comes from
 * @moves: it is before that from now on
 * @held:  @held_len bytes, which go before @dst
 * @skip:  bytes of what follows are a record that equals the one before it
 */
struct slide {
	struct fl_edit_run run;
	struct fl_store_job *job;
	uint64_t dst;
	atomic_bool moves;
	unsigned char *held;
	size_t held_len;
	size_t held_size;
	struct fl_record_seam seam;
	uint64_t skip;
};

static int store(struct slide *s, const unsigned char *p, size_t len, uint64_t off,
		 struct fl_error *reterr)
{
	struct fl_store_job *job = s->job;
	int r;

	if (len == 0)
		return 0;
	job->stored = true;
	r = fl_store_job_write(job, p, len, off, reterr);
	fl_durable_start(&job->durable, job->target.fd, off, len);
	job->stats.stored_bytes += len;
	return r;
}

static int store_held(struct slide *s, struct fl_error *reterr)
{
	size_t len = s->held_len;

	s->held_len = 0;
	return store(s, s->held, len, s->dst - len, reterr);
}

/* It was looked at before what is ahead of it became shorter. */
static int move_as_it_is(struct slide *s, const struct fl_edit_part_run *run,
			 struct fl_error *reterr)
{
	size_t len = (size_t)(run->end - run->off);

	s->held_len = len;
	s->dst += len;
	return fl_move_read(s->job, run->off, len, &s->held, &s->held_size, reterr);
}

static int hold(struct slide *s, const struct fl_edit_part_run *run, struct fl_error *reterr)
{
	unsigned char *bigger;

	if (run->len > s->held_size) {
		bigger = realloc(s->held, run->len);
		if (!bigger)
			return fl_error_set(reterr, -ENOMEM, run->off, NULL);
		s->held = bigger;
		s->held_size = run->len;
	}
	if (run->len > 0)
		memcpy(s->held, run->p, run->len);
	s->held_len = run->len;
	return 0;
}

static int move_text(struct slide *s, const struct fl_edit_part_run *run, bool is_last,
		     struct fl_error *reterr)
{
	uint64_t dst = s->dst;

	s->dst += run->len;
	if (is_last && s->dst > run->off)
		return hold(s, run, reterr);
	return store(s, run->p, run->len, dst, reterr);
}

/* Of what the view becomes: of its text, or of its own bytes where it stays as it is. */
static void skip_record(struct slide *s, struct fl_edit_part_run *run)
{
	uint64_t len = run->crc == FL_SINK_TEXT ? run->len : run->end - run->off;
	uint64_t n = fl_min_u64(s->skip, len);

	s->skip -= n;
	if (run->crc == FL_SINK_TEXT) {
		run->p += n;
		run->len -= (size_t)n;
	} else {
		run->off += n;
	}
}

static int one_run(struct slide *s, struct fl_edit_part_run *run, bool is_last,
		   struct fl_error *reterr)
{
	int r = store_held(s, reterr);

	if (r < 0)
		return r;
	if (fl_record_seam_next(&s->seam, &run->ends))
		s->skip = run->ends.first_len;
	skip_record(s, run);
	if (run->crc == FL_SINK_TEXT)
		r = move_text(s, run, is_last, reterr);
	else if (s->dst < run->off)
		r = move_as_it_is(s, run, reterr);
	else
		s->dst = run->end;
	if (s->dst < run->end)
		atomic_store_explicit(&s->moves, true, memory_order_relaxed);
	return r;
}

static int slide_fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	struct slide *s = op;
	struct fl_edit_part_run run;
	size_t at = 0;
	int r = fl_store_job_check_size(s->job, s->job->target.size_bytes, reterr);

	while (r == 0 && fl_edit_part_next(part, &at, &run))
		r = one_run(s, &run, at == part->len, reterr);
	return r;
}

static int slide_worker_init(const void *op, void **ret_scratch, struct fl_error *reterr)
{
	const struct slide *s = op;
	int r = fl_edit_worker_init(op, ret_scratch, reterr);

	if (r == 0)
		fl_edit_worker_moves(*ret_scratch, &s->moves);
	return r;
}

static const struct fl_operator slide_ops = {.size = sizeof(slide_ops),
					     .name = "transform",
					     .cut = FL_CUT_RECORD,
					     .worker_init = slide_worker_init,
					     .worker_done = fl_edit_worker_done,
					     .map = fl_edit_run_map,
					     .fold = slide_fold};

static int run_pass(struct slide *s, const struct fl_options *run, struct fl_error *reterr)
{
	struct fl_options opt = *run;
	struct fl_edit_pass pass = {.edit = s->run.edit,
				    .ops = &slide_ops,
				    .op = s,
				    .run = &opt,
				    .feeds = true,
				    .stats = &s->job->stats};
	struct fl_source *src = NULL;
	int r = fl_inplace_source(s->job, &src, reterr);

	opt.flags |= FL_RUN_OWN_STORES;
	opt.delimiter = s->run.edit->delimiter;
	opt.range_off = 0;
	opt.range_len = FL_SIZE_UNKNOWN;
	if (r == 0)
		r = fl_edit_pass_run(&pass, src, reterr);
	fl_source_close(src);
	return r;
}

/* Others must not have the file: now, and when it is cut. */
int fl_inplace_slide(struct fl_store_job *job, const struct fl_inplace_edit *edit,
		     const struct fl_options *run, struct fl_error *reterr)
{
	struct slide s = {.run = {edit, false}, .job = job};
	int r = fl_move_alone(job, reterr);

	(void)fl_target_lease(&job->target, false);
	if (r == 0)
		r = run_pass(&s, run, reterr);
	if (r == 0)
		r = store_held(&s, reterr);
	free(s.held);
	if (r < 0 || (!job->stored && s.dst == job->target.size_bytes))
		return r;
	r = fl_store_job_sync(job, reterr);
	return r < 0 ? r
		     : fl_move_settle(job, FL_JGROUP_COMMIT,
				      &(struct fl_move_tail){.keep = s.dst,
							     .from = job->target.size_bytes},
				      reterr);
}
