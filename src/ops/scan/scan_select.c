/* SPDX-License-Identifier: MIT */
#include "ops/scan/scan_select.h"

#include "base/error.h"

bool fl_scan_wants_text(const struct fl_scan_job *job)
{
	return !(job->flags & (FL_SCAN_COUNT | FL_SCAN_QUIET));
}

bool fl_scan_wants_context(const struct fl_scan_job *job)
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
int fl_scan_select_context(struct fl_scan_mapping *m, size_t end)
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

int fl_scan_select_line(struct fl_scan_mapping *m, const struct fl_span *line)
{
	int r = 0;

	m->head.selected++;
	if (m->job->flags & FL_SCAN_QUIET)
		m->head.closed = 1;
	if (!fl_scan_wants_text(m->job))
		return 0;
	if (fl_scan_wants_context(m->job))
		r = fl_scan_select_context(m, line->begin);
	m->emitted = line->end + 1;
	if (r < 0 || m->head.closed)
		return r;
	return fl_scan_emit_line(m, line);
}

/* All lines in [pos, end) were found not to match. */
int fl_scan_select_gap(struct fl_scan_mapping *m, size_t pos, size_t end)
{
	int r = 0;

	while (pos < end && r == 0 && !m->head.closed) {
		struct fl_span line = {.begin = pos, .end = fl_search_line_end(&m->search, pos)};

		r = fl_scan_select_line(m, &line);
		pos = line.end + 1;
	}
	return r;
}

int fl_scan_tell(const struct fl_scan_mapping *m, int code, size_t pos, struct fl_error *reterr)
{
	if (m->is_told)
		return code;
	if (code == -FL_ELIMIT)
		return fl_error_set(reterr, code, m->in->off + pos,
				    "exceeded PCRE's backtracking limit");
	return fl_error_set(reterr, code, m->in->off + pos, NULL);
}
