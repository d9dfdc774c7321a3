/* SPDX-License-Identifier: MIT */
#include "ops/scan/scan_map.h"

#include <errno.h>
#include <string.h>
#include <wchar.h>

#include "base/error.h"
#include "base/size.h"
#include "ops/scan/scan_record.h"
#include "ops/scan/search.h"

/* The least that is handed on of a line that does not fit into a part: a page of it. */
#define PIECE_MIN_BYTES FL_KIB(4)

/* One call of map: the part's head is kept here until the end. */
struct mapping {
	const struct fl_scan_job *job;
	const struct fl_view *in;
	struct fl_part *part;
	struct fl_error *reterr;
	struct fl_scan_head head;
	struct fl_search search;
	size_t counted; /* line ends before this place are in head.newlines */
	bool is_told;   /* reterr says what is wrong */
};

static int head_open(struct fl_part *part, struct fl_scan_head *ret)
{
	*ret = (struct fl_scan_head){.version = FL_SCAN_PART_VERSION, .nul_off = FL_OFF_NONE};
	if (part->len == 0)
		return fl_part_append(part, ret, sizeof(*ret));
	if (part->len < sizeof(*ret))
		return -EINVAL;
	memcpy(ret, part->data, sizeof(*ret));
	return 0;
}

static void count_newlines(struct mapping *m, size_t to)
{
	if (!(m->job->flags & FL_SCAN_LINE_NUMBER) || to <= m->counted)
		return;
	m->head.newlines += fl_kernels_get()->count_byte(m->in->data + m->counted, to - m->counted,
							 m->job->eol);
	m->counted = to;
}

static bool wants_text(const struct fl_scan_job *job)
{
	return !(job->flags & (FL_SCAN_COUNT | FL_SCAN_QUIET));
}

static void find_nul(struct mapping *m)
{
	const unsigned char *nul;

	if (m->head.nul_off != FL_OFF_NONE)
		return;
	nul = memchr(m->in->data, '\0', m->in->len);
	if (nul)
		m->head.nul_off = m->in->off + (uint64_t)(nul - m->in->data);
}

