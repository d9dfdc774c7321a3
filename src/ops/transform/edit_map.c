/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "ops/transform/edit_impl.h"

/** struct mapping - a program at work on one view */
struct mapping {
	const struct fl_edit *edit;
	struct fl_edit_scratch *scratch;
	struct fl_deltas *out;
	struct fl_error *reterr;
};

static int step_run(struct mapping *m, size_t k, const struct fl_edit_text *text,
		    struct fl_deltas *out)
{
	return fl_step_run(&m->edit->steps[k], &m->scratch->steps[k], text, out, m->reterr);
}

static int out_of(struct mapping *m, int r, const struct fl_edit_text *text)
{
	return fl_error_set(m->reterr, r, text->off, r == -FL_ELIMIT ? "too many changes" : NULL);
}

/* What the program has made of @original so far, in one of two buffers: the next step's text. */
static int materialise(struct mapping *m, const struct fl_edit_text *original,
		       struct fl_edit_text *text)
{
	struct fl_edit_scratch *s = m->scratch;
	unsigned which = text->data == s->buffers[0];
	size_t len = (size_t)((int64_t)original->len + fl_deltas_growth(&s->sum));

	if (s->buffer_sizes[which] <= len) {
		size_t size = fl_max_size(len + len / 4 + 1, FL_KIB(64));
		unsigned char *buffer = realloc(s->buffers[which], size);

		if (!buffer)
			return -ENOMEM;
		s->buffers[which] = buffer;
		s->buffer_sizes[which] = size;
	}
	fl_deltas_apply(&s->sum, original->off, original->data, original->len, s->buffers[which]);
	text->data = s->buffers[which];
	text->len = len;
	return 0;
}

/* Add the step's deltas to those before. */
static int accumulate(struct mapping *m)
{
	struct fl_edit_scratch *s = m->scratch;
	int r = 0;

	if (s->sum.count == 0) {
		s->step_deltas.matches += s->sum.matches;
		fl_deltas_swap(&s->sum, &s->step_deltas);
	} else {
		fl_deltas_reset(&s->spare);
		r = fl_deltas_compose(&s->sum, &s->step_deltas, &s->spare);
		fl_deltas_swap(&s->sum, &s->spare);
	}
	fl_deltas_reset(&s->step_deltas);
	return r;
}

static int append(struct fl_deltas *out, const struct fl_deltas *from)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < from->count; i++)
		if (from->list[i].old_len > 0 || from->list[i].new_len > 0)
			r = fl_deltas_add(out, &from->list[i]);
	out->matches += from->matches;
	return r;
}

static bool puts_delimiter(const struct fl_deltas *d, unsigned char delimiter)
{
	for (size_t i = 0; i < d->count; i++)
		if (d->list[i].new_len > 0 &&
		    memchr(d->list[i].new_bytes, delimiter, d->list[i].new_len))
			return true;
	return false;
}

static bool is_unended(const struct fl_edit_text *text)
{
	return text->len == 0 || text->data[text->len - 1] != text->delimiter;
}

/*
 * Does the text no longer show which records it holds? A new delimiter is text of its record, as
 * in sed; and a last record that lacked its end and is empty now cannot be seen.
 */
static bool is_blurred(const struct mapping *m, const struct fl_edit_text *original,
		       const struct fl_edit_text *text)
{
	if (original->one_record)
		return false;
	return puts_delimiter(&m->scratch->sum, original->delimiter) ||
	       (is_unended(original) && (text->len == 0 || !is_unended(text)));
}

#define BLURRED 1

/* All steps, one after the other. Return: 0; BLURRED, and nothing is put out; an error. */
static int run_steps(struct mapping *m, const struct fl_edit_text *original)
{
	struct fl_edit_scratch *s = m->scratch;
	struct fl_edit_text text = *original;
	size_t k, last = m->edit->step_count - 1;
	int r = 0;

	fl_deltas_reset(&s->sum);
	for (k = 0; k <= last; k++) {
		fl_deltas_reset(&s->step_deltas);
		r = step_run(m, k, &text, &s->step_deltas);
		if (r < 0)
			return r;
		if (s->step_deltas.count == 0) {
			s->sum.matches += s->step_deltas.matches;
			continue;
		}
		r = accumulate(m);
		if (r == 0 && k < last)
			r = materialise(m, original, &text);
		if (r < 0)
			return out_of(m, r, original);
		if (k < last && is_blurred(m, original, &text))
			return BLURRED;
		/* A record that was deleted is not edited any more. */
		if (original->one_record && text.len == 0 && original->len > 0 &&
		    (original->end_len > 0 || m->edit->steps[k].kind == FL_STEP_DELETE ||
		     m->edit->steps[k].kind == FL_STEP_KEEP))
			break;
	}
	r = append(m->out, &s->sum);
	return r < 0 ? out_of(m, r, original) : 0;
}

