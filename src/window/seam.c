/* SPDX-License-Identifier: MIT */
#include "window/seam.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"

/* Room for the end of the last record, of a group or a chunk: any usual line. */
#define TAIL_BYTES FL_KIB(8)

/* A view may be longer than a slice by this part of it. */
#define TAIL_SHARE 32

/* A group belongs to the chunk that its unit starts in. */
static void round_to_groups(struct fl_slicer *s)
{
	const struct fl_chunk *c = s->chunk;
	uint64_t group = s->needs->group_bytes;

	s->record_pos = c->begin + fl_round_up(c->off - c->begin, group);
	s->record_end = fl_min_u64(c->begin + fl_round_up(c->end - c->begin, group), c->unit_end);
}

static size_t tail_bytes(const struct fl_slicer *s)
{
	return fl_min_size(TAIL_BYTES, s->slice_bytes / TAIL_SHARE);
}

/*
 * A slice, but not much more than the chunk has left: what is behind it belongs to others, and reading it anew in every
 * chunk was a fifth of all bytes. Ends that are hardly longer go with the slice before them.
 */
static size_t bytes_of_step(const struct fl_slicer *s, uint64_t base)
{
	size_t tail = s->record_done ? 0 : tail_bytes(s);
	uint64_t end = s->unit_pos < s->unit_end ? s->unit_end : base;

	if (!s->record_done)
		end = fl_max_u64(end, s->record_end);
	return end - base <= s->slice_bytes + tail ? (size_t)(end - base) + tail : s->slice_bytes;
}

/* First record that starts in the chunk, or record_done. */
static int find_first_record(struct fl_slicer *s, struct fl_error *reterr)
{
	const struct fl_chunk *c = s->chunk;
	struct fl_span span;
	uint64_t hit;
	int r;

	s->record_pos = c->off;
	s->record_end = c->end;
	if (s->needs->group_bytes && !c->whole_groups)
		round_to_groups(s);
	s->record_done = s->record_pos >= s->record_end;
	if (s->record_done || c->starts_record || s->record_pos == 0)
		return 0;
	/* The first step's bytes come into sight at once. */
	r = fl_window_show(s->window, s->record_pos - 1,
			   bytes_of_step(s, s->record_pos - 1) + tail_bytes(s), &span, reterr);
	if (r != 0)
		return r;
	/* A delimiter at end - 1 starts a record at end: the next chunk's. */
	r = fl_window_find(s->window, s->record_pos - 1, s->record_end - 1, s->needs->delimiter,
			   &hit, reterr);
	if (r != 0)
		return r;
	s->record_pos = hit + 1;
	s->record_done = hit == UINT64_MAX;
	return 0;
}

int fl_slicer_init(struct fl_slicer *s, struct fl_window *window, const struct fl_needs *needs,
		   const struct fl_chunk *chunk, struct fl_error *reterr)
{
	uint64_t unit = needs->unit_bytes;

	*s = (struct fl_slicer){.window = window,
				.needs = needs,
				.chunk = chunk,
				.slice_bytes = window->env->slice_bytes,
				.record_done = true};
	if (needs->units) {
		s->unit_pos = chunk->begin + fl_round_up(chunk->off - chunk->begin, unit);
		s->unit_end = chunk->begin + fl_round_up(chunk->end - chunk->begin, unit);
		s->unit_end = fl_min_u64(s->unit_end, chunk->unit_end);
		s->unit_pos = fl_min_u64(s->unit_pos, s->unit_end);
	}
	return needs->records ? find_first_record(s, reterr) : 0;
}

static struct fl_view view_of(const struct fl_span *span, uint64_t from, uint64_t to)
{
	return (struct fl_view){
		.off = from, .len = (size_t)(to - from), .data = span->data + (from - span->off)};
}

static void cut_units(struct fl_slicer *s, const struct fl_span *span, uint64_t lim,
		      struct fl_slice *ret)
{
	uint64_t begin = s->chunk->begin;
	uint64_t cut = begin + fl_round_down(lim - begin, s->needs->unit_bytes);

	if (lim >= s->unit_end)
		cut = s->unit_end;
	if (s->unit_pos >= s->unit_end || s->unit_pos >= cut)
		return;
	ret->units = view_of(span, s->unit_pos, cut);
	s->unit_pos = cut;
}

/*
 * Where, in [record_pos, lim), whole records end. The chunk's last record is the one that holds
 * byte end - 1, so the first delimiter from there on ends the chunk.
 * Returns 0 if no record ends in sight.
 */
static uint64_t record_cut(struct fl_slicer *s, const struct fl_span *span, uint64_t lim)
{
	uint64_t last = s->record_end - 1, span_end = span->off + span->len, from;
	const unsigned char *hit;

	if (lim > last) {
		from = fl_max_u64(s->record_pos, last);
		hit = memchr(span->data + (from - span->off), s->needs->delimiter,
			     (size_t)(span_end - from));
		if (hit || span_end >= s->chunk->limit) {
			s->record_done = true;
			return hit ? span->off + (uint64_t)(hit - span->data) + 1 : s->chunk->limit;
		}
		lim = fl_max_u64(s->record_pos, last);
	}
	hit = memrchr(span->data + (s->record_pos - span->off), s->needs->delimiter,
		      (size_t)(lim - s->record_pos));
	return hit ? span->off + (uint64_t)(hit - span->data) + 1 : 0;
}

/* Up to here the end of a record that begins at record_pos is looked for. */
static uint64_t long_record_limit(const struct fl_slicer *s)
{
	uint64_t most = s->needs->max_record_bytes;

	if (most == 0 || s->needs->group_bytes)
		return s->chunk->limit;
	return fl_min_u64(s->chunk->limit, fl_add_sat(fl_add_sat(s->record_pos, most), 1));
}

