/* SPDX-License-Identifier: MIT */
#include "ops/scan/scan_multi.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "ops/scan/scan_select.h"

/**
 * struct multi_view - a view while its matches are told
 * @chain:  as it was before the view, then as it is behind the last match that was told
 * @pos:    lines before this place are done
 * @end:    lines from here on are left to the next view
 */
struct multi_view {
	struct fl_scan_mapping *m;
	struct fl_multi *x;
	struct fl_multi_chain chain;
	size_t pos;
	size_t end;
};

static bool inverts(const struct fl_scan_job *job)
{
	return (job->flags & FL_SCAN_INVERT) != 0;
}

static bool tells_blocks(const struct fl_scan_job *job)
{
	return (job->flags & FL_SCAN_BLOCKS) && !inverts(job);
}

/* Where lines without a match of their own are told, or lines with all their matches, a view must
 * know of the match that reaches into it from before. */
static bool needs_chain(const struct fl_scan_job *job)
{
	return inverts(job) || fl_scan_wants_context(job) || job->spans ||
	       ((job->flags & FL_SCAN_COLUMN) && job->max_columns > 0);
}

static size_t in_view(const struct multi_view *v, uint64_t off)
{
	return off > v->m->in->off ? (size_t)(off - v->m->in->off) : 0;
}

/* Lines [begin, end) of a match, the last one's end included. */
static int lines_of(const struct multi_view *v, size_t i, struct fl_span *ret)
{
	const struct fl_multi *x = v->x;
	const struct fl_span *match = &x->found[i];
	const unsigned char *data = x->text.data, *hit;
	unsigned char eol = v->m->job->eol;
	size_t limit = x->text.len;

	if (i == 0 && x->is_seeded) {
		*ret = (struct fl_span){.begin = 0, .end = in_view(v, v->chain.covered)};
		return 0;
	}
	ret->begin = fl_search_line_begin(&v->m->search, 0, match->begin);
	ret->end = match->end;
	if (match->end > ret->begin && data[match->end - 1] == eol)
		return 0;
	/* The first line is in the view whatever its length; the last one must be in sight. */
	if (memchr(data + match->begin, eol, match->end - match->begin))
		limit = (size_t)fl_multi_end(&x->text, match->begin);
	hit = memchr(data + match->end, eol, limit - match->end);
	if (hit)
		ret->end = (size_t)(hit + 1 - data);
	else if (x->text.ends && limit == x->text.len)
		ret->end = limit;
	else
		return -FL_ELIMIT;
	return 0;
}

static int select_lines(struct multi_view *v, size_t begin, size_t end)
{
	end = fl_min_size(end, v->end);
	return fl_scan_select_gap(v->m, begin, end);
}

static int count_gap(struct fl_scan_mapping *m, size_t begin, size_t end)
{
	const unsigned char *data = m->in->data;

	if (begin >= end)
		return 0;
	m->head.selected += fl_kernels_get()->count_byte(data + begin, end - begin, m->job->eol) +
			    (data[end - 1] != m->job->eol);
	return 0;
}

/* Lines that no match touches. */
static int tell_gap(struct multi_view *v, size_t end)
{
	end = fl_min_size(end, v->end);
	if (v->pos >= end)
		return 0;
	if (v->m->job->tells_counts)
		return fl_scan_emit_gap_counts(v->m, v->pos, end);
	if ((v->m->job->flags & (FL_SCAN_COUNT | FL_SCAN_QUIET)) == FL_SCAN_COUNT)
		return count_gap(v->m, v->pos, end);
	return fl_scan_select_gap(v->m, v->pos, end);
}

/* Return: as fl_scan_emit_line(). */
static int tell_lines(struct multi_view *v, const struct fl_span *lines)
{
	struct fl_scan_mapping *m = v->m;
	int r = 0;

	if (inverts(m->job))
		r = tell_gap(v, lines->begin);
	else if (!fl_scan_wants_text(m->job))
		m->head.closed |= (m->job->flags & FL_SCAN_QUIET) != 0;
	else
		r = select_lines(v, fl_max_size(v->pos, lines->begin), lines->end);
	v->pos = fl_max_size(v->pos, lines->end);
	return r;
}

