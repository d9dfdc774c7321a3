/* SPDX-License-Identifier: MIT */
#include "ops/scan/search.h"

#include <string.h>

#include "base/size.h"

static bool has_nul(const struct fl_search *s)
{
	return s->split_nul && memchr(s->data, '\0', s->len);
}

static enum fl_scan_method whole_or_lines(struct fl_search *s, int *ret_error)
{
	int r;

	if (has_nul(s) || s->eol != '\n')
		return FL_SCAN_BY_LINE;
	r = fl_matcher_whole(s->matcher, s->data, s->len, &s->whole);
	*ret_error = r < 0 ? r : 0;
	return r > 0 ? FL_SCAN_WHOLE : FL_SCAN_BY_LINE;
}

/* Where Hyperscan reports so many match ends, PCRE2, which goes on with the next line after the
 * first, is faster. */
static bool is_dense(const struct fl_hs_lane *lane, size_t len)
{
	return lane->calls > len / 16;
}

static enum fl_scan_method find_streams(struct fl_search *s, int *ret_error)
{
	unsigned flags = s->split_nul ? FL_STREAMS_SPLIT : 0;

	if (s->eol != '\n')
		return FL_SCAN_BY_LINE;
	if (s->plan->is_utf_locale)
		flags |= FL_STREAMS_UTF;
	*ret_error = fl_streams_find(&s->plan->streams, s->streams, s->data, s->len, flags);
	return FL_SCAN_STREAMS;
}

static enum fl_scan_method hs_or_others(struct fl_search *s, int *ret_error)
{
	enum fl_scan_method other = s->plan->without_hs;

	if (s->lane->rest > 0) {
		s->lane->rest--;
	} else if (s->eol == '\n' && !(s->plan->hs_anchored && has_nul(s)) &&
		   fl_hs_propose(s->lane, s->data, s->len, s->plan->hs_non_ascii) == 0) {
		if (is_dense(s->lane, s->len))
			s->lane->rest = FL_HS_REST;
		return FL_SCAN_HS;
	}
	if (other == FL_SCAN_STREAMS)
		return find_streams(s, ret_error);
	return other == FL_SCAN_WHOLE ? whole_or_lines(s, ret_error) : other;
}

static enum fl_scan_method method_for(struct fl_search *s, int *ret_error)
{
	const struct fl_scan_plan *plan = s->plan;

	*ret_error = 0;
	switch (plan->method) {
	case FL_SCAN_LITERAL:
	case FL_SCAN_PROPOSED:
		if (memchr(plan->literal.bytes, s->eol, plan->literal.len))
			return FL_SCAN_NONE;
		if (plan->ascii_only && !fl_utf8_is_ascii(s->data, s->len))
			return FL_SCAN_BY_LINE;
		return plan->method;
	case FL_SCAN_WHOLE:
		return whole_or_lines(s, ret_error);
	case FL_SCAN_HS:
		return hs_or_others(s, ret_error);
	case FL_SCAN_STREAMS:
		return find_streams(s, ret_error);
	case FL_SCAN_SET:
		return s->eol == '\n' ? plan->method : FL_SCAN_BY_LINE;
	default:
		return plan->method;
	}
}

int fl_search_begin(struct fl_search *s)
{
	int r;

	s->proposed = 0;
	if (s->matcher)
		fl_matcher_forget(s->matcher);
	s->method = method_for(s, &r);
	return r;
}

size_t fl_search_line_end(const struct fl_search *s, size_t pos)
{
	const unsigned char *from = s->data + pos;
	const unsigned char *end = memchr(from, s->eol, s->len - pos);
	size_t len = end ? (size_t)(end - from) : s->len - pos;

	if (s->split_nul) {
		end = memchr(from, '\0', len);
		if (end)
			len = (size_t)(end - from);
	}
	return pos + len;
}

