/* SPDX-License-Identifier: MIT */
#include "window/window.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/size.h"
#include "plat/guard.h"

/* Smaller windows than this cost more in system calls than read(2) does. */
#define WINDOW_MIN_BYTES FL_KIB(64)

#define DRIFT_BYTES FL_KIB(8)

/* What a window shows beyond its own size: one slice, for the end of the last record, from
 * where the slices have come to by then. Each is cut at a record, so they drift: 8 KiB hold the
 * 32 lines of 256 bytes that 8 MiB in slices of 256 KiB lose. */
static size_t reach_bytes(const struct fl_window *w)
{
	return w->env->slice_bytes + (size_t)fl_round_up(DRIFT_BYTES, fl_page_bytes());
}

/*
 * A mapping begins and ends with a folio of 2 MiB wherever that is little beside the window: one fault
 * brings a whole one then, where the ends would come in 64 KiB at a time (fault-around), page table
 * entry by page table entry. `scan -j1` of 1.5 GB, processor time: 73 -> 59 ms. What is populated is
 * paid for, used or not: no more than was asked for.
 */
static size_t align_bytes(const struct fl_window *w)
{
	bool huge = w->window_bytes >= 2 * FL_HUGE_BYTES && w->env->advise != FL_ADVISE_POPULATE;

	return huge ? FL_HUGE_BYTES : fl_page_bytes();
}

/* The window proper, room to place it congruent to its file offset modulo 2 MiB, and on
 * both sides what a seam looks at and what aligning adds. */
static size_t arena_bytes(const struct fl_window *w)
{
	return w->window_bytes + FL_HUGE_BYTES + reach_bytes(w) + 2 * align_bytes(w);
}

static int reserve(struct fl_window *w)
{
	int r;

	if (w->slot < 0) {
		r = fl_guard_claim();
		if (r < 0)
			return r;
		w->slot = r;
	}
	while (!w->arena.base) {
		r = fl_arena_reserve(&w->arena, arena_bytes(w));
		if (r == 0)
			break;
		if (w->window_bytes / 2 < WINDOW_MIN_BYTES)
			return r;
		w->window_bytes = (size_t)fl_round_up(w->window_bytes / 2, fl_page_bytes());
	}
	return 0;
}

/* A fresh fstat bounds what is mapped: pages past the end would fault at the first touch. */
static int look_at_size(struct fl_window *w, struct fl_error *reterr)
{
	uint64_t base = w->env->file->base_off;
	int r = fl_file_state(w->env->file, &w->state);

	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	if (w->state.size_bytes < base + w->env->size)
		return fl_error_set(reterr, -FL_ETRUNCATED,
				    w->state.size_bytes > base ? w->state.size_bytes - base : 0,
				    NULL);
	return 0;
}

static void forget_giant(struct fl_window *w)
{
	fl_unmap(w->giant, w->giant_len);
	w->giant = NULL;
	w->giant_len = 0;
}

/* @at: absolute file offset of the page that the mapping begins with */
static void now_shows(struct fl_window *w, const unsigned char *addr, size_t len, uint64_t at)
{
	uint64_t base = w->env->file->base_off;
	size_t before = at < base ? (size_t)(base - at) : 0; /* bytes that precede the source */

	fl_guard_aim(w->slot, addr, len, at);
	w->span = (struct fl_span){
		.data = addr + before, .off = at + before - base, .len = len - before};
	/* The last page reaches beyond the end; its tail is not part of the source. */
	w->span.len = (size_t)fl_min_u64(w->span.len, w->env->size - w->span.off);
	w->judged = true;
	atomic_fetch_add_explicit(&w->env->windows, 1, memory_order_relaxed);
}

static int map_giant(struct fl_window *w, uint64_t at, size_t len)
{
	int r = 0;
	void *p = fl_map_file(w->env->file->fd, at, len, &r);

	if (!p)
		return r;
	w->giant = p;
	w->giant_len = len;
	now_shows(w, p, len, at);
	return 0;
}

static int map_window(struct fl_window *w, uint64_t at, size_t len)
{
	size_t place = (size_t)(at % FL_HUGE_BYTES);
	uint64_t start = fl_clock_ns();
	int r = fl_arena_map(&w->arena, place, len, w->env->file->fd, at, w->env->advise);

	if (r < 0)
		return r;
	if (w->mapped_len > 0 &&
	    (w->mapped_at < place || w->mapped_at + w->mapped_len > place + len))
		fl_arena_drop(&w->arena, 0, place);
	if (w->mapped_at + w->mapped_len > place + len)
		fl_arena_drop(&w->arena, place + len, w->mapped_at + w->mapped_len - (place + len));
	w->mapped_at = place;
	w->mapped_len = len;
	w->mapping_ns += fl_clock_ns() - start;
	now_shows(w, w->arena.base + place, len, at);
	w->mapped = w->span;
	return 0;
}

