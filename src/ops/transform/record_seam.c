/* SPDX-License-Identifier: MIT */
#include "ops/transform/record_seam.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "store/change.h"

bool fl_record_seam_next(struct fl_record_seam *seam, const struct fl_record_ends *ends)
{
	bool goes;

	if (ends->first_len == 0)
		return false;
	goes = seam->known && fl_record_tags_equal(&seam->before, &ends->first);
	seam->before = ends->last;
	seam->known = true;
	return goes;
}

void fl_shortened_done(struct fl_shortened *s)
{
	free(s->data);
	*s = (struct fl_shortened){0};
}

static int room(struct fl_shortened *s, size_t len)
{
	unsigned char *bigger;

	if (s->size >= len)
		return 0;
	bigger = realloc(s->data, len);
	if (!bigger)
		return -ENOMEM;
	s->data = bigger;
	s->size = len;
	return 0;
}

/**
 * struct cut - how far the beginning of a view goes
 * @rest:   changes behind it; @change: the one before these, if @has_change
 * @src:    how far the view was taken; @left: bytes of the result that are still to go
 * @in_new: the cut lies within @change's new bytes, of which it has what stays
 * @old_bytes: that go, and were in no change
 */
struct cut {
	struct fl_change_reader rest;
	struct fl_change change;
	bool has_change;
	bool in_new;
	uint64_t src;
	uint64_t left;
	uint64_t old_bytes;
};

static void take_old(struct cut *c, uint64_t len)
{
	c->src += len;
	c->left -= len;
	c->old_bytes += len;
}

static void take_change(struct cut *c)
{
	struct fl_change *x = &c->change;

	c->src = x->off + x->old_len;
	c->in_new = c->left < x->new_len;
	if (c->in_new) {
		x->new_bytes += x->fill ? 0 : c->left;
		x->new_len -= c->left;
		c->left = 0;
	} else {
		c->left -= x->new_len;
	}
}

/* Up to byte @end of the file. */
static int find_cut(struct cut *c, uint64_t end)
{
	while (c->left > 0) {
		int r = fl_change_next(&c->rest, &c->change);
		uint64_t gap = (r > 0 ? c->change.off : end) - c->src;

		if (r < 0)
			return r;
		c->has_change = r > 0 && c->left <= gap;
		if (c->left > gap && r == 0)
			return -FL_ECORRUPT;
		take_old(c, fl_min_u64(c->left, gap));
		if (c->left > 0)
			take_change(c);
	}
	return 0;
}

static size_t put_cut(const struct cut *c, uint64_t off, unsigned char *to)
{
	struct fl_change gone = {.off = off, .old_len = c->src - off};
	size_t rest = (size_t)(c->rest.end - c->rest.p), len = 0;

	if (c->in_new) {
		gone.new_len = c->change.new_len;
		gone.new_bytes = c->change.new_bytes;
		gone.fill = c->change.fill;
	}
	if (gone.old_len > 0 || gone.new_len > 0)
		len += fl_change_put_bare(to, off, &gone);
	if (c->has_change)
		len += fl_change_put_bare(to + len, c->src, &c->change);
	if (rest > 0)
		memcpy(to + len, c->rest.p, rest);
	return len + rest;
}

int fl_edit_run_shorten(struct fl_edit_part_run *run, uint64_t len, struct fl_shortened *s)
{
	struct cut c = {
		.rest = {.p = run->p, .end = run->p + run->len, .base = run->off, .bare = true},
		.src = run->off,
		.left = len};
	int r = find_cut(&c, run->end);

	if (r == 0)
		r = room(s, run->len + 2 * (size_t)FL_CHANGE_HEAD_BYTES);
	if (r < 0)
		return r;
	run->len = put_cut(&c, run->off, s->data);
	run->p = s->data;
	run->growth -= (int64_t)len;
	run->old_bytes += c.old_bytes;
	return 0;
}
