/* SPDX-License-Identifier: MIT */
#include "store/store_job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <faultline/version.h>

#include "base/error.h"
#include "store/journal_header.h"
#include "store/journal_name.h"
#include "store/journal_scan.h"
#include "store/recovery.h"

#define STRING(x) #x
#define DOTTED(a, b, c) STRING(a) "." STRING(b) "." STRING(c)
static const char version[] = DOTTED(FL_VERSION_MAJOR, FL_VERSION_MINOR, FL_VERSION_PATCH);

static int write_header(struct fl_store_job *job, struct fl_error *reterr)
{
	struct fl_jheader h = {.flags = job->flags,
			       .dev = job->target.dev,
			       .ino = job->target.ino,
			       .size_bytes = job->target.size_bytes,
			       .program_len = job->program_len,
			       .target_len = strlen(job->target.path),
			       .version_len = strlen(version),
			       .set = job->set};
	unsigned char fixed[FL_JHEADER_FIXED_BYTES + FL_JHEADER_SET_BYTES];
	struct fl_jpiece pieces[] = {{fixed, fl_jheader_fixed(&h.set)},
				     {h.set.starts, fl_jset_bytes(&h.set)},
				     {job->program, h.program_len},
				     {job->target.path, h.target_len},
				     {version, h.version_len}};

	if (h.set.index == 0)
		h.set.nonce = job->journal.nonce;
	fl_jheader_write(&h, fixed);
	return fl_journal_append(&job->journal, FL_JGROUP_HEADER, NULL, pieces, 5, reterr);
}

static bool is_member(const struct fl_store_job *job)
{
	return job->set.index > 0;
}

/* The target may be marked before the header is durable: a mark without a journal says nothing. */
static int make_durable(struct fl_store_job *job, struct fl_error *reterr)
{
	int r = is_member(job)
			? 0
			: fl_journal_mark(&job->target, job->journal.nonce, job->journal.name);

	if (r == 0 && !is_member(job))
		r = fl_durable_sync_all(&job->durable, job->target.fd);
	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	r = fl_journal_sync(&job->journal, reterr);
	if (r < 0)
		return r;
	r = fl_durable_sync_all(&job->durable, job->target.dir_fd);
	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, "directory: %s", fl_strerror(r)) : 0;
}

/*
 * Journal 0 is the first that is made and the last that is removed, and its process has the target.
 * What stands here under a member's name without being held is of a set whose journal 0 is gone.
 */
static int remove_orphan(struct fl_store_job *job, const char *name)
{
	int fd = fl_beside_open(job->target.dir_fd, name, true);
	int r = fd < 0 ? fd : fl_beside_lock(fd, false);

	if (r == 0)
		r = fl_durable_unlink(&job->durable, job->target.dir_fd, name);
	if (fd >= 0)
		close(fd);
	return r;
}

static int create(struct fl_store_job *job, struct fl_error *reterr)
{
	char *name;
	int r;

	if (!is_member(job))
		return fl_journal_create(&job->durable, &job->target, NULL, &job->journal, reterr);
	name = fl_journal_member_name(job->main_name, job->set.index);
	if (!name)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	r = fl_journal_create(&job->durable, &job->target, name, &job->journal, reterr);
	if (r == -EEXIST && remove_orphan(job, name) == 0)
		r = fl_journal_create(&job->durable, &job->target, name, &job->journal, reterr);
	free(name);
	return r;
}

static int begin(struct fl_store_job *job, uint64_t space, struct fl_error *reterr)
{
	uint64_t header =
		fl_journal_space(fl_jheader_fixed(&job->set) + fl_jset_bytes(&job->set) +
				 job->program_len + strlen(job->target.path) + strlen(version));
	int r;

	job->journal.limit_bytes = job->limit_bytes;
	/* One block for COMMIT. */
	r = fl_journal_reserve(&job->journal, header + space + fl_journal_space(0), reterr);
	if (r == 0)
		r = write_header(job, reterr);
	return r < 0 ? r : make_durable(job, reterr);
}

/* Of a set, whose journals are there before anybody knows what they will hold. */
static int reserve_more(struct fl_store_job *job, uint64_t space, struct fl_error *reterr)
{
	int r;

	if (job->set.count == 0 || job->spaced)
		return 0;
	r = fl_journal_reserve(&job->journal, space + fl_journal_space(0), reterr);
	job->spaced = r == 0;
	return r;
}

int fl_store_job_journal(struct fl_store_job *job, uint64_t space, struct fl_error *reterr)
{
	int r;

	if (!job->journaled)
		return 0;
	if (job->open)
		return reserve_more(job, space, reterr);
	r = create(job, reterr);
	if (r < 0)
		return r;
	r = begin(job, space, reterr);
	if (r < 0) {
		if (!is_member(job))
			(void)fl_target_unmark(&job->target);
		job->left = fl_journal_remove(&job->journal, NULL) < 0;
		return r;
	}
	job->open = true;
	return 0;
}

