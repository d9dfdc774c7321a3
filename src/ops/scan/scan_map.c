/* SPDX-License-Identifier: MIT */
#include "ops/scan/scan_map.h"

#include <errno.h>
#include <string.h>
#include <wchar.h>

#include "base/error.h"
#include "base/size.h"
#include "ops/scan/scan_record.h"
#include "ops/scan/search.h"

/* One call of map: the part's head is kept here until the end. */
struct mapping {
	const struct fl_scan_job *job;
	const struct fl_view *in;
	struct fl_part *part;
	struct fl_scan_head head;
	struct fl_search search;
	size_t counted; /* line ends before this place are in head.newlines */
};

/* What a line that does not fit must take back. */
struct mark {
	size_t len;
	uint64_t selected;
};

static int head_open(struct fl_part *part, struct fl_scan_head *ret)
{
	*ret = (struct fl_scan_head){.version = FL_SCAN_PART_VERSION, .binary_off = FL_OFF_NONE};
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
	uint64_t off;

	if (m->head.binary_off != FL_OFF_NONE)
		return;
	nul = memchr(m->in->data, '\0', m->in->len);
	if (!nul)
		return;
	off = m->in->off + (uint64_t)(nul - m->in->data);
	m->head.binary_off = fl_round_down(off, FL_SCAN_BINARY_BLOCK_BYTES);
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

static int add_record(struct mapping *m, const struct fl_span *line, const struct fl_span *text,
		      uint64_t flags)
{
	struct fl_scan_record rec = {.off = m->in->off + (text ? text->begin : line->begin),
				     .end_off = m->in->off + line->end,
				     .line = m->head.newlines,
				     .flags = flags};
	int r;

	if (text && is_broken(m->job, m->in->data + text->begin, text->end - text->begin)) {
		rec.flags |= FL_SCAN_RECORD_BAD;
		text = NULL;
	}
	if (text) {
		rec.flags |= FL_SCAN_RECORD_TEXT;
		rec.len = text->end - text->begin;
	}
	r = fl_part_reserve(m->part, sizeof(rec) + (size_t)rec.len);
	if (r < 0)
		return r;
	fl_part_append(m->part, &rec, sizeof(rec));
	if (rec.len > 0)
		fl_part_append(m->part, m->in->data + text->begin, (size_t)rec.len);
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
	return add_record(m, line, NULL, FL_SCAN_RECORD_LINE);
}

static int add_line(struct mapping *m, const struct fl_span *line)
{
	int r;

	/* From the first binary line on nothing is printed. */
	if (m->head.binary_off != FL_OFF_NONE && m->in->off + line->end >= m->head.binary_off) {
		m->head.closed = 1;
		return add_record(m, line, NULL, FL_SCAN_RECORD_LINE);
	}
	if (m->job->flags & FL_SCAN_ONLY_MATCHING)
		return add_matches(m, line);
	r = add_record(m, line, line, FL_SCAN_RECORD_LINE);
	return r < 0 ? r : 0;
}

/* Return: 0; FL_MAP_FULL; an error. */
static int select_line(struct mapping *m, const struct fl_span *line)
{
	struct mark mark = {.len = m->part->len, .selected = m->head.selected};
	int r;

	m->head.selected++;
	if (m->job->flags & FL_SCAN_QUIET)
		m->head.closed = 1;
	if (!wants_text(m->job))
		return 0;
	count_newlines(m, line->begin);
	r = add_line(m, line);
	if (r < 0 || m->part->len <= m->part->limit || mark.len == sizeof(m->head) ||
	    m->head.closed)
		return r;
	m->part->len = mark.len;
	m->head.selected = mark.selected;
	m->part->next_off = m->in->off + line->begin;
	return FL_MAP_FULL;
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

		if (found < 0)
			return limit_error(m, found, line.begin, reterr);
		if (found == 0)
			line = (struct fl_span){.begin = m->in->len, .end = m->in->len};
		if (invert)
			r = select_gap(m, pos, line.begin);
		else if (found)
			r = select_line(m, &line);
		if (r < 0)
			return limit_error(m, r, line.begin, reterr);
		pos = line.end + 1;
	}
	return r;
}

static uint64_t count_lines(const struct mapping *m)
{
	const struct fl_kernels *k = fl_kernels_get();
	const struct fl_search *s = &m->search;
	uint64_t n = k->count_byte(s->data, s->len, s->eol);
	unsigned char last = s->data[s->len - 1];

	if (s->split_nul)
		n += k->count_byte(s->data, s->len, '\0');
	return n + (last != s->eol && !(s->split_nul && last == '\0'));
}

static int count_matching(struct mapping *m, uint64_t *ret, struct fl_error *reterr)
{
	struct fl_span line = {0};
	uint64_t n = 0;
	size_t pos = 0;
	int found = 0;

	while (pos < m->in->len) {
		found = fl_search_next(&m->search, pos, &line);
		if (found <= 0)
			break;
		n++;
		pos = line.end + 1;
	}
	if (found < 0)
		return limit_error(m, found, line.begin, reterr);
	*ret = n;
	return 0;
}

/* -c needs no look at lines that are not proposed. */
static int count_view(struct mapping *m, struct fl_error *reterr)
{
	bool invert = (m->job->flags & FL_SCAN_INVERT) != 0;
	uint64_t n = 0;
	int r = 0;

	if (m->search.method == FL_SCAN_EVERY)
		n = count_lines(m);
	else
		r = count_matching(m, &n, reterr);
	if (r < 0)
		return r;
	m->head.selected += invert ? count_lines(m) - n : n;
	return 0;
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
		m->search.split_nul = m->head.binary_off != FL_OFF_NONE;
	}
	return fl_search_begin(&m->search);
}

int fl_scan_map_view(const struct fl_scan_job *job, struct fl_matcher *matcher,
		     const struct fl_view *in, struct fl_part *part, struct fl_error *reterr)
{
	struct mapping m = {.job = job, .in = in, .part = part};
	int r = map_open(&m, matcher);

	if (r < 0)
		return limit_error(&m, r, 0, reterr);
	if (m.head.closed)
		return 0;
	if ((job->flags & (FL_SCAN_COUNT | FL_SCAN_QUIET)) == FL_SCAN_COUNT)
		r = count_view(&m, reterr);
	else
		r = select_all(&m, reterr);
	if (r < 0)
		return r;
	m.head.end_off = in->off + in->len;
	if (r == FL_MAP_FULL)
		m.head.end_off = part->next_off;
	count_newlines(&m, (size_t)(m.head.end_off - in->off));
	memcpy(part->data, &m.head, sizeof(m.head));
	return r;
}
