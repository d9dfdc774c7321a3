/* SPDX-License-Identifier: MIT */
#include "store/move_store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "plat/counters.h"
#include "plat/file.h"
#include "store/change.h"
#include "store/journal_block.h"
#include "store/same_store.h"

/* Bytes that others appended are moved with the file held: no more than this at a time. */
#define TAIL_MAX FL_MIB(64)
#define LOOK_BYTES FL_MIB(1)

void fl_move_init(struct fl_move *m, struct fl_store_job *job)
{
	*m = (struct fl_move){.job = job};
}

void fl_move_done(struct fl_move *m)
{
	fl_move_plan_done(&m->plan);
	free(m->tail.image);
	m->tail.image = NULL;
}

static int room(unsigned char **buf, size_t *cap, size_t len)
{
	unsigned char *bigger;

	if (*buf && *cap >= len)
		return 0;
	bigger = realloc(*buf, len + 1);
	if (!bigger)
		return -ENOMEM;
	*buf = bigger;
	*cap = len;
	return 0;
}

int fl_move_read(struct fl_store_job *job, uint64_t off, uint64_t len, unsigned char **buf,
		 size_t *cap, struct fl_error *reterr)
{
	size_t got = 0;
	int r = room(buf, cap, (size_t)len);

	if (r == 0)
		r = fl_file_pread(job->target.fd, *buf, (size_t)len, off, &got);
	if (r < 0)
		return fl_error_set(reterr, r, off, NULL);
	return got < len ? fl_error_set(reterr, -FL_ETRUNCATED, off + got, NULL) : 0;
}

/** struct restore - what is left of the result, and of the room for the source */
struct restore {
	const unsigned char *in;
	size_t in_len;
	unsigned char *out;
	size_t out_len;
};

static bool put(struct restore *b, const unsigned char *from, uint64_t len)
{
	if (len > b->out_len)
		return false;
	if (len > 0)
		memcpy(b->out, from, (size_t)len);
	b->out += len;
	b->out_len -= (size_t)len;
	return true;
}

static bool skip(struct restore *b, uint64_t len)
{
	if (len > b->in_len)
		return false;
	b->in += len;
	b->in_len -= (size_t)len;
	return true;
}

static bool copy(struct restore *b, uint64_t len)
{
	return len <= b->in_len && put(b, b->in, len) && skip(b, len);
}

int fl_move_restore(const unsigned char *in, size_t in_len, uint64_t src, const unsigned char *undo,
		    size_t len, unsigned char *ret, size_t ret_len)
{
	struct restore b = {in, in_len, ret, ret_len};
	struct fl_change_reader reader;
	struct fl_change c;
	bool ok = true;
	int r;

	while (ok && (r = fl_same_next_run(&undo, &len, &reader)) > 0) {
		while (ok && (r = fl_change_next(&reader, &c)) > 0) {
			ok = c.off >= src && copy(&b, c.off - src) && skip(&b, c.new_len) &&
			     put(&b, c.old_bytes, c.old_len);
			src = c.off + c.old_len;
		}
		ok = ok && r == 0;
	}
	ok = ok && len == 0 && copy(&b, b.in_len) && b.out_len == 0;
	return ok ? 0 : -FL_ECORRUPT;
}

uint64_t fl_move_image_blocks(const struct fl_move_plan *p)
{
	return (fl_move_plan_image_bytes(p) + FL_JBLOCK_BYTES - 1) / FL_JBLOCK_BYTES;
}

uint64_t fl_move_image_off(const struct fl_move_plan *p, uint64_t images_off, size_t k)
{
	return images_off + k % FL_MOVE_IMAGES * fl_move_image_blocks(p) * FL_JBLOCK_BYTES;
}

static uint64_t journal_space(const struct fl_move *m)
{
	const struct fl_move_plan *p = &m->plan;
	/* The plan, the image, and what a rollback writes: a block per batch. */
	uint64_t space = fl_journal_space((p->count + 1) * 28) +
			 (FL_MOVE_IMAGES * fl_move_image_blocks(p) + p->moves) * FL_JBLOCK_BYTES;

	/* Undo is at most as long as the changes, but for a byte each that fills. */
	for (size_t k = 0; k < p->moves; k++)
		space += fl_journal_space(2 * p->batch[p->order[k]].changes);
	return space;
}