/* Each record as a text of its own. */
static int run_each(struct mapping *m, const struct fl_edit_text *text)
{
	struct fl_edit_span record;
	int r = 0;

	for (size_t pos = 0; r == 0 && pos < text->len; pos = fl_edit_record_next(text, &record)) {
		size_t next;

		record = fl_edit_record_at(text, pos);
		next = fl_edit_record_next(text, &record);
		r = run_steps(m, &(struct fl_edit_text){.off = text->off + pos,
							.data = text->data + pos,
							.len = next - pos,
							.delimiter = text->delimiter,
							.one_record = true,
							.end_len = next - record.end});
	}
	return r;
}

static int run(struct mapping *m, const struct fl_edit_text *text)
{
	int r;

	if (m->edit->step_count == 0)
		return 0;
	if (m->edit->step_count == 1)
		return step_run(m, 0, text, m->out);
	r = run_steps(m, text);
	return r == BLURRED ? run_each(m, text) : r;
}

/* Runs of records that --where selects. */
static int run_where(struct mapping *m, const struct fl_edit_text *text)
{
	struct fl_edit_span record = {0, 0};
	size_t begin = 0, pos = 0;
	int r = 0, found;

	do {
		found = fl_edit_next_record(&m->scratch->where, text, pos, &record);
		if (found < 0)
			return fl_error_set(m->reterr, found, text->off + record.begin,
					    found == -FL_ELIMIT ? "the match exceeds a limit"
								: NULL);
		if ((found == 0 || record.begin > pos) && pos > begin) {
			struct fl_edit_text part = *text;

			part.off += begin;
			part.data += begin;
			part.len = pos - begin;
			r = run(m, &part);
		}
		if (found == 0 || r < 0)
			break;
		if (record.begin > pos)
			begin = record.begin;
		pos = fl_edit_record_next(text, &record);
	} while (true);
	return r;
}

/* The first record that begins at or behind @off. */
static size_t first_from(const struct fl_edit_text *text, uint64_t off)
{
	size_t at;

	if (off <= text->off)
		return 0;
	if (off - text->off >= text->len)
		return text->len;
	at = (size_t)(off - text->off) - 1;
	at = fl_edit_record_at(text, at).end;
	return at + (at < text->len);
}

static void begin(struct fl_edit_scratch *s, size_t limit_bytes)
{
	struct fl_deltas *lists[] = {&s->step_deltas, &s->sum, &s->spare};

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		fl_deltas_reset(lists[i]);
		lists[i]->limit_bytes = limit_bytes;
	}
}

static bool is_any_full(const struct fl_edit_scratch *s)
{
	return s->step_deltas.is_full || s->sum.is_full || s->spare.is_full;
}

int fl_edit_map(const struct fl_edit *edit, struct fl_edit_scratch *scratch,
		const struct fl_view *in, struct fl_deltas *out, struct fl_error *reterr)
{
	struct mapping m = {.edit = edit, .scratch = scratch, .out = out, .reterr = reterr};
	struct fl_edit_text text = {
		.off = in->off, .data = in->data, .len = in->len, .delimiter = edit->opt.delimiter};
	uint64_t end = fl_add_sat(edit->opt.range_off, edit->opt.range_len);
	size_t skip = first_from(&text, edit->opt.range_off);
	int r;

	begin(scratch, out->limit_bytes);
	text.len = end == UINT64_MAX ? text.len : first_from(&text, end);
	if (skip >= text.len)
		return 0;
	text.off += skip;
	text.data += skip;
	text.len -= skip;
	r = edit->opt.where ? run_where(&m, &text) : run(&m, &text);
	if (r == -FL_ELIMIT && is_any_full(scratch))
		out->is_full = true;
	return r;
}
