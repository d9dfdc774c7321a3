/* SPDX-License-Identifier: MIT */
#include "ops/scan/scan_emit.h"

#include <errno.h>
#include <string.h>
#include <wchar.h>

#include "base/error.h"
#include "base/size.h"
#include "ops/scan/scan_render.h"

/* The least that is handed on of a line that does not fit into a part: a page of it. */
#define PIECE_MIN_BYTES FL_KIB(4)

int fl_scan_head_open(struct fl_scan_mapping *m)
{
	struct fl_part *part = m->part;

	m->head = (struct fl_scan_head){.version = FL_SCAN_PART_VERSION, .nul_off = FL_OFF_NONE};
	if (part->len == 0)
		return fl_part_append(part, &m->head, sizeof(m->head));
	if (part->len < sizeof(m->head))
		return -EINVAL;
	memcpy(&m->head, part->data, sizeof(m->head));
	return 0;
}

void fl_scan_head_close(struct fl_scan_mapping *m)
{
	m->head.end_off = m->in->off + m->own;
	if (m->part->len >= sizeof(m->head))
		memcpy(m->part->data, &m->head, sizeof(m->head));
}

/* Line ends in [from, to) of the view. */
static uint64_t newlines_in(const struct fl_scan_mapping *m, size_t from, size_t to)
{
	const struct fl_kernels *k = fl_kernels_get();
	const unsigned char *data = m->in->data;
	size_t block = (from + FL_COUNT_BLOCK_BYTES - 1) / FL_COUNT_BLOCK_BYTES;
	size_t end = to / FL_COUNT_BLOCK_BYTES < m->blocks ? to / FL_COUNT_BLOCK_BYTES : m->blocks;
	uint64_t n;

	if (block >= end)
		return k->count_byte(data + from, to - from, m->job->eol);
	n = k->count_byte(data + from, block * FL_COUNT_BLOCK_BYTES - from, m->job->eol);
	while (block < end)
		n += m->counts[block++];
	return n + k->count_byte(data + end * FL_COUNT_BLOCK_BYTES, to - end * FL_COUNT_BLOCK_BYTES,
				 m->job->eol);
}

void fl_scan_count_newlines(struct fl_scan_mapping *m, size_t to)
{
	size_t from = m->counted;

	if (!(m->job->flags & FL_SCAN_LINE_NUMBER))
		return;
	if (to > from)
		m->head.newlines += newlines_in(m, from, to);
	else
		m->head.newlines -= newlines_in(m, to, from);
	m->counted = to;
}

/* Would grep refuse to print these bytes? mbrlen(3) decides there, so it does here. */
static bool is_broken(const struct fl_scan_job *job, const unsigned char *p, size_t len)
{
	mbstate_t state;

	if (!job->plan.is_utf_locale || (job->flags & FL_SCAN_TEXT))
		return false;
	if (fl_utf8_is_valid(p, len))
		return false;
	memset(&state, 0, sizeof(state));
	while (len > 0) {
		size_t n = mbrlen((const char *)p, len, &state);

		if (n > len)
			return true;
		n = n > 0 ? n : 1;
		p += n;
		len -= n;
	}
	return false;
}

int fl_scan_hand_on(struct fl_scan_mapping *m)
{
	int r;

	m->head.goes_on = m->in_matches;
	fl_scan_head_close(m);
	r = fl_part_flush(m->part, m->reterr);
	m->is_told = r < 0;
	if (r < 0)
		return r;
	m->head.selected = m->head.matches = m->head.newlines = m->head.goes_on = 0;
	m->head.closed |= r == FL_FOLD_STOP;
	r = fl_part_append(m->part, &m->head, sizeof(m->head));
	return r < 0 ? r : m->head.closed != 0;
}

/* Bytes of text that fit into the part behind the head of a record. */
static size_t room(const struct fl_scan_mapping *m)
{
	size_t used = m->part->len + sizeof(struct fl_scan_record);

	return m->part->limit > used ? m->part->limit - used : 0;
}

