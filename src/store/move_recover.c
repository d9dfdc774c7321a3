/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "plat/file.h"
#include "store/journal_block.h"
#include "store/move_store.h"

#define LOOK_BYTES FL_MIB(1)

void fl_move_found_init(struct fl_move_found *f)
{
	*f = (struct fl_move_found){.back = SIZE_MAX, .commit = UINT64_MAX};
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

int fl_move_found_add(struct fl_move_found *f, const struct fl_jgroup *g, uint64_t block)
{
	if (g->type != FL_JGROUP_PLAN && !f->plan.batch)
		return -FL_ECORRUPT;
	switch (g->type) {
	case FL_JGROUP_PLAN:
		return add_plan(f, g);
	case FL_JGROUP_BATCH:
		return add_batch(f, g, block);
	case FL_JGROUP_BACK:
		return add_back(f, g);
	case FL_JGROUP_TAIL:
		f->tail_block = block;
		f->tail_seq = g->seq;
		f->tail_len = g->len;
		return f->placed == f->plan.moves ? 0 : -FL_ECORRUPT;
	case FL_JGROUP_COMMIT:
		f->commit = g->numbers[0];
		return f->placed == f->plan.moves ? 0 : -FL_ECORRUPT;
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
	unsigned char *buf = malloc(LOOK_BYTES);
	uint64_t at = off, end = off + len;
	uint32_t reg = 0;
	size_t got = 0;
	int r = buf ? 0 : -ENOMEM;

	while (r == 0 && at < end) {
		size_t want = (size_t)fl_min_u64(end - at, LOOK_BYTES);

		r = fl_file_pread(rec->job.target.fd, buf, want, at, &got);
		if (r == 0 && got < want)
			r = -FL_ECHANGED;
		reg = fl_crc_part(reg, buf, got);
		at += want;
	}
	free(buf);
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
	r = fl_move_rebuild(result, (size_t)(x[1].dst - x->dst), x->src, g->data,
			    (size_t)g->numbers[1], true, *ret, len);
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

/* The one batch that may be half stored, forward or back. */
static int check_in_flight(struct fl_recovery *rec, size_t k, bool back, struct fl_error *reterr)
{
	size_t b = rec->move->plan.order[k];
	const struct fl_batch *x = &rec->move->plan.batch[b];
	const unsigned char *image;
	unsigned char *old;
	struct fl_jgroup g;
	int r;

	if (!fl_move_plan_overlaps(&rec->move->plan, b))
		return back ? check_result(rec, k, reterr) : check_source(rec, b, reterr);
	r = read_batch(rec, k, &g, reterr);
	if (r < 0)
		return r;
	image = g.data + g.numbers[1];
	if (g.len - g.numbers[1] != x[1].dst - x->dst)
		return fl_error_set(reterr, -FL_ECORRUPT, FL_OFF_NONE,
				    "the journal contradicts itself");
	r = old_bytes(rec, k, &g, image, &old, reterr);
	if (r < 0)
		return r;
	r = compare_mixture(rec, x, back, old, image, reterr);
	free(old);
	return r;
}

static int check_size(struct fl_recovery *rec, struct fl_error *reterr)
{
	struct fl_move_found *f = rec->move;
	uint64_t old = rec->header.size_bytes, now, new_size;
	int r = fl_target_size(&rec->job.target, &now);
	bool ok;

	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	if (!f->plan.batch)
		return now == old ? 0 : changed(fl_min_u64(now, old), reterr);
	new_size = fl_move_plan_new_size(&f->plan);
	if (f->commit != UINT64_MAX)
		ok = now == f->commit || now == fl_max_u64(old, new_size) + f->tail_len;
	else if (new_size > old)
		ok = now == new_size || (now == old && (f->placed <= 1 || f->back == 0));
	else
		ok = now == old + f->tail_len;
	return ok ? 0
		  : fl_error_set(reterr, -FL_ECHANGED, FL_OFF_NONE,
				 "the file's size is not what the rewrite left: someone else "
				 "changed it");
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

/* A file that had grown, and was cut again at the end of a rollback. */
static bool is_cut(struct fl_recovery *rec)
{
	uint64_t now = 0, old = rec->header.size_bytes;

	return rec->move->back == 0 && fl_move_plan_new_size(&rec->move->plan) > old &&
	       fl_target_size(&rec->job.target, &now) == 0 && now == old;
}

int fl_move_compare(struct fl_recovery *rec, struct fl_error *reterr)
{
	struct fl_move_found *f = rec->move;
	int r = check_size(rec, reterr);

	if (r < 0 || !f->plan.batch || f->commit != UINT64_MAX)
		return r;
	for (size_t k = 0; k < f->placed; k++)
		rec->from += f->plan.batch[f->plan.order[k] + 1].src -
			     f->plan.batch[f->plan.order[k]].src;
	if (f->tail_len > 0)
		return 0;
	if (f->placed == 0 || is_cut(rec))
		return check_batches(rec, 0, SIZE_MAX, reterr);
	if (f->back != SIZE_MAX)
		return check_batches(rec, f->back, f->back, reterr);
	return check_batches(rec, f->placed - 1, f->placed - 1, reterr);
}

/* What place k was, into *ret: from the journal, or from where it lies now. */
static int recall(struct fl_recovery *rec, size_t k, unsigned char **ret, struct fl_error *reterr)
{
	size_t b = rec->move->plan.order[k];
	const struct fl_batch *x = &rec->move->plan.batch[b];
	unsigned char *now = NULL;
	struct fl_jgroup g;
	size_t cap = 0;
	int r = read_batch(rec, k, &g, reterr);

	if (r < 0)
		return r;
	if (fl_move_plan_overlaps(&rec->move->plan, b))
		return old_bytes(rec, k, &g, g.data + g.numbers[1], ret, reterr);
	r = fl_move_read(&rec->job, x->dst, x[1].dst - x->dst, &now, &cap, reterr);
	if (r == 0)
		r = old_bytes(rec, k, &g, now, ret, reterr);
	free(now);
	return r;
}

static int move_back(struct fl_recovery *rec, size_t k, struct fl_error *reterr)
{
	const struct fl_batch *x = &rec->move->plan.batch[rec->move->plan.order[k]];
	uint64_t numbers[FL_JGROUP_NUMBERS] = {k};
	unsigned char *old = NULL;
	int r = recall(rec, k, &old, reterr);

	/* As forward: what was written before is on the device before this one's turn is. */
	if (r == 0)
		r = fl_store_job_sync(&rec->job, reterr);
	if (r == 0)
		r = fl_store_job_append(&rec->job, FL_JGROUP_BACK, numbers, NULL, 0, reterr);
	if (r == 0)
		r = fl_store_job_write(&rec->job, old, (size_t)(x[1].src - x->src), x->src, reterr);
	free(old);
	return r;
}

/* Where bytes that others appended were moved, they are where they were, too; but in case they
 * were moved over themselves, they are written again. */
static int tail_back(struct fl_recovery *rec, struct fl_error *reterr)
{
	struct fl_jgroup g;
	int r;

	rec->scan.block = rec->move->tail_block;
	rec->scan.seq = rec->move->tail_seq;
	r = fl_jscan_next(&rec->scan, &g, reterr);
	if (r <= 0)
		return r < 0 ? r : -FL_ECORRUPT;
	return fl_store_job_write(&rec->job, g.data, g.len, rec->header.size_bytes, reterr);
}

int fl_move_roll_back(struct fl_recovery *rec, struct fl_error *reterr)
{
	struct fl_move_found *f = rec->move;
	size_t k = f->back != SIZE_MAX ? f->back + 1 : f->placed;
	uint64_t old = rec->header.size_bytes + f->tail_len;
	int r = 0;

	rec->scan.fd = rec->job.journal.fd;
	if (is_cut(rec))
		return fl_move_commit_size(&rec->job, old, reterr);
	/* A batch whose source is intact needs nothing. */
	if (f->back == SIZE_MAX && k > 0 && f->tail_len == 0 &&
	    !fl_move_plan_overlaps(&f->plan, f->plan.order[k - 1]) &&
	    check_source(rec, f->plan.order[k - 1], NULL) == 0)
		k--;
	if (f->tail_len > 0)
		r = tail_back(rec, reterr);
	while (r == 0 && k-- > 0)
		r = move_back(rec, k, reterr);
	if (r == 0)
		r = fl_store_job_sync(&rec->job, reterr);
	return r < 0 ? r : fl_move_commit_size(&rec->job, old, reterr);
}

static int place_again(struct fl_recovery *rec, size_t k, struct fl_error *reterr)
{
	const struct fl_batch *x = &rec->move->plan.batch[rec->move->plan.order[k]];
	struct fl_jgroup g;
	int r = read_batch(rec, k, &g, reterr);

	if (r < 0)
		return r;
	return fl_store_job_write(&rec->job, g.data + g.numbers[1], (size_t)(x[1].dst - x->dst),
				  x->dst, reterr);
}

int fl_move_continue(struct fl_recovery *rec, struct fl_move *m, struct fl_error *reterr)
{
	struct fl_move_found *f = rec->move;
	uint64_t new_size = fl_move_plan_new_size(&f->plan);
	int r = 0;

	rec->scan.fd = rec->job.journal.fd;
	m->plan = f->plan;
	f->plan = (struct fl_move_plan){0};
	m->next = f->placed;
	if (f->placed > 0) {
		size_t k = f->placed - 1;

		f->plan = m->plan;
		if (fl_move_plan_overlaps(&m->plan, m->plan.order[k]))
			r = place_again(rec, k, reterr);
		else if (f->tail_len == 0)
			m->next = k;
		f->plan = (struct fl_move_plan){0};
	}
	if (r == 0 && new_size > rec->header.size_bytes) {
		r = fl_durable_allocate(&rec->job.durable, rec->job.target.fd, new_size);
		if (r == 0)
			r = fl_durable_sync_all(&rec->job.durable, rec->job.target.fd);
		if (r < 0)
			r = fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	}
	return r;
}
