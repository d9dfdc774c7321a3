/* SPDX-License-Identifier: MIT */
#include "ops/transform/transform_part.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

#define PAGE_BYTES 4096
/* Of a record that is shown: enough to recognise it. */
#define SHOWN_BYTES 4096

static int put_head(struct fl_part *part, enum fl_block_kind kind, uint64_t bytes)
{
	struct fl_block_head head = {
		.version = FL_TRANSFORM_PART_VERSION, .kind = (uint16_t)kind, .bytes = bytes};

	return fl_part_append(part, &head, sizeof(head));
}

static void count_pages(const struct fl_delta *delta, struct fl_block_counts *c)
{
	uint64_t first = delta->off / PAGE_BYTES;
	uint64_t last = (delta->off + (delta->old_len > 0 ? delta->old_len - 1 : 0)) / PAGE_BYTES;

	if (c->pages == 0)
		c->first_page = first;
	c->pages += last - first + 1 - (c->pages > 0 && c->last_page == first);
	c->last_page = last;
}

int fl_part_put_counts(struct fl_part *part, const struct fl_deltas *d)
{
	struct fl_block_counts c = {.matches = d->matches, .changes = d->count};
	int r;

	if (d->count == 0 && d->matches == 0)
		return 0;
	for (size_t i = 0; i < d->count; i++) {
		c.old_bytes += d->list[i].old_len;
		c.new_bytes += d->list[i].new_len;
		count_pages(&d->list[i], &c);
	}
	r = put_head(part, FL_BLOCK_COUNTS, sizeof(c));
	return r < 0 ? r : fl_part_append(part, &c, sizeof(c));
}

/** struct changed - the records around some neighbouring deltas, and what becomes of them */
struct changed {
	size_t begin;
	size_t end;
	size_t first;
	size_t count;
};

/* Deltas from number @first on whose records meet. */
static struct changed records_around(const struct fl_view *in, const struct fl_deltas *d,
				     size_t first, unsigned char delimiter)
{
	struct changed c = {.first = first};
	size_t at = (size_t)(d->list[first].off - in->off);
	const unsigned char *hit = memrchr(in->data, delimiter, at);

	c.begin = hit ? (size_t)(hit + 1 - in->data) : 0;
	c.end = c.begin;
	while (c.first + c.count < d->count) {
		const struct fl_delta *delta = &d->list[c.first + c.count];

		at = (size_t)(delta->off - in->off);
		if (c.count > 0 && at >= c.end)
			break;
		at += (size_t)delta->old_len;
		c.count++;
		/* Whole records that go end with their ends. */
		if (at > c.begin && in->data[at - 1] == delimiter && at >= c.end) {
			c.end = at;
			continue;
		}
		if (at < c.end)
			continue;
		hit = memchr(in->data + at, delimiter, in->len - at);
		c.end = hit ? (size_t)(hit + 1 - in->data) : in->len;
	}
	return c;
}

static size_t without_end(const unsigned char *p, size_t len, unsigned char delimiter)
{
	return len > 0 && p[len - 1] == delimiter ? len - 1 : len;
}

static int put_change(struct fl_part *part, const struct fl_view *in, const struct fl_deltas *d,
		      unsigned char delimiter, const struct changed *c)
{
	struct fl_deltas some = {.list = d->list + c->first, .count = c->count};
	size_t old_len = c->end - c->begin;
	size_t new_len = (size_t)((int64_t)old_len + fl_deltas_growth(&some));
	struct fl_block_change head = {.off = in->off + c->begin, .is_deleted = new_len == 0};
	unsigned char *text = malloc(new_len + 1);
	int r;

	if (!text)
		return -ENOMEM;
	fl_deltas_apply(&some, in->off + c->begin, in->data + c->begin, old_len, text);
	head.old_len =
		fl_min_size(without_end(in->data + c->begin, old_len, delimiter), SHOWN_BYTES);
	head.new_len = fl_min_size(without_end(text, new_len, delimiter), SHOWN_BYTES);
	r = put_head(part, FL_BLOCK_CHANGE, sizeof(head) + head.old_len + head.new_len);
	if (r == 0)
		r = fl_part_append(part, &head, sizeof(head));
	if (r == 0)
		r = fl_part_append(part, in->data + c->begin, (size_t)head.old_len);
	if (r == 0)
		r = fl_part_append(part, text, (size_t)head.new_len);
	free(text);
	return r;
}

int fl_part_put_changes(struct fl_part *part, const struct fl_view *in, const struct fl_deltas *d,
			unsigned char delimiter, uint64_t limit)
{
	size_t i = 0;
	int r = 0;

	for (; r == 0 && i < d->count && limit > 0; limit--) {
		struct changed c = records_around(in, d, i, delimiter);

		r = put_change(part, in, d, delimiter, &c);
		i = c.first + c.count;
	}
	return r;
}

/**
 * struct text - a block of text that grows
 * @head: where it begins in the part
 * @left: bytes of the result still to come
 */
struct text {
	struct fl_part *part;
	struct fl_error *reterr;
	size_t head;
	uint64_t left;
};

static int begin_text(struct text *t)
{
	size_t room = fl_max_size(t->part->limit, FL_KIB(4));
	uint64_t bytes = t->left;
	int r;

	room = room > t->part->len + FL_KIB(4) ? room - t->part->len : FL_KIB(4);
	bytes = fl_min_u64(bytes, room);
	t->head = t->part->len;
	r = put_head(t->part, FL_BLOCK_TEXT, 0);
	return r < 0 ? r : fl_part_reserve(t->part, (size_t)bytes);
}

static void end_text(struct text *t)
{
	struct fl_block_head head;

	memcpy(&head, t->part->data + t->head, sizeof(head));
	head.bytes = t->part->len - t->head - sizeof(head);
	memcpy(t->part->data + t->head, &head, sizeof(head));
}

static int add_text(struct text *t, const unsigned char *p, uint64_t n)
{
	while (n > 0) {
		size_t limit = fl_max_size(t->part->limit, t->head + FL_KIB(4));
		size_t some = (size_t)fl_min_u64(n, limit - fl_min_size(limit, t->part->len));
		int r;

		if (some == 0) {
			end_text(t);
			r = fl_part_flush(t->part, t->reterr);
			if (r != 0)
				return r;
			r = begin_text(t);
			if (r < 0)
				return r;
			continue;
		}
		r = fl_part_append(t->part, p, some);
		if (r < 0)
			return r;
		p += some;
		n -= some;
		t->left -= some;
	}
	return 0;
}

int fl_part_put_text(struct fl_part *part, const struct fl_view *in, const struct fl_deltas *d,
		     struct fl_error *reterr)
{
	struct text t = {.part = part,
			 .reterr = reterr,
			 .left = (uint64_t)((int64_t)in->len + fl_deltas_growth(d))};
	uint64_t pos = in->off;
	int r = begin_text(&t);

	for (size_t i = 0; r == 0 && i < d->count; i++) {
		const struct fl_delta *delta = &d->list[i];

		r = add_text(&t, in->data + (pos - in->off), delta->off - pos);
		if (r == 0)
			r = add_text(&t, delta->new_bytes, delta->new_len);
		pos = delta->off + delta->old_len;
	}
	if (r == 0)
		r = add_text(&t, in->data + (pos - in->off), in->off + in->len - pos);
	if (r == 0)
		end_text(&t);
	return r;
}
