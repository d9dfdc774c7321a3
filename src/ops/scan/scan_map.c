/* SPDX-License-Identifier: MIT */
#include "ops/scan/scan_map.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/size.h"
#include "ops/scan/scan_emit.h"

static bool wants_text(const struct fl_scan_job *job)
{
	return !(job->flags & (FL_SCAN_COUNT | FL_SCAN_QUIET));
}

static void find_nul(struct fl_scan_mapping *m)
{
	const unsigned char *nul;

	if (m->head.nul_off != FL_OFF_NONE)
		return;
	nul = memchr(m->in->data, '\0', m->in->len);
	if (nul)
		m->head.nul_off = m->in->off + (uint64_t)(nul - m->in->data);
}

static bool wants_context(const struct fl_scan_job *job)
{
	return job->before > 0 || job->after > 0 || (job->flags & FL_SCAN_PASSTHRU);
}

/* Lines in [pos, end), none of them selected, @most of them. */
static int emit_lines(struct fl_scan_mapping *m, size_t *pos, size_t end, uint64_t most)
{
	int r = 0;

	while (*pos < end && most-- > 0 && r == 0 && !m->head.closed) {
		struct fl_span line = {.begin = *pos, .end = fl_search_line_end(&m->search, *pos)};

		r = fl_scan_emit_context(m, &line);
		*pos = line.end + 1;
	}
	return r;
}

/* Where the last @lines lines of [low, end) begin. */
static size_t lines_back(const struct fl_scan_mapping *m, size_t low, size_t end, uint64_t lines)
{
	while (end > low && lines-- > 0)
		end = fl_search_line_begin(&m->search, low, end - 1);
	return end;
}

/* Nothing before @end that has not been emitted is selected. */
static int emit_context(struct fl_scan_mapping *m, size_t end)
{
	bool all = (m->job->flags & FL_SCAN_PASSTHRU) != 0;
	size_t pos = m->emitted;
	int r;

	m->emitted = end;
	r = emit_lines(m, &pos, end, all ? UINT64_MAX : m->job->after);
	if (r < 0 || pos >= end)
		return r;
	pos = lines_back(m, pos, end, m->job->before);
	return emit_lines(m, &pos, end, UINT64_MAX);
}

static int select_line(struct fl_scan_mapping *m, const struct fl_span *line)
{
	int r = 0;

	m->head.selected++;
	if (m->job->flags & FL_SCAN_QUIET)
		m->head.closed = 1;
	if (!wants_text(m->job))
		return 0;
	if (wants_context(m->job))
		r = emit_context(m, line->begin);
	m->emitted = line->end + 1;
	if (r < 0 || m->head.closed)
		return r;
	return fl_scan_emit_line(m, line);
}

/* All lines in [pos, end) were found not to match. */
static int select_gap(struct fl_scan_mapping *m, size_t pos, size_t end)
{
	int r = 0;

	while (pos < end && r == 0 && !m->head.closed) {
		struct fl_span line = {.begin = pos, .end = fl_search_line_end(&m->search, pos)};

		r = select_line(m, &line);
		pos = line.end + 1;
	}
	return r;
}

static int limit_error(const struct fl_scan_mapping *m, int code, size_t pos,
		       struct fl_error *reterr)
{
	if (m->is_told)
		return code;
	if (code == -FL_ELIMIT)
		return fl_error_set(reterr, code, m->in->off + pos,
				    "exceeded PCRE's backtracking limit");
	return fl_error_set(reterr, code, m->in->off + pos, NULL);
}

static int select_all(struct fl_scan_mapping *m, struct fl_error *reterr)
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
	if (wants_text(m->job) && wants_context(m->job) && !m->head.closed)
		r = emit_context(m, m->in->len);
	return r < 0 ? limit_error(m, r, m->in->len, reterr) : r;
}

/* Lines in the first @len bytes of the view. */
static uint64_t count_lines(const struct fl_scan_mapping *m, size_t len)
{
	const struct fl_kernels *k = fl_kernels_get();
	const struct fl_search *s = &m->search;
	uint64_t n = k->count_byte(s->data, len, s->eol);
	unsigned char last = len > 0 ? s->data[len - 1] : s->eol;

	if (s->split_nul)
		n += k->count_byte(s->data, len, '\0');
	return n + (last != s->eol && !(s->split_nul && last == '\0'));
}

