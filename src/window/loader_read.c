/* SPDX-License-Identifier: MIT */
#include "window/window.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"

/*
 * Both ends of what is read lie between pages of the file, and of the buffer: the kernel copies from its
 * pages as they are. 17,000 preads of 256 KiB by two threads: 0.117 s, 0.129 s from 100 bytes further on.
 */
#define ALIGN_BYTES FL_KIB(4)

/* What aligning adds to a slice: room, too, for the end of its last record. */
#define ALIGN_ROOM (2 * ALIGN_BYTES)

/* A file that is being rewritten faster than it can be read is given up after this many tries. */
#define TRIES 16

/* In pages of 2 MiB where that is little: each is zeroed at once, not in a fault for each 4 KiB. */
static void *new_buffer(const struct fl_window *w, size_t *cap)
{
	size_t large = (size_t)fl_round_up(*cap, FL_HUGE_BYTES);
	void *p = NULL;

	if (*cap >= FL_HUGE_BYTES / 8 && large <= w->env->buffer_limit)
		p = fl_map_anon_large(large);
	if (!p)
		return fl_map_anon(*cap);
	*cap = large;
	return p;
}

/* Makes the buffer hold @want bytes from @at on; the @keep of them that are there stay. */
static int make_room(struct fl_window *w, size_t at, size_t want, size_t keep)
{
	size_t cap = fl_max_size(w->buffer_cap,
				 (size_t)fl_round_up(w->env->slice_bytes + ALIGN_ROOM, 4096));
	unsigned char *bigger;

	while (cap < at + want)
		cap *= 2;
	if (w->buffer && cap == w->buffer_cap) {
		if (keep > 0)
			memmove(w->buffer + at, w->span.data, keep);
	} else {
		bigger = new_buffer(w, &cap);
		if (!bigger)
			return -ENOMEM;
		if (keep > 0)
			memcpy(bigger + at, w->span.data, keep);
		fl_unmap(w->buffer, w->buffer_cap);
		w->buffer = bigger;
		w->buffer_cap = cap;
	}
	w->span.data = w->buffer + at;
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

/*
 * What the next check can still send back needs no look at the file for each pread: two cost a third of
 * what 256 KiB take to copy where system calls are dear. Once a file was seen to change, looking is
 * cheaper than doing chunks twice.
 */
static int pread_once(struct fl_window *w, unsigned char *to, size_t n, uint64_t at,
		      size_t *ret_got)
{
	int r = w->looked ? 0 : fl_file_state(w->env->file, &w->state);

	if (r < 0)
		return r;
	w->looked = w->unsure = true;
	return fl_file_pread(w->env->file->fd, to, n, at, ret_got);
}

static bool may_be_unsure(const struct fl_window *w)
{
	return w->repeatable && !w->env->own_stores &&
	       !atomic_load_explicit(&w->env->changes, memory_order_relaxed);
}

/* Bytes [off + keep, off + want) go where the span ends. */
static int fill(struct fl_window *w, uint64_t off, size_t keep, size_t want,
		struct fl_error *reterr)
{
	int (*pread_some)(struct fl_window *, unsigned char *, size_t, uint64_t, size_t *) =
		may_be_unsure(w) ? pread_once : pread_sure;
	uint64_t at = w->env->file->base_off + off + keep;
	unsigned char *to = w->buffer + (w->span.data - w->buffer);
	size_t n = want - keep, got = 0;
	int r = pread_some(w, to + keep, n, at, &got);

	if (r < 0)
		return fl_error_set(reterr, r, off + keep,
				    r == -FL_ECHANGED ? "file changes too fast to be read" : NULL);
	atomic_fetch_add_explicit(&w->env->copied, got, memory_order_relaxed);
	atomic_fetch_add_explicit(&w->env->windows, 1, memory_order_relaxed);
	fl_walk_pages(to + keep, got);
	w->span.len = keep + got;
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
	uint64_t at = w->env->file->base_off + off;
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
	want = (size_t)fl_min_u64(fl_round_up(at + want, ALIGN_BYTES) - at, w->env->size - off);
	r = make_room(w, at % ALIGN_BYTES, want, keep);
	if (r < 0)
		return fl_error_set(reterr, r, off, "no memory for a record of %zu bytes", want);
	return fill(w, off, keep, want, reterr);
}

static int read_check(struct fl_window *w, struct fl_error *reterr)
{
	struct fl_file_state now;
	uint64_t base = w->env->file->base_off;
	int r;

	if (!w->span.data && !w->unsure)
		return 0;
	r = fl_file_state(w->env->file, &now);
	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	if (now.size_bytes < base + w->env->size)
		return fl_error_set(reterr, -FL_ETRUNCATED,
				    now.size_bytes > base ? now.size_bytes - base : 0, NULL);
	if (!w->unsure)
		return 0;
	w->unsure = false;
	if (now.ctime_ns == w->state.ctime_ns)
		return 0;
	w->looked = false;
	atomic_store_explicit(&w->env->changes, true, memory_order_relaxed);
	/* The chunk that is done again must not find it here. */
	w->span = (struct fl_span){0};
	return FL_WINDOW_RETRY;
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
