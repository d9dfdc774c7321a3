/* SPDX-License-Identifier: MIT */
#include "store/punch_job.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/size.h"
#include "plat/file.h"
#include "store/journal_block.h"
#include "store/punch_impl.h"

/* More cursors than batches: a full disk makes batches shorter. */
#define CURSORS_MORE 16

static int output_error(const struct fl_punch_job *p, int code, struct fl_error *reterr)
{
	return fl_error_set(reterr, code, FL_OFF_NONE, "%s: %s", p->plan.output, fl_strerror(code));
}

/* Behind the end there is nothing to free, so this changes nothing. */
int fl_punch_check(struct fl_store_job *job, struct fl_punch_times *times, struct fl_error *reterr)
{
	struct fl_punch_state st;
	int r = fl_punch_look(job->target.fd, &st);

	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	if (st.links > 1)
		return fl_error_set(reterr, -EMLINK, FL_OFF_NONE,
				    "has other hard links, which would lose their bytes, too: its "
				    "blocks are not freed");
	r = fl_durable_punch(&job->durable, job->target.fd,
			     fl_round_up(st.size_bytes, st.block_bytes), st.block_bytes);
	if (r == -EOPNOTSUPP)
		return fl_error_set(reterr, r, FL_OFF_NONE,
				    "this file system cannot free blocks of a file (punch hole)");
	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	*times = st.times;
	return 0;
}

int fl_punch_lease(const struct fl_store_job *job, struct fl_error *reterr)
{
	int r = fl_target_lease(&job->target, true);

	if (r == -EACCES)
		return fl_error_set(reterr, r, FL_OFF_NONE,
				    "freeing its blocks needs a lease on the file, which only its "
				    "owner can have");
	if (r < 0)
		return fl_error_set(reterr, r == -EINVAL ? -EAGAIN : r, FL_OFF_NONE,
				    "others have it open: its blocks are not freed");
	return 0;
}

int fl_punch_find_dir(struct fl_punch_job *p, uint64_t nonce)
{
	int r;

	p->name = strrchr(p->plan.output, '/') + 1;
	/* Of a long name the beginning, so that it stays below NAME_MAX. */
	if (asprintf(&p->part, ".%.200s.%016" PRIx64 ".part", p->name, nonce) < 0) {
		p->part = NULL;
		return -ENOMEM;
	}
	r = fl_path_dir(p->plan.output);
	p->out_dir = r;
	return r < 0 ? r : 0;
}

static int check_output(const struct fl_punch_job *p, struct fl_error *reterr)
{
	const struct fl_target *t = &p->job->target;
	bool regular;
	uint64_t ino;
	int dir = fl_path_dir(p->plan.output);
	int r = dir < 0 ? dir
			: fl_punch_name(dir, strrchr(p->plan.output, '/') + 1, &ino, &regular);

	if (r == 0 && ino == t->ino && fl_punch_same_dir(dir, t->dir_fd))
		r = fl_error_set(reterr, -EINVAL, FL_OFF_NONE, "is its own output");
	else if (r == 0 && !regular)
		r = fl_error_set(reterr, -EINVAL, FL_OFF_NONE,
				 "%s: not a regular file: blocks are freed only for one",
				 p->plan.output);
	else if (r == 0 && !(p->plan.flags & FL_PLAN_REPLACE))
		r = fl_error_set(reterr, -EEXIST, FL_OFF_NONE,
				 "%s: already exists; not overwritten (-f overwrites)",
				 p->plan.output);
	else if (r < 0 && r != -ENOENT)
		output_error(p, r, reterr);
	if (dir >= 0)
		close(dir);
	return r == -ENOENT && dir < 0 ? output_error(p, r, reterr) : r == -ENOENT ? 0 : r;
}

int fl_punch_make_part(struct fl_punch_job *p, struct fl_error *reterr)
{
	struct fl_target same = {0};
	int r = fl_punch_create(p->out_dir, p->part);

	p->out = r;
	if (r >= 0)
		r = fl_target_identity(p->out, &same);
	p->ino = same.ino;
	if (r >= 0)
		r = fl_durable_sync_all(&p->job->durable, p->out_dir);
	return r < 0 ? output_error(p, r, reterr) : 0;
}

static int make_journal(struct fl_punch_job *p, struct fl_error *reterr)
{
	uint64_t cursors = p->job->target.size_bytes / p->plan.batch_bytes + CURSORS_MORE;
	int r = fl_punch_lease(p->job, reterr);

	if (r < 0)
		return r;
	r = fl_store_job_journal(p->job, cursors * FL_JBLOCK_BYTES, reterr);
	(void)fl_target_lease(&p->job->target, false);
	return r;
}

