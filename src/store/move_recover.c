/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "plat/file.h"
#include "store/journal_block.h"
#include "store/move_look.h"

/* What place k is, into *ret: the image, or what lies where it goes. */
static int recall(struct fl_recovery *rec, size_t k, unsigned char **ret, bool *is_image,
		  struct fl_error *reterr)
{
	size_t b = rec->move->plan.order[k], cap = 0;
	const struct fl_batch *x = &rec->move->plan.batch[b];
	int r = 0;

	*ret = NULL;
	if (fl_move_plan_overlaps(&rec->move->plan, b))
		r = fl_move_read_image(rec, k, ret, reterr);
	*is_image = *ret != NULL;
	if (r < 0 || *ret)
		return r;
	return fl_move_read(&rec->job, x->dst, x[1].dst - x->dst, ret, &cap, reterr);
}

/* As forward: what was written before is on the device before this one's turn is. */
static int record_back(struct fl_recovery *rec, size_t k, const unsigned char *image,
		       struct fl_error *reterr)
{
	const struct fl_batch *x = &rec->move->plan.batch[rec->move->plan.order[k]];
	uint64_t numbers[FL_JGROUP_NUMBERS] = {k};
	int r = fl_store_job_sync(&rec->job, reterr);

	if (r == 0 && image)
		r = fl_journal_write_at(
			&rec->job.journal,
			fl_move_image_off(&rec->move->plan, rec->move->images_off, k), image,
			(size_t)(x[1].dst - x->dst), reterr);
	return r < 0 ? r : fl_store_job_append(&rec->job, FL_JGROUP_BACK, numbers, NULL, 0, reterr);
}

static int move_back(struct fl_recovery *rec, size_t k, struct fl_error *reterr)
{
	size_t b = rec->move->plan.order[k];
	const struct fl_batch *x = &rec->move->plan.batch[b];
	unsigned char *now = NULL, *old = NULL;
	struct fl_jgroup g;
	bool is_image;
	int r = recall(rec, k, &now, &is_image, reterr);

	if (r == 0)
		r = fl_move_read_batch(rec, k, &g, reterr);
	if (r == 0)
		r = fl_move_old_bytes(rec, k, &g, now, &old, reterr);
	if (r == 0)
		r = record_back(rec, k,
				fl_move_plan_overlaps(&rec->move->plan, b) && !is_image ? now
											: NULL,
				reterr);
	if (r == 0)
		r = fl_store_job_write(&rec->job, old, (size_t)(x[1].src - x->src), x->src, reterr);
	free(now);
	free(old);
	return r;
}

static int read_tail_group(struct fl_recovery *rec, struct fl_jgroup *ret, struct fl_error *reterr)
{
	int r;

	rec->scan.block = rec->move->tail_block;
	rec->scan.seq = rec->move->tail_seq;
	r = fl_jscan_next(&rec->scan, ret, reterr);
	if (r == 0)
		r = fl_error_set(reterr, -FL_ECORRUPT, FL_OFF_NONE, "the journal has changed");
	return r < 0 ? r : 0;
}

/* Where bytes that others appended were moved, they are where they were, too; but in case they
 * were moved over themselves, they are written again. */
static int tail_back(struct fl_recovery *rec, struct fl_error *reterr)
{
	struct fl_jgroup g;
	int r = read_tail_group(rec, &g, reterr);

	return r < 0 ? r
		     : fl_store_job_write(&rec->job, g.data, g.len, rec->header.size_bytes, reterr);
}

/* The bytes by which a file grew, until something is stored there. */
static bool is_zero(const struct fl_recovery *rec, uint64_t from, uint64_t to)
{
	unsigned char buf[4096];
	size_t got = 0;

	while (from < to) {
		size_t n = (size_t)fl_min_u64(to - from, sizeof(buf));

		if (fl_file_pread(rec->job.target.fd, buf, n, from, &got) < 0 || got < n)
			return false;
		for (size_t k = 0; k < n; k++)
			if (buf[k] != 0)
				return false;
		from += n;
	}
	return true;
}

bool fl_move_is_undone(const struct fl_recovery *rec)
{
	const struct fl_move_found *f = rec->move;

	return f->back != SIZE_MAX || f->end == FL_JGROUP_ROLLBACK ||
	       (f->plan.batch && f->tail_len > 0 && f->end == 0 && fl_move_grows(rec));
}

static int keep_tail(struct fl_recovery *rec, struct fl_move_tail *t, struct fl_error *reterr)
{
	struct fl_jgroup g;
	int r;

	if (rec->move->tail_len == 0)
		return 0;
	r = read_tail_group(rec, &g, reterr);
	if (r < 0)
		return r;
	t->image = malloc(g.len);
	if (!t->image)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	memcpy(t->image, g.data, g.len);
	t->len = g.len;
	return 0;
}

static int settle(struct fl_recovery *rec, enum fl_jgroup_type type, struct fl_move_tail t,
		  struct fl_error *reterr)
{
	int r = keep_tail(rec, &t, reterr);

	if (r == 0)
		r = fl_move_settle(&rec->job, type, &t, reterr);
	free(t.image);
	return r;
}

/* Nobody may append between the last look at the size and the cut. */
static int cut_to(struct fl_recovery *rec, uint64_t bytes, struct fl_error *reterr)
{
	uint64_t now;
	int r = fl_move_alone(&rec->job, reterr);

	if (r < 0)
		return r;
	r = fl_target_size(&rec->job.target, &now);
	if (r == 0 && now != rec->move->now)
		r = -EAGAIN;
	r = r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, "its size has just changed")
		  : fl_move_end(&rec->job, bytes, reterr);
	(void)fl_target_lease(&rec->job.target, false);
	return r;
}

