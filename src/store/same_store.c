/* SPDX-License-Identifier: MIT */
#include "store/same_store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "plat/thread.h"
#include "store/journal_block.h"
#include "store/store_behind.h"
#include "store/sync_ahead.h"

/* Without a journal nothing is gained by many: what they change is still in the caches, then. */
#define LOOSE_BYTES FL_KIB(256)

void fl_same_init(struct fl_same_store *s, struct fl_store_job *job, uint64_t from,
		  unsigned threads)
{
	const struct fl_jset *set = &job->set;

	*s = (struct fl_same_store){.job = job,
				    .parallel = (threads > 0 ? threads : fl_cpu_count()) > 1,
				    .done_end = from,
				    .end = set->count > 0 ? fl_jset_start(set, set->index + 1)
							  : job->target.size_bytes,
				    .group_bytes = job->small_groups ? 1
						   : job->journaled  ? FL_GROUP_BYTES_FIRST
								     : LOOSE_BYTES};
}

static void stop_threads(struct fl_same_store *s)
{
	fl_store_behind_stop(s->behind);
	s->behind = NULL;
	fl_sync_ahead_stop(s->ahead);
	s->ahead = NULL;
	fl_write_behind_free(s->job->behind);
	s->job->behind = NULL;
}

void fl_same_done(struct fl_same_store *s)
{
	stop_threads(s);
	for (size_t i = 0; i < FL_SAME_GROUPS; i++) {
		free(s->groups[i].data);
		s->groups[i] = (struct fl_same_group){0};
	}
}

static struct fl_same_group *group(struct fl_same_store *s, uint64_t number)
{
	return &s->groups[number % FL_SAME_GROUPS];
}

uint64_t fl_same_space(uint64_t payload)
{
	uint64_t groups = payload / FL_GROUP_BYTES + 1;

	for (size_t n = FL_GROUP_BYTES_FIRST; n < FL_GROUP_BYTES; n *= 2)
		groups++;
	/* A last block that is not full, per group, and one for its head. */
	return fl_journal_space(payload) + groups * 2 * FL_JBLOCK_BYTES;
}

/*
 * What is not known yet is taken to be the worst: the operator joins changes less than five bytes
 * apart, so a change of n bytes stands for n + 5 of the file at least (but for the last one) and
 * takes 2 n + 3, up to five bytes more with long numbers.
 */
static uint64_t space_needed(struct fl_same_store *s, bool all)
{
	size_t len = group(s, s->written)->len;
	uint64_t rest;

	if (s->exact_space > 0)
		return s->exact_space;
	if (all)
		return fl_same_space(len);
	rest = s->end - fl_min_u64(s->end, s->pending_end);
	return fl_same_space(len + 2 * rest + rest / 16);
}

static int reserve(struct fl_same_group *g, size_t len, struct fl_error *reterr)
{
	size_t cap = g->cap ? g->cap : FL_KIB(64);
	unsigned char *bigger;

	while (cap - g->len < len && cap <= SIZE_MAX / 4)
		cap *= 2;
	if (cap == g->cap)
		return 0;
	bigger = realloc(g->data, cap);
	if (!bigger)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	g->data = bigger;
	g->cap = cap;
	return 0;
}

static int wait_durable(struct fl_same_store *s, uint64_t k, struct fl_error *reterr)
{
	int r = s->ahead ? fl_sync_ahead_wait(s->ahead, group(s, k)->number) : 0;

	return r < 0 ? fl_journal_failed(&s->job->journal, r, reterr) : 0;
}

static int store_group(struct fl_same_store *s, uint64_t k, struct fl_error *reterr)
{
	struct fl_store_job *job = s->job;
	struct fl_same_group *g = group(s, k);
	int r;

	/* Of one group's stores, the final sync is the beginning and the end. */
	if (!job->behind && k > 0)
		job->behind = fl_write_behind_new(&job->durable, job->target.fd);
	r = fl_same_apply(job, g->data, g->len, false, reterr);
	g->len = 0;
	return r;
}

static int store_behind(void *arg, uint64_t k, struct fl_error *reterr)
{
	int r = wait_durable(arg, k, reterr);

	return r < 0 ? r : store_group(arg, k, reterr);
}

static int store_there(struct fl_same_store *s, uint64_t most, struct fl_error *reterr)
{
	s->job->stored = true;
	fl_store_behind_give(s->behind, s->written);
	return fl_store_behind_wait(s->behind, most, reterr);
}