/* What the plan's frames are counted in, and whether they are still what they were. */
int fl_punch_look_again(struct fl_punch_job *p, struct fl_punch_state *ret, struct fl_error *reterr)
{
	int r = fl_punch_look(p->job->target.fd, ret);

	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	if (p->mtime_ns != ret->times.mtime_ns || ret->size_bytes < p->now.in)
		return fl_error_set(reterr, -FL_ECHANGED, FL_OFF_NONE,
				    "someone else writes to it: what was not freed yet is kept");
	return 0;
}

int fl_punch_begin(struct fl_punch_job *p, struct fl_store_job *job,
		   const struct fl_punch_plan *plan, struct fl_error *reterr)
{
	struct fl_punch_state st;
	int r;

	*p = (struct fl_punch_job){.job = job, .plan = *plan, .out_dir = -1, .out = -1};
	r = check_output(p, reterr);
	if (r == 0)
		r = make_journal(p, reterr);
	if (r < 0)
		return r;
	r = fl_punch_find_dir(p, job->journal.nonce);
	if (r < 0)
		output_error(p, r, reterr);
	if (r == 0)
		r = fl_punch_make_part(p, reterr);
	if (r == 0)
		r = fl_punch_look(job->target.fd, &st);
	if (r == 0) {
		p->mtime_ns = st.times.mtime_ns;
		p->block_bytes = st.block_bytes;
		return 0;
	}
	if (fl_punch_abandon(p, NULL) < 0)
		job->left = true;
	return r;
}

static int append_cursor(struct fl_punch_job *p, struct fl_error *reterr)
{
	uint64_t numbers[FL_JGROUP_NUMBERS] = {p->now.in, p->now.packed, p->now.frames, p->ino};
	unsigned char bytes[12], *next = malloc(FL_PUNCH_NEXT_BYTES);
	struct fl_jpiece piece = {bytes, sizeof(bytes)};
	size_t got = 0;
	int r = next ? fl_file_pread(p->job->target.fd, next, FL_PUNCH_NEXT_BYTES, p->now.in, &got)
		     : -ENOMEM;

	if (r == 0) {
		fl_put64(bytes, got);
		fl_put32(bytes + 8, fl_crc32c(0, next, got));
	}
	free(next);
	if (r < 0)
		return fl_error_set(reterr, r, p->now.in, NULL);
	return fl_store_job_append(p->job, FL_JGROUP_CURSOR, numbers, &piece, 1, reterr);
}

/*
 * A seam looks at the byte before its chunk, and all of them have been found as far as chunks have
 * been mapped: up to the one that the last frame begins in.
 */
static uint64_t may_free(const struct fl_punch_job *p)
{
	uint64_t end = p->plan.flags & FL_PLAN_RECORDS ? p->last_in : p->done.in;

	return fl_round_down(end, p->block_bytes);
}

int fl_punch_free(struct fl_punch_job *p, struct fl_error *reterr)
{
	struct fl_punch_state st;
	uint64_t end = may_free(p);
	int r;

	if (end <= p->punched)
		return 0;
	r = fl_durable_punch(&p->job->durable, p->job->target.fd, p->punched, end - p->punched);
	if (r == 0)
		r = fl_punch_look(p->job->target.fd, &st);
	if (r < 0)
		return fl_error_set(reterr, r, p->punched, "freeing its blocks: %s",
				    fl_strerror(r));
	p->mtime_ns = st.times.mtime_ns;
	p->freed_bytes += end - p->punched;
	p->punched = end;
	return 0;
}

static int checkpoint(struct fl_punch_job *p, struct fl_error *reterr)
{
	struct fl_punch_state st;
	int r = fl_punch_look_again(p, &st, reterr);

	if (r < 0)
		return r;
	r = fl_durable_sync(&p->job->durable, p->out);
	if (r < 0)
		return output_error(p, r, reterr);
	/* From here on it may be durable, whatever is returned. */
	p->job->stored = true;
	r = append_cursor(p, reterr);
	if (r < 0)
		return r;
	p->done = p->now;
	return fl_punch_free(p, reterr);
}

int fl_punch_write(struct fl_punch_job *p, const void *data, size_t len, struct fl_error *reterr)
{
	struct fl_durable *d = &p->job->durable;
	int r = fl_durable_write(d, p->out, data, len, p->written);

	if ((r == -ENOSPC || r == -EDQUOT) && p->now.in > p->done.in) {
		r = checkpoint(p, reterr);
		if (r < 0)
			return r;
		r = fl_durable_write(d, p->out, data, len, p->written);
	}
	if (r < 0)
		return output_error(p, r, reterr);
	p->written += len;
	return 0;
}

