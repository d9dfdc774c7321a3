/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "base/size.h"
#include "ops/transform/change_sink.h"
#include "store/journal_block.h"

/* @from: where the run at work began; @base: how far the source was taken. */

static int begin_run(struct fl_change_sink *sink, bool copies)
{
	uint64_t left = sink->view->off + sink->view->len - sink->base;
	int r = fl_part_reserve(sink->part, FL_SINK_HEAD_BYTES + (copies ? (size_t)left : 0));

	if (r < 0)
		return r;
	sink->begin = sink->part->len;
	sink->from = sink->base;
	sink->copying = copies;
	sink->part->len += FL_SINK_HEAD_BYTES;
	return 0;
}

static void end_run(struct fl_change_sink *sink)
{
	struct fl_part *part = sink->part;
	size_t len = part->len - sink->begin - FL_SINK_HEAD_BYTES;
	uint64_t old = sink->base - sink->from;
	unsigned char *head = part->data + sink->begin;

	if (old == 0) {
		part->len = sink->begin;
		return;
	}
	fl_put64(head, sink->from);
	fl_put64(head + 8, sink->base);
	fl_put64(head + 16, len);
	fl_put64(head + 24, sink->copying ? len - old : 0);
	fl_put64(head + 32, sink->copying ? FL_SINK_TEXT : 0);
	fl_put64(head + 40, 0);
	fl_change_sink_put_ends(head, &(struct fl_record_ends){0});
}

/* What stays up to @off. */
static int keep(struct fl_change_sink *sink, uint64_t off)
{
	const struct fl_view *view = sink->view;
	const unsigned char *from = view->data + (sink->base - view->off);
	size_t len = (size_t)(off - sink->base);

	sink->base = off;
	return sink->copying ? fl_part_append(sink->part, from, len) : 0;
}

int fl_change_text_begin(struct fl_change_sink *sink)
{
	sink->base = sink->view->off;
	sink->first_begin = sink->part->len;
	return begin_run(sink, atomic_load_explicit(sink->moves, memory_order_relaxed));
}

int fl_change_text_put(struct fl_change_sink *sink, uint64_t off, uint64_t old_len,
		       const unsigned char *new_bytes, size_t new_len)
{
	const struct fl_view *view = sink->view;
	int r;

	if (off < sink->base || off - view->off > view->len ||
	    old_len > view->len - (off - view->off) || new_len > old_len)
		return -EINVAL;
	r = keep(sink, off);
	if (r == 0 && !sink->copying) {
		end_run(sink);
		r = begin_run(sink, true);
	}
	sink->base += old_len;
	return r == 0 ? fl_part_append(sink->part, new_bytes, new_len) : r;
}

int fl_change_text_end(struct fl_change_sink *sink)
{
	int r = keep(sink, sink->view->off + sink->view->len);

	if (r < 0)
		return r;
	end_run(sink);
	/* They are known now. */
	if (sink->part->len > sink->first_begin)
		fl_change_sink_put_ends(sink->part->data + sink->first_begin, &sink->ends);
	return 0;
}
