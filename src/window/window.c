/* SPDX-License-Identifier: MIT */
#include "window/window.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"

static int fed_show(struct fl_window *w, uint64_t off, size_t want, struct fl_error *reterr)
{
	(void)w;
	(void)off;
	(void)want;
	(void)reterr;
	return 0;
}

static int fed_check(struct fl_window *w, struct fl_error *reterr)
{
	(void)w;
	(void)reterr;
	return 0;
}

static void fed_drop(struct fl_window *w)
{
	w->span = (struct fl_span){0};
}

static const struct fl_loader_ops loader_fed = {
	.io = FL_IO_DIRECT, .show = fed_show, .check = fed_check, .drop = fed_drop};

bool fl_span_holds(const struct fl_span *s, uint64_t off, size_t want, uint64_t size)
{
	uint64_t end = fl_min_u64(fl_add_sat(off, want), size);

	return s->data && off >= s->off && end <= s->off + s->len;
}

void fl_window_init(struct fl_window *w, struct fl_window_env *env)
{
	*w = (struct fl_window){
		.env = env, .ops = &fl_loader_read, .window_bytes = env->window_bytes, .slot = -1};
	fl_gather_init(&w->gather, env->buffer_limit);
	if (env->frames)
		w->ops = &fl_loader_frames;
}

void fl_window_done(struct fl_window *w)
{
	if (!w->env)
		return;
	fl_window_use(w, FL_IO_READ);
	fl_loader_mmap.drop(w);
	fl_loader_read.drop(w);
	fl_loader_frames.drop(w);
	fl_gather_done(&w->gather);
	*w = (struct fl_window){.slot = -1};
}

/* Pages of a buffer would have to be touched anew, and a window to be mapped anew. */
static bool is_kept(const struct fl_window *w, const struct fl_loader_ops *next)
{
	return w->ops == &fl_loader_read ||
	       (w->ops == &fl_loader_mmap && next == &fl_loader_read && !w->giant);
}

static void switch_to(struct fl_window *w, const struct fl_loader_ops *ops)
{
	if (w->ops == ops)
		return;
	if (!is_kept(w, ops))
		w->ops->drop(w);
	w->span = (struct fl_span){0};
	w->looked = w->unsure = false;
	w->ops = ops;
}

void fl_window_use(struct fl_window *w, enum fl_io io)
{
	if (w->env->frames)
		return;
	switch_to(w, io == FL_IO_MMAP && !w->cannot_map ? &fl_loader_mmap : &fl_loader_read);
}

void fl_window_repeatable(struct fl_window *w, bool yes)
{
	w->repeatable = yes;
}

void fl_window_fed(struct fl_window *w, const struct fl_span *fed)
{
	switch_to(w, &loader_fed);
	w->span = *fed;
}

/* These say "not by mapping", not "not at all": pread may still work. */
static bool mapping_refused(int r)
{
	return r == -ENOMEM || r == -ENODEV || r == -EACCES || r == -EPERM || r == -EAGAIN;
}

/* A window may be far longer than what its user looks at between two checks. */
static void note_shown(struct fl_window *w, size_t want, struct fl_span *shown)
{
	uint64_t most = fl_add_sat(want, w->env->slice_bytes);

	if (w->ops != &fl_loader_mmap)
		return;
	shown->len = (size_t)fl_min_u64(shown->len, most);
	w->latest = shown->off;
	w->seen = w->judged ? shown->off : fl_min_u64(w->seen, shown->off);
	w->seen_end = fl_max_u64(w->judged ? 0 : w->seen_end, shown->off + shown->len);
	w->judged = false;
}

int fl_window_show(struct fl_window *w, uint64_t off, size_t want, struct fl_span *ret,
		   struct fl_error *reterr)
{
	size_t skip;
	int r = 0;

	if (!fl_span_holds(&w->span, off, want, w->env->size))
		r = w->ops->show(w, off, want, reterr);
	if (mapping_refused(r) && w->ops == &fl_loader_mmap) {
		w->cannot_map = true;
		fl_loader_mmap.drop(w);
		switch_to(w, &fl_loader_read);
		r = w->ops->show(w, off, want, reterr);
	}
	if (r != 0)
		return r;
	if (off < w->span.off || off > w->span.off + w->span.len)
		return fl_error_set(reterr, -EINVAL, off,
				    "internal error: offset outside the window");
	skip = (size_t)(off - w->span.off);
	*ret = (struct fl_span){.data = w->span.data + skip, .off = off, .len = w->span.len - skip};
	note_shown(w, want, ret);
	return 0;
}

int fl_window_check(struct fl_window *w, struct fl_error *reterr)
{
	return w->ops->check(w, reterr);
}

void fl_window_drop(struct fl_window *w)
{
	w->ops->drop(w);
}

void fl_window_rest(struct fl_window *w)
{
	if (w->env->tiny)
		fl_window_drop(w);
}

int fl_window_find(struct fl_window *w, uint64_t off, uint64_t end, unsigned char c,
		   uint64_t *ret_off, struct fl_error *reterr)
{
	struct fl_span s = {0};
	const unsigned char *hit;
	size_t n;
	int r;

	*ret_off = UINT64_MAX;
	end = fl_min_u64(end, w->env->size);
	while (off < end) {
		r = fl_window_show(w, off, (size_t)fl_min_u64(end - off, w->env->slice_bytes), &s,
				   reterr);
		if (r != 0)
			return r;
		n = (size_t)fl_min_u64(s.len, end - off);
		if (n == 0)
			break;
		hit = memchr(s.data, c, n);
		if (hit) {
			*ret_off = off + (uint64_t)(hit - s.data);
			return 0;
		}
		off += n;
	}
	return 0;
}
