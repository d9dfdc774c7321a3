/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "plat/file.h"
#include "store/journal_block.h"
#include "store/move_store.h"

/* Fewer bytes than these may be the same by chance as what others append. */
#define CUT_SHORT 16u

void fl_move_found_init(struct fl_move_found *f)
{
	*f = (struct fl_move_found){.back = SIZE_MAX};
}

void fl_move_found_done(struct fl_move_found *f)
{
	fl_move_plan_done(&f->plan);
	free(f->block);
	free(f->seq);
	free(f->crc);
}

static int add_plan(struct fl_move_found *f, const struct fl_jgroup *g)
{
	int r = f->plan.batch ? -FL_ECORRUPT : fl_move_plan_load(&f->plan, g->data, g->len);

	if (r < 0)
		return r;
	f->block = calloc(f->plan.moves + 1, sizeof(*f->block));
	f->seq = calloc(f->plan.moves + 1, sizeof(*f->seq));
	f->crc = calloc(f->plan.moves + 1, sizeof(*f->crc));
	return f->block && f->seq && f->crc ? 0 : -ENOMEM;
}

/* A batch may have its turn twice: a resumed rewrite begins with the one that was interrupted. */
static int add_batch(struct fl_move_found *f, const struct fl_jgroup *g, uint64_t block)
{
	uint64_t k = g->numbers[0];

	if (k >= f->plan.moves || f->back != SIZE_MAX || f->tail_len > 0 ||
	    (k != f->placed && k + 1 != f->placed) || g->numbers[1] > g->len)
		return -FL_ECORRUPT;
	f->block[k] = block;
	f->seq[k] = g->seq;
	f->crc[k] = (uint32_t)g->numbers[2];
	f->placed = (size_t)k + 1;
	return 0;
}

static int add_back(struct fl_move_found *f, const struct fl_jgroup *g)
{
	uint64_t k = g->numbers[0];

	if (k >= f->placed || (f->back != SIZE_MAX && k > f->back))
		return -FL_ECORRUPT;
	f->back = (size_t)k;
	return 0;
}

/* All batches are new, or all are old. */
static bool is_settled(const struct fl_move_found *f)
{
	return f->end != 0 || f->placed <= 1 || f->back == 0 || f->placed == f->plan.moves;
}

static int add_tail(struct fl_move_found *f, const struct fl_jgroup *g, uint64_t block)
{
	f->tail_block = block;
	f->tail_seq = g->seq;
	f->tail_len = g->len;
	return is_settled(f) ? 0 : -FL_ECORRUPT;
}

static int add_end(struct fl_move_found *f, const struct fl_jgroup *g)
{
	if (!is_settled(f) || (f->end != 0 && f->end != g->type) || g->numbers[0] > g->numbers[1])
		return -FL_ECORRUPT;
	f->end = g->type;
	f->end_keep = g->numbers[0];
	f->end_from = g->numbers[1];
	f->end_crc = (uint32_t)g->numbers[2];
	f->tail_len = 0;
	return 0;
}

int fl_move_found_add(struct fl_move_found *f, const struct fl_jgroup *g, uint64_t block)
{
	bool ends = g->type == FL_JGROUP_COMMIT || g->type == FL_JGROUP_ROLLBACK;

	if (g->type != FL_JGROUP_PLAN && !f->plan.batch)
		return -FL_ECORRUPT;
	if (ends)
		return add_end(f, g);
	if (g->type == FL_JGROUP_TAIL)
		return add_tail(f, g, block);
	if (f->end != 0)
		return -FL_ECORRUPT;
	switch (g->type) {
	case FL_JGROUP_PLAN:
		return add_plan(f, g);
	case FL_JGROUP_BATCH:
		return add_batch(f, g, block);
	case FL_JGROUP_BACK:
		return add_back(f, g);
	default:
		return -FL_ECORRUPT;
	}
}

static int changed(uint64_t off, struct fl_error *reterr)
{
	return fl_error_set(reterr, -FL_ECHANGED, off, "someone else changed the file here");
}

/* Is the register over [off, off + len) of the target @crc? */
static int check_crc(struct fl_recovery *rec, uint64_t off, uint64_t len, uint32_t crc,
		     struct fl_error *reterr)
{
	uint32_t reg;
	int r = fl_move_crc(rec->job.target.fd, off, len, &reg);

	if (r == -FL_ECHANGED || (r == 0 && reg != crc))
		return changed(off, reterr);
	return r < 0 ? fl_error_set(reterr, r, off, NULL) : 0;
}

static int check_source(struct fl_recovery *rec, size_t b, struct fl_error *reterr)
{
	const struct fl_batch *x = &rec->move->plan.batch[b];

	return check_crc(rec, x->src, x[1].src - x->src, x->crc, reterr);
}

static int check_result(struct fl_recovery *rec, size_t k, struct fl_error *reterr)
{
	const struct fl_batch *x = &rec->move->plan.batch[rec->move->plan.order[k]];

	return check_crc(rec, x->dst, x[1].dst - x->dst, rec->move->crc[k], reterr);
}