static bool is_too_long(const struct fl_slicer *s, uint64_t end)
{
	uint64_t most = s->needs->max_record_bytes;

	return most > 0 && !s->needs->group_bytes && end - s->record_pos > most;
}

int fl_record_too_long(uint64_t off, uint64_t most, struct fl_error *reterr)
{
	return fl_error_set(reterr, -FL_ELIMIT, off, "line is longer than %" PRIu64 " bytes", most);
}

/* To the end of the record that holds byte @from: found by sliding, then shown whole. */
static int long_record(struct fl_slicer *s, uint64_t from, struct fl_slice *ret,
		       struct fl_error *reterr)
{
	struct fl_span span;
	uint64_t end;
	uint64_t limit = long_record_limit(s);
	int r = fl_window_find(s->window, from, limit, s->needs->delimiter, &end, reterr);

	if (r != 0)
		return r;
	if (end == UINT64_MAX && is_too_long(s, fl_min_u64(limit, s->window->env->size)))
		return fl_record_too_long(s->record_pos, s->needs->max_record_bytes, reterr);
	end = end == UINT64_MAX ? s->chunk->limit : end + 1;
	r = fl_window_show(s->window, s->record_pos, (size_t)(end - s->record_pos), &span, reterr);
	if (r != 0)
		return r;
	end = fl_min_u64(end, span.off + span.len);
	ret->records = view_of(&span, s->record_pos, end);
	s->record_pos = end;
	s->record_done = end >= s->record_end;
	return 0;
}

/* What is behind the records comes into sight, too. */
static int show_ahead(struct fl_slicer *s, struct fl_slice *ret, struct fl_error *reterr)
{
	struct fl_view *view = &ret->records;
	size_t ahead = s->needs->ahead_bytes;
	uint64_t base = view->off, end = view->off + view->len, last;
	struct fl_span span;
	int r;

	if (ahead == 0 || view->len == 0)
		return 0;
	if (ret->units.len > 0)
		base = fl_min_u64(base, ret->units.off);
	r = fl_window_show(s->window, base, (size_t)(end - base) + ahead, &span, reterr);
	if (r != 0)
		return r;
	last = fl_min_u64(span.off + span.len, s->chunk->limit);
	*view = view_of(&span, view->off, end);
	view->ahead = (size_t)fl_min_u64(ahead, last > end ? last - end : 0);
	if (ret->units.len > 0)
		ret->units.data = span.data + (ret->units.off - base);
	return 0;
}

static int cut_records(struct fl_slicer *s, const struct fl_span *span, uint64_t lim,
		       struct fl_slice *ret, struct fl_error *reterr)
{
	uint64_t cut;

	if (s->record_done || s->record_pos >= lim)
		return 0;
	cut = record_cut(s, span, lim);
	if (cut == 0) {
		/* The long record moves the window: the units of this step are shown with it later. */
		if (ret->units.len > 0)
			return 0;
		return long_record(s, s->record_pos, ret, reterr);
	}
	ret->records = view_of(span, s->record_pos, cut);
	s->record_pos = cut;
	return 0;
}

/* The group that begins at record_pos, and more of them if they are short. */
static int cut_groups(struct fl_slicer *s, struct fl_slice *ret, struct fl_error *reterr)
{
	uint64_t begin = s->chunk->begin, group = s->needs->group_bytes, at = s->record_pos, end;
	const unsigned char *hit;
	struct fl_span span;
	int r;

	end = begin + fl_max_u64(fl_round_down(at - begin, group) + group,
				 fl_round_down(at - begin + s->slice_bytes, group));
	end = fl_min_u64(end, s->record_end);
	r = fl_window_show(s->window, at, (size_t)(end - at + TAIL_BYTES), &span, reterr);
	if (r != 0)
		return r;
	hit = span.len < end - at ? NULL
				  : memchr(span.data + (end - 1 - at), s->needs->delimiter,
					   (size_t)(span.len - (end - 1 - at)));
	if (!hit)
		return long_record(s, end - 1, ret, reterr);
	s->record_pos = at + (uint64_t)(hit - span.data) + 1;
	s->record_done = s->record_pos >= s->record_end;
	ret->records = view_of(&span, at, s->record_pos);
	return 0;
}

int fl_slicer_next(struct fl_slicer *s, struct fl_slice *ret, struct fl_error *reterr)
{
	bool units = s->unit_pos < s->unit_end;
	struct fl_span span;
	uint64_t base, lim;
	size_t want;
	int r;

	*ret = (struct fl_slice){0};
	if (s->record_done && !units)
		return 0;
	if (s->needs->group_bytes && !s->record_done && (!units || s->record_pos <= s->unit_pos)) {
		r = cut_groups(s, ret, reterr);
		return r != 0 ? r : 1;
	}
	base = s->record_done || s->needs->group_bytes ? s->unit_pos : s->record_pos;
	if (units)
		base = fl_min_u64(base, s->unit_pos);
	want = bytes_of_step(s, base);
	r = fl_window_show(s->window, base, want + s->needs->ahead_bytes, &span, reterr);
	if (r != 0)
		return r;
	lim = base + fl_min_u64(span.len, want);
	cut_units(s, &span, lim, ret);
	if (s->needs->group_bytes)
		return 1;
	r = cut_records(s, &span, lim, ret, reterr);
	if (r == 0)
		r = show_ahead(s, ret, reterr);
	return r != 0 ? r : 1;
}
