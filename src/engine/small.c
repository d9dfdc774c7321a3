/* SPDX-License-Identifier: MIT */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "engine/small.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "engine/part_impl.h"
#include "engine/stages.h"
#include "kern/kernels.h"
#include "plat/disk.h"

/* One view: operator.h promises no more to those that see records. */
#define SMALL_BYTES 262144u
/* Parts larger than this are folded before the file is through. */
#define PART_BYTES 65536u
/* As in fold.c: reading the numbers takes 20 us. */
#define RSS_PERIOD_NS UINT64_C(10000000)

bool fl_small_applies(const struct fl_pipeline *pl, const struct fl_source *src)
{
#ifdef FL_TINY_WINDOWS
	(void)pl;
	(void)src;
	return false;
#else
	const struct fl_options *opt = &pl->opt;

	return src->file.kind == FL_SOURCE_REGULAR && src->file.size_bytes <= SMALL_BYTES &&
	       opt->io == FL_IO_AUTO && opt->advise == FL_ADVISE_NORMAL && opt->flags == 0 &&
	       opt->window_bytes == 0 && opt->chunk_bytes == 0 && opt->range_off == 0 &&
	       opt->range_len >= src->file.size_bytes;
#endif
}

/* Return: 0; 1 when the file is not what it was at open, or memory is short. */
static int read_all(struct fl_pipeline *pl, const struct fl_source *src)
{
	size_t size = (size_t)src->file.size_bytes, got = 0;
	size_t capacity = pl->small_capacity ? pl->small_capacity : 16384;
	int r;

	while (capacity < size)
		capacity *= 2;
	if (capacity > pl->small_capacity) {
		free(pl->small);
		pl->small = malloc(capacity);
		pl->small_capacity = pl->small ? capacity : 0;
		if (!pl->small)
			return 1;
	}
	if (src->file.rotational)
		fl_disk_turn(src->file.disk);
	r = size > 0 ? fl_file_pread(src->file.fd, pl->small, size, src->file.base_off, &got) : 0;
	if (src->file.rotational)
		fl_disk_turn_end(src->file.disk);
	return r < 0 || got < size;
}

static int fold(struct fl_stage *st, struct fl_part *part, struct fl_error *err)
{
	int r = st->ops->fold(st->op, part, err);

	st->failed = r < 0;
	if (r == FL_FOLD_STOP)
		atomic_store_explicit(&st->stopped, true, memory_order_relaxed);
	fl_part_reset(part);
	return r < 0 ? r : 0;
}

/* fl_part_flush(): the map goes on with an empty part. */
static int flush_in_map(void *arg, struct fl_part *part, struct fl_error *err)
{
	struct fl_stage *st = arg;
	uint64_t off = part->off, end = part->end;
	int r = fold(st, part, err);

	part->off = off;
	part->end = end;
	if (r < 0)
		return r;
	return st->stopped ? FL_FOLD_STOP : 0;
}

/* The run ends with the error of the map, whatever comes of this. */
static void fold_what_was_found(struct fl_stage *st, struct fl_part *part,
				const struct fl_view *view)
{
	struct fl_error ignored;

	if (!(st->ops->flags & FL_OP_UNTIL_ERROR) || part->len == 0)
		return;
	part->end = view->off + view->len;
	(void)fold(st, part, &ignored);
}