/* The BATCH group of place k again. */
static int read_batch(struct fl_recovery *rec, size_t k, struct fl_jgroup *ret,
		      struct fl_error *reterr)
{
	int r;

	rec->scan.block = rec->move->block[k];
	rec->scan.seq = rec->move->seq[k];
	r = fl_jscan_next(&rec->scan, ret, reterr);
	if (r == 0)
		r = fl_error_set(reterr, -FL_ECORRUPT, FL_OFF_NONE, "the journal has changed");
	return r < 0 ? r : 0;
}

/* What a batch was, from what it becomes and the undo log of its group. */
static int old_bytes(const struct fl_recovery *rec, size_t k, const struct fl_jgroup *g,
		     const unsigned char *result, unsigned char **ret, struct fl_error *reterr)
{
	const struct fl_batch *x = &rec->move->plan.batch[rec->move->plan.order[k]];
	size_t len = (size_t)(x[1].src - x->src);
	int r;

	*ret = malloc(len + 1);
	if (!*ret)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	r = fl_move_restore(result, (size_t)(x[1].dst - x->dst), x->src, g->data,
			    (size_t)g->numbers[1], *ret, len);
	if (r == 0 && fl_crc_part(0, *ret, len) == x->crc)
		return 0;
	free(*ret);
	*ret = NULL;
	return fl_error_set(reterr, -FL_ECORRUPT, FL_OFF_NONE, "the journal contradicts itself");
}

/*
 * Byte by byte, old or new, where both stand. Where only the source is, its bytes; but on the way
 * back the results of batches behind it had been there, and anything may be left of them.
 */
static int compare_mixture(struct fl_recovery *rec, const struct fl_batch *x, bool back,
			   const unsigned char *old, const unsigned char *result,
			   struct fl_error *reterr)
{
	size_t len = (size_t)(x[1].src - x->src), cap = 0;
	unsigned char *now = NULL;
	int r = fl_move_read(&rec->job, x->src, len, &now, &cap, reterr);

	for (size_t i = 0; r == 0 && i < len; i++) {
		uint64_t off = x->src + i;
		bool both = off >= x->dst && off < x[1].dst;

		if (back && !both)
			continue;
		if (now[i] != old[i] && (!both || now[i] != result[off - x->dst]))
			r = changed(off, reterr);
	}
	free(now);
	return r;
}

/* The image, if it is of place k; else *ret is NULL. */
static int read_image(struct fl_recovery *rec, size_t k, unsigned char **ret,
		      struct fl_error *reterr)
{
	const struct fl_batch *x = &rec->move->plan.batch[rec->move->plan.order[k]];
	size_t len = (size_t)(x[1].dst - x->dst), got = 0;
	unsigned char *image = malloc(len + 1);
	int r = image ? 0 : -ENOMEM;

	*ret = NULL;
	if (r == 0)
		r = fl_file_pread(rec->scan.fd, image, len,
				  fl_move_image_off(&rec->move->plan, rec->move->images_off, k),
				  &got);
	if (r == 0 && got == len && fl_crc_part(0, image, len) == rec->move->crc[k]) {
		*ret = image;
		return 0;
	}
	free(image);
	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, "journal: %s", fl_strerror(r)) : 0;
}

static int check_mixture(struct fl_recovery *rec, size_t k, bool back, const unsigned char *image,
			 struct fl_error *reterr)
{
	unsigned char *old;
	struct fl_jgroup g;
	int r = read_batch(rec, k, &g, reterr);

	if (r == 0)
		r = old_bytes(rec, k, &g, image, &old, reterr);
	if (r < 0)
		return r;
	r = compare_mixture(rec, &rec->move->plan.batch[rec->move->plan.order[k]], back, old, image,
			    reterr);
	free(old);
	return r;
}

/* The one batch that may be half stored, forward or back. */
static int check_in_flight(struct fl_recovery *rec, size_t k, bool back, struct fl_error *reterr)
{
	size_t b = rec->move->plan.order[k];
	unsigned char *image;
	int r;

	if (!fl_move_plan_overlaps(&rec->move->plan, b))
		return back ? check_result(rec, k, reterr) : check_source(rec, b, reterr);
	r = read_image(rec, k, &image, reterr);
	if (r < 0)
		return r;
	if (image)
		r = check_mixture(rec, k, back, image, reterr);
	else if (check_source(rec, b, NULL) < 0)
		r = check_result(rec, k, reterr);
	free(image);
	return r;
}

static int wrong_size(struct fl_error *reterr)
{
	return fl_error_set(
		reterr, -FL_ECHANGED, FL_OFF_NONE,
		"the file's size is not what the rewrite left: someone else changed it");
}

static bool grows(const struct fl_recovery *rec)
{
	return fl_move_plan_new_size(&rec->move->plan) > rec->header.size_bytes;
}