/* Would grep refuse to print these bytes? mbrlen(3) decides there, so it does here. */
static bool is_broken(const struct fl_scan_job *job, const unsigned char *p, size_t len)
{
	mbstate_t state;

	if (!job->plan.is_utf_locale || (job->flags & FL_SCAN_TEXT))
		return false;
	if (fl_text_is_utf8(p, len))
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

static void head_close(struct mapping *m)
{
	m->head.end_off = m->in->off + m->in->len;
	if (m->part->len >= sizeof(m->head))
		memcpy(m->part->data, &m->head, sizeof(m->head));
}

/* Return: 0; 1 when nothing of what follows can matter; an error. */
static int hand_on(struct mapping *m)
{
	int r;

	head_close(m);
	r = fl_part_flush(m->part, m->reterr);
	m->is_told = r < 0;
	if (r < 0)
		return r;
	m->head.selected = m->head.newlines = 0;
	m->head.closed |= r == FL_FOLD_STOP;
	r = fl_part_append(m->part, &m->head, sizeof(m->head));
	return r < 0 ? r : m->head.closed != 0;
}

/* Bytes of text that fit into the part behind the head of a record. */
static size_t room(const struct mapping *m)
{
	size_t used = m->part->len + sizeof(struct fl_scan_record);

	return m->part->limit > used ? m->part->limit - used : 0;
}

/* Return: as hand_on(). */
static int make_room(struct mapping *m, size_t len)
{
	bool is_empty = m->part->len <= sizeof(m->head);
	bool fits =
		room(m) >= len && m->part->limit >= m->part->len + sizeof(struct fl_scan_record);

	return is_empty || fits ? 0 : hand_on(m);
}

static int append_record(struct mapping *m, struct fl_scan_record *rec, const unsigned char *text)
{
	int r = fl_part_reserve(m->part, sizeof(*rec) + (size_t)rec->len);

	if (r < 0)
		return r;
	rec->line = m->head.newlines;
	fl_part_append(m->part, rec, sizeof(*rec));
	fl_part_append(m->part, text, (size_t)rec->len);
	return 0;
}

/* What does not fit into one part goes into several, so that memory does not grow with a line. */
static int add_text(struct mapping *m, struct fl_scan_record *rec, const struct fl_span *text)
{
	const unsigned char *p = m->in->data + text->begin;
	size_t left = text->end - text->begin;
	int r = make_room(m, left);

	while (r == 0) {
		rec->len = fl_min_size(left, fl_max_size(room(m), PIECE_MIN_BYTES));
		left -= (size_t)rec->len;
		rec->flags |= left > 0 ? FL_SCAN_RECORD_MORE : 0;
		r = append_record(m, rec, p);
		if (r < 0 || left == 0)
			break;
		p += rec->len;
		rec->flags &= ~(uint64_t)(FL_SCAN_RECORD_LINE | FL_SCAN_RECORD_MORE);
		rec->flags |= FL_SCAN_RECORD_REST;
		r = hand_on(m);
	}
	return r;
}

/* Return: 0; 1 when no more of the line is wanted; an error. */
static int add_record(struct mapping *m, const struct fl_span *line, const struct fl_span *text,
		      uint64_t flags)
{
	struct fl_scan_record rec = {.off = m->in->off + (text ? text->begin : line->begin),
				     .end_off = m->in->off + line->end,
				     .flags = flags};
	int r;

	if (line->end - line->begin > FL_SCAN_BINARY_BLOCK_BYTES)
		rec.flags |= FL_SCAN_RECORD_LONG;
	if (text && is_broken(m->job, m->in->data + text->begin, text->end - text->begin)) {
		rec.flags |= FL_SCAN_RECORD_BAD;
		text = NULL;
	}
	if (text) {
		rec.flags |= FL_SCAN_RECORD_TEXT;
		return add_text(m, &rec, text);
	}
	r = make_room(m, 0);
	if (r == 0)
		r = append_record(m, &rec, m->in->data);
	if (r != 0)
		return r;
	return rec.flags & FL_SCAN_RECORD_BAD ? 1 : 0;
}

struct each_match {
	struct mapping *m;
	const struct fl_span *line;
	bool any;
};

static int add_match(void *arg, const struct fl_span *match)
{
	struct each_match *e = arg;
	int r = add_record(e->m, e->line, match, e->any ? 0 : FL_SCAN_RECORD_LINE);

	e->any = true;
	return r;
}

static int add_matches(struct mapping *m, const struct fl_span *line)
{
	struct each_match e = {.m = m, .line = line};
	int r = 0;

	if (!(m->job->flags & FL_SCAN_INVERT))
		r = fl_search_each(&m->search, line, add_match, &e);
	if (r < 0 || e.any)
		return r < 0 ? r : 0;
	r = add_record(m, line, NULL, FL_SCAN_RECORD_LINE);
	return r < 0 ? r : 0;
}

static int add_line(struct mapping *m, const struct fl_span *line)
{
	bool is_long = line->end - line->begin > FL_SCAN_BINARY_BLOCK_BYTES;
	int r;

	/* From the first binary line on nothing is printed. */
	if (fl_scan_is_binary(m->head.nul_off, m->in->off + line->end,
			      is_long ? FL_SCAN_RECORD_LONG : 0)) {
		r = add_record(m, line, NULL, FL_SCAN_RECORD_LINE);
		m->head.closed = 1;
		return r < 0 ? r : 0;
	}
	if (m->job->flags & FL_SCAN_ONLY_MATCHING)
		return add_matches(m, line);
	r = add_record(m, line, line, FL_SCAN_RECORD_LINE);
	return r < 0 ? r : 0;
}

static int select_line(struct mapping *m, const struct fl_span *line)
{
	m->head.selected++;
	if (m->job->flags & FL_SCAN_QUIET)
		m->head.closed = 1;
	if (!wants_text(m->job))
		return 0;
	count_newlines(m, line->begin);
	return add_line(m, line);
}

/* All lines in [pos, end) were found not to match. */
static int select_gap(struct mapping *m, size_t pos, size_t end)
{
	int r = 0;

	while (pos < end && r == 0 && !m->head.closed) {
		struct fl_span line = {.begin = pos, .end = fl_search_line_end(&m->search, pos)};

		r = select_line(m, &line);
		pos = line.end + 1;
	}
	return r;
}

static int limit_error(const struct mapping *m, int code, size_t pos, struct fl_error *reterr)
{
	if (m->is_told)
		return code;
	if (code == -FL_ELIMIT)
		return fl_error_set(reterr, code, m->in->off + pos,
				    "exceeded PCRE's backtracking limit");
	return fl_error_set(reterr, code, m->in->off + pos, NULL);
}

static int select_all(struct mapping *m, struct fl_error *reterr)
{
	bool invert = (m->job->flags & FL_SCAN_INVERT) != 0;
	size_t pos = 0;
	int r = 0;

	while (pos < m->in->len && r == 0 && !m->head.closed) {
		struct fl_span line;
		int found = fl_search_next(&m->search, pos, &line);

		if (found == 0)
			line = (struct fl_span){.begin = m->in->len, .end = m->in->len};
		if (invert)
			r = select_gap(m, pos, line.begin);
		else if (found > 0)
			r = select_line(m, &line);
		if (found < 0 && r == 0)
			r = found;
		if (r < 0)
			return limit_error(m, r, line.begin, reterr);
		pos = line.end + 1;
	}
	return r;
}

/* Lines in the first @len bytes of the view. */
static uint64_t count_lines(const struct mapping *m, size_t len)
{
	const struct fl_kernels *k = fl_kernels_get();
	const struct fl_search *s = &m->search;
	uint64_t n = k->count_byte(s->data, len, s->eol);
	unsigned char last = len > 0 ? s->data[len - 1] : s->eol;

	if (s->split_nul)
		n += k->count_byte(s->data, len, '\0');
	return n + (last != s->eol && !(s->split_nul && last == '\0'));
}

/* @ret_end: where the lines that were looked at end: at an error, or at the view's end */
static int count_matching(struct mapping *m, uint64_t *ret, size_t *ret_end)
{
	struct fl_span line = {0};
	size_t pos = 0;
	int found = 0;

	for (*ret = 0; pos < m->in->len; pos = line.end + 1) {
		found = fl_search_next(&m->search, pos, &line);
		if (found <= 0)
			break;
		++*ret;
	}
	*ret_end = found < 0 ? line.begin : m->in->len;
	return found < 0 ? found : 0;
}

/* -c needs no look at lines that are not proposed. */
static int count_view(struct mapping *m, struct fl_error *reterr)
{
	bool invert = (m->job->flags & FL_SCAN_INVERT) != 0;
	size_t end = m->in->len;
	uint64_t n;
	int r = 0;

	if (m->search.method == FL_SCAN_EVERY)
		n = count_lines(m, end);
	else
		r = count_matching(m, &n, &end);
	m->head.selected += invert ? count_lines(m, end) - n : n;
	return r < 0 ? limit_error(m, r, end, reterr) : 0;
}

static int map_open(struct mapping *m, struct fl_matcher *matcher)
{
	const struct fl_scan_job *job = m->job;
	bool binary = !(job->flags & FL_SCAN_TEXT) && job->eol == '\n';
	int r = head_open(m->part, &m->head);

	if (r < 0)
		return r;
	m->search = (struct fl_search){.plan = &job->plan,
				       .matcher = matcher,
				       .data = m->in->data,
				       .len = m->in->len,
				       .eol = job->eol,
				       .split_nul = binary};
	if (binary && wants_text(job)) {
		find_nul(m);
		m->search.split_nul = m->head.nul_off != FL_OFF_NONE;
	}
	return fl_search_begin(&m->search);
}

int fl_scan_map_view(const struct fl_scan_job *job, struct fl_matcher *matcher,
		     const struct fl_view *in, struct fl_part *part, struct fl_error *reterr)
{
	struct mapping m = {.job = job, .in = in, .part = part, .reterr = reterr};
	int r = map_open(&m, matcher);

	if (r < 0)
		return limit_error(&m, r, 0, reterr);
	if (m.head.closed)
		return 0;
	if ((job->flags & (FL_SCAN_COUNT | FL_SCAN_QUIET)) == FL_SCAN_COUNT)
		r = count_view(&m, reterr);
	else
		r = select_all(&m, reterr);
	count_newlines(&m, in->len);
	head_close(&m);
	return r;
}