int fl_punch_frame(struct fl_punch_job *p, uint64_t in_bytes, struct fl_error *reterr)
{
	fl_durable_start(&p->job->durable, p->out, p->now.packed, p->written - p->now.packed);
	p->last_in = p->now.in;
	p->now.in += in_bytes;
	p->now.packed = p->written;
	p->now.frames++;
	return p->now.in - p->done.in >= p->plan.batch_bytes ? checkpoint(p, reterr) : 0;
}

int fl_punch_settle(struct fl_punch_job *p, struct fl_error *reterr)
{
	struct fl_punch_state st;
	int r = fl_durable_sync(&p->job->durable, p->out);

	/* What takes long was done before: a lease is taken away after 45 seconds. */
	if (r < 0)
		return output_error(p, r, reterr);
	r = fl_punch_lease(p->job, reterr);
	if (r < 0)
		return r;
	r = fl_punch_look(p->job->target.fd, &st);
	if (r < 0)
		r = fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	else if (st.size_bytes != p->now.in || st.times.mtime_ns != p->mtime_ns)
		r = fl_error_set(reterr, -FL_ECHANGED, FL_OFF_NONE,
				 "someone else has written to it meanwhile");
	if (r < 0)
		(void)fl_target_lease(&p->job->target, false);
	return r;
}

int fl_punch_commit(struct fl_punch_job *p, struct fl_error *reterr)
{
	uint64_t numbers[FL_JGROUP_NUMBERS] = {p->written, 0, 0, p->ino};
	struct fl_punch_state st;
	int r = fl_punch_dress(p->out, p->job->target.fd, &p->plan.times);

	if (r == 0)
		r = fl_durable_sync_all(&p->job->durable, p->out);
	if (r < 0)
		return output_error(p, r, reterr);
	r = fl_punch_look_again(p, &st, reterr);
	if (r < 0)
		return r;
	p->committed = true;
	r = fl_store_job_append(p->job, FL_JGROUP_COMMIT, numbers, NULL, 0, reterr);
	return r < 0 ? r : fl_punch_publish(p, reterr);
}

static int give_name(struct fl_punch_job *p, struct fl_error *reterr)
{
	bool replace = p->plan.flags & FL_PLAN_REPLACE, regular;
	struct fl_durable *d = &p->job->durable;
	uint64_t ino;
	int r = fl_durable_rename(d, p->out_dir, p->part, p->name, replace);

	/* It may have its name already. */
	if (r == -ENOENT && fl_punch_name(p->out_dir, p->name, &ino, &regular) == 0 &&
	    ino == p->ino)
		r = 0;
	if (r == -EEXIST)
		return fl_error_set(reterr, r, FL_OFF_NONE,
				    "%s: this name has been taken meanwhile", p->plan.output);
	if (r == 0)
		r = fl_durable_sync_all(d, p->out_dir);
	return r < 0 ? output_error(p, r, reterr) : 0;
}

int fl_punch_publish(struct fl_punch_job *p, struct fl_error *reterr)
{
	const struct fl_target *t = &p->job->target;
	struct fl_durable *d = &p->job->durable;
	bool regular;
	uint64_t ino;
	int r = give_name(p, reterr);

	if (r < 0)
		return r;
	/* Another file may stand there by now. */
	r = fl_punch_name(t->dir_fd, t->name, &ino, &regular);
	if (r == 0 && ino == t->ino)
		r = fl_durable_unlink(d, t->dir_fd, t->name);
	if (r == 0)
		r = fl_durable_sync_all(d, t->dir_fd);
	if (r < 0 && r != -ENOENT)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	r = fl_store_job_end(p->job, reterr);
	p->job->left |= r < 0;
	return r;
}

bool fl_punch_can_undo(const struct fl_punch_job *p)
{
	return !p->job->stored && !p->committed;
}

int fl_punch_abandon(struct fl_punch_job *p, struct fl_error *reterr)
{
	struct fl_durable *d = &p->job->durable;
	int r = p->part && p->out_dir >= 0 ? fl_durable_unlink(d, p->out_dir, p->part) : -ENOENT;

	if (r == 0)
		r = fl_durable_sync_all(d, p->out_dir);
	if (r < 0 && r != -ENOENT)
		return output_error(p, r, reterr);
	return fl_store_job_end(p->job, reterr);
}

void fl_punch_done(struct fl_punch_job *p)
{
	if (p->out >= 0)
		close(p->out);
	if (p->out_dir >= 0)
		close(p->out_dir);
	free(p->part);
	p->out = p->out_dir = -1;
	p->part = NULL;
}
