/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "ops/transform/inplace.h"
#include "store/move_store.h"
#include "store/recovery.h"

static void copy_text(char *to, size_t size, const char *from, size_t len)
{
	len = fl_min_size(len, size - 1);
	if (len > 0)
		memcpy(to, from, len);
	to[len] = '\0';
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
	case FL_RECOVERY_TORN:
		return FL_RECOVER_UNTOUCHED;
	default:
		if (rec->move && rec->move->placed == 0)
			return FL_RECOVER_UNTOUCHED;
		return rec->groups == 0 ? FL_RECOVER_UNTOUCHED : FL_RECOVER_HALFWAY;
	}
}

static void tell(const struct fl_recovery *rec, struct fl_recover_result *ret)
{
	const struct fl_jheader *h = &rec->header;
	size_t dir = (size_t)(rec->job.target.name - rec->job.target.path);

	*ret = (struct fl_recover_result){.size = sizeof(*ret),
					  .state = state_of(rec),
					  .can_roll_back = !(h->flags & FL_JHEADER_NO_ROLLBACK),
					  .changes = rec->changes,
					  .changed_bytes = rec->bytes,
					  .source_bytes = rec->from,
					  .total_bytes = h->size_bytes};
	if (rec->name)
		snprintf(ret->journal, sizeof(ret->journal), "%.*s%s",
			 (int)fl_min_size(dir, sizeof(ret->journal) - 1), rec->job.target.path,
			 rec->name);
	copy_text(ret->program, sizeof(ret->program), h->program, h->program_len);
}

static int resume(struct fl_recovery *rec, const struct fl_inplace_loader *loader,
		  const struct fl_options *run, struct fl_error *reterr)
{
	struct fl_inplace_edit edit;
	int r;

	if (rec->move && fl_move_is_undone(rec))
		return fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE,
				    "a rollback has begun: only --rollback is left");
	r = loader->load(loader->arg, rec->header.program, rec->header.program_len, &edit, reterr);
	if (r < 0)
		return r;
	r = fl_recovery_take(rec, reterr);
	if (r == 0 && rec->move) {
		r = fl_inplace_move_on(rec, &edit, run, reterr);
		loader->unload(&edit);
		return r;
	}
	if (r == 0)
		r = fl_recovery_same(rec, false, reterr);
	if (r == 0)
		r = fl_inplace_same(&rec->job, &edit, run, rec->from, reterr);
	loader->unload(&edit);
	return r;
}

static int clear(struct fl_recovery *rec, struct fl_error *reterr)
{
	int r = fl_recovery_take(rec, reterr);

	if (r == 0 && rec->move && rec->move->end != 0)
		return fl_move_settle_again(rec, reterr);
	return r < 0 ? r : fl_recovery_end(rec, reterr);
}

static int roll_back(struct fl_recovery *rec, struct fl_error *reterr)
{
	int r = 0;

	if ((rec->move ? rec->move->placed : rec->groups) > 0 &&
	    (rec->header.flags & FL_JHEADER_NO_ROLLBACK))
		return fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE,
				    "no undo log was kept (--no-rollback): only --resume is left");
	if (rec->move && rec->move->end != 0)
		return clear(rec, reterr);
	r = fl_recovery_take(rec, reterr);
	if (r == 0 && rec->move && rec->move->plan.batch)
		return fl_move_roll_back(rec, reterr);
	if (r == 0 && rec->groups > 0)
		r = fl_recovery_same(rec, true, reterr);
	return r < 0 ? r : fl_recovery_end(rec, reterr);
}

static int act(struct fl_recovery *rec, enum fl_recover_action action,
	       const struct fl_inplace_loader *loader, const struct fl_options *run,
	       struct fl_recover_result *ret, struct fl_error *reterr)
{
	if (rec->state == FL_RECOVERY_NONE || action == FL_RECOVER_STATUS)
		return 0;
	if (rec->state == FL_RECOVERY_RUNNING)
		return fl_error_set(reterr, -EAGAIN, FL_OFF_NONE, "a job is rewriting it now");
	if (rec->state == FL_RECOVERY_DONE) {
		ret->is_new = 1;
		return clear(rec, reterr);
	}
	/* A journal without a header does not know its program: there is nothing to resume. */
	if (rec->state == FL_RECOVERY_TORN)
		return clear(rec, reterr);
	if (action == FL_RECOVER_ROLLBACK)
		return roll_back(rec, reterr);
	ret->is_new = 1;
	return resume(rec, loader, run, reterr);
}

int fl_inplace_recover(const char *path, enum fl_recover_action action,
		       const struct fl_inplace_loader *loader, const struct fl_options *run,
		       const struct fl_durable *durable, struct fl_recover_result *ret,
		       struct fl_error *reterr)
{
	static const struct fl_durable kernel = {.ops = &fl_durable_kernel};
	struct fl_options defaults;
	struct fl_recovery rec;
	int r;

	fl_options_init(&defaults);
	r = fl_recovery_open(path, action != FL_RECOVER_STATUS, durable ? durable : &kernel, &rec,
			     reterr);
	if (r < 0)
		return r;
	r = fl_recovery_survey(&rec, reterr);
	tell(&rec, ret);
	/* For fl_punch_recover(), which its caller chose by the same header. */
	if (r == 0 && rec.punch)
		r = fl_error_set(reterr, -EAGAIN, FL_OFF_NONE, NULL);
	else if (r == 0 && rec.header.set.count > 0 &&
		 (rec.state == FL_RECOVERY_STALE || rec.state == FL_RECOVERY_DONE))
		r = fl_inplace_set_recover(&rec, action, loader, run ? run : &defaults, ret,
					   reterr);
	else if (r == 0)
		r = act(&rec, action, loader, run ? run : &defaults, ret, reterr);
	fl_recovery_close(&rec);
	return r;
}
