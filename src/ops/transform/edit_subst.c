/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "ops/transform/edit_step.h"

/* Looked through at once by bit streams; eight of their blocks. */
#define SPANS_BYTES FL_KIB(64)

/**
 * struct subst - s/// or a mask at work on one text
 * @record:  the record that is being worked on
 * @count:   matches in it so far
 * @last:    where its last match ended, SIZE_MAX before the first: an empty match there is none,
 *           as in sed
 * @done:    the record needs no further look
 * @subject: where its pairs count from is @base in the text
 */
struct subst {
	const struct fl_step *step;
	struct fl_edit_matcher *matcher;
	const struct fl_edit_text *text;
	struct fl_deltas *out;
	struct fl_error *reterr;
	struct fl_edit_span record;
	uint64_t count;
	size_t last;
	bool done;
	struct fl_pcre_subject subject;
	size_t base;
};

static int fail(const struct subst *s, int r, size_t at)
{
	if (r == -FL_ELIMIT)
		return fl_error_set(s->reterr, r, s->text->off + at,
				    "the match or its replacement exceeds a limit");
	return fl_error_set(s->reterr, r, s->text->off + at, NULL);
}

static int put_mask(struct subst *s, uint64_t off, size_t len)
{
	unsigned char *room;
	int r = len > 0 ? fl_deltas_room(s->out, len, 0, &room) : 0;

	if (r < 0 || len == 0)
		return r;
	memset(room, s->step->mask_char, len);
	return fl_deltas_put(s->out, off, len, len);
}

static int put_match(struct subst *s, const PCRE2_SIZE *pairs)
{
	uint64_t off = s->text->off + s->base + pairs[0];
	size_t len = pairs[1] - pairs[0], new_len;
	int r;

	if (s->step->kind == FL_STEP_MASK)
		return put_mask(s, off, len);
	r = fl_template_expand(&s->step->template, s->subject.p, pairs, s->out, &new_len);
	return r < 0 || (len == 0 && new_len == 0) ? r : fl_deltas_put(s->out, off, len, new_len);
}

/* Is this match the wanted one, or one of the wanted? */
static bool is_wanted(const struct subst *s)
{
	return s->step->kind == FL_STEP_MASK || s->step->global ? s->count >= s->step->number
								: s->count == s->step->number;
}

/* Return: 1 when the record needs no further look; 0; an error. */
static int take_match(struct subst *s, const PCRE2_SIZE *pairs)
{
	int r = 0;

	s->count++;
	s->last = s->base + pairs[1];
	if (is_wanted(s)) {
		s->out->matches++;
		r = put_match(s, pairs);
	}
	if (r == 0)
		r = s->step->kind == FL_STEP_SUBST && !s->step->global &&
		    s->count >= s->step->number;
	return r;
}

static void begin_record(struct subst *s, const struct fl_edit_span *record)
{
	s->record = *record;
	s->count = 0;
	s->done = false;
	s->last = SIZE_MAX;
}

/* The record's matches from @from on, an offset in the text. */
static int rest_of_record(struct subst *s, size_t from)
{
	const PCRE2_SIZE *pairs;
	int r = fl_edit_subject_record(s->matcher, s->text->data + s->record.begin,
				       s->record.end - s->record.begin, &s->subject);

	s->base = s->record.begin;
	from -= s->base;
	while (r == 0 && from <= s->subject.len) {
		r = fl_edit_match(s->matcher, &s->subject, from, s->last == s->base + from, &pairs);
		if (r <= 0)
			break;
		from = pairs[1];
		r = take_match(s, pairs);
	}
	return r < 0 ? fail(s, r, s->record.begin) : 0;
}

static int literal_in_record(struct subst *s)
{
	const struct fl_literal *lit = &s->step->regex.literal;
	const unsigned char *data = s->text->data;
	PCRE2_SIZE pairs[2];
	size_t pos = s->record.begin;
	int r = 0;

	s->base = 0;
	s->subject.p = data;
	while (r == 0) {
		const unsigned char *hit =
			fl_kernels_get()->find_literal(lit, data + pos, s->record.end - pos);

		if (!hit)
			break;
		pairs[0] = (size_t)(hit - data);
		pairs[1] = pos = pairs[0] + lit->len;
		r = take_match(s, pairs);
	}
	return r < 0 ? fail(s, r, s->record.begin) : 0;
}

static int by_record(struct subst *s, size_t pos)
{
	struct fl_edit_span record;
	int r = 0;

	while (r == 0 && fl_edit_propose(s->matcher, s->text, pos, &record)) {
		begin_record(s, &record);
		r = s->step->regex.method == FL_EDIT_LITERAL ? literal_in_record(s)
							     : rest_of_record(s, record.begin);
		if (s->text->one_record)
			break;
		pos = fl_edit_record_next(s->text, &record);
	}
	return r;
}

/* No record needs to be told from others: every occurrence of a literal goes. */
static int every_literal(struct subst *s)
{
	s->record = (struct fl_edit_span){0, s->text->len};
	return literal_in_record(s);
}

