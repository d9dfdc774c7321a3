/* SPDX-License-Identifier: MIT */
#include "ops/transform/edit_repeats.h"

#include <errno.h>
#include <string.h>

#include "base/random.h"
#include "base/size.h"
#include "ops/transform/repeats.h"

/** struct text - what @edit makes of @view */
struct text {
	const struct fl_view *view;
	const struct fl_deltas *edit;
	unsigned char delimiter;
};

/**
 * struct cursor - a place in such a text
 * @p, @left: the stretch at work, of the original or of a delta's new bytes
 * @pos:      how far the original was taken
 * @delta:    the next one
 * @in_gap:   what comes next are that delta's new bytes
 */
struct cursor {
	const unsigned char *p;
	size_t left;
	size_t pos;
	size_t delta;
	bool in_gap;
};

/** struct record - @len bytes from @at on, without the delimiter */
struct record {
	struct cursor at;
	uint64_t len;
	bool ended;
};

static void next_gap(const struct text *t, struct cursor *c)
{
	const struct fl_deltas *d = t->edit;
	size_t end =
		c->delta < d->count ? (size_t)(d->list[c->delta].off - t->view->off) : t->view->len;

	c->p = t->view->data + c->pos;
	c->left = end - c->pos;
	c->pos = end;
	c->in_gap = true;
}

static void next_new_bytes(const struct text *t, struct cursor *c)
{
	const struct fl_delta *d = &t->edit->list[c->delta++];

	c->p = d->new_bytes;
	c->left = d->new_len;
	c->pos += (size_t)d->old_len;
	c->in_gap = false;
}

/* Return: false at the end of the text. */
static bool has_more(const struct text *t, struct cursor *c)
{
	while (c->left == 0) {
		if (!c->in_gap)
			next_gap(t, c);
		else if (c->delta < t->edit->count)
			next_new_bytes(t, c);
		else
			return false;
	}
	return true;
}

static void skip(struct cursor *c, size_t n)
{
	c->p += n;
	c->left -= n;
}

/* Return: false where there is none left. */
static bool next_record(const struct text *t, struct cursor *c, struct record *ret)
{
	if (!has_more(t, c))
		return false;
	*ret = (struct record){.at = *c};
	while (!ret->ended && has_more(t, c)) {
		const unsigned char *hit = memchr(c->p, t->delimiter, c->left);
		size_t n = hit ? (size_t)(hit - c->p) : c->left;

		ret->len += n;
		ret->ended = hit != NULL;
		skip(c, n + ret->ended);
	}
	return true;
}

static bool equal(const struct text *t, const struct record *a, const struct record *b)
{
	struct cursor x = a->at, y = b->at;
	uint64_t left = a->len;

	if (a->len != b->len || a->len > FL_REPEATS_RECORD_MAX)
		return false;
	while (left > 0 && has_more(t, &x) && has_more(t, &y)) {
		size_t n = (size_t)fl_min_u64(left, fl_min_size(x.left, y.left));

		if (memcmp(x.p, y.p, n) != 0)
			return false;
		skip(&x, n);
		skip(&y, n);
		left -= n;
	}
	return true;
}

static struct fl_record_tag tag_of(const struct text *t, const struct record *r,
				   const unsigned char *key)
{
	struct fl_siphash_state half[2];
	struct cursor c = r->at;
	uint64_t left = r->len;

	if (r->len > FL_REPEATS_RECORD_MAX)
		return (struct fl_record_tag){0};
	fl_siphash_begin(&half[0], key);
	fl_siphash_begin(&half[1], key + FL_SIPHASH_KEY_BYTES);
	while (left > 0 && has_more(t, &c)) {
		size_t n = (size_t)fl_min_u64(left, c.left);

		fl_siphash_add(&half[0], c.p, n);
		fl_siphash_add(&half[1], c.p, n);
		skip(&c, n);
		left -= n;
	}
	return (struct fl_record_tag){.half = {fl_siphash_end(&half[0]), fl_siphash_end(&half[1])}};
}

bool fl_record_tags_equal(const struct fl_record_tag *a, const struct fl_record_tag *b)
{
	return (a->half[0] | a->half[1]) != 0 && a->half[0] == b->half[0] &&
	       a->half[1] == b->half[1];
}

int fl_record_key(unsigned char ret[FL_RECORD_KEY_BYTES])
{
	return fl_random_bytes(ret, FL_RECORD_KEY_BYTES);
}

/* The first record of the piece. Return: does it equal the last one of the piece before? */
static bool begins_with(struct fl_record_ends *ends, uint64_t len, const struct fl_record_tag *tag)
{
	if (ends->first_len > 0)
		return fl_record_tags_equal(tag, &ends->last);
	ends->first_len = len;
	ends->first = *tag;
	return false;
}

/* Records that go in a row are one delta. */
static int drop(struct fl_deltas *d, uint64_t off, uint64_t len)
{
	struct fl_delta *last = d->count > 0 ? &d->list[d->count - 1] : NULL;

	if (last && last->off + last->old_len == off) {
		last->old_len += len;
		return 0;
	}
	return fl_deltas_put(d, off, len, 0);
}

int fl_edit_repeats(const struct fl_view *piece, const struct fl_deltas *edit,
		    unsigned char delimiter, const unsigned char key[FL_RECORD_KEY_BYTES],
		    struct fl_record_ends *ends, struct fl_deltas *ret)
{
	const struct text t = {piece, edit, delimiter};
	struct fl_record_ends now = *ends;
	struct record before = {.len = 0}, record;
	struct cursor c = {.p = NULL};
	uint64_t off = piece->off, len;
	bool is_first = true, goes;
	int r = 0;

	for (; r == 0 && next_record(&t, &c, &record); off += len) {
		len = record.len + record.ended;
		if (is_first) {
			struct fl_record_tag tag = tag_of(&t, &record, key);

			goes = begins_with(&now, len, &tag);
		} else {
			goes = equal(&t, &before, &record);
		}
		if (goes)
			r = drop(ret, off, len);
		before = record;
		is_first = false;
	}
	if (r < 0)
		return r;
	if (!is_first)
		now.last = tag_of(&t, &before, key);
	*ends = now;
	return 0;
}
