/* SPDX-License-Identifier: MIT */
#include "ops/scan/scan_render.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "ops/regex/graphemes.h"

/**
 * struct piecewise - a line that is written, or only measured, piece by piece
 * @rec:     NULL: it is measured
 * @told:    its bytes before this place are done
 * @limited: only @left more bytes may be written
 * @bytes:   that it has, once written
 * @matches: so many of them
 * @hidden:  of these, so many begin behind what may be written
 * @behind:  an empty match here is not counted: to ripgrep, behind a last line without an end there is no place
 * @instead: matches are replaced
 * @seen:    NULL, or what is measured: characters that a reader sees
 * @from, @to: matches that begin at one of these bytes of the line as it is to be seen are @within
 */
struct piecewise {
	struct fl_scan_mapping *m;
	struct fl_scan_record *rec;
	size_t told;
	bool limited;
	uint64_t left;
	uint64_t bytes;
	uint64_t matches;
	uint64_t hidden;
	size_t behind;
	bool instead;
	struct fl_graphemes *seen;
	uint64_t from;
	uint64_t to;
	uint64_t within;
};

static int put(struct piecewise *w, const unsigned char *p, size_t len, uint64_t off)
{
	struct fl_scan_bytes text = {.p = p, .len = len, .off = off};

	w->bytes += len;
	if (w->seen)
		fl_graphemes_add(w->seen, p, len);
	if (!w->rec || len == 0)
		return 0;
	if (w->limited && len > w->left) {
		text.len = (size_t)w->left;
		w->left = 0;
	} else if (w->limited) {
		w->left -= len;
	}
	return text.len > 0 ? fl_scan_emit_bytes(w->m, w->rec, &text, FL_SCAN_RECORD_MORE) : 0;
}

static int put_span(struct piecewise *w, size_t begin, size_t end)
{
	const struct fl_view *in = w->m->in;

	return put(w, in->data + begin, end - begin, in->off + begin);
}

/* Groups of the line, which begins at @base in the view. */
static int put_replacement(struct piecewise *w, const struct fl_span *match, size_t base)
{
	const struct fl_scan_plan *plan = &w->m->job->plan;
	const struct fl_replacement *t = &plan->replacement;
	int r = 0;

	for (size_t i = 0; i < t->count && r == 0; i++) {
		const struct fl_replacement_piece *piece = &t->pieces[i];
		struct fl_span group;

		if (piece->group == FL_REPLACEMENT_TEXT)
			r = put(w, (const unsigned char *)piece->text, piece->len,
				w->m->in->off + match->begin);
		else if (piece->group == 0)
			r = put_span(w, match->begin, match->end);
		else if (piece->group != FL_REPLACEMENT_NONE &&
			 fl_matcher_group(w->m->search.matcher, piece->group, &group))
			r = put_span(w, base + group.begin, base + group.end);
	}
	return r;
}

struct line_pieces {
	struct piecewise w;
	size_t base;
};

/* Empty pieces are told only where a match is one: they are for events. */
static int tell_empty(struct piecewise *w, const struct fl_span *match)
{
	struct fl_scan_bytes text = {.p = w->m->in->data + match->begin,
				     .off = w->m->in->off + match->begin};

	if (!w->rec || !w->m->job->spans || !(w->m->job->flags & FL_SCAN_EMPTIES))
		return 0;
	return fl_scan_emit_bytes(w->m, w->rec, &text, FL_SCAN_RECORD_MORE);
}