/* After COMMIT or ROLLBACK: are bytes still to be cut off, or are these others', appended since? */
static int check_end(struct fl_recovery *rec, struct fl_error *reterr)
{
	struct fl_move_found *f = rec->move;
	uint64_t cut = f->end_from - f->end_keep;
	int r;

	if (f->now < f->end_keep || (f->tail_len > 0 && f->now < f->end_from + f->tail_len))
		return wrong_size(reterr);
	f->is_cut = cut == 0 || f->now < f->end_from;
	if (f->is_cut || f->tail_len > 0)
		return 0;
	r = check_crc(rec, f->end_keep, fl_min_u64(cut, FL_MOVE_CUT_BYTES), f->end_crc, reterr);
	f->is_cut = r == -FL_ECHANGED;
	if (r == 0 && f->now > f->end_from && cut < CUT_SHORT)
		return fl_error_set(reterr, -FL_ECHANGED, f->end_keep,
				    "the rewrite is complete, but whether %llu bytes here are left "
				    "over, or others appended them, cannot be told",
				    (unsigned long long)cut);
	return f->is_cut ? 0 : r;
}

/* A file may be longer than the rewrite left it: others append. */
static int check_size(struct fl_recovery *rec, struct fl_error *reterr)
{
	struct fl_move_found *f = rec->move;
	uint64_t least = rec->header.size_bytes;
	int r = fl_target_size(&rec->job.target, &f->now);

	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	if (f->end != 0)
		return check_end(rec, reterr);
	/* It grows before its first batch is stored. */
	if (f->placed > 0 && grows(rec))
		least = fl_move_plan_new_size(&f->plan);
	return f->now < least + f->tail_len ? wrong_size(reterr) : 0;
}

/* Batches of places below @done are new; that of @half may be half of each; others are old. */
static int check_batches(struct fl_recovery *rec, size_t done, size_t half, struct fl_error *reterr)
{
	struct fl_move_found *f = rec->move;
	bool back = f->back != SIZE_MAX;
	int r = 0;

	for (size_t k = 0; r == 0 && k < f->plan.moves; k++) {
		if (k == half)
			r = check_in_flight(rec, k, back, reterr);
		else
			r = k < done ? check_result(rec, k, reterr)
				     : check_source(rec, f->plan.order[k], reterr);
	}
	return r;
}

int fl_move_compare(struct fl_recovery *rec, struct fl_error *reterr)
{
	struct fl_move_found *f = rec->move;
	int r = check_size(rec, reterr);

	if (r < 0 || !f->plan.batch || f->end != 0)
		return r;
	for (size_t k = 0; k < f->placed; k++)
		rec->from += f->plan.batch[f->plan.order[k] + 1].src -
			     f->plan.batch[f->plan.order[k]].src;
	if (f->placed == 0 || (f->tail_len > 0 && grows(rec)))
		return check_batches(rec, 0, SIZE_MAX, reterr);
	if (f->back != SIZE_MAX)
		return check_batches(rec, f->back, f->back, reterr);
	if (f->tail_len > 0)
		return check_batches(rec, f->plan.moves, SIZE_MAX, reterr);
	return check_batches(rec, f->placed - 1, f->placed - 1, reterr);
}

/* What place k is, into *ret: the image, or what lies where it goes. */
static int recall(struct fl_recovery *rec, size_t k, unsigned char **ret, bool *is_image,
		  struct fl_error *reterr)
{
	size_t b = rec->move->plan.order[k], cap = 0;
	const struct fl_batch *x = &rec->move->plan.batch[b];
	int r = 0;

	*ret = NULL;
	if (fl_move_plan_overlaps(&rec->move->plan, b))
		r = read_image(rec, k, ret, reterr);
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
		r = read_batch(rec, k, &g, reterr);
	if (r == 0)
		r = old_bytes(rec, k, &g, now, &old, reterr);
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
	       (f->plan.batch && f->tail_len > 0 && f->end == 0 && grows(rec));
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
		r = read_image(rec, k, &image, reterr);
	free(image);
	return r < 0 ? r : !image && check_source(rec, b, NULL) == 0;
}

int fl_move_roll_back(struct fl_recovery *rec, struct fl_error *reterr)
{
	struct fl_move_found *f = rec->move;
	struct fl_move_tail t = {.keep = rec->header.size_bytes,
				 .from = fl_move_plan_new_size(&f->plan)};
	size_t k = f->back != SIZE_MAX ? f->back + 1 : f->placed;
	int r = 0;

	rec->scan.fd = rec->job.journal.fd;
	if (grows(rec) && f->tail_len > 0)
		return settle(rec, FL_JGROUP_ROLLBACK, t, reterr);
	if (grows(rec) && f->placed == 0)
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
	return grows(rec) ? settle(rec, FL_JGROUP_ROLLBACK, t, reterr)
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
		r = read_image(rec, k, &image, reterr);
	if (image)
		r = fl_store_job_write(&rec->job, image, (size_t)(x[1].dst - x->dst), x->dst,
				       reterr);
	else if (r == 0 && check_source(rec, b, NULL) == 0)
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
