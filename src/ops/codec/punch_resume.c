/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "ops/codec/punch.h"

/**
 * struct survey - the frames that the output has already
 * @at:     the next one
 * @frames: so far
 */
struct survey {
	struct fl_punch_work *w;
	struct fl_punch_frame_place at;
	uint64_t frames;
	struct fl_error *reterr;
};

static int damaged(struct survey *s)
{
	return fl_error_set(s->reterr, -FL_ECORRUPT, FL_OFF_NONE,
			    "its output %s does not hold what the journal says: nothing was "
			    "changed",
			    s->w->p.part);
}

/* Usually all of it has been freed but for the last batch. */
static int compare_left(struct survey *s)
{
	uint64_t off = s->at.in, end = off + s->at.row.bytes;

	if (fl_beside_data(s->w->p.job->target.fd, off) >= end)
		return 0;
	return fl_punch_compare_frame(&s->w->p, &s->at, s->reterr);
}

static int survey_frame(void *arg, const struct fl_frame_info *f)
{
	struct survey *s = arg;
	const struct fl_punch_cursor *cursor = &s->w->p.done;
	int r;

	if (f->skippable || !f->has_checksum || f->bytes > FL_COMPRESS_FRAME_BYTES_MAX ||
	    f->packed_bytes > UINT32_MAX || f->off != s->at.packed)
		return damaged(s);
	s->at.row = (struct fl_seek_row){.packed_bytes = (uint32_t)f->packed_bytes,
					 .bytes = (uint32_t)f->bytes,
					 .checksum = f->checksum};
	r = compare_left(s);
	if (r == 0)
		r = fl_compress_had_frame(s->w->c, &s->at.row);
	if (r < 0)
		return r;
	s->at.in += f->bytes;
	s->at.packed += f->packed_bytes;
	s->frames++;
	/* What follows may be half of a frame. */
	return s->at.packed >= cursor->packed;
}

/* The seek table is made again from the frames' own heads. */
static int survey_output(struct fl_punch_work *w, struct fl_error *reterr)
{
	const struct fl_punch_cursor *cursor = &w->p.done;
	struct survey s = {.w = w, .reterr = reterr};
	struct fl_source *src = NULL;
	int r;

	if (cursor->frames == 0)
		return 0;
	r = fl_source_open_fd(w->p.out, w->p.part, &src, reterr);
	if (r < 0)
		return r;
	r = fl_zstd_list(src, survey_frame, &s, reterr);
	fl_source_close(src);
	if (r < 0)
		return r;
	if (s.at.packed != cursor->packed || s.at.in != cursor->in || s.frames != cursor->frames)
		return damaged(&s);
	return 0;
}

static int resume(struct fl_recovery *rec, struct fl_punch_work *w, const struct fl_options *run,
		  struct fl_error *reterr)
{
	int r = survey_output(w, reterr);

	if (r == 0)
		r = fl_punch_next_is_same(rec, reterr);
	/* Asking where data are has moved it. */
	if (r == 0)
		r = fl_punch_rewind(rec->job.target.fd);
	if (r == 0)
		r = fl_recovery_take(rec, reterr);
	if (r == 0)
		r = fl_punch_resume(&w->p, reterr);
	return r < 0 ? r : fl_punch_work_run(w, run, reterr);
}

static int finish(struct fl_recovery *rec, struct fl_punch_work *w, struct fl_error *reterr)
{
	int r = fl_recovery_take(rec, reterr);

	return r < 0 ? r : fl_punch_publish(&w->p, reterr);
}

static int roll_back(struct fl_recovery *rec, struct fl_punch_work *w, struct fl_error *reterr)
{
	int r;

	if (rec->punch->cursor.in > 0)
		return fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE,
				    "blocks of it have been freed: only --resume is left");
	r = fl_recovery_take(rec, reterr);
	return r < 0 ? r : fl_punch_abandon(&w->p, reterr);
}