static int add_piece(void *arg, const struct fl_span *match)
{
	struct line_pieces *p = arg;
	struct piecewise *w = &p->w;
	uint64_t before = w->rec ? w->rec->pattern : 0;
	int r = put_span(w, w->told, match->begin);

	if (r != 0)
		return r;
	w->told = match->end;
	if (match->end > match->begin || match->begin != w->behind) {
		w->matches++;
		w->hidden += w->limited && w->left == 0;
	}
	w->within += w->bytes >= w->from && w->bytes < w->to;
	if (w->rec) {
		w->rec->flags |= FL_SCAN_RECORD_MATCH;
		w->rec->pattern = fl_scan_pattern_of_match(w->m);
	}
	if (w->instead)
		r = put_replacement(w, match, p->base);
	else if (match->end > match->begin)
		r = put_span(w, match->begin, match->end);
	else
		r = tell_empty(w, match);
	if (w->rec) {
		w->rec->flags &= ~(uint64_t)FL_SCAN_RECORD_MATCH;
		w->rec->pattern = before;
	}
	return r;
}

/* Return: as add_piece(). Nothing has been said of the line's end. */
static int each_piece(struct line_pieces *p, const struct fl_span *line, bool matches)
{
	struct piecewise *w = &p->w;
	int r = 0;

	p->base = w->told = line->begin;
	if (matches)
		r = fl_search_each(&w->m->search, line, add_piece, p);
	return r != 0 ? r : put_span(w, w->told, line->end);
}

static bool is_context(const struct fl_scan_record *rec)
{
	return (rec->flags & FL_SCAN_RECORD_CONTEXT) != 0;
}

/* With --crlf a line that does not bring its own end along gets CR LF, as in ripgrep. */
static int end_line(struct fl_scan_mapping *m, struct fl_scan_record *rec)
{
	struct fl_scan_bytes cr = {.p = (const unsigned char *)"\r",
				   .len = m->job->plan.is_crlf,
				   .off = rec->begin_off};

	return fl_scan_emit_bytes(m, rec, &cr, 0);
}

static int emit_notice(struct fl_scan_mapping *m, struct fl_scan_record *rec, const char *text)
{
	struct fl_scan_bytes bytes = {
		.p = (const unsigned char *)text, .len = strlen(text), .off = rec->begin_off};
	int r = fl_scan_emit_bytes(m, rec, &bytes, FL_SCAN_RECORD_MORE);

	return r != 0 ? r : end_line(m, rec);
}

/* ripgrep counts a line's matches where something else wants to know them. */
static bool wants_number(const struct fl_scan_mapping *m, const struct fl_scan_record *rec)
{
	const struct fl_scan_job *job = m->job;

	return fl_scan_has_matches(m, rec->flags) && !(job->flags & FL_SCAN_ONLY_MATCHING) &&
	       (job->spans || job->plan.replaces || (job->flags & FL_SCAN_COLUMN));
}

static int omit(struct fl_scan_mapping *m, struct fl_scan_record *rec, uint64_t matches)
{
	char text[64];

	if (!wants_number(m, rec) || matches == 0)
		return emit_notice(m, rec,
				   is_context(rec) ? "[Omitted long context line]"
						   : "[Omitted long matching line]");
	snprintf(text, sizeof(text), "[Omitted long line with %" PRIu64 " matches]", matches);
	return emit_notice(m, rec, text);
}

static int end_preview(struct fl_scan_mapping *m, struct fl_scan_record *rec, uint64_t hidden)
{
	char text[64];

	snprintf(text, sizeof(text), " [... %" PRIu64 " more match%s]", hidden,
		 hidden == 1 ? "" : "es");
	return emit_notice(m, rec, text);
}

static bool is_replaced(const struct fl_scan_mapping *m, const struct fl_scan_record *rec)
{
	return m->job->plan.replaces && fl_scan_has_matches(m, rec->flags);
}

/* ripgrep counts the line's end, too, unless the line is made anew. */
static bool is_too_long(const struct fl_scan_mapping *m, const struct fl_scan_record *rec,
			uint64_t bytes)
{
	bool has_end = !(rec->flags & FL_SCAN_RECORD_OPEN) && !is_replaced(m, rec);

	return m->job->max_columns > 0 && bytes + has_end > m->job->max_columns;
}

