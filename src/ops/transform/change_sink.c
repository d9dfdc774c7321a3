/* SPDX-License-Identifier: MIT */
#include "ops/transform/change_sink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/journal_block.h"

int fl_change_sink_begin(struct fl_change_sink *sink, const struct fl_view *view,
			 struct fl_part *part)
{
	int r;

	sink->view = view;
	sink->part = part;
	sink->ends = (struct fl_record_ends){0};
	if (sink->moves)
		return fl_change_text_begin(sink);
	r = fl_part_reserve(part, FL_SINK_HEAD_BYTES);
	if (r < 0)
		return r;
	sink->begin = part->len;
	sink->base = view->off;
	sink->is_open = false;
	sink->growth = 0;
	sink->old_bytes = 0;
	part->len += FL_SINK_HEAD_BYTES;
	return 0;
}

static const unsigned char *at(const struct fl_change_sink *sink, uint64_t off)
{
	return sink->view->data + (off - sink->view->off);
}

/* The old bytes are in the source, whose CRC says that it is still the same. */
static int put_bare(struct fl_change_sink *sink, const struct fl_change *c)
{
	struct fl_part *part = sink->part;
	int r = fl_part_reserve(part, FL_CHANGE_HEAD_BYTES + sink->text_len);

	if (r < 0)
		return r;
	part->len += fl_change_put_bare(part->data + part->len, sink->base, c);
	sink->old_bytes += c->old_len;
	return 0;
}

/* What lies between two edits of one record is compared again with what is stored, so it is
 * read once: from the copy that the part holds. */
static int put_full(struct fl_change_sink *sink, const struct fl_change *c)
{
	struct fl_part *part = sink->part;
	int r = fl_part_reserve(part, FL_CHANGE_HEAD_BYTES + (size_t)c->old_len + sink->text_len);

	if (r < 0)
		return r;
	part->len += fl_change_put(part->data + part->len, sink->base, c);
	return 0;
}

static int close_change(struct fl_change_sink *sink)
{
	struct fl_change c = {.off = sink->from,
			      .old_len = sink->to - sink->from,
			      .new_len = sink->text_len,
			      .old_bytes = at(sink, sink->from),
			      .new_bytes = sink->text};
	int r;

	if (!sink->is_open)
		return 0;
	sink->is_open = false;
	c.fill = c.new_len > 0 && fl_change_is_fill(sink->text, sink->text_len);
	r = sink->keeps_length ? put_full(sink, &c) : put_bare(sink, &c);
	if (r == 0)
		sink->base = sink->to;
	return r;
}

static int append_text(struct fl_change_sink *sink, const unsigned char *p, size_t n)
{
	size_t cap = sink->text_cap ? sink->text_cap : 256;
	unsigned char *bigger;

	while (cap - sink->text_len < n && cap <= SIZE_MAX / 4)
		cap *= 2;
	if (cap != sink->text_cap) {
		bigger = realloc(sink->text, cap);
		if (!bigger)
			return -ENOMEM;
		sink->text = bigger;
		sink->text_cap = cap;
	}
	if (n > 0)
		memcpy(sink->text + sink->text_len, p, n);
	sink->text_len += n;
	return 0;
}

int fl_change_sink_put(struct fl_change_sink *sink, uint64_t off, uint64_t old_len,
		       const unsigned char *new_bytes, size_t new_len)
{
	const struct fl_view *view = sink->view;
	uint64_t last = sink->is_open ? sink->to : sink->base;
	int r = 0;

	if (sink->moves)
		return fl_change_text_put(sink, off, old_len, new_bytes, new_len);
	if (off < last || off - view->off > view->len || old_len > view->len - (off - view->off) ||
	    (sink->keeps_length && old_len != new_len))
		return -EINVAL;
	if (old_len == 0 && new_len == 0)
		return 0;
	if (sink->is_open && off - sink->to < FL_SINK_JOIN_BYTES) {
		r = append_text(sink, at(sink, sink->to), (size_t)(off - sink->to));
	} else {
		r = close_change(sink);
		sink->from = off;
		sink->text_len = 0;
		sink->is_open = true;
	}
	sink->to = off + old_len;
	sink->growth += new_len - old_len;
	return r < 0 ? r : append_text(sink, new_bytes, new_len);
}

void fl_change_sink_ends(struct fl_change_sink *sink, const struct fl_record_ends *ends)
{
	sink->ends = *ends;
}

void fl_change_sink_put_ends(unsigned char *head, const struct fl_record_ends *ends)
{
	fl_put64(head + 48, ends->first_len);
	fl_put64(head + 56, ends->first.half[0]);
	fl_put64(head + 64, ends->first.half[1]);
	fl_put64(head + 72, ends->last.half[0]);
	fl_put64(head + 80, ends->last.half[1]);
}

int fl_change_sink_end(struct fl_change_sink *sink)
{
	struct fl_part *part = sink->part;
	unsigned char *head;
	int r;

	if (sink->moves)
		return fl_change_text_end(sink);
	r = close_change(sink);
	if (r < 0)
		return r;
	if (part->len == sink->begin + FL_SINK_HEAD_BYTES && !sink->measured && !sink->compared) {
		part->len = sink->begin;
		return 0;
	}
	head = part->data + sink->begin;
	fl_put64(head, sink->view->off);
	fl_put64(head + 8, sink->view->off + sink->view->len);
	fl_put64(head + 16, part->len - sink->begin - FL_SINK_HEAD_BYTES);
	fl_put64(head + 24, sink->growth);
	fl_put64(head + 32, sink->measured ? fl_crc_part(0, sink->view->data, sink->view->len) : 0);
	fl_put64(head + 40, sink->old_bytes);
	fl_change_sink_put_ends(head, &sink->ends);
	return 0;
}

void fl_change_sink_done(struct fl_change_sink *sink)
{
	free(sink->text);
	sink->text = NULL;
}
