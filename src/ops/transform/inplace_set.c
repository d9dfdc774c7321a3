/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "base/error.h"
#include "ops/transform/inplace.h"

/**
 * struct members - what the journals of a set but for journal 0 hold
 * @changes, @bytes, @source_bytes, @groups: of all
 * @running: a process has one of them
 */
struct members {
	uint64_t changes;
	uint64_t bytes;
	uint64_t source_bytes;
	uint64_t groups;
	bool running;
};

/* One after the other: there may be thousands. @what: Return: 0 or an error. */
static int for_each(const struct fl_recovery *main, bool write, void *arg,
		    int (*what)(void *arg, struct fl_recovery *rec, struct fl_error *reterr),
		    struct fl_error *reterr)
{
	struct fl_recovery rec;
	int r = 0;

	for (uint64_t k = 1; r == 0 && k < main->header.set.count; k++) {
		r = fl_recovery_member(main, k, write, &rec, reterr);
		if (r < 0)
			return r;
		if (write && rec.state == FL_RECOVERY_RUNNING)
			r = fl_error_set(reterr, -EAGAIN, FL_OFF_NONE, "a job is rewriting it now");
		else
			r = what(arg, &rec, reterr);
		fl_recovery_close(&rec);
	}
	return r;
}

static int survey_one(void *arg, struct fl_recovery *rec, struct fl_error *reterr)
{
	struct members *m = arg;
	uint64_t start = rec->from;
	int r;

	if (rec->state == FL_RECOVERY_RUNNING)
		m->running = true;
	if (rec->state != FL_RECOVERY_STALE)
		return 0;
	r = fl_recovery_survey(rec, reterr);
	m->changes += rec->changes;
	m->bytes += rec->bytes;
	m->groups += rec->groups;
	m->source_bytes += rec->from - start;
	return r;
}

static int drop_one(void *arg, struct fl_recovery *rec, struct fl_error *reterr)
{
	(void)arg;
	return fl_recovery_drop(rec, reterr);
}

static int finish(struct fl_recovery *main, struct fl_error *reterr)
{
	int r = for_each(main, true, NULL, drop_one, reterr);

	return r < 0 ? r : fl_recovery_end(main, reterr);
}

/* Journal 0 has been surveyed; a second time it is at its end. */
static int take(struct fl_recovery *rec, struct fl_error *reterr)
{
	int r = fl_recovery_survey(rec, reterr);

	return r < 0 ? r : fl_recovery_take(rec, reterr);
}

/* A share without a journal is as it was before: one that is undone loses its own. */
static int roll_back_one(void *arg, struct fl_recovery *rec, struct fl_error *reterr)
{
	int r;

	(void)arg;
	if (rec->state != FL_RECOVERY_STALE)
		return fl_recovery_drop(rec, reterr);
	r = take(rec, reterr);
	if (r == 0 && rec->groups > 0)
		r = fl_recovery_same(rec, true, reterr);
	return r < 0 ? r : fl_recovery_end(rec, reterr);
}

static int roll_back(struct fl_recovery *main, const struct members *m, struct fl_error *reterr)
{
	int r;

	if (main->groups + m->groups > 0 && (main->header.flags & FL_JHEADER_NO_ROLLBACK))
		return fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE,
				    "no undo log was kept (--no-rollback): only --resume is left");
	r = for_each(main, true, NULL, roll_back_one, reterr);
	return r < 0 ? r : roll_back_one(NULL, main, reterr);
}

/**
 * struct resume - how a rewrite is finished
 */
struct resume {
	const struct fl_inplace_edit *edit;
	const struct fl_options *run;
};

static int resume_one(void *arg, struct fl_recovery *rec, struct fl_error *reterr)
{
	const struct resume *how = arg;
	int r;

	if (rec->state != FL_RECOVERY_STALE) {
		r = fl_recovery_drop(rec, reterr);
	} else {
		r = take(rec, reterr);
		if (r == 0)
			r = fl_recovery_same(rec, false, reterr);
	}
	return r < 0 ? r : fl_inplace_share_same(&rec->job, how->edit, how->run, rec->from, reterr);
}

/* As when it was not interrupted: COMMIT when all shares are stored, journal 0 goes last. */
static int resume(struct fl_recovery *main, const struct fl_inplace_loader *loader,
		  const struct fl_options *run, struct fl_error *reterr)
{
	struct fl_inplace_edit edit;
	struct resume how = {.edit = &edit, .run = run};
	int r = loader->load(loader->arg, main->header.program, main->header.program_len, &edit,
			     reterr);

	if (r < 0)
		return r;
	r = for_each(main, true, &how, resume_one, reterr);
	if (r == 0)
		r = resume_one(&how, main, reterr);
	loader->unload(&edit);
	if (r == 0)
		r = fl_store_job_commit(&main->job, reterr);
	return r < 0 ? r : finish(main, reterr);
}

static void tell(const struct fl_recovery *main, const struct members *m,
		 struct fl_recover_result *ret)
{
	ret->changes += m->changes;
	ret->changed_bytes += m->bytes;
	ret->source_bytes += m->source_bytes;
	if (main->state == FL_RECOVERY_STALE && m->groups > 0)
		ret->state = FL_RECOVER_HALFWAY;
	if (m->running)
		ret->state = FL_RECOVER_RUNNING;
}

int fl_inplace_set_recover(struct fl_recovery *rec, enum fl_recover_action action,
			   const struct fl_inplace_loader *loader, const struct fl_options *run,
			   struct fl_recover_result *ret, struct fl_error *reterr)
{
	struct members m = {0};
	int r = rec->state == FL_RECOVERY_DONE ? 0 : for_each(rec, false, &m, survey_one, reterr);

	tell(rec, &m, ret);
	if (r < 0 || action == FL_RECOVER_STATUS)
		return r;
	if (m.running)
		return fl_error_set(reterr, -EAGAIN, FL_OFF_NONE, "a job is rewriting it now");
	if (rec->state == FL_RECOVERY_DONE) {
		ret->is_new = 1;
		r = fl_recovery_take(rec, reterr);
		return r < 0 ? r : finish(rec, reterr);
	}
	if (action == FL_RECOVER_ROLLBACK)
		return roll_back(rec, &m, reterr);
	ret->is_new = 1;
	return resume(rec, loader, run, reterr);
}