static struct line_pieces pieces_of(struct fl_scan_mapping *m, struct fl_scan_record *rec)
{
	return (struct line_pieces){
		.w = {.m = m, .rec = rec, .behind = SIZE_MAX, .instead = m->job->plan.replaces}};
}

static size_t behind(const struct fl_scan_record *rec, const struct fl_span *line)
{
	return rec->flags & FL_SCAN_RECORD_OPEN ? line->end : SIZE_MAX;
}

/* Without the CR that belongs to its end. */
static struct fl_span body_of(const struct fl_scan_mapping *m, const struct fl_span *line)
{
	struct fl_span body = *line;

	if (m->job->plan.is_crlf && body.end > body.begin && m->in->data[body.end - 1] == '\r')
		body.end--;
	return body;
}

/*
 * In UTF-8 ripgrep previews so many characters, not bytes: @tell tells @p the text.
 * Return: 0, with the bytes of the text that they take; an error.
 */
static int preview_bytes(struct line_pieces *p,
			 int (*tell)(struct line_pieces *p, const struct fl_span *span,
				     bool matches),
			 const struct fl_span *span, bool matches, uint64_t *ret_bytes)
{
	const struct fl_scan_job *job = p->w.m->job;
	struct fl_graphemes seen;
	int r, error;

	*ret_bytes = job->max_columns;
	if (!job->plan.is_utf_locale)
		return 0;
	fl_graphemes_init(&seen, job->max_columns);
	p->w.seen = &seen;
	r = tell(p, span, matches);
	p->w.seen = NULL;
	error = fl_graphemes_end(&seen, ret_bytes);
	return r != 0 ? r : error;
}

/* Return: 1 and the notice is written; 0 the line is to be written, as far as @w->left allows. */
static int measure(struct fl_scan_mapping *m, struct fl_scan_record *rec,
		   const struct fl_span *line, struct piecewise *w)
{
	const struct fl_scan_job *job = m->job;
	bool replaced = is_replaced(m, rec);
	bool number = wants_number(m, rec);
	struct fl_span body = body_of(m, line);
	struct line_pieces p = pieces_of(m, NULL);
	int r;

	p.w.behind = behind(rec, line);
	if (job->max_columns == 0 || (!is_too_long(m, rec, line->end - line->begin) && !replaced))
		return 0;
	r = each_piece(&p, replaced ? &body : line, number);
	if (r < 0 || !is_too_long(m, rec, p.w.bytes))
		return r;
	if (!(job->flags & FL_SCAN_PREVIEW)) {
		r = omit(m, rec, p.w.matches);
		return r < 0 ? r : 1;
	}
	w->limited = true;
	return preview_bytes(&p, each_piece, &body, replaced, &w->left);
}

/* Text that does not bring its line's end along. What events tell of a last line is the file's bytes. */
static bool needs_cr(const struct fl_scan_mapping *m, const struct fl_scan_record *rec)
{
	const struct fl_scan_job *job = m->job;

	return job->plan.is_crlf &&
	       (is_replaced(m, rec) || (job->flags & FL_SCAN_ONLY_MATCHING) ||
		((rec->flags & FL_SCAN_RECORD_OPEN) && !(job->flags & FL_SCAN_EMPTIES)));
}

static int emit_last(struct fl_scan_mapping *m, struct fl_scan_record *rec,
		     const struct fl_span *text)
{
	int r;

	if (!needs_cr(m, rec))
		return fl_scan_emit_span(m, rec, text, 0);
	r = fl_scan_emit_span(m, rec, text, FL_SCAN_RECORD_MORE);
	return r != 0 ? r : end_line(m, rec);
}