size_t fl_search_line_begin(const struct fl_search *s, size_t low, size_t pos)
{
	const unsigned char *from = s->data + low;
	const unsigned char *hit = memrchr(from, s->eol, pos - low);

	if (hit)
		from = hit + 1;
	if (s->split_nul) {
		hit = memrchr(from, '\0', (size_t)(s->data + pos - from));
		if (hit)
			from = hit + 1;
	}
	return (size_t)(from - s->data);
}

/* With --crlf a CR before a line's end is no text. */
static size_t text_len(const struct fl_search *s, const struct fl_span *line)
{
	size_t len = line->end - line->begin;

	return len - (s->plan->is_crlf && len > 0 && s->data[line->end - 1] == '\r');
}

static int line_matches(struct fl_search *s, const struct fl_span *line)
{
	struct fl_pcre_subject subject;
	struct fl_span match;
	int r = fl_matcher_line(s->matcher, s->data + line->begin, text_len(s, line), &subject);

	return r < 0 ? r : fl_matcher_find(s->matcher, &subject, 0, &match);
}

static int next_by_line(struct fl_search *s, size_t pos, struct fl_span *ret)
{
	for (; pos < s->len; pos = ret->end + 1) {
		int r;

		ret->begin = pos;
		ret->end = fl_search_line_end(s, pos);
		r = s->method == FL_SCAN_EVERY ? 1 : line_matches(s, ret);
		if (r != 0)
			return r;
	}
	return 0;
}

/*
 * A match that begins at or after @from makes the line match; where there is none, one may begin
 * before. In UTF-8 @from may be within a character: there the line is looked at as a whole.
 */
static int line_matches_near(struct fl_search *s, const struct fl_span *line, size_t from)
{
	struct fl_pcre_subject subject;
	struct fl_span match;
	int r;

	if (from == line->begin)
		return line_matches(s, line);
	r = fl_matcher_line(s->matcher, s->data + line->begin, text_len(s, line), &subject);
	if (r == 0 && from - line->begin < subject.len && subject.code == s->matcher->re->bytes)
		r = fl_matcher_find(s->matcher, &subject, from - line->begin, &match);
	return r == 0 ? line_matches(s, line) : r;
}

/* So many places in one line may turn out to begin no match: then PCRE2 looks at the line once. */
#define LEADS_MAX 16

/* Every match begins with the literal, which stands at @at first. Return: as fl_matcher_begins(). */
static int match_begins(struct fl_search *s, const struct fl_span *line, size_t at)
{
	const struct fl_literal *lit = &s->plan->literal;
	size_t end = line->begin + text_len(s, line);

	for (unsigned i = 0; i < LEADS_MAX; i++) {
		const unsigned char *hit;
		int r = fl_matcher_begins(s->matcher, s->data + at, end - at);

		if (r != 0)
			return r;
		at++;
		hit = fl_kernels_get()->find_literal(lit, s->data + at, end - at);
		if (!hit)
			return 0;
		at = (size_t)(hit - s->data);
	}
	return FL_MATCHER_UNKNOWN;
}

/* The line from @low on that ends at ret->end; the literal stands at @at. */
static int proposed_matches(struct fl_search *s, size_t low, size_t at, struct fl_span *ret)
{
	bool leads = s->plan->literal_leads;
	int r = FL_MATCHER_UNKNOWN;

	ret->begin = at;
	if (leads && s->eol == '\n')
		r = match_begins(s, ret, at);
	if (r == 0 || (r == 1 && s->only_ends))
		return r;
	ret->begin = fl_search_line_begin(s, low, at);
	return r == 1 ? r : line_matches_near(s, ret, leads ? at : ret->begin);
}

static const unsigned char *find_proposal(const struct fl_search *s, size_t pos)
{
	const struct fl_scan_plan *plan = s->plan;
	const unsigned char *from = s->data + pos;

	if (s->method == FL_SCAN_SET)
		return fl_literal_set_find(&plan->set, from, s->len - pos);
	return fl_kernels_get()->find_literal(&plan->literal, from, s->len - pos);
}

