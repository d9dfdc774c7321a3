/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/size.h"
#include "plat/file.h"
#include "store/journal_block.h"
#include "store/move_look.h"

/* Fewer bytes than these may be the same by chance as what others append. */
#define CUT_SHORT 16u

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

int fl_move_check_source(struct fl_recovery *rec, size_t b, struct fl_error *reterr)
{
	const struct fl_batch *x = &rec->move->plan.batch[b];

	return check_crc(rec, x->src, x[1].src - x->src, x->crc, reterr);
}

static int check_result(struct fl_recovery *rec, size_t k, struct fl_error *reterr)
{
	const struct fl_batch *x = &rec->move->plan.batch[rec->move->plan.order[k]];

	return check_crc(rec, x->dst, x[1].dst - x->dst, rec->move->crc[k], reterr);
}

int fl_move_read_batch(struct fl_recovery *rec, size_t k, struct fl_jgroup *ret,
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

int fl_move_old_bytes(const struct fl_recovery *rec, size_t k, const struct fl_jgroup *g,
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

int fl_move_read_image(struct fl_recovery *rec, size_t k, unsigned char **ret,
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
	int r = fl_move_read_batch(rec, k, &g, reterr);

	if (r == 0)
		r = fl_move_old_bytes(rec, k, &g, image, &old, reterr);
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
		return back ? check_result(rec, k, reterr) : fl_move_check_source(rec, b, reterr);
	r = fl_move_read_image(rec, k, &image, reterr);
	if (r < 0)
		return r;
	if (image)
		r = check_mixture(rec, k, back, image, reterr);
	else if (fl_move_check_source(rec, b, NULL) < 0)
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

bool fl_move_grows(const struct fl_recovery *rec)
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
	if (f->placed > 0 && fl_move_grows(rec))
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
				     : fl_move_check_source(rec, f->plan.order[k], reterr);
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
	if (f->placed == 0 || (f->tail_len > 0 && fl_move_grows(rec)))
		return check_batches(rec, 0, SIZE_MAX, reterr);
	if (f->back != SIZE_MAX)
		return check_batches(rec, f->back, f->back, reterr);
	if (f->tail_len > 0)
		return check_batches(rec, f->plan.moves, SIZE_MAX, reterr);
	return check_batches(rec, f->placed - 1, f->placed - 1, reterr);
}