int fl_move_alone(struct fl_store_job *job, struct fl_error *reterr)
{
	int r = fl_target_lease(&job->target, true);

	if (r == 0)
		return 0;
	if (r == -EACCES)
		return fl_error_set(reterr, r, FL_OFF_NONE,
				    "an edit that changes lengths needs a lease on the file, which "
				    "only its owner can have");
	return fl_error_set(reterr, r == -EINVAL ? -EAGAIN : r, FL_OFF_NONE,
			    "an edit that changes lengths needs the file for itself, and others "
			    "have it open");
}

static int write_plan(struct fl_move *m, struct fl_error *reterr)
{
	uint64_t numbers[FL_JGROUP_NUMBERS] = {m->plan.count, fl_move_plan_new_size(&m->plan)};
	struct fl_jpiece piece = {0};
	unsigned char *rows;
	int r = fl_move_plan_save(&m->plan, &rows, &piece.len);

	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	piece.data = rows;
	r = fl_store_job_append(m->job, FL_JGROUP_PLAN, numbers, &piece, 1, reterr);
	free(rows);
	m->images_off = m->job->journal.blocks * FL_JBLOCK_BYTES;
	m->job->journal.blocks += FL_MOVE_IMAGES * fl_move_image_blocks(&m->plan);
	return r;
}

/* A recovery has one already, whose header is all that is left of what was to be done. */
static int make_journal(struct fl_store_job *job, uint64_t space, struct fl_error *reterr)
{
	if (job->open)
		return fl_journal_reserve(&job->journal, space + fl_journal_space(0), reterr);
	return fl_store_job_journal(job, space, reterr);
}

/*
 * A full disk: the file may have become longer by what there was. Nobody else has it open, and nothing
 * has been stored.
 */
static void shrink_back(struct fl_store_job *job)
{
	int r = fl_durable_truncate(&job->durable, job->target.fd, job->target.size_bytes);

	if (r == 0)
		r = fl_durable_sync_all(&job->durable, job->target.fd);
	job->stored = r < 0;
}

/* What was appended since it was opened would lie where the last batch goes. */
static int check_size(struct fl_store_job *job, struct fl_error *reterr)
{
	uint64_t now;
	int r = fl_target_size(&job->target, &now);

	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	if (now == job->target.size_bytes)
		return 0;
	return fl_error_set(reterr, now > job->target.size_bytes ? -EAGAIN : -FL_ETRUNCATED,
			    FL_OFF_NONE,
			    "an edit that changes lengths needs the file for itself, and its "
			    "size has changed");
}

static int extend(struct fl_store_job *job, uint64_t new_size, struct fl_error *reterr)
{
	int r = check_size(job, reterr);

	if (r < 0)
		return r;
	job->stored = true;
	r = fl_durable_allocate(&job->durable, job->target.fd, new_size);
	if (r < 0)
		shrink_back(job);
	else
		r = fl_durable_sync_all(&job->durable, job->target.fd);
	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, NULL) : 0;
}

int fl_move_begin(struct fl_move *m, struct fl_error *reterr)
{
	struct fl_store_job *job = m->job;
	uint64_t new_size = fl_move_plan_new_size(&m->plan);
	int r = fl_move_alone(job, reterr);

	if (r < 0)
		return r;
	r = make_journal(job, journal_space(m), reterr);
	if (r == 0)
		r = write_plan(m, reterr);
	if (r == 0 && new_size > job->target.size_bytes)
		r = extend(job, new_size, reterr);
	(void)fl_target_lease(&job->target, false);
	return r;
}