static int next_by_literal(struct fl_search *s, size_t pos, struct fl_span *ret)
{
	const struct fl_scan_plan *plan = s->plan;
	bool decides =
		s->method == FL_SCAN_LITERAL || (s->method == FL_SCAN_SET && plan->set_decides);

	for (; pos < s->len; pos = ret->end + 1) {
		const unsigned char *hit = find_proposal(s, pos);
		size_t at;
		int r;

		if (!hit)
			return 0;
		at = (size_t)(hit - s->data);
		ret->end = fl_search_line_end(s, at);
		if (!decides) {
			r = proposed_matches(s, pos, at, ret);
			if (r != 0)
				return r;
			continue;
		}
		ret->begin = s->only_ends ? at : fl_search_line_begin(s, pos, at);
		return 1;
	}
	return 0;
}

/*
 * A match that leaves its line proves nothing but that no earlier line
 * matches; and what exceeds a limit over many lines may do without it alone.
 */
static int next_by_whole(struct fl_search *s, size_t pos, struct fl_span *ret)
{
	for (; pos < s->len; pos = ret->end + 1) {
		struct fl_span match;
		int r = fl_matcher_find_whole(s->matcher, &s->whole, pos, &match);

		if (r < 0) {
			s->method = FL_SCAN_BY_LINE;
			return next_by_line(s, pos, ret);
		}
		/* After the last line's end stands nothing, not an empty line. */
		if (r == 0 || (match.begin == s->len && s->data[s->len - 1] == s->eol))
			return 0;
		ret->begin = fl_search_line_begin(s, pos, match.begin);
		ret->end = fl_search_line_end(s, match.begin);
		if (match.end <= ret->end)
			return 1;
		r = line_matches(s, ret);
		if (r != 0)
			return r;
	}
	return 0;
}

static int next_by_hs(struct fl_search *s, size_t pos, struct fl_span *ret)
{
	const struct fl_hs_lane *lane = s->lane;

	while (s->proposed < lane->count) {
		struct fl_hs_line line = lane->lines[s->proposed++];
		int r;

		if (line.begin < pos)
			continue;
		ret->begin = line.begin;
		ret->end = fl_search_line_end(s, line.begin);
		/* NUL bytes make several lines of it. */
		if (ret->end < s->len && s->data[ret->end] != s->eol) {
			s->method = FL_SCAN_BY_LINE;
			return next_by_line(s, ret->begin, ret);
		}
		r = line.sure && s->plan->hs_decides ? 1 : line_matches_near(s, ret, line.from);
		if (r != 0)
			return r;
	}
	return 0;
}

static int next_by_streams(struct fl_search *s, size_t pos, struct fl_span *ret)
{
	const struct fl_streams_lane *lane = s->streams;

	while (s->proposed < lane->count) {
		const struct fl_stream_line *line = &lane->lines[s->proposed++];
		int r;

		if (line->begin < pos)
			continue;
		ret->begin = line->begin;
		ret->end = line->end;
		if (line->sure && s->plan->streams_decide)
			return 1;
		/* NUL bytes make several lines of a long one. */
		if (!line->sure && s->split_nul &&
		    memchr(s->data + ret->begin, '\0', ret->end - ret->begin)) {
			s->method = FL_SCAN_BY_LINE;
			return next_by_line(s, ret->begin, ret);
		}
		r = line_matches(s, ret);
		if (r != 0)
			return r;
	}
	return 0;
}

int fl_search_next(struct fl_search *s, size_t pos, struct fl_span *ret)
{
	switch (s->method) {
	case FL_SCAN_NONE:
		return 0;
	case FL_SCAN_LITERAL:
	case FL_SCAN_PROPOSED:
	case FL_SCAN_SET:
		return next_by_literal(s, pos, ret);
	case FL_SCAN_WHOLE:
		return next_by_whole(s, pos, ret);
	case FL_SCAN_HS:
		return next_by_hs(s, pos, ret);
	case FL_SCAN_STREAMS:
		return next_by_streams(s, pos, ret);
	default:
		return next_by_line(s, pos, ret);
	}
}