static int show(struct fl_stage *st, void *scratch, struct fl_view view, struct fl_error *err)
{
	struct fl_part part = {.limit = PART_BYTES, .flush = flush_in_map, .flush_arg = st};
	bool keep = st->ops->flags & FL_OP_KEEP_VIEW;
	struct fl_view seen;
	int r = 0;

	while (r == 0 && view.len > 0 && !st->stopped) {
		if (part.end == 0)
			part.off = view.off;
		r = st->ops->map(st->op, scratch, &view, &part, err);
		if (r < 0) {
			fold_what_was_found(st, &part, &view);
			break;
		}
		seen = view;
		if (r == FL_MAP_FULL)
			seen.len = part.next_off < view.off ? SIZE_MAX
							    : (size_t)(part.next_off - view.off);
		if (seen.len > view.len || (seen.len == 0 && part.len == 0)) {
			r = fl_error_set(err, -EINVAL, view.off, "operator %s makes no progress",
					 st->ops->name);
			break;
		}
		part.end = view.off + seen.len;
		part.view = keep ? &seen : NULL;
		part.view_count = keep;
		view.off += seen.len;
		view.data += seen.len;
		view.len -= seen.len;
		r = fold(st, &part, err);
	}
	fl_part_free(&part);
	return r;
}

static int run_operator(struct fl_stage *st, const struct fl_run *run, const unsigned char *data,
			struct fl_error *err)
{
	struct fl_view view = {.off = 0, .len = (size_t)run->len, .data = data};
	uint64_t start = fl_clock_ns();
	void *scratch = NULL;
	int r = 0;

	if (run->len == 0)
		return 0;
	if (st->ops->worker_init)
		r = st->ops->worker_init(st->op, &scratch, err);
	if (r == 0)
		r = show(st, scratch, view, err);
	if (st->ops->worker_done && scratch)
		st->ops->worker_done(st->op, scratch);
	atomic_store_explicit(&st->ns, fl_clock_ns() - start, memory_order_relaxed);
	return r;
}

static void fill_stats(struct fl_pipeline *pl, uint64_t bytes, uint64_t start)
{
	uint64_t now = fl_clock_ns();
	struct fl_stats *s = &pl->stats;

	if (now - pl->small_rss_ns > RSS_PERIOD_NS) {
		pl->small_rss_ns = now;
		fl_rss_now(&pl->small_rss);
	}
	*s = (struct fl_stats){.size = sizeof(*s),
			       .bytes = bytes,
			       .ns = now - start,
			       .io_used = FL_IO_READ,
			       .io_reason = "small file",
			       .windows = bytes > 0,
			       .copied_bytes = bytes,
			       .threads = 1,
			       .kernels = fl_kernels_get()->name,
			       .peak_rss_anon_bytes = pl->small_rss.anon_bytes,
			       .peak_rss_file_bytes = pl->small_rss.file_bytes,
			       .window_bytes = bytes,
			       .chunk_bytes = bytes};
}

static int run_all(struct fl_pipeline *pl, const struct fl_run *run, struct fl_error *err)
{
	unsigned k;
	int r = 0;

	for (k = 0; r == 0 && k < pl->stage_count; k++) {
		r = run_operator(&pl->stages[k], run, pl->small, err);
		if (r < 0)
			fl_stages_blame(pl, k, 0);
	}
	return r;
}

int fl_small_run(struct fl_pipeline *pl, struct fl_source *src, struct fl_error *reterr)
{
	struct fl_run run = {.size = sizeof(run),
			     .name = src->name,
			     .len = src->file.size_bytes,
			     .file_bytes = src->file.base_off + src->file.size_bytes,
			     .delimiter = pl->opt.delimiter,
			     .threads = 1};
	uint64_t start = fl_clock_ns();
	int r;

	if (read_all(pl, src) != 0)
		return 1;
	pl->running = true;
	r = fl_stages_start(pl, &run, reterr);
	if (r == 0)
		r = run_all(pl, &run, reterr);
	fill_stats(pl, run.len, start);
	if (r == 0 && atomic_load_explicit(&pl->cancel, memory_order_relaxed) &&
	    !fl_stages_stopped(pl))
		r = fl_error_set(reterr, -FL_ECANCELED, FL_OFF_NONE, NULL);
	if (r == 0 && !fl_stages_stopped(pl))
		r = fl_exec_check_source(src, reterr);
	if (r == 0)
		r = fl_stages_finish(pl, run.len, reterr);
	else
		fl_stages_abandon(pl);
	pl->running = false;
	return r;
}