/* The image that it is written over is of the batch before the last one, which is on the device. */
static int write_image(struct fl_move *m, const struct fl_made *made, struct fl_error *reterr)
{
	struct fl_journal *j = &m->job->journal;
	uint64_t off = fl_move_image_off(&m->plan, m->images_off, m->next);
	int r;

	if (!m->job->open || !fl_move_plan_overlaps(&m->plan, m->plan.order[m->next]))
		return 0;
	r = fl_journal_write_at(j, off, made->result.data, made->result.len, reterr);
	if (r == 0)
		fl_durable_start(j->durable, j->fd, off, made->result.len);
	return r;
}

/* It and the image are durable before this batch is stored; the one before it is on the device. */
static int record(struct fl_move *m, const struct fl_made *made, struct fl_error *reterr)
{
	/* What overwrites its own source can only be compared later with the undo log. */
	bool undo = fl_move_plan_overlaps(&m->plan, m->plan.order[m->next]) ||
		    !(m->job->flags & FL_JHEADER_NO_ROLLBACK);
	struct fl_jpiece piece = {made->undo.data, undo ? made->undo.len : 0};
	uint64_t numbers[FL_JGROUP_NUMBERS] = {m->next, piece.len, made->crc};

	return fl_store_job_append(m->job, FL_JGROUP_BATCH, numbers, &piece, 1, reterr);
}

int fl_move_make(const struct fl_move *m, size_t k, const unsigned char *runs, size_t len,
		 struct fl_made *made, struct fl_error *reterr)
{
	return fl_move_build(m->job, &m->plan.batch[m->plan.order[k]], runs, len, m->job->open,
			     made, reterr);
}

static void note_memory(struct fl_store_stats *stats)
{
	struct fl_rss rss;

	fl_rss_now(&rss);
	stats->peak_rss_anon_bytes = fl_max_u64(stats->peak_rss_anon_bytes, rss.anon_bytes);
}

static void count_stored(struct fl_store_stats *stats, const struct fl_made *made, uint64_t dst)
{
	uint64_t end = dst + made->result.len;

	stats->changes += made->changes;
	stats->by_pwrite += made->changes;
	stats->stored_bytes += made->result.len;
	if (end > dst)
		stats->pages += (end - 1) / 4096 - dst / 4096 + 1;
}

int fl_move_store(struct fl_move *m, const struct fl_made *made, struct fl_error *reterr)
{
	struct fl_store_job *job = m->job;
	uint64_t dst = m->plan.batch[m->plan.order[m->next]].dst;
	int r = write_image(m, made, reterr);

	/* The batches before it are on the device before it is said that its turn has come. The device
	 * writes the image meanwhile. */
	if (r == 0)
		r = fl_store_job_sync(job, reterr);
	if (r == 0)
		r = record(m, made, reterr);
	if (r < 0)
		return r;
	/* A file that was cut would become long again. */
	r = fl_store_job_check_size(job, job->target.size_bytes, reterr);
	if (r < 0)
		return r;
	job->stored = true;
	r = fl_store_job_write(job, made->result.data, made->result.len, dst, reterr);
	fl_durable_start(&job->durable, job->target.fd, dst, made->result.len);
	count_stored(&job->stats, made, dst);
	note_memory(&job->stats);
	m->next++;
	return r;
}

/* What a journal holds of it already may be half moved: it is taken from there. */
static int read_tail(struct fl_store_job *job, const struct fl_move_tail *t, size_t len,
		     unsigned char **ret, struct fl_error *reterr)
{
	unsigned char *buf = malloc(len);
	size_t got = 0, rest = len - t->len;
	int r = buf ? 0 : -ENOMEM;

	if (r == 0 && t->len > 0)
		memcpy(buf, t->image, t->len);
	if (r == 0)
		r = fl_file_pread(job->target.fd, buf + t->len, rest, t->from + t->len, &got);
	if (r == 0 && got < rest)
		r = -FL_ETRUNCATED;
	if (r == 0) {
		*ret = buf;
		return 0;
	}
	free(buf);
	return fl_error_set(reterr, r, t->from, NULL);
}