static int count_match(void *arg, const struct fl_span *match FL_UNUSED)
{
	++*(uint64_t *)arg;
	return 0;
}

/* Return: 1, or an error. */
static int count_matches(struct fl_scan_mapping *m, const struct fl_span *line)
{
	int r = fl_search_each(&m->search, line, count_match, &m->head.matches);

	return r < 0 ? r : 1;
}

/* @ret_end: where the lines that were looked at end: at an error, or at the view's end */
static int count_matching(struct fl_scan_mapping *m, uint64_t *ret, size_t *ret_end)
{
	struct fl_span line = {0};
	size_t pos = 0;
	int found = 0;

	for (*ret = 0; pos < m->in->len; pos = line.end + 1) {
		found = fl_search_next(&m->search, pos, &line);
		if (found > 0 && (m->job->flags & FL_SCAN_COUNT_MATCHES))
			found = count_matches(m, &line);
		if (found <= 0)
			break;
		++*ret;
	}
	*ret_end = found < 0 ? line.begin : m->in->len;
	return found < 0 ? found : 0;
}

/* -c needs no look at lines that are not proposed. */
static int count_view(struct fl_scan_mapping *m, struct fl_error *reterr)
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

static int map_open(struct fl_scan_mapping *m, struct fl_scan_scratch *scratch)
{
	const struct fl_scan_job *job = m->job;
	bool binary = !(job->flags & FL_SCAN_TEXT) && job->eol == '\n';
	int r = fl_scan_head_open(m);

	if (r < 0)
		return r;
	m->search = (struct fl_search){.plan = &job->plan,
				       .matcher = &scratch->matcher,
				       .lane = &scratch->lane,
				       .streams = &scratch->streams,
				       .data = m->in->data,
				       .len = m->in->len,
				       .eol = job->eol,
				       .split_nul = binary,
				       .empties = job->empties};
	if (binary && (wants_text(job) || (job->flags & FL_SCAN_SKIP_BINARY))) {
		find_nul(m);
		m->search.split_nul = m->head.nul_off != FL_OFF_NONE;
	}
	if ((job->flags & FL_SCAN_NOTE_NUL) && job->eol == '\n')
		find_nul(m);
	return fl_search_begin(&m->search);
}

/* Bytes of the view before the first line that is longer than allowed. */
static size_t lines_within(const struct fl_scan_job *job, const struct fl_view *in)
{
	size_t pos = 0, most = (size_t)fl_min_u64(job->max_line_bytes, SIZE_MAX - 1);

	while (in->len - pos > most) {
		const unsigned char *from = in->data + pos;
		const unsigned char *end = memrchr(from, job->eol, most + 1);

		if (!end)
			return pos;
		pos += (size_t)(end + 1 - from);
	}
	return in->len;
}

int fl_scan_map_view(const struct fl_scan_job *job, struct fl_scan_scratch *scratch,
		     const struct fl_view *in, struct fl_part *part, struct fl_error *reterr)
{
	struct fl_scan_mapping m = {.job = job, .in = in, .part = part, .reterr = reterr};
	struct fl_view sound = *in;
	int r;

	if (job->max_line_bytes > 0) {
		sound.len = lines_within(job, in);
		m.in = &sound;
	}
	r = map_open(&m, scratch);
	if (r < 0)
		return limit_error(&m, r, 0, reterr);
	if (m.head.closed)
		return 0;
	if ((job->flags & (FL_SCAN_COUNT | FL_SCAN_QUIET)) == FL_SCAN_COUNT)
		r = count_view(&m, reterr);
	else
		r = select_all(&m, reterr);
	fl_scan_count_newlines(&m, sound.len);
	fl_scan_head_close(&m);
	if (r == 0 && sound.len < in->len && !m.head.closed)
		return fl_error_set(reterr, -FL_ELIMIT, in->off + sound.len,
				    "line is longer than %" PRIu64 " bytes", job->max_line_bytes);
	return r;
}