static int tell_block(struct multi_view *v, const struct fl_span *lines)
{
	struct fl_scan_mapping *m = v->m;
	int r = 0;

	m->head.selected++;
	if (fl_scan_wants_context(m->job) && lines->begin > m->emitted)
		r = fl_scan_select_context(m, lines->begin);
	m->emitted = fl_max_size(m->emitted, lines->end);
	if (r < 0 || m->head.closed)
		return r;
	return fl_scan_emit_block(m, lines);
}

/* The matches from @i on whose lines adjoin. */
static int next_block(struct multi_view *v, size_t *i, struct fl_span *ret)
{
	struct fl_span next;
	int r = lines_of(v, *i, ret);

	while (r == 0 && ++*i < v->x->count) {
		r = lines_of(v, *i, &next);
		if (r < 0 || next.begin > ret->end)
			return 0;
		ret->end = fl_max_size(ret->end, next.end);
	}
	return r;
}

static void went_on(struct multi_view *v, size_t last, size_t covered)
{
	const struct fl_span *match = &v->x->found[last];
	uint64_t off = v->m->in->off;

	if (last > 0 || !v->x->is_seeded) {
		v->chain.begin = off + match->begin;
		v->chain.end = off + match->end;
		v->chain.resume = v->chain.end + (match->end == match->begin);
	}
	if (v->chain.covered < off + covered)
		v->chain.covered = off + covered;
}

/* Neither is an empty match right behind another one, nor, to ripgrep, one behind all bytes. */
static bool is_counted(const struct fl_multi *x, size_t i)
{
	const struct fl_span *match = &x->found[i];

	return !(i == 0 && x->is_seeded) && !fl_multi_is_adjacent(x, i) &&
	       (match->begin < match->end || match->begin < x->text.len);
}

/* Of a block only how many of its matches, from @first on, count. */
static int tell_block_count(struct multi_view *v, const struct fl_span *lines, size_t first,
			    size_t end)
{
	struct fl_span line = *lines;
	uint64_t n = 0;
	int r;

	if (v->m->in->data[line.end - 1] == v->m->job->eol)
		line.end--;
	for (size_t i = first; i < end; i++)
		n += is_counted(v->x, i);
	r = fl_scan_emit_count(v->m, &line, n);
	return r < 0 ? r : 0;
}

static int tell_blocks(struct multi_view *v)
{
	size_t i = 0;
	int r = 0;

	while (i < v->x->count && r == 0 && !v->m->head.closed) {
		struct fl_span lines;
		size_t first = i;

		r = next_block(v, &i, &lines);
		if (r < 0) {
			v->x->failed_at = v->x->found[first].begin;
			return r;
		}
		r = v->m->job->tells_counts ? tell_block_count(v, &lines, first, i)
					    : tell_block(v, &lines);
		went_on(v, i - 1, lines.end);
	}
	return r;
}

static int tell_matches(struct multi_view *v)
{
	bool counts = !inverts(v->m->job);
	int r = 0;

	for (size_t i = 0; i < v->x->count && r == 0 && !v->m->head.closed; i++) {
		struct fl_span lines;

		r = lines_of(v, i, &lines);
		if (r < 0) {
			v->x->failed_at = v->x->found[i].begin;
			return r;
		}
		if (counts && is_counted(v->x, i)) {
			v->m->head.matches++;
			v->m->head.selected += !fl_scan_wants_text(v->m->job);
		}
		r = tell_lines(v, &lines);
		went_on(v, i, lines.end);
	}
	return r;
}

/* Lines behind the last match, and what may stand near a selected one. */
static int tell_rest(struct multi_view *v)
{
	struct fl_scan_mapping *m = v->m;
	int r = inverts(m->job) ? tell_gap(v, m->own) : 0;

	if (r == 0 && fl_scan_wants_text(m->job) && fl_scan_wants_context(m->job) &&
	    !m->head.closed && m->emitted < m->own)
		r = fl_scan_select_context(m, m->own);
	return r;
}