static int read_nonce(int fd, struct fl_jset *set, struct fl_error *reterr)
{
	struct fl_jheader h;
	struct fl_jgroup g;
	struct fl_jscan scan;
	int r = fl_jscan_init(&scan, fd, reterr);

	if (r < 0)
		return r;
	r = fl_jscan_next(&scan, &g, reterr);
	if (r > 0)
		r = fl_jheader_read(g.data, g.len, &h);
	else if (r == 0)
		r = -FL_ECHANGED;
	if (r == 0 && (h.set.count != set->count || h.set.index != 0))
		r = -FL_ECHANGED;
	if (r == 0)
		set->nonce = h.set.nonce;
	fl_jscan_done(&scan);
	return r;
}

int fl_store_job_join(struct fl_store_job *job, char **ret_main, struct fl_error *reterr)
{
	char *name = NULL;
	int dir = -1;
	int fd = fl_journal_find(job->target.path, job->target.fd, false, &dir, &name);
	int r = fd < 0 ? fd : read_nonce(fd, &job->set, NULL);

	if (fd >= 0) {
		close(fd);
		close(dir);
	}
	if (r == 0) {
		*ret_main = name;
		return 0;
	}
	free(name);
	if (r == -ENOENT || r == -FL_ECHANGED)
		return fl_error_set(
			reterr, -FL_EUNSUPPORTED, FL_OFF_NONE,
			"the journal that process 0 made is not to be seen here: not on "
			"the same file system");
	return fl_error_set(reterr, r, FL_OFF_NONE, "journal: %s", fl_strerror(r));
}

int fl_store_job_put(struct fl_store_job *job, enum fl_jgroup_type type, const uint64_t *numbers,
		     const struct fl_jpiece *pieces, size_t count, struct fl_error *reterr)
{
	int r;

	if (!job->open)
		return 0;
	r = fl_journal_append(&job->journal, type, numbers, pieces, count, reterr);
	job->stats.journal_bytes = job->journal.blocks * UINT64_C(4096);
	return r;
}

int fl_store_job_append(struct fl_store_job *job, enum fl_jgroup_type type, const uint64_t *numbers,
			const struct fl_jpiece *pieces, size_t count, struct fl_error *reterr)
{
	int r = fl_store_job_put(job, type, numbers, pieces, count, reterr);

	return r == 0 && job->open ? fl_journal_sync(&job->journal, reterr) : r;
}

int fl_store_job_check_size(struct fl_store_job *job, uint64_t bytes, struct fl_error *reterr)
{
	uint64_t now;
	int r = fl_target_size(&job->target, &now);

	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	return now < bytes ? fl_error_set(reterr, -FL_ETRUNCATED, now, NULL) : 0;
}

int fl_store_job_write(struct fl_store_job *job, const void *data, size_t len, uint64_t off,
		       struct fl_error *reterr)
{
	int r = fl_durable_write(&job->durable, job->target.fd, data, len, off);

	return r < 0 ? fl_error_set(reterr, r, off, NULL) : 0;
}

int fl_store_job_sync(struct fl_store_job *job, struct fl_error *reterr)
{
	int r = fl_durable_sync(&job->durable, job->target.fd);

	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, NULL) : 0;
}

int fl_store_job_commit(struct fl_store_job *job, struct fl_error *reterr)
{
	int r = fl_store_job_sync(job, reterr);

	return r < 0 ? r : fl_store_job_append(job, FL_JGROUP_COMMIT, NULL, NULL, 0, reterr);
}

int fl_store_job_end(struct fl_store_job *job, struct fl_error *reterr)
{
	int r;

	if (!job->open)
		return 0;
	r = is_member(job) ? 0 : fl_target_unmark(&job->target);
	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	job->open = false;
	return fl_journal_remove(&job->journal, reterr);
}

/* Before the lock is asked for, a journal could still be removed by its job: look behind it. */
int fl_store_job_open(const char *path, struct fl_store_job *job, struct fl_error *reterr)
{
	int r = fl_target_open(path, true, &job->target, reterr);

	if (r < 0)
		return r;
	r = fl_target_lock(&job->target);
	if (r == -EAGAIN)
		r = fl_error_set(reterr, r, FL_OFF_NONE, "another job is rewriting it");
	else if (r < 0)
		r = fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	else if (fl_recovery_pending_for(&job->target))
		r = fl_error_set(reterr, -FL_EUNFINISHED, FL_OFF_NONE, NULL);
	else
		r = fl_target_size(&job->target, &job->target.size_bytes);
	if (r < 0)
		fl_target_close(&job->target);
	return r;
}

void fl_store_job_done(struct fl_store_job *job)
{
	if (job->open)
		fl_journal_close(&job->journal);
	job->open = false;
	free(job->block);
	job->block = NULL;
	fl_target_close(&job->target);
}
