/* SPDX-License-Identifier: MIT */
#include "store/store_job.h"

#include <string.h>

#include <faultline/version.h>

#include "base/error.h"
#include "store/journal_header.h"
#include "store/journal_name.h"

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
			       .version_len = strlen(version)};
	unsigned char fixed[FL_JHEADER_FIXED_BYTES];
	struct fl_jpiece pieces[] = {{fixed, sizeof(fixed)},
				     {job->program, h.program_len},
				     {job->target.path, h.target_len},
				     {version, h.version_len}};

	fl_jheader_write(&h, fixed);
	return fl_journal_append(&job->journal, FL_JGROUP_HEADER, NULL, pieces, 4, reterr);
}

/* The target may be marked before the header is durable: a mark without a journal says nothing. */
static int make_durable(struct fl_store_job *job, struct fl_error *reterr)
{
	int r = fl_journal_mark(&job->target, job->journal.nonce, job->journal.name);

	if (r == 0)
		r = fl_durable_sync_all(&job->durable, job->target.fd);
	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	r = fl_journal_sync(&job->journal, reterr);
	if (r < 0)
		return r;
	r = fl_durable_sync_all(&job->durable, job->target.dir_fd);
	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, "directory: %s", fl_strerror(r)) : 0;
}

int fl_store_job_journal(struct fl_store_job *job, uint64_t space, struct fl_error *reterr)
{
	uint64_t header = fl_journal_space(FL_JHEADER_FIXED_BYTES + job->program_len +
					   strlen(job->target.path) + strlen(version));
	int r;

	if (!job->journaled || job->open)
		return 0;
	r = fl_journal_create(&job->durable, &job->target, &job->journal, reterr);
	if (r < 0)
		return r;
	job->journal.limit_bytes = job->limit_bytes;
	/* One block for COMMIT. */
	r = fl_journal_reserve(&job->journal, header + space + fl_journal_space(0), reterr);
	if (r == 0)
		r = write_header(job, reterr);
	if (r == 0)
		r = make_durable(job, reterr);
	if (r < 0) {
		(void)fl_target_unmark(&job->target);
		(void)fl_journal_remove(&job->journal, NULL);
		return r;
	}
	job->open = true;
	return 0;
}

int fl_store_job_append(struct fl_store_job *job, enum fl_jgroup_type type, const uint64_t *numbers,
			const struct fl_jpiece *pieces, size_t count, struct fl_error *reterr)
{
	int r;

	if (!job->open)
		return 0;
	r = fl_journal_append(&job->journal, type, numbers, pieces, count, reterr);
	if (r == 0)
		r = fl_journal_sync(&job->journal, reterr);
	job->stats.journal_bytes = job->journal.blocks * UINT64_C(4096);
	return r;
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
	r = fl_target_unmark(&job->target);
	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	job->open = false;
	return fl_journal_remove(&job->journal, reterr);
}

void fl_store_job_done(struct fl_store_job *job)
{
	if (job->open)
		fl_journal_close(&job->journal);
	job->open = false;
	fl_target_close(&job->target);
}