static int mmap_show(struct fl_window *w, uint64_t off, size_t want, struct fl_error *reterr)
{
	uint64_t base = w->env->file->base_off, file_end = base + w->env->size;
	uint64_t at, end;
	int r = fl_window_check(w, reterr);

	if (r != 0)
		return r;
	fl_window_rest(w);
	r = reserve(w);
	if (r < 0)
		return r;
	r = look_at_size(w, reterr);
	if (r < 0)
		return r;
	if (fl_span_holds(&w->mapped, off, want, w->env->size)) {
		w->span = w->mapped;
		w->judged = true;
		return 0;
	}
	fl_guard_aim(w->slot, NULL, 0, 0);
	forget_giant(w);
	w->span = w->mapped = (struct fl_span){0};
	at = fl_round_down(base + off, fl_page_bytes());
	end = base + fl_min_u64(w->env->size, fl_add_sat(off, want));
	if (end - at > w->window_bytes + reach_bytes(w) + fl_page_bytes())
		return map_giant(w, at, (size_t)(end - at));
	end = fl_round_up(fl_max_u64(end, at + w->window_bytes + reach_bytes(w)), align_bytes(w));
	end = fl_round_up(fl_min_u64(end, file_end), fl_page_bytes());
	at = fl_round_down(at, align_bytes(w));
	return map_window(w, at, (size_t)(end - at));
}

/* A page that could not be had: was the file cut, or did the device fail? */
static int explain_poison(struct fl_window *w, uint64_t at, struct fl_error *reterr)
{
	uint64_t base = w->env->file->base_off;
	uint64_t off = at > base ? at - base : 0;
	unsigned char byte;
	size_t got;
	int r = fl_file_pread(w->env->file->fd, &byte, 1, at, &got);

	if (r < 0)
		return fl_error_set(reterr, r, off, NULL);
	if (got == 0)
		return look_at_size(w, reterr) < 0
			       ? -FL_ETRUNCATED
			       : fl_error_set(reterr, -FL_ETRUNCATED, off, NULL);
	return fl_error_set(reterr, -FL_ETRUNCATED, off,
			    "file was cut off here while it was read, and has grown again");
}

static bool shows_a_zero(const struct fl_window *w)
{
	const struct fl_span *s = &w->span;
	uint64_t end = fl_min_u64(w->seen_end, s->off + s->len);

	return w->seen < end && memchr(s->data + (w->seen - s->off), 0, (size_t)(end - w->seen));
}

/*
 * A cut inside a page gives zeros without a signal, and if the file grows back before we look,
 * its size does not tell. Then its change time does, and the invented bytes are zeros: without
 * any zero in sight nothing was invented.
 */
static int mmap_check(struct fl_window *w, struct fl_error *reterr)
{
	uint64_t ctime = w->state.ctime_ns;
	uint64_t at;
	int r;

	if (!w->span.data)
		return 0;
	if (fl_guard_poisoned(w->slot, &at))
		return explain_poison(w, at, reterr);
	r = look_at_size(w, reterr);
	if (r < 0)
		return r;
	w->judged = w->state.ctime_ns == ctime || w->env->own_stores || !shows_a_zero(w);
	if (!w->judged)
		return FL_WINDOW_RETRY;
	if (fl_guard_poisoned(w->slot, &at))
		return explain_poison(w, at, reterr);
	w->seen = w->latest;
	return 0;
}

static void mmap_drop(struct fl_window *w)
{
	if (w->slot >= 0) {
		fl_guard_aim(w->slot, NULL, 0, 0);
		fl_guard_release(w->slot);
	}
	w->slot = -1;
	forget_giant(w);
	fl_arena_release(&w->arena);
	w->arena = (struct fl_arena){0};
	w->mapped_len = 0;
	w->mapped = (struct fl_span){0};
	if (w->ops == &fl_loader_mmap)
		w->span = (struct fl_span){0};
}

const struct fl_loader_ops fl_loader_mmap = {
	.io = FL_IO_MMAP, .show = mmap_show, .check = mmap_check, .drop = mmap_drop};