static int move_tail(struct fl_store_job *job, const struct fl_move_tail *t, uint64_t len,
		     struct fl_error *reterr)
{
	uint64_t numbers[FL_JGROUP_NUMBERS] = {t->from, len, t->keep};
	struct fl_jpiece piece = {NULL, (size_t)len};
	unsigned char *buf = NULL;
	int r;

	if (len > TAIL_MAX)
		return fl_error_set(reterr, -FL_ELIMIT, t->from, "others have appended too much");
	r = read_tail(job, t, (size_t)len, &buf, reterr);
	piece.data = buf;
	if (r == 0)
		r = fl_store_job_append(job, FL_JGROUP_TAIL, numbers, &piece, 1, reterr);
	if (r == 0)
		r = fl_store_job_write(job, buf, piece.len, t->keep, reterr);
	free(buf);
	return r < 0 ? r : fl_store_job_sync(job, reterr);
}

int fl_move_crc(int fd, uint64_t off, uint64_t len, uint32_t *ret)
{
	unsigned char *buf = malloc(LOOK_BYTES);
	uint64_t at = off, end = off + len;
	size_t got = 0;
	int r = buf ? 0 : -ENOMEM;

	*ret = 0;
	while (r == 0 && at < end) {
		size_t want = (size_t)fl_min_u64(end - at, LOOK_BYTES);

		r = fl_file_pread(fd, buf, want, at, &got);
		if (r == 0 && got < want)
			r = -FL_ECHANGED;
		*ret = fl_crc_part(*ret, buf, got);
		at += want;
	}
	free(buf);
	return r;
}

int fl_move_end(struct fl_store_job *job, uint64_t bytes, struct fl_error *reterr)
{
	uint64_t now;
	int r = fl_target_size(&job->target, &now);

	if (r == 0 && now > bytes) {
		r = fl_durable_truncate(&job->durable, job->target.fd, bytes);
		if (r == 0)
			r = fl_durable_sync_all(&job->durable, job->target.fd);
	}
	return r < 0 ? fl_error_set(reterr, r, bytes, NULL) : fl_store_job_end(job, reterr);
}

static int settle(struct fl_store_job *job, enum fl_jgroup_type type, const struct fl_move_tail *t,
		  struct fl_error *reterr)
{
	uint64_t numbers[FL_JGROUP_NUMBERS] = {0}, now = 0;
	uint32_t crc;
	int r = fl_target_size(&job->target, &now);

	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	if (now < t->from + t->len)
		return fl_error_set(reterr, -FL_ETRUNCATED, now, NULL);
	numbers[0] = t->keep + (now - t->from);
	numbers[1] = now;
	if (now > t->from && t->from > t->keep)
		r = move_tail(job, t, now - t->from, reterr);
	if (r < 0)
		return r;
	r = fl_move_crc(job->target.fd, numbers[0], fl_min_u64(now - numbers[0], FL_MOVE_CUT_BYTES),
			&crc);
	if (r < 0)
		return fl_error_set(reterr, r, numbers[0], NULL);
	numbers[2] = crc;
	r = fl_store_job_append(job, type, numbers, NULL, 0, reterr);
	return r < 0 ? r : fl_move_end(job, numbers[0], reterr);
}

int fl_move_settle(struct fl_store_job *job, enum fl_jgroup_type type, const struct fl_move_tail *t,
		   struct fl_error *reterr)
{
	int r = fl_move_alone(job, reterr);

	if (r < 0)
		return r;
	r = settle(job, type, t, reterr);
	(void)fl_target_lease(&job->target, false);
	return r;
}

/* A file that grew did so before it was stored to: what was appended since stands behind it. */
int fl_move_finish(struct fl_move *m, struct fl_error *reterr)
{
	struct fl_store_job *job = m->job;
	int r = fl_store_job_sync(job, reterr);

	m->tail.keep = fl_move_plan_new_size(&m->plan);
	m->tail.from = fl_max_u64(fl_move_plan_old_size(&m->plan), m->tail.keep);
	return r < 0 ? r : fl_move_settle(job, FL_JGROUP_COMMIT, &m->tail, reterr);
}
