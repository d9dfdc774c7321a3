/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "ops/transform/edit_step.h"

/* A delta costs some 40 bytes and a step of its own: changes nearer than this go together. */
#define JOIN_BYTES 32
/* Of new bytes that stand in a row at once. */
#define PIECE_BYTES 4096

static size_t skip_same(const unsigned char *table, const unsigned char *p, size_t n)
{
	size_t i = 0;

	while (i < n && table[p[i]] == p[i])
		i++;
	return i;
}

/* Bytes of [p, p+n) up to the last one that changes before JOIN_BYTES that do not. */
static size_t changed_run(const unsigned char *table, const unsigned char *p, size_t n)
{
	size_t i, last = 0;

	for (i = 0; i < n && i - last <= JOIN_BYTES; i++)
		if (table[p[i]] != p[i])
			last = i;
	return last + 1;
}

static int translate_span(const unsigned char *table, const struct fl_edit_text *text,
			  const struct fl_edit_span *span, struct fl_deltas *out)
{
	const unsigned char *p = text->data;
	size_t pos = span->begin;
	int r = 0;

	while (r == 0) {
		unsigned char *room;
		size_t n;

		pos += skip_same(table, p + pos, span->end - pos);
		if (pos == span->end)
			break;
		n = span->end - pos < PIECE_BYTES ? span->end - pos : PIECE_BYTES;
		n = changed_run(table, p + pos, n);
		r = fl_deltas_room(out, n, 0, &room);
		for (size_t i = 0; r == 0 && i < n; i++) {
			room[i] = table[p[pos + i]];
			out->matches += room[i] != p[pos + i];
		}
		if (r == 0)
			r = fl_deltas_put(out, text->off + pos, n, n);
		pos += n;
	}
	return r;
}

/* A record's end is none of its bytes: y/\n/ / does not join lines, as in sed. */
static int translate(const struct fl_step *step, const struct fl_edit_text *text,
		     struct fl_deltas *out)
{
	struct fl_edit_span span = {0, text->len - (text->one_record ? text->end_len : 0)};
	int r = 0;

	if (text->one_record || step->table[text->delimiter] == text->delimiter)
		return translate_span(step->table, text, &span, out);
	for (size_t pos = 0; r == 0 && pos < text->len; pos = fl_edit_record_next(text, &span)) {
		span = fl_edit_record_at(text, pos);
		r = translate_span(step->table, text, &span, out);
	}
	return r;
}

/* Only a CR right before a record's end is meant, and only where that end is there. */
static int convert_ends(const struct fl_step *step, const struct fl_edit_text *text,
			struct fl_deltas *out)
{
	struct fl_edit_span record;
	int r = 0;

	for (size_t pos = 0; r == 0 && pos < text->len; pos = fl_edit_record_next(text, &record)) {
		bool dos;

		record = fl_edit_record_at(text, pos);
		if (record.end == text->len)
			break;
		dos = record.end > pos && text->data[record.end - 1] == '\r';
		if (dos != (step->kind == FL_STEP_DOS2UNIX))
			continue;
		out->matches++;
		r = dos ? fl_deltas_put(out, text->off + record.end - 1, 1, 0)
			: fl_deltas_add(out, &(struct fl_delta){
						     .off = text->off + record.end,
						     .new_len = 1,
						     .new_bytes = (const unsigned char *)"\r"});
	}
	return r;
}

int fl_step_bytes(const struct fl_step *step, const struct fl_edit_text *text,
		  struct fl_deltas *out)
{
	return step->kind == FL_STEP_TRANSLATE ? translate(step, text, out)
					       : convert_ends(step, text, out);
}