int fl_move_settle_again(struct fl_recovery *rec, struct fl_error *reterr)
{
	const struct fl_move_found *f = rec->move;
	struct fl_move_tail t = {.keep = f->end_keep, .from = f->end_from};

	rec->scan.fd = rec->job.journal.fd;
	if (f->is_cut)
		return fl_move_end(&rec->job, UINT64_MAX, reterr);
	if (f->now == f->end_from)
		return cut_to(rec, f->end_keep, reterr);
	return settle(rec, (enum fl_jgroup_type)f->end, t, reterr);
}

/* Nothing was stored, but the file may have grown, or others may have appended to it before. */
static int shrink_untouched(struct fl_recovery *rec, const struct fl_move_tail *t,
			    struct fl_error *reterr)
{
	uint64_t now = rec->move->now;

	if (!is_zero(rec, t->keep, fl_min_u64(now, t->from)))
		return fl_move_end(&rec->job, UINT64_MAX, reterr);
	if (now <= t->from)
		return now > t->keep ? cut_to(rec, t->keep, reterr)
				     : fl_move_end(&rec->job, UINT64_MAX, reterr);
	return settle(rec, FL_JGROUP_ROLLBACK, *t, reterr);
}

/* Needs the batch whose turn it is nothing, as its source is intact? Return: 1; 0; -errno. */
static int is_old(struct fl_recovery *rec, size_t k, struct fl_error *reterr)
{
	size_t b = rec->move->plan.order[k];
	unsigned char *image = NULL;
	int r = 0;

	if (fl_move_plan_overlaps(&rec->move->plan, b))
		r = fl_move_read_image(rec, k, &image, reterr);
	free(image);
	return r < 0 ? r : !image && fl_move_check_source(rec, b, NULL) == 0;
}

int fl_move_roll_back(struct fl_recovery *rec, struct fl_error *reterr)
{
	struct fl_move_found *f = rec->move;
	struct fl_move_tail t = {.keep = rec->header.size_bytes,
				 .from = fl_move_plan_new_size(&f->plan)};
	size_t k = f->back != SIZE_MAX ? f->back + 1 : f->placed;
	int r = 0;

	rec->scan.fd = rec->job.journal.fd;
	if (fl_move_grows(rec) && f->tail_len > 0)
		return settle(rec, FL_JGROUP_ROLLBACK, t, reterr);
	if (fl_move_grows(rec) && f->placed == 0)
		return shrink_untouched(rec, &t, reterr);
	if (k > 0)
		r = is_old(rec, k - 1, reterr);
	if (r > 0)
		k--;
	if (r >= 0 && f->tail_len > 0)
		r = tail_back(rec, reterr);
	r = r > 0 ? 0 : r;
	while (r == 0 && k-- > 0)
		r = move_back(rec, k, reterr);
	if (r == 0)
		r = fl_store_job_sync(&rec->job, reterr);
	if (r < 0)
		return r;
	return fl_move_grows(rec) ? settle(rec, FL_JGROUP_ROLLBACK, t, reterr)
				  : fl_move_end(&rec->job, UINT64_MAX, reterr);
}

static int grow_again(struct fl_recovery *rec, uint64_t new_size, struct fl_error *reterr)
{
	const struct fl_move_found *f = rec->move;
	uint64_t old = rec->header.size_bytes;
	int r = 0;

	if (f->placed == 0 && !is_zero(rec, old, fl_min_u64(f->now, new_size)))
		return fl_error_set(reterr, -FL_EUNSUPPORTED, old,
				    "others have appended to it: only --rollback is left");
	if (f->now < new_size)
		r = fl_durable_allocate(&rec->job.durable, rec->job.target.fd, new_size);
	if (r == 0)
		r = fl_durable_sync_all(&rec->job.durable, rec->job.target.fd);
	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, NULL) : 0;
}

/* The batch whose turn it was is done again: from the image, or from its source. */
static int again(struct fl_recovery *rec, struct fl_move *m, struct fl_error *reterr)
{
	struct fl_move_found *f = rec->move;
	size_t k = f->placed - 1, b = f->plan.order[k];
	const struct fl_batch *x = &f->plan.batch[b];
	unsigned char *image = NULL;
	int r = 0;

	if (f->tail_len > 0)
		return 0;
	if (fl_move_plan_overlaps(&f->plan, b))
		r = fl_move_read_image(rec, k, &image, reterr);
	if (image)
		r = fl_store_job_write(&rec->job, image, (size_t)(x[1].dst - x->dst), x->dst,
				       reterr);
	else if (r == 0 && fl_move_check_source(rec, b, NULL) == 0)
		m->next = k;
	free(image);
	return r;
}

int fl_move_continue(struct fl_recovery *rec, struct fl_move *m, struct fl_error *reterr)
{
	struct fl_move_found *f = rec->move;
	uint64_t new_size = fl_move_plan_new_size(&f->plan);
	int r = 0;

	rec->scan.fd = rec->job.journal.fd;
	m->next = f->placed;
	m->images_off = f->images_off;
	if (new_size > rec->header.size_bytes)
		r = grow_again(rec, new_size, reterr);
	if (r == 0)
		r = keep_tail(rec, &m->tail, reterr);
	if (r == 0 && f->placed > 0)
		r = again(rec, m, reterr);
	m->plan = f->plan;
	f->plan = (struct fl_move_plan){0};
	return r;
}
