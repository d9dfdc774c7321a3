/* SPDX-License-Identifier: MIT */
#include "ops/scan/scan_render.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/size.h"

/**
 * struct piecewise - a line that is written, or only measured, piece by piece
 * @rec:     NULL: it is measured
 * @told:    its bytes before this place are done
 * @limited: only @left more bytes may be written
 * @bytes:   that it has, once written
 * @matches: so many of them
 * @hidden:  of these, so many begin behind what may be written
 * @instead: matches are replaced
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
	bool instead;
};

/* What ends within a character is cut before it. */
static size_t cut(const struct fl_scan_mapping *m, const unsigned char *p, size_t len)
{
	if (m->job->plan.is_utf_locale)
		while (len > 0 && (p[len] & 0xC0) == 0x80)
			len--;
	return len;
}

static int put(struct piecewise *w, const unsigned char *p, size_t len, uint64_t off)
{
	struct fl_scan_bytes text = {.p = p, .len = len, .off = off};

	w->bytes += len;
	if (!w->rec || len == 0)
		return 0;
	if (w->limited && len > w->left) {
		text.len = cut(w->m, p, (size_t)w->left);
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
	w->matches++;
	w->hidden += w->limited && w->left == 0;
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

static int emit_notice(struct fl_scan_mapping *m, struct fl_scan_record *rec, const char *text)
{
	struct fl_scan_bytes bytes = {
		.p = (const unsigned char *)text, .len = strlen(text), .off = rec->begin_off};

	return fl_scan_emit_bytes(m, rec, &bytes, 0);
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

	if (!wants_number(m, rec))
		return emit_notice(m, rec,
				   is_context(rec) ? "[Omitted long context line]"
						   : "[Omitted long matching line]");
	snprintf(text, sizeof(text), "[Omitted long line with %" PRIu64 " matches]", matches);
	return emit_notice(m, rec, text);
}

static int end_preview(struct fl_scan_mapping *m, struct fl_scan_record *rec,
		       const struct piecewise *w)
{
	char text[64];

	if (!wants_number(m, rec))
		return emit_notice(m, rec, " [... omitted end of long line]");
	/* Only its end was too much, which ripgrep does not count here. */
	if (w->instead && w->bytes <= m->job->max_columns)
		return emit_notice(m, rec, "");
	snprintf(text, sizeof(text), " [... %" PRIu64 " more match%s]", w->hidden,
		 w->hidden == 1 ? "" : "es");
	return emit_notice(m, rec, text);
}

/* ripgrep counts the line's end, too. */
static bool is_too_long(const struct fl_scan_job *job, const struct fl_scan_record *rec,
			uint64_t bytes)
{
	return job->max_columns > 0 &&
	       bytes + !(rec->flags & FL_SCAN_RECORD_OPEN) > job->max_columns;
}

static struct line_pieces pieces_of(struct fl_scan_mapping *m, struct fl_scan_record *rec)
{
	return (struct line_pieces){.w = {.m = m, .rec = rec, .instead = m->job->plan.replaces}};
}

/* Return: 1 and the notice is written; 0 the line is to be written, as far as @w->left allows. */
static int measure(struct fl_scan_mapping *m, struct fl_scan_record *rec,
		   const struct fl_span *line, struct piecewise *w)
{
	const struct fl_scan_job *job = m->job;
	bool matches = fl_scan_has_matches(m, rec->flags);
	bool number = wants_number(m, rec);
	struct line_pieces p = pieces_of(m, NULL);
	int r;

	if (job->max_columns == 0 ||
	    (!is_too_long(job, rec, line->end - line->begin) && !(job->plan.replaces && matches)))
		return 0;
	r = each_piece(&p, line, matches && number);
	if (r < 0 || !is_too_long(job, rec, p.w.bytes))
		return r;
	if (!(job->flags & FL_SCAN_PREVIEW)) {
		r = omit(m, rec, p.w.matches);
		return r < 0 ? r : 1;
	}
	w->limited = true;
	w->left = job->max_columns;
	return 0;
}

int fl_scan_render(struct fl_scan_mapping *m, struct fl_scan_record *rec,
		   const struct fl_span *line)
{
	bool matches =
		fl_scan_has_matches(m, rec->flags) &&
		(m->job->spans || m->job->plan.replaces || (m->job->flags & FL_SCAN_PREVIEW));
	struct line_pieces p = pieces_of(m, rec);
	struct fl_span none = {.begin = line->end, .end = line->end};
	int r = measure(m, rec, line, &p.w);

	if (r != 0)
		return r < 0 ? r : 0;
	if (!matches && !p.w.limited)
		return fl_scan_emit_span(m, rec, line, 0);
	r = each_piece(&p, line, matches);
	if (r != 0)
		return r;
	return p.w.limited ? end_preview(m, rec, &p.w) : fl_scan_emit_span(m, rec, &none, 0);
}

int fl_scan_render_match(struct fl_scan_mapping *m, struct fl_scan_record *rec,
			 const struct fl_span *match)
{
	struct line_pieces p = pieces_of(m, NULL);
	struct fl_span none = {.begin = match->end, .end = match->end};
	size_t base = (size_t)(rec->begin_off - m->in->off);
	uint64_t max = m->job->max_columns;
	int r = 0;

	if (max > 0) {
		r = p.w.instead ? put_replacement(&p.w, match, base)
				: put_span(&p.w, match->begin, match->end);
		if (p.w.bytes > max && !(m->job->flags & FL_SCAN_PREVIEW))
			return omit(m, rec, 0);
	}
	p.w.rec = rec;
	p.w.limited = max > 0 && p.w.bytes > max;
	p.w.left = max;
	if (!p.w.instead && !p.w.limited)
		return fl_scan_emit_span(m, rec, match, 0);
	r = p.w.instead ? put_replacement(&p.w, match, base)
			: put_span(&p.w, match->begin, match->end);
	if (r != 0)
		return r;
	return p.w.limited ? end_preview(m, rec, &p.w) : fl_scan_emit_span(m, rec, &none, 0);
}