static int store_here(struct fl_same_store *s, uint64_t most, struct fl_error *reterr)
{
	int r = 0;

	for (; r == 0 && s->stored < s->written; s->stored++) {
		if (s->written - s->stored <= most && s->ahead &&
		    !fl_sync_ahead_has(s->ahead, group(s, s->stored)->number))
			break;
		r = wait_durable(s, s->stored, reterr);
		if (r < 0)
			break;
		s->job->stored = true;
		r = store_group(s, s->stored, reterr);
	}
	return r;
}

/* Stores what is durable, after waiting until no more than @most groups are left. */
static int store_durable(struct fl_same_store *s, uint64_t most, struct fl_error *reterr)
{
	/* A single group has nothing that it could be stored beside. Simulated devices see one order of calls. */
	if (s->parallel && s->job->durable.ops == &fl_durable_kernel && !s->behind &&
	    s->stored == 0 && s->written > 0 && most > 0)
		s->behind = fl_store_behind_start(store_behind, s);
	return s->behind ? store_there(s, most, reterr) : store_here(s, most, reterr);
}

/* The pending group goes into the journal. */
static int write_group(struct fl_same_store *s, bool all, struct fl_error *reterr)
{
	struct fl_store_job *job = s->job;
	struct fl_same_group *g = group(s, s->written);
	struct fl_jpiece piece = {g->data, g->len};
	uint64_t numbers[FL_JGROUP_NUMBERS] = {s->done_end, s->pending_end};
	int r = fl_store_job_journal(job, space_needed(s, all), reterr);

	if (r == 0 && job->open && !s->ahead) {
		r = fl_sync_ahead_start(&job->durable, job->journal.fd, &s->ahead);
		if (r < 0)
			return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	}
	job->journal.ahead = s->ahead ? (uint32_t)fl_sync_ahead_left(s->ahead) : 0;
	if (r == 0)
		r = fl_store_job_put(job, FL_JGROUP_CHANGES, numbers, &piece, 1, reterr);
	if (r == 0 && s->ahead)
		g->number = fl_sync_ahead_wrote(s->ahead, job->journal.blocks * FL_JBLOCK_BYTES);
	return r;
}

static int flush(struct fl_same_store *s, bool all, struct fl_error *reterr)
{
	struct fl_store_job *job = s->job;
	int r = 0;

	if (group(s, s->written)->len > 0) {
		r = fl_store_job_check_size(job, job->target.size_bytes, reterr);
		if (r == 0)
			r = write_group(s, all, reterr);
		if (r < 0)
			return r;
		s->written++;
		s->done_end = s->pending_end;
		if (job->journaled && !job->small_groups)
			s->group_bytes = fl_min_size(2 * s->group_bytes, FL_GROUP_BYTES);
	}
	return store_durable(s, all ? 0 : FL_SAME_GROUPS - 1, reterr);
}

int fl_same_add(struct fl_same_store *s, uint64_t off, uint64_t end, const unsigned char *p,
		size_t len, struct fl_error *reterr)
{
	struct fl_same_group *g = group(s, s->written);
	int r = 0;

	if (g->len >= s->group_bytes && off >= s->pending_end) {
		r = flush(s, false, reterr);
		g = group(s, s->written);
	}
	if (r == 0)
		r = reserve(g, len + FL_RUN_HEAD_BYTES, reterr);
	if (r < 0)
		return r;
	fl_put64(g->data + g->len, off);
	fl_put64(g->data + g->len + 8, len);
	memcpy(g->data + g->len + FL_RUN_HEAD_BYTES, p, len);
	g->len += len + FL_RUN_HEAD_BYTES;
	s->pending_end = end;
	return 0;
}

int fl_same_finish(struct fl_same_store *s, struct fl_error *reterr)
{
	int r = flush(s, true, reterr);

	stop_threads(s);
	s->job->journal.ahead = 0;
	if (r < 0 || (!s->job->stored && !s->job->open))
		return r;
	/* COMMIT is for journal 0 when all processes have come so far. */
	if (s->job->set.count > 0)
		return fl_store_job_sync(s->job, reterr);
	r = fl_store_job_commit(s->job, reterr);
	return r < 0 ? r : fl_store_job_end(s->job, reterr);
}