/* What exceeds a limit over many records may do without it in one. */
static int after_limit(struct subst *s, size_t pos)
{
	int r;

	if (s->last == SIZE_MAX || pos > s->record.end)
		return by_record(s, pos);
	s->record.begin = fl_edit_record_begin(s->text, 0, pos);
	r = rest_of_record(s, pos);
	return r < 0 ? r : by_record(s, s->record.end + 1);
}

/* Behind the end of the last record stands no empty one. */
static bool is_behind_all(const struct fl_edit_text *text, size_t at)
{
	return at == text->len && text->data[at - 1] == text->delimiter;
}

/* What PCRE2 finds in many records at once lies within one of them. */
static int whole(struct subst *s)
{
	const PCRE2_SIZE *pairs;
	size_t pos = 0;
	int r = 0, found;

	begin_record(s, &(struct fl_edit_span){0, 0});
	s->base = 0;
	while (pos < s->text->len) {
		found = fl_edit_match(s->matcher, &s->subject, pos, s->last == pos, &pairs);
		if (found < 0)
			return after_limit(s, pos);
		if (found == 0 || is_behind_all(s->text, pairs[0]))
			break;
		if (s->last == SIZE_MAX || pairs[0] > s->record.end) {
			struct fl_edit_span record = fl_edit_record_at(s->text, pairs[0]);

			begin_record(s, &record);
		}
		pos = pairs[1];
		r = take_match(s, pairs);
		if (r < 0)
			return fail(s, r, pairs[0]);
		if (r > 0 || pos > s->record.end)
			pos = s->record.end + 1;
	}
	return 0;
}

/* Lines in which nothing has been looked for yet. */
static int lines_by_record(struct subst *s, size_t pos, size_t end)
{
	int r = 0;

	while (r == 0 && pos < end) {
		struct fl_edit_span record = fl_edit_record_at(s->text, pos);

		begin_record(s, &record);
		r = rest_of_record(s, pos);
		pos = fl_edit_record_next(s->text, &record);
	}
	/* What follows is in another record. */
	begin_record(s, &(struct fl_edit_span){0, 0});
	s->base = 0;
	s->subject.p = s->text->data;
	return r;
}

/* A match that was found without PCRE2. Return: 1 when the record needs no further look; 0; an error. */
static int take_span(struct subst *s, size_t begin, size_t end, bool all)
{
	if (!all && (s->last == SIZE_MAX || begin > s->record.end)) {
		struct fl_edit_span record = fl_edit_record_at(s->text, begin);

		begin_record(s, &record);
	} else if (!all && s->done) {
		return 1;
	}
	return take_match(s, (const PCRE2_SIZE[]){begin, end});
}

/* What was found in the lines at @pos, one after the other. */
static int take_spans(struct subst *s, size_t pos, bool all)
{
	const struct fl_streams_lane *lane = &s->matcher->lane;
	int r = 0;

	for (size_t k = 0; k < lane->count && r >= 0; k++) {
		const struct fl_stream_line *found = &lane->lines[k];
		size_t begin = pos + found->begin, end = pos + found->end;

		if (!found->sure) {
			r = lines_by_record(s, begin, end);
			continue;
		}
		r = take_span(s, begin, end, all);
		s->done = r > 0;
		if (r < 0)
			return fail(s, r, begin);
	}
	return r < 0 ? r : 0;
}

/* Some lines at a time: a match for every byte takes 24 bytes of memory each. */
static int by_spans(struct subst *s, bool all)
{
	const struct fl_edit_text *text = s->text;
	size_t pos = 0, next;
	int r = 0;

	begin_record(s, &(struct fl_edit_span){0, 0});
	s->base = 0;
	s->subject.p = text->data;
	for (; r == 0 && pos < text->len; pos = next) {
		next = text->len;
		if (text->len - pos > SPANS_BYTES) {
			struct fl_edit_span last = fl_edit_record_at(text, pos + SPANS_BYTES);

			next = fl_edit_record_next(text, &last);
		}
		r = fl_edit_spans(s->matcher, text, pos, next);
		r = r < 0 ? fail(s, r, pos) : take_spans(s, pos, all);
	}
	return r;
}

int fl_step_subst(const struct fl_step *step, struct fl_step_scratch *scratch,
		  const struct fl_edit_text *text, struct fl_deltas *out, struct fl_error *reterr)
{
	struct subst s = {.step = step,
			  .matcher = &scratch->matcher,
			  .text = text,
			  .out = out,
			  .reterr = reterr};
	bool all = step->kind == FL_STEP_MASK || (step->global && step->number == 1);
	int r;

	if (text->len == 0 && !text->one_record)
		return 0;
	if (all && !text->one_record && step->regex.method == FL_EDIT_LITERAL)
		return every_literal(&s);
	if (!text->one_record && fl_edit_regex_has_spans(&step->regex))
		return by_spans(&s, all);
	r = fl_edit_look(s.matcher, text);
	if (r == 0 && !fl_edit_is_whole(s.matcher, text))
		return by_record(&s, 0);
	if (r == 0)
		r = fl_edit_subject_whole(s.matcher, text->data, text->len, &s.subject);
	if (r < 0)
		return fail(&s, r, 0);
	return r == 0 ? by_record(&s, 0) : whole(&s);
}
