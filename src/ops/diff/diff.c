/* SPDX-License-Identifier: MIT */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <faultline/diff.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "kern/differ.h"
#include "window/coldset.h"
#include "window/plan.h"
#include "window/source_impl.h"
#include "window/window.h"

/* Buffer of a window where the other file cannot be mapped. */
#define BUFFER_BYTES FL_MIB(1)

/**
 * struct fl_diff
 * @env:     of the other file's windows
 * @io:      how they are filled
 * @pending: a range that the next one may belong to; differ == 0: there is none
 * @seen:    end of what has been folded
 * @stop_at_end: nothing is to be known of what only the first file has
 */
struct fl_diff {
	struct fl_diff_options opt;
	struct fl_window_env env;
	enum fl_io io;
	struct fl_coldset *cold;
	struct fl_diff_range pending;
	uint64_t seen;
	int stop_at_end;
	int stopped;
};

/* A part: ranges in file order. */

static int start(void *op, const struct fl_run *run, struct fl_error *reterr)
{
	struct fl_diff *d = op;

	(void)reterr;
	d->pending = (struct fl_diff_range){0};
	d->seen = run->off;
	d->stop_at_end = d->opt.brief || run->len != FL_SIZE_UNKNOWN;
	d->stopped = 0;
	fl_coldset_free(d->cold);
	d->cold = NULL;
	if (d->opt.cold)
		(void)fl_coldset_new(d->env.file, d->env.size, &d->cold);
	return 0;
}

static int worker_init(const void *op, void **ret_scratch, struct fl_error *reterr)
{
	const struct fl_diff *d = op;
	struct fl_window *w = malloc(sizeof(*w));

	if (!w)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	/* Its counters are atomic: the only thing that the threads share. */
	fl_window_init(w, (struct fl_window_env *)(uintptr_t)&d->env);
	*ret_scratch = w;
	return 0;
}

static void worker_done(const void *op, void *scratch)
{
	(void)op;
	fl_window_done(scratch);
	free(scratch);
}

/* Return: 0; FL_MAP_FULL; -ENOMEM. */
static int compare(const struct fl_diff *d, const struct fl_view *a, const unsigned char *b,
		   struct fl_part *part)
{
	size_t gap = (size_t)fl_min_u64(d->opt.gap_bytes, a->len), at = 0;
	struct fl_differ found;