/* Return: as fl_scan_hand_on(). */
static int make_room(struct fl_scan_mapping *m, size_t len)
{
	bool is_empty = m->part->len <= sizeof(m->head);
	bool fits =
		room(m) >= len && m->part->limit >= m->part->len + sizeof(struct fl_scan_record);

	return is_empty || fits ? 0 : fl_scan_hand_on(m);
}

static int append_record(struct fl_scan_mapping *m, struct fl_scan_record *rec,
			 const unsigned char *text)
{
	int r = fl_part_reserve(m->part, sizeof(*rec) + (size_t)rec->len);

	if (r < 0)
		return r;
	rec->line = m->head.newlines;
	fl_part_append(m->part, rec, sizeof(*rec));
	fl_part_append(m->part, text, (size_t)rec->len);
	return 0;
}

/*
 * What does not fit into one part goes into several, so that memory does not grow with a line.
 * Return: as fl_scan_hand_on(). Afterwards @rec is ready to go on with its line.
 */
int fl_scan_emit_bytes(struct fl_scan_mapping *m, struct fl_scan_record *rec,
		       const struct fl_scan_bytes *text, uint64_t more)
{
	const unsigned char *p = text->p;
	size_t left = text->len;
	int r = make_room(m, left);

	/* What takes the place of a match may stand elsewhere, and be nothing: its line, or match, is told. */
	if (!m->job->plan.replaces || (rec->flags & FL_SCAN_RECORD_REST))
		rec->off = text->off;
	rec->flags &= ~(uint64_t)FL_SCAN_RECORD_SAME;
	while (r == 0) {
		rec->len = fl_min_size(left, fl_max_size(room(m), PIECE_MIN_BYTES));
		left -= (size_t)rec->len;
		rec->flags &= ~(uint64_t)FL_SCAN_RECORD_MORE;
		rec->flags |= left > 0 ? FL_SCAN_RECORD_MORE : more;
		r = append_record(m, rec, p);
		if (r < 0)
			break;
		p += rec->len;
		rec->off += rec->len;
		rec->flags &= ~(uint64_t)FL_SCAN_RECORD_LINE;
		rec->flags |= FL_SCAN_RECORD_REST | FL_SCAN_RECORD_SAME;
		if (left == 0)
			break;
		r = fl_scan_hand_on(m);
	}
	return r;
}

int fl_scan_emit_span(struct fl_scan_mapping *m, struct fl_scan_record *rec,
		      const struct fl_span *text, uint64_t more)
{
	struct fl_scan_bytes bytes = {.p = m->in->data + text->begin,
				      .len = text->end - text->begin,
				      .off = m->in->off + text->begin};

	return fl_scan_emit_bytes(m, rec, &bytes, more);
}

/* Matches are where -v did not put the line. */
bool fl_scan_has_matches(const struct fl_scan_mapping *m, uint64_t flags)
{
	return !(m->job->flags & FL_SCAN_INVERT) == !(flags & FL_SCAN_RECORD_CONTEXT);
}

uint64_t fl_scan_pattern_of_match(const struct fl_scan_mapping *m)
{
	if (!(m->job->flags & FL_SCAN_PATTERN_ID))
		return 0;
	/* One literal, or the empty pattern: there is no other. */
	return m->job->plan.needs_regex && m->search.method != FL_SCAN_LITERAL
		       ? fl_matcher_mark(m->search.matcher)
		       : 1;
}

struct first {
	struct fl_scan_mapping *m;
	struct fl_span match;
	uint64_t pattern;
};

static int first_match(void *arg, const struct fl_span *match)
{
	struct first *first = arg;

	first->match = *match;
	first->pattern = fl_scan_pattern_of_match(first->m);
	return 1;
}

/* What stands before a line: the column of its first match, and whose match that is. */
static int find_first(struct fl_scan_mapping *m, const struct fl_span *line,
		      struct fl_scan_record *rec)
{
	struct first first = {.m = m};
	bool empties = m->search.empties;
	int r;