static int each_literal(struct fl_search *s, const struct fl_span *line,
			int (*each)(void *arg, const struct fl_span *match), void *arg)
{
	const struct fl_literal *lit = &s->plan->literal;
	size_t pos = line->begin;

	for (;;) {
		const unsigned char *hit =
			fl_kernels_get()->find_literal(lit, s->data + pos, line->end - pos);
		struct fl_span match;
		int r;

		if (!hit)
			return 0;
		match.begin = (size_t)(hit - s->data);
		match.end = match.begin + lit->len;
		r = each(arg, &match);
		if (r != 0)
			return r;
		pos = match.end;
	}
}

/* The empty pattern matches before each character, and at the end. */
static int each_place(struct fl_search *s, const struct fl_span *line,
		      int (*each)(void *arg, const struct fl_span *match), void *arg)
{
	int r = 0;

	if (!s->empties)
		return 0;
	for (size_t at = line->begin; at <= line->end && r == 0; at++) {
		struct fl_span match = {.begin = at, .end = at};

		if (at == line->end || !s->plan->is_utf_locale || (s->data[at] & 0xC0) != 0x80)
			r = each(arg, &match);
	}
	return r;
}

/* Of each match what lies in the line. */
static int each_multi(struct fl_search *s, const struct fl_span *line,
		      int (*each)(void *arg, const struct fl_span *match), void *arg)
{
	struct fl_multi *x = s->multi;
	int r = 0;

	for (size_t i = fl_multi_first(x, line->begin); i < x->count && r == 0; i++) {
		struct fl_span match = x->found[i];

		if (match.begin > line->end)
			break;
		if (match.begin == match.end && (!s->empties || fl_multi_is_adjacent(x, i)))
			continue;
		x->told_off = i == 0 && x->is_seeded ? x->seed_off : x->text.off + match.begin;
		if (match.begin < match.end) {
			match.begin = fl_max_size(match.begin, line->begin);
			match.end = fl_min_size(match.end, line->end);
			if (match.begin >= match.end)
				continue;
		}
		r = each(arg, &match);
	}
	return r;
}

/* Behind an empty match. grep looks for what it prints a byte further on, and what is seen before that is the
 * rest of a character; ripgrep, with which empty matches are told, a character further on. */
static size_t next_place(const struct fl_search *s, const struct fl_pcre_subject *line, size_t pos)
{
	if (!s->empties || pos >= line->len || line->code == s->matcher->re->bytes)
		return pos + 1;
	return pos + fl_max_size(fl_utf8_char(line->p + pos, line->len - pos), 1);
}

int fl_search_each(struct fl_search *s, const struct fl_span *line,
		   int (*each)(void *arg, const struct fl_span *match), void *arg)
{
	struct fl_pcre_subject subject;
	struct fl_span match;
	size_t pos = 0, last = SIZE_MAX;
	int r;

	if (s->method == FL_SCAN_MULTI)
		return each_multi(s, line, each, arg);
	if (s->method == FL_SCAN_EVERY)
		return each_place(s, line, each, arg);
	if (s->method == FL_SCAN_LITERAL)
		return each_literal(s, line, each, arg);
	r = fl_matcher_line(s->matcher, s->data + line->begin, text_len(s, line), &subject);
	while (r >= 0 && (pos < subject.len || (s->empties && pos == subject.len))) {
		r = fl_matcher_find_told(s->matcher, &subject, pos, &match);
		if (r <= 0)
			return r;
		pos = match.end > match.begin ? match.end : next_place(s, &subject, match.begin);
		if (match.end == match.begin && (!s->empties || match.end == last))
			continue;
		last = match.end;
		match.begin += line->begin;
		match.end += line->begin;
		r = each(arg, &match);
		if (r != 0)
			return r;
	}
	return r < 0 ? r : 0;
}
