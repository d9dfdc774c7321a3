/* SPDX-License-Identifier: MIT */
#include "ops/scan/scan_map.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/size.h"
#include "ops/scan/scan_emit.h"
#include "ops/scan/scan_multi.h"
#include "ops/scan/scan_select.h"

static void find_nul(struct fl_scan_mapping *m)
{
	const unsigned char *nul;

	if (m->head.nul_off != FL_OFF_NONE)
		return;
	nul = memchr(m->in->data, '\0', m->own);
	if (nul)
		m->head.nul_off = m->in->off + (uint64_t)(nul - m->in->data);
}

/*
 * find_nul() where lines are numbered, too: the first look at the bytes is the one that waits for
 * memory, so it counts the lines as well.
 */
static void find_nul_and_lines(struct fl_scan_mapping *m, struct fl_scan_scratch *scratch)
{
	size_t blocks = m->own / FL_COUNT_BLOCK_BYTES;
	size_t rest = m->own % FL_COUNT_BLOCK_BYTES;

	if (!(m->job->flags & FL_SCAN_LINE_NUMBER) || blocks == 0 || m->own > FL_SCAN_VIEW_BYTES) {
		find_nul(m);
		return;
	}
	m->counts = scratch->counts;
	m->blocks = blocks;
	if (fl_kernels_get()->count_blocks(m->in->data, blocks, m->job->eol, scratch->counts) ||
	    memchr(m->in->data + m->own - rest, '\0', rest))
		find_nul(m);
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
			r = fl_scan_select_gap(m, pos, line.begin);
		else if (found > 0)
			r = fl_scan_select_line(m, &line);
		if (found < 0 && r == 0)
			r = found;
		if (r < 0)
			return fl_scan_tell(m, r, line.begin, reterr);
		pos = line.end + 1;
	}
	if (fl_scan_wants_text(m->job) && fl_scan_wants_context(m->job) && !m->head.closed)
		r = fl_scan_select_context(m, m->in->len);
	return r < 0 ? fl_scan_tell(m, r, m->in->len, reterr) : r;
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

	m->search.only_ends = !(m->job->flags & FL_SCAN_COUNT_MATCHES);
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

/* Return: 0, or an error. */
static int tell_count(struct fl_scan_mapping *m, const struct fl_span *line)
{
	uint64_t before = m->head.matches;
	int r = 0;

	if (m->job->flags & FL_SCAN_COUNT_MATCHES)
		r = count_matches(m, line);
	if (r >= 0)
		r = fl_scan_emit_count(m, line, m->head.matches - before);
	m->head.selected += r > 0;
	return r < 0 ? r : 0;
}

/* As above, but which lines count is decided by the fold. */
static int tell_counts(struct fl_scan_mapping *m, struct fl_error *reterr)
{
	bool invert = (m->job->flags & FL_SCAN_INVERT) != 0;
	struct fl_span line = {0};
	size_t pos = 0;
	int r = 0;

	while (pos < m->in->len && r == 0 && fl_scan_wants_counts(m)) {
		int found = fl_search_next(&m->search, pos, &line);

		if (found == 0)
			line = (struct fl_span){.begin = m->in->len, .end = m->in->len};
		if (invert)
			r = fl_scan_emit_gap_counts(m, pos, line.begin);
		else if (found > 0)
			r = tell_count(m, &line);
		if (found < 0 && r == 0)
			r = found;
		pos = line.end + 1;
	}
	return r < 0 ? fl_scan_tell(m, r, line.begin, reterr) : 0;
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
	return r < 0 ? fl_scan_tell(m, r, end, reterr) : 0;
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
				       .multi = &scratch->multi,
				       .data = m->in->data,
				       .len = m->in->len,
				       .eol = job->eol,
				       .split_nul = binary,
				       .empties = job->empties};
	if (binary && (fl_scan_wants_text(job) || (job->flags & FL_SCAN_SKIP_BINARY))) {
		find_nul_and_lines(m, scratch);
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
	struct fl_scan_mapping m = {.job = job, .part = part, .reterr = reterr};
	struct fl_view sound = *in;
	int r;

	if (job->max_line_bytes > 0) {
		sound.len = lines_within(job, in);
		sound.ahead += in->len - sound.len;
	}
	m.in = &sound;
	m.own = sound.len;
	if (job->plan.method == FL_SCAN_MULTI)
		sound.len += sound.ahead;
	r = map_open(&m, scratch);
	if (r < 0)
		return fl_scan_tell(&m, r, 0, reterr);
	if (m.head.closed)
		return 0;
	if (job->plan.method == FL_SCAN_MULTI)
		r = fl_scan_multi_view(&m, reterr);
	else if (job->tells_counts)
		r = tell_counts(&m, reterr);
	else if ((job->flags & (FL_SCAN_COUNT | FL_SCAN_QUIET)) == FL_SCAN_COUNT)
		r = count_view(&m, reterr);
	else
		r = select_all(&m, reterr);
	fl_scan_count_newlines(&m, m.own);
	fl_scan_head_close(&m);
	if (r == 0 && m.own < in->len && !m.head.closed)
		return fl_error_set(reterr, -FL_ELIMIT, in->off + m.own,
				    "line is longer than %" PRIu64 " bytes", job->max_line_bytes);
	return r;
}