	if (!(m->job->flags & (FL_SCAN_COLUMN | FL_SCAN_PATTERN_ID)) ||
	    !fl_scan_has_matches(m, rec->flags))
		return 0;
	m->search.empties = true;
	r = fl_search_each(&m->search, line, first_match, &first);
	m->search.empties = empties;
	if (r > 0) {
		rec->pattern = first.pattern;
		/* Behind a last line without an end there is no place for one, to ripgrep. */
		if (first.match.begin < line->end || !(rec->flags & FL_SCAN_RECORD_OPEN))
			rec->column = first.match.begin - line->begin + 1;
	} else if (r == 0 && m->search.method == FL_SCAN_MULTI) {
		/* Of this line the match has the end only. */
		rec->column = line->end - line->begin + 1;
	}
	return r < 0 ? r : 0;
}

static struct fl_scan_record record_of(const struct fl_scan_mapping *m, const struct fl_span *line,
				       uint64_t flags)
{
	struct fl_scan_record rec = {.off = m->in->off + line->begin,
				     .begin_off = m->in->off + line->begin,
				     .end_off = m->in->off + line->end,
				     .flags = flags};

	if (line->end - line->begin > FL_SCAN_BINARY_BLOCK_BYTES)
		rec.flags |= FL_SCAN_RECORD_LONG;
	if (line->end == m->in->len)
		rec.flags |= FL_SCAN_RECORD_OPEN;
	return rec;
}

/* A line of which nothing is printed. Return: 0; 1 when no more of it is wanted; an error. */
static int add_bare(struct fl_scan_mapping *m, const struct fl_span *line, uint64_t flags)
{
	struct fl_scan_record rec = record_of(m, line, flags);
	int r = make_room(m, 0);

	if (r == 0)
		r = append_record(m, &rec, m->in->data);
	if (r != 0)
		return r;
	return flags & FL_SCAN_RECORD_BAD ? 1 : 0;
}

int fl_scan_emit_count(struct fl_scan_mapping *m, const struct fl_span *line, uint64_t matches)
{
	struct fl_scan_record rec = record_of(m, line, FL_SCAN_RECORD_LINE);
	int r = make_room(m, 0);

	rec.matches = matches;
	if (r == 0)
		r = append_record(m, &rec, m->in->data);
	return r < 0 ? r : r == 0;
}

bool fl_scan_wants_counts(const struct fl_scan_mapping *m)
{
	return m->head.selected < m->job->max_count && !m->head.closed;
}

int fl_scan_emit_gap_counts(struct fl_scan_mapping *m, size_t pos, size_t end)
{
	int r = 1;

	while (pos < end && r > 0 && fl_scan_wants_counts(m)) {
		struct fl_span line = {.begin = pos, .end = fl_search_line_end(&m->search, pos)};

		r = fl_scan_emit_count(m, &line, 0);
		m->head.selected += r > 0;
		pos = line.end + 1;
	}
	return r < 0 ? r : 0;
}

static int add_line(struct fl_scan_mapping *m, const struct fl_span *line, uint64_t flags)
{
	struct fl_scan_record rec = record_of(m, line, flags | FL_SCAN_RECORD_TEXT);
	int r;

	if (is_broken(m->job, m->in->data + line->begin, line->end - line->begin))
		return add_bare(m, line, flags | FL_SCAN_RECORD_BAD);
	r = find_first(m, line, &rec);
	return r < 0 ? r : fl_scan_render(m, &rec, line);
}

struct each_match {
	struct fl_scan_mapping *m;
	const struct fl_span *line;
	uint64_t flags;
	bool any;
};

/* Of a match that goes on over lines each piece is told with the offset of the match, as in ripgrep. */
static int add_piece(struct fl_scan_mapping *m, struct fl_scan_record *rec,
		     const struct fl_span *piece)
{
	struct fl_scan_bytes bytes = {.p = m->in->data + piece->begin,
				      .len = piece->end - piece->begin,
				      .off = m->search.multi->told_off};

	return fl_scan_emit_bytes(m, rec, &bytes, 0);
}