	for (; fl_differ_next(a->data, b, a->len, at, gap, &found); at = found.at + found.len) {
		struct fl_diff_range range = {
			.off = a->off + found.at, .len = found.len, .differ = found.count};

		if (part->len > 0 && part->len + sizeof(range) > part->limit) {
			part->next_off = range.off;
			return FL_MAP_FULL;
		}
		if (fl_part_append(part, &range, sizeof(range)) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int compare_view(const struct fl_diff *d, struct fl_window *w, const struct fl_view *in,
			struct fl_part *part, struct fl_error *reterr)
{
	size_t len = (size_t)fl_min_u64(in->len, d->env.size - in->off), done = 0;
	int r = 0, sound;

	while (r == 0 && done < len) {
		struct fl_view piece = {.off = in->off + done, .data = in->data + done};
		struct fl_span other;

		r = fl_window_show(w, piece.off, fl_min_size(len - done, d->env.slice_bytes),
				   &other, reterr);
		if (r != 0)
			return r;
		piece.len = fl_min_size(len - done, other.len);
		if (piece.len == 0)
			return fl_error_set(reterr, -FL_ETRUNCATED, piece.off, NULL);
		r = compare(d, &piece, other.data, part);
		done += piece.len;
	}
	sound = r < 0 ? 0 : fl_window_check(w, reterr);
	return sound != 0 ? sound : r;
}

static int map(const void *op, void *scratch, const struct fl_view *in, struct fl_part *part,
	       struct fl_error *reterr)
{
	const struct fl_diff *d = op;
	struct fl_window *w = scratch;
	struct fl_error why;
	size_t before = part->len;
	int r;

	if (in->off >= d->env.size)
		return 0;
	fl_window_use(w, d->io);
	r = compare_view(d, w, in, part, &why);
	if (r == FL_WINDOW_RETRY) {
		part->len = before;
		fl_window_use(w, FL_IO_READ);
		r = compare_view(d, w, in, part, &why);
	}
	fl_window_rest(w);
	if (r == FL_WINDOW_RETRY)
		r = fl_error_set(&why, -FL_ECHANGED, in->off, NULL);
	if (r >= 0)
		return r;
	return fl_error_set(reterr, r, in->off, "%.80s: %.150s", d->opt.other->name,
			    why.code == r ? why.text : fl_strerror(r));
}

static int emit(struct fl_diff *d)
{
	struct fl_diff_range range = d->pending;
	int r;

	d->pending.differ = 0;
	if (range.differ == 0 || d->stopped)
		return 0;
	r = d->opt.range(d->opt.arg, &range);
	d->stopped = r == FL_FOLD_STOP;
	return r;
}

static int add_range(struct fl_diff *d, const struct fl_diff_range *range)
{
	struct fl_diff_range *last = &d->pending;
	int r = 0;

	if (last->differ > 0 && range->off - (last->off + last->len) <= d->opt.gap_bytes) {
		last->len = range->off + range->len - last->off;
		last->differ += range->differ;
		return 0;
	}
	r = emit(d);
	*last = *range;
	return r;
}

static int fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	struct fl_diff *d = op;
	struct fl_diff_range range;
	size_t at;
	int r = 0;

	if (part->len % sizeof(range))
		return fl_error_set(reterr, -EINVAL, part->off, NULL);
	for (at = 0; r == 0 && at < part->len; at += sizeof(range)) {
		memcpy(&range, part->data + at, sizeof(range));
		r = add_range(d, &range);
	}
	if (r == 0 && d->opt.brief)
		r = emit(d);
	if (d->cold && part->end > d->seen)
		fl_coldset_drop(d->cold, d->seen, part->end);
	d->seen = part->end;
	if (r < 0)
		return fl_error_set(reterr, r, part->off, NULL);
	return r == 0 && d->stop_at_end && d->seen > d->env.size ? FL_FOLD_STOP : r;
}

/* What was mapped when its turn came has stayed. */
static void drop_rest(struct fl_diff *d)
{
	if (d->cold)
		fl_coldset_drop(d->cold, 0, d->env.size);
	fl_coldset_free(d->cold);
	d->cold = NULL;
}

static int finish(void *op, struct fl_error *reterr)
{
	struct fl_diff *d = op;
	int r = emit(d);

	drop_rest(d);
	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, NULL) : 0;
}

static const struct fl_operator diff_operator = {
	.size = sizeof(diff_operator),
	.name = "diff",
	.cut = FL_CUT_UNIT,
	.unit_bytes = 1,
	.start = start,
	.worker_init = worker_init,
	.worker_done = worker_done,
	.map = map,
	.fold = fold,
	.finish = finish,
};

int fl_diff_new(const struct fl_diff_options *opt, struct fl_diff **ret, struct fl_error *reterr)
{
	struct fl_diff *d;

	if (opt->size != sizeof(*opt) || !opt->other || !opt->range)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, NULL);
	if (!fl_source_seekable(opt->other))
		return fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE,
				    "cannot be read at any place");
	d = calloc(1, sizeof(*d));
	if (!d)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	d->opt = *opt;
	d->io = opt->other->file.can_map ? FL_IO_MMAP : FL_IO_READ;
	d->env.file = &opt->other->file;
	d->env.size = opt->other->file.size_bytes;
	d->env.window_bytes = FL_WINDOW_BYTES;
	d->env.slice_bytes = FL_SLICE_BYTES;
	d->env.buffer_limit = BUFFER_BYTES;
#ifdef FL_TINY_WINDOWS
	d->env.window_bytes = 4096;
	d->env.slice_bytes = 4096;
	d->env.tiny = true;
#endif
	*ret = d;
	return 0;
}

const struct fl_operator *fl_diff_operator(const struct fl_diff *diff)
{
	(void)diff;
	return &diff_operator;
}

uint64_t fl_diff_seen(const struct fl_diff *diff)
{
	return diff->seen;
}

void fl_diff_free(struct fl_diff *diff)
{
	if (!diff)
		return;
	drop_rest(diff);
	free(diff);
}