/* What was found as if nothing reached into the view, or the error, holds from @from on. */
static bool holds(const struct fl_multi *x, int found, size_t from)
{
	if (x->count > 0)
		return x->found[0].begin >= from;
	return found == 0 || x->failed_at >= from;
}

/* Behind all that precedes. Return: as fl_multi_search(). */
static int settle(struct multi_view *v, int found)
{
	const struct fl_multi_chain *chain = &v->chain;
	struct fl_multi *x = v->x;
	uint64_t off = v->m->in->off;
	bool any = chain->end != FL_OFF_NONE;
	size_t last_end = any && chain->end >= off ? (size_t)(chain->end - off) : SIZE_MAX;
	size_t from = in_view(v, chain->resume);
	struct fl_multi_text text = x->text;
	bool defers = needs_chain(v->m->job) && !tells_blocks(v->m->job);
	int r = 0;

	if (holds(x, found, from))
		x->last_end = last_end;
	else
		found = fl_multi_search(x, &text, from, last_end);
	v->end = defers ? v->m->own : x->text.len;
	/* -o tells each match, whether or not its line has been told. */
	if (defers || !(v->m->job->flags & FL_SCAN_ONLY_MATCHING))
		v->pos = in_view(v, chain->covered);
	if (defers && any && chain->end > off) {
		v->pos = 0;
		r = fl_multi_seed(x, (size_t)(chain->end - off), chain->begin);
	} else if (tells_blocks(v->m->job)) {
		v->m->emitted = in_view(v, chain->covered);
	}
	return r < 0 ? r : found;
}

static int tell_error(const struct multi_view *v, int r, struct fl_error *reterr)
{
	const struct fl_scan_mapping *m = v->m;
	uint64_t at = m->in->off + v->x->failed_at;

	if (m->is_told)
		return r;
	if (r == -E2BIG)
		return fl_error_set(reterr, -FL_ELIMIT, at, "more than %zu matches in one line",
				    FL_MULTI_FOUND_MAX);
	if (r == -FL_ELIMIT)
		return fl_error_set(reterr, r, at,
				    "a match that begins here would have to be looked for beyond "
				    "1 MiB, or exceeds PCRE's limits");
	return fl_scan_tell(m, r, v->x->failed_at, reterr);
}

/* Behind a last line without an end is one more place of that line. */
static bool has_open_end(const struct fl_scan_mapping *m)
{
	return m->own == m->in->len && m->in->ahead == 0 && m->own > 0 &&
	       m->in->data[m->own - 1] != m->job->eol;
}

int fl_scan_multi_view(struct fl_scan_mapping *m, struct fl_error *reterr)
{
	struct multi_view v = {.m = m, .x = m->search.multi};
	struct fl_multi_text text = {.data = m->in->data,
				     .off = m->in->off,
				     .len = m->in->len,
				     .starts = m->own + has_open_end(m),
				     .ends = m->in->ahead < FL_MULTI_AHEAD_BYTES};
	int found = fl_multi_search(v.x, &text, 0, SIZE_MAX), r;

	if (found == -ENOMEM || found == -EINVAL)
		return tell_error(&v, found, reterr);
	if (found == 0 && v.x->count == 0 && !needs_chain(m->job))
		return 0;
	r = fl_scan_hand_on(m);
	if (r != 0)
		return r < 0 ? r : 0;
	v.chain = *m->job->chain;
	found = settle(&v, found);
	if (m->job->tells_counts ? !inverts(m->job)
				 : tells_blocks(m->job) && fl_scan_wants_text(m->job))
		r = tell_blocks(&v);
	else
		r = tell_matches(&v);
	if (r == 0 && found == 0)
		r = tell_rest(&v);
	m->head.has_chain = 1;
	m->head.chain = v.chain;
	if (r == 0 && !m->head.closed)
		r = found;
	return r < 0 ? tell_error(&v, r, reterr) : r;
}