static int add_match(void *arg, const struct fl_span *match)
{
	struct each_match *e = arg;
	uint64_t flags = e->flags | (e->any ? 0 : FL_SCAN_RECORD_LINE);
	struct fl_scan_record rec =
		record_of(e->m, e->line, flags | FL_SCAN_RECORD_TEXT | FL_SCAN_RECORD_MATCH);

	if (match->end == match->begin && !e->m->job->plan.replaces)
		return 0;
	e->any = true;
	rec.off = e->m->in->off + match->begin;
	rec.column = match->begin - e->line->begin + 1;
	rec.pattern = fl_scan_pattern_of_match(e->m);
	if (is_broken(e->m->job, e->m->in->data + match->begin, match->end - match->begin))
		return add_bare(e->m, e->line, flags | FL_SCAN_RECORD_BAD);
	if (e->m->search.method == FL_SCAN_MULTI)
		return add_piece(e->m, &rec, match);
	return fl_scan_render_match(e->m, &rec, match);
}

static int add_matches(struct fl_scan_mapping *m, const struct fl_span *line, uint64_t flags)
{
	struct each_match e = {.m = m, .line = line, .flags = flags};
	int r = 0;

	if (fl_scan_has_matches(m, flags)) {
		m->in_matches = true;
		r = fl_search_each(&m->search, line, add_match, &e);
		m->in_matches = false;
	}
	if (r < 0 || e.any)
		return r;
	return add_bare(m, line, flags | FL_SCAN_RECORD_LINE);
}

static bool is_binary(const struct fl_scan_mapping *m, const struct fl_span *line)
{
	bool is_long = line->end - line->begin > FL_SCAN_BINARY_BLOCK_BYTES;

	return !(m->job->flags & FL_SCAN_TEXT) &&
	       fl_scan_is_binary(m->head.nul_off, m->in->off + line->end,
				 is_long ? FL_SCAN_RECORD_LONG : 0);
}

int fl_scan_emit_line(struct fl_scan_mapping *m, const struct fl_span *line)
{
	int r;

	fl_scan_count_newlines(m, line->begin);
	if (is_binary(m, line)) {
		/* From the first binary line on nothing is printed. */
		r = add_bare(m, line, FL_SCAN_RECORD_LINE);
		m->head.closed = 1;
	} else if (m->job->flags & FL_SCAN_ONLY_MATCHING) {
		r = add_matches(m, line, 0);
	} else {
		r = add_line(m, line, FL_SCAN_RECORD_LINE);
	}
	return r < 0 ? r : 0;
}

int fl_scan_emit_block(struct fl_scan_mapping *m, const struct fl_span *lines)
{
	const unsigned char *data = m->in->data;
	struct fl_span line = *lines;
	struct fl_scan_record rec;
	int r;

	if (data[line.end - 1] == m->job->eol)
		line.end--;
	fl_scan_count_newlines(m, line.begin);
	if (is_binary(m, &line)) {
		r = add_bare(m, &line, FL_SCAN_RECORD_LINE);
		m->head.closed = 1;
		return r < 0 ? r : 0;
	}
	rec = record_of(m, &line, FL_SCAN_RECORD_LINE | FL_SCAN_RECORD_TEXT);
	rec.flags |= FL_SCAN_RECORD_OPEN | FL_SCAN_RECORD_BLOCK;
	r = fl_scan_render(m, &rec, lines);
	return r < 0 ? r : 0;
}

int fl_scan_emit_context(struct fl_scan_mapping *m, const struct fl_span *line)
{
	int r;

	if (is_binary(m, line))
		return 0;
	fl_scan_count_newlines(m, line->begin);
	if (m->job->flags & FL_SCAN_ONLY_MATCHING)
		r = add_matches(m, line, FL_SCAN_RECORD_CONTEXT);
	else
		r = add_line(m, line, FL_SCAN_RECORD_LINE | FL_SCAN_RECORD_CONTEXT);
	return r < 0 ? r : 0;
}