static enum fl_recover_state state_of(const struct fl_recovery *rec)
{
	switch (rec->state) {
	case FL_RECOVERY_NONE:
		return FL_RECOVER_NOTHING;
	case FL_RECOVERY_RUNNING:
		return FL_RECOVER_RUNNING;
	case FL_RECOVERY_DONE:
		return FL_RECOVER_FINISHED;
	default:
		return rec->punch && rec->punch->cursor.in > 0 ? FL_RECOVER_HALFWAY
							       : FL_RECOVER_UNTOUCHED;
	}
}

static void tell(const struct fl_recovery *rec, struct fl_recover_result *ret)
{
	const struct fl_target *t = &rec->job.target;
	const struct fl_punch_found *f = rec->punch;

	*ret = (struct fl_recover_result){
		.size = sizeof(*ret), .state = state_of(rec), .is_compression = 1};
	if (!f)
		return;
	ret->can_roll_back = f->cursor.in == 0 && !f->is_complete;
	ret->source_bytes = f->cursor.in;
	ret->packed_bytes = f->is_complete ? f->packed_bytes : f->cursor.packed;
	ret->total_bytes = rec->header.size_bytes;
	snprintf(ret->journal, sizeof(ret->journal), "%.*s%s",
		 (int)fl_min_size((size_t)(t->name - t->path), sizeof(ret->journal) - 1), t->path,
		 rec->name);
	snprintf(ret->program, sizeof(ret->program), "%s", rec->header.program);
	snprintf(ret->output, sizeof(ret->output), "%s", f->plan.output);
}

static int act(struct fl_recovery *rec, enum fl_recover_action action, const struct fl_options *run,
	       struct fl_recover_result *ret, struct fl_error *reterr)
{
	struct fl_punch_work w = {.p = {.out_dir = -1, .out = -1}};
	int r = fl_punch_work_begin(&w, &rec->punch->plan, reterr);

	if (r == 0)
		r = fl_punch_open_output(&w.p, rec, reterr);
	if (r == 0) {
		ret->is_new = rec->punch->is_complete || action == FL_RECOVER_RESUME;
		if (rec->punch->is_complete)
			r = finish(rec, &w, reterr);
		else if (action == FL_RECOVER_RESUME)
			r = resume(rec, &w, run, reterr);
		else
			r = roll_back(rec, &w, reterr);
	}
	fl_punch_work_done(&w);
	return r;
}

/* The input went, and the journal did not: nothing is left to be done but that. */
static int recover_orphan(const char *path, enum fl_recover_action action,
			  const struct fl_durable *durable, struct fl_recover_result *ret,
			  struct fl_error *reterr)
{
	int r = fl_punch_orphan(path, action != FL_RECOVER_STATUS, durable);

	if (r <= 0)
		return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, "journal: %s", fl_strerror(r))
			     : 0;
	*ret = (struct fl_recover_result){.size = sizeof(*ret),
					  .state = FL_RECOVER_FINISHED,
					  .is_compression = 1,
					  .is_new = 1};
	return 1;
}

int fl_punch_recover(const char *path, enum fl_recover_action action, const struct fl_options *run,
		     const struct fl_durable *durable, struct fl_recover_result *ret,
		     struct fl_error *reterr)
{
	static const struct fl_durable kernel = {.ops = &fl_durable_kernel};
	struct fl_options defaults;
	struct fl_recovery rec;
	int r, alone;

	durable = durable ? durable : &kernel;
	fl_options_init(&defaults);
	r = fl_recovery_open(path, action != FL_RECOVER_STATUS, durable, &rec, reterr);
	if (r == -ENOENT || r == -FL_ECHANGED) {
		alone = recover_orphan(path, action, durable, ret, NULL);
		return alone > 0 ? 0 : r;
	}
	if (r < 0)
		return r;
	r = fl_recovery_survey(&rec, reterr);
	tell(&rec, ret);
	if (r == 0 && action != FL_RECOVER_STATUS && rec.state == FL_RECOVERY_RUNNING)
		r = fl_error_set(reterr, -EAGAIN, FL_OFF_NONE, "a job is compressing it now");
	else if (r == 0 && action != FL_RECOVER_STATUS && rec.punch)
		r = act(&rec, action, run ? run : &defaults, ret, reterr);
	fl_recovery_close(&rec);
	return r;
}
