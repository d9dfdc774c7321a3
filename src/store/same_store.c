/* SPDX-License-Identifier: MIT */
#include "store/same_store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "store/journal_block.h"

void fl_same_init(struct fl_same_store *s, struct fl_store_job *job, uint64_t from)
{
	const struct fl_jset *set = &job->set;

	*s = (struct fl_same_store){.job = job,
				    .done_end = from,
				    .end = set->count > 0 ? fl_jset_start(set, set->index + 1)
							  : job->target.size_bytes,
				    .group_bytes = FL_GROUP_BYTES};
}

void fl_same_done(struct fl_same_store *s)
{
	free(s->pending);
	s->pending = NULL;
}

uint64_t fl_same_space(uint64_t payload)
{
	uint64_t groups = payload / FL_GROUP_BYTES + 1;

	/* A last block that is not full, per group, and one for its head. */
	return fl_journal_space(payload) + groups * 2 * FL_JBLOCK_BYTES;
}

/*
 * What is not known yet is taken to be the worst: the operator joins changes less than five bytes
 * apart, so a change of n bytes stands for n + 5 of the file at least (but for the last one) and
 * takes 2 n + 3, up to five bytes more with long numbers.
 */
static uint64_t space_needed(const struct fl_same_store *s, bool all)
{
	uint64_t rest;

	if (s->exact_space > 0)
		return s->exact_space;
	if (all)
		return fl_same_space(s->pending_len);
	rest = s->end - fl_min_u64(s->end, s->pending_end);
	return fl_same_space(s->pending_len + 2 * rest + rest / 16);
}

static int reserve(struct fl_same_store *s, size_t len, struct fl_error *reterr)
{
	size_t cap = s->pending_cap ? s->pending_cap : FL_KIB(64);
	unsigned char *bigger;

	while (cap - s->pending_len < len && cap <= SIZE_MAX / 4)
		cap *= 2;
	if (cap == s->pending_cap)
		return 0;
	bigger = realloc(s->pending, cap);
	if (!bigger)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	s->pending = bigger;
	s->pending_cap = cap;
	return 0;
}

static int flush(struct fl_same_store *s, bool all, struct fl_error *reterr)
{
	struct fl_store_job *job = s->job;
	struct fl_jpiece piece = {s->pending, s->pending_len};
	uint64_t numbers[FL_JGROUP_NUMBERS] = {s->done_end, s->pending_end};
	int r;

	if (s->pending_len == 0)
		return 0;
	r = fl_store_job_check_size(job, job->target.size_bytes, reterr);
	if (r == 0)
		r = fl_store_job_journal(job, space_needed(s, all), reterr);
	if (r == 0)
		r = fl_store_job_append(job, FL_JGROUP_CHANGES, numbers, &piece, 1, reterr);
	if (r == 0)
		r = fl_same_apply(job, s->pending, s->pending_len, false, reterr);
	s->done_end = s->pending_end;
	s->pending_len = 0;
	return r;
}

int fl_same_add(struct fl_same_store *s, uint64_t off, uint64_t end, const unsigned char *p,
		size_t len, struct fl_error *reterr)
{
	int r = 0;

	if (s->pending_len >= s->group_bytes && off >= s->pending_end)
		r = flush(s, false, reterr);
	if (r == 0)
		r = reserve(s, len + FL_RUN_HEAD_BYTES, reterr);
	if (r < 0)
		return r;
	fl_put64(s->pending + s->pending_len, off);
	fl_put64(s->pending + s->pending_len + 8, len);
	memcpy(s->pending + s->pending_len + FL_RUN_HEAD_BYTES, p, len);
	s->pending_len += len + FL_RUN_HEAD_BYTES;
	s->pending_end = end;
	return 0;
}

int fl_same_finish(struct fl_same_store *s, struct fl_error *reterr)
{
	int r = flush(s, true, reterr);

	if (r < 0 || (!s->job->stored && !s->job->open))
		return r;
	/* COMMIT is for journal 0 when all processes have come so far. */
	if (s->job->set.count > 0)
		return fl_store_job_sync(s->job, reterr);
	r = fl_store_job_commit(s->job, reterr);
	return r < 0 ? r : fl_store_job_end(s->job, reterr);
}
