/* SPDX-License-Identifier: MIT */
#include "window/window.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"

/* Room for the end of a slice's last record besides the slice: two pages hold any usual line. */
#define TAIL_BYTES FL_KIB(8)

/* A file that is being rewritten faster than it can be read is given up after this many tries. */
#define TRIES 16

static int make_room(struct fl_window *w, size_t want, size_t keep)
{
	size_t cap = fl_max_size(w->buffer_cap,
				 (size_t)fl_round_up(w->env->slice_bytes + TAIL_BYTES, 4096));
	unsigned char *bigger;

	while (cap < want)
		cap *= 2;
	if (w->buffer && cap == w->buffer_cap)
		return 0;
	bigger = fl_map_anon(cap);
	if (!bigger)
		return -ENOMEM;
	if (keep > 0)
		memcpy(bigger, w->span.data, keep);
	fl_unmap(w->buffer, w->buffer_cap);
	w->buffer = bigger;
	w->buffer_cap = cap;
	w->span.data = bigger;
	return 0;
}

/*
 * pread(2) takes the size before it copies; a cut between the two gives zeros. They can only be
 * told from the file's own when it did not change meanwhile.
 */
static int pread_sure(struct fl_window *w, unsigned char *to, size_t n, uint64_t at,
		      size_t *ret_got)
{
	struct fl_file_state before, after;
	int r, tries;

	r = fl_file_state(w->env->file, &before);
	for (tries = 0; r == 0 && tries < TRIES; tries++) {
		r = fl_file_pread(w->env->file->fd, to, n, at, ret_got);
		if (r == 0)
			r = fl_file_state(w->env->file, &after);
		if (r < 0 || after.ctime_ns == before.ctime_ns || !memchr(to, 0, *ret_got))
			return r;
		before = after;
	}
	return r < 0 ? r : -FL_ECHANGED;
}

static int fill(struct fl_window *w, uint64_t off, size_t keep, size_t want,
		struct fl_error *reterr)
{
	uint64_t at = w->env->file->base_off + off + keep;
	size_t n = want - keep, got = 0;
	int r = pread_sure(w, w->buffer + keep, n, at, &got);

	if (r < 0)
		return fl_error_set(reterr, r, off + keep,
				    r == -FL_ECHANGED ? "file changes too fast to be read" : NULL);
	atomic_fetch_add_explicit(&w->env->copied, got, memory_order_relaxed);
	atomic_fetch_add_explicit(&w->env->windows, 1, memory_order_relaxed);
	w->span = (struct fl_span){.data = w->buffer, .off = off, .len = keep + got};
	if (got < n)
		return fl_error_set(reterr, -FL_ETRUNCATED, off + keep + got, NULL);
	return 0;
}

/* Too long for the buffer: mapped whole, which memory pressure can take back at any time. */
static int show_long(struct fl_window *w, uint64_t off, size_t want, struct fl_error *reterr)
{
	int r = fl_loader_mmap.show(w, off, want, reterr);

	if (r == 0)
		w->ops = &fl_loader_mmap;
	return r;
}

static int read_show(struct fl_window *w, uint64_t off, size_t want, struct fl_error *reterr)
{
	struct fl_span *s = &w->span;
	size_t keep = 0;
	int r;

	want = (size_t)fl_min_u64(want, w->env->size - off);
	if (want > w->env->buffer_limit && w->env->file->can_map) {
		w->span = (struct fl_span){0};
		r = show_long(w, off, want, reterr);
		if (r == -ENOMEM)
			return fl_error_set(reterr, r, off,
					    "a record of %zu bytes does not fit into the address "
					    "space",
					    want);
		if (r != -ENODEV && r != -EAGAIN && r != -EACCES)
			return r;
	}
	if (s->data && off >= s->off && off <= s->off + s->len) {
		keep = s->len - (size_t)(off - s->off);
		s->data += off - s->off;
	}
	/* Whatever fails from here on, the span is what there is: it may be asked again. */
	s->off = off;
	s->len = keep;
	r = make_room(w, want, keep);
	if (r < 0)
		return fl_error_set(reterr, r, off, "no memory for a record of %zu bytes", want);
	if (keep > 0 && s->data != w->buffer)
		memmove(w->buffer, s->data, keep);
	s->data = w->buffer;
	return fill(w, off, keep, want, reterr);
}

static int read_check(struct fl_window *w, struct fl_error *reterr)
{
	struct fl_file_state now;
	uint64_t base = w->env->file->base_off;
	int r;

	if (!w->span.data)
		return 0;
	r = fl_file_state(w->env->file, &now);
	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	if (now.size_bytes < base + w->env->size)
		return fl_error_set(reterr, -FL_ETRUNCATED,
				    now.size_bytes > base ? now.size_bytes - base : 0, NULL);
	return 0;
}

static void read_drop(struct fl_window *w)
{
	fl_unmap(w->buffer, w->buffer_cap);
	w->buffer = NULL;
	w->buffer_cap = 0;
	if (w->ops == &fl_loader_read)
		w->span = (struct fl_span){0};
}

const struct fl_loader_ops fl_loader_read = {
	.io = FL_IO_READ, .show = read_show, .check = read_check, .drop = read_drop};
