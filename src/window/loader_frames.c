/* SPDX-License-Identifier: MIT */
#include "window/window.h"

#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "window/framecache.h"

static void put_frame(struct fl_window *w)
{
	if (w->frame)
		fl_framecache_put(w->env->frames, w->frame);
	w->frame = NULL;
}

static int hold(struct fl_window *w, uint64_t k, struct fl_error *reterr)
{
	int r = fl_framecache_get(w->env->frames, &w->decoder, k, &w->frame, reterr);

	if (r == 0)
		w->span = (struct fl_span){
			.data = w->frame->data, .off = w->frame->off, .len = w->frame->len};
	return r;
}

/* Bytes [off, end) of frame k go behind what is gathered. */
static int append(struct fl_window *w, uint64_t k, uint64_t off, uint64_t end,
		  struct fl_error *reterr)
{
	const struct fl_frame *frame;
	unsigned char *to;
	uint64_t until;
	size_t n;
	int r = fl_framecache_get(w->env->frames, &w->decoder, k, &frame, reterr);

	if (r < 0)
		return r;
	until = fl_min_u64(end, frame->off + frame->len);
	for (off = fl_max_u64(off, frame->off); r == 0 && off < until; off += n) {
		n = (size_t)fl_min_u64(until - off, w->gather.limit);
		r = fl_gather_space(&w->gather, n, &to);
		if (r == 0) {
			memcpy(to, frame->data + (off - frame->off), n);
			r = fl_gather_commit(&w->gather, n);
		}
	}
	fl_framecache_put(w->env->frames, frame);
	return r < 0 ? fl_error_set(reterr, r, off, NULL) : 0;
}

/*
 * A chunk looks one byte back into the frame before its own, which another thread is decoding at
 * this moment: its own frame is decoded first, and then the wait is short.
 */
static int decode_ahead(struct fl_window *w, uint64_t k, struct fl_error *reterr)
{
	const struct fl_frame *frame;
	int r = fl_framecache_get(w->env->frames, &w->decoder, k, &frame, reterr);

	if (r == 0)
		fl_framecache_put(w->env->frames, frame);
	return r;
}

static int frames_show(struct fl_window *w, uint64_t off, size_t want, struct fl_error *reterr)
{
	uint64_t end = fl_min_u64(w->env->size, fl_add_sat(off, want));
	uint64_t k = fl_framecache_find(w->env->frames, off);
	uint64_t last = end > off ? fl_framecache_find(w->env->frames, end - 1) : k;
	struct fl_span all = {.off = off};
	int r;

	put_frame(w);
	w->span = (struct fl_span){0};
	atomic_fetch_add_explicit(&w->env->windows, 1, memory_order_relaxed);
	if (k == last)
		return hold(w, k, reterr);
	fl_gather_reset(&w->gather);
	r = decode_ahead(w, k + 1, reterr);
	for (; r == 0 && k <= last; k++)
		r = append(w, k, off, end, reterr);
	if (r < 0)
		return r;
	r = fl_gather_finish(&w->gather, &all.data);
	if (r < 0)
		return fl_error_set(reterr, r, off, NULL);
	all.len = (size_t)w->gather.len;
	w->span = all;
	return 0;
}

/* What was decoded is ours, and has been checked. */
static int frames_check(struct fl_window *w, struct fl_error *reterr)
{
	(void)w;
	(void)reterr;
	return 0;
}

static void frames_drop(struct fl_window *w)
{
	if (!w->env->frames)
		return;
	put_frame(w);
	fl_gather_reset(&w->gather);
	fl_framecache_leave(w->env->frames, w->decoder);
	w->decoder = NULL;
	if (w->ops == &fl_loader_frames)
		w->span = (struct fl_span){0};
}

const struct fl_loader_ops fl_loader_frames = {
	.io = FL_IO_READ, .show = frames_show, .check = frames_check, .drop = frames_drop};