static int render(struct fl_scan_mapping *m, struct fl_scan_record *rec, const struct fl_span *line)
{
	bool matches =
		fl_scan_has_matches(m, rec->flags) &&
		(m->job->spans || m->job->plan.replaces || (m->job->flags & FL_SCAN_PREVIEW));
	struct fl_span body = body_of(m, line);
	struct fl_span none = {.begin = line->end, .end = line->end};
	struct line_pieces p = pieces_of(m, rec);
	int r = measure(m, rec, line, &p.w);

	if (r != 0)
		return r < 0 ? r : 0;
	/* Of what is hidden of a line that is made anew it does count. */
	if (!is_replaced(m, rec))
		p.w.behind = behind(rec, line);
	if (!matches && !p.w.limited)
		return emit_last(m, rec, line);
	r = each_piece(&p, p.w.limited || is_replaced(m, rec) ? &body : line, matches);
	if (r != 0)
		return r;
	if (!p.w.limited)
		return emit_last(m, rec, &none);
	return wants_number(m, rec) && p.w.matches > 0
		       ? end_preview(m, rec, p.w.hidden)
		       : emit_notice(m, rec, " [... omitted end of long line]");
}

/* Notices count empty matches, too, as in ripgrep. */
int fl_scan_render(struct fl_scan_mapping *m, struct fl_scan_record *rec,
		   const struct fl_span *line)
{
	bool empties = m->search.empties;
	int r;

	m->search.empties |= m->job->max_columns > 0 && wants_number(m, rec);
	r = render(m, rec, line);
	m->search.empties = empties;
	return r;
}

static int tell_match(struct line_pieces *p, const struct fl_span *match, bool replaced)
{
	return replaced ? put_replacement(&p->w, match, p->base)
			: put_span(&p->w, match->begin, match->end);
}

/*
 * ripgrep takes the places of the line's matches for places in this one, and tells how many begin between what
 * of it is seen and its length. While fl_search_each() tells a match of a line it may be asked for all.
 */
static int end_match_preview(struct fl_scan_mapping *m, struct fl_scan_record *rec, uint64_t seen,
			     uint64_t bytes)
{
	struct line_pieces p = pieces_of(m, NULL);
	struct fl_span line = {.begin = (size_t)(rec->begin_off - m->in->off),
			       .end = (size_t)(rec->end_off - m->in->off)};
	int r;

	p.w.from = seen;
	p.w.to = bytes;
	r = each_piece(&p, &line, true);
	return r != 0 ? r : end_preview(m, rec, p.w.within);
}

/* Return: 1 and the notice is written; 0 the match is to be written, as far as @w->left allows. */
static int measure_match(struct fl_scan_mapping *m, struct fl_scan_record *rec,
			 const struct fl_span *match, struct line_pieces *p)
{
	uint64_t max = m->job->max_columns;
	int r = max > 0 ? tell_match(p, match, p->w.instead) : 0;

	if (r != 0 || p->w.bytes <= max)
		return r;
	if (!(m->job->flags & FL_SCAN_PREVIEW)) {
		r = omit(m, rec, 0);
		return r < 0 ? r : 1;
	}
	p->w.limited = true;
	p->w.to = p->w.bytes;
	return preview_bytes(p, tell_match, match, p->w.instead, &p->w.left);
}

int fl_scan_render_match(struct fl_scan_mapping *m, struct fl_scan_record *rec,
			 const struct fl_span *match)
{
	struct fl_span none = {.begin = match->end, .end = match->end};
	struct line_pieces p = pieces_of(m, NULL);
	uint64_t seen;
	int r;

	p.base = (size_t)(rec->begin_off - m->in->off);
	r = measure_match(m, rec, match, &p);
	if (r != 0)
		return r < 0 ? r : m->head.closed != 0;
	if (!p.w.instead && !p.w.limited)
		return emit_last(m, rec, match);
	seen = p.w.left;
	p.w.rec = rec;
	r = tell_match(&p, match, p.w.instead);
	if (r != 0)
		return r;
	return p.w.limited ? end_match_preview(m, rec, seen, p.w.to) : emit_last(m, rec, &none);
}
