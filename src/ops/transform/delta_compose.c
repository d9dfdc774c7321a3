/* SPDX-License-Identifier: MIT */
#include "ops/transform/delta.h"

#include <string.h>

/**
 * struct merge - where two lists are being read
 * @shift:  what the deltas of @first before @i add to an offset: its place in the intermediate
 *          text minus its place in the original. Modulo 2^64: it may be negative
 */
struct merge {
	const struct fl_deltas *first;
	const struct fl_deltas *second;
	struct fl_deltas *ret;
	size_t i;
	size_t j;
	uint64_t shift;
};

/**
 * struct group - deltas of both lists that meet or touch, in the intermediate text
 * @begin, @end: what they cover of it
 * @new_len:     bytes of the result in their place, written to a room so far
 * @pos:         up to where the intermediate text has been dealt with
 *
 * Every byte in [begin, end) that no delta of the second list takes away was put there by one of
 * the first: nothing of the original is ever needed.
 */
struct group {
	uint64_t begin;
	uint64_t end;
	uint64_t pos;
	size_t new_len;
	unsigned char *room;
};

static const struct fl_delta *peek_first(const struct merge *m)
{
	return m->i < m->first->count ? &m->first->list[m->i] : NULL;
}

static const struct fl_delta *peek_second(const struct merge *m)
{
	return m->j < m->second->count ? &m->second->list[m->j] : NULL;
}

static int add_bytes(struct merge *m, struct group *g, const unsigned char *p, size_t n)
{
	int r;

	if (n == 0)
		return 0;
	r = fl_deltas_room(m->ret, g->new_len + n, g->new_len, &g->room);
	if (r < 0)
		return r;
	memcpy(g->room + g->new_len, p, n);
	g->new_len += n;
	return 0;
}

/* The bytes of the first list's delta @d, which begins at @at, that stand in [g->pos, to). */
static int add_rest(struct merge *m, struct group *g, const struct fl_delta *d, uint64_t at,
		    uint64_t to)
{
	uint64_t end = at + d->new_len;
	uint64_t from = g->pos > at ? g->pos : at;

	if (to < end)
		end = to;
	if (from >= end)
		return 0;
	g->pos = end;
	return add_bytes(m, g, d->new_bytes + (from - at), (size_t)(end - from));
}

/*
 * Take deltas into the group until none touches it. A delta of the first list is kept as current
 * until the second list has passed its bytes.
 */
static int gather(struct merge *m, struct group *g)
{
	const struct fl_delta *a, *b;
	size_t low = m->i;
	uint64_t low_shift = m->shift;
	int r = 0;

	for (;;) {
		a = peek_first(m);
		if (a && a->off + m->shift <= g->end) {
			uint64_t end = a->off + m->shift + a->new_len;

			g->end = end > g->end ? end : g->end;
			m->shift += a->new_len - a->old_len;
			m->i++;
			continue;
		}
		b = peek_second(m);
		if (!b || b->off > g->end)
			break;
		for (; r == 0 && low < m->i; low++) {
			const struct fl_delta *d = &m->first->list[low];

			r = add_rest(m, g, d, d->off + low_shift, b->off);
			if (r < 0 || d->off + low_shift + d->new_len > b->off)
				break;
			low_shift += d->new_len - d->old_len;
		}
		if (r == 0)
			r = add_bytes(m, g, b->new_bytes, b->new_len);
		if (r < 0)
			return r;
		g->pos = b->off + b->old_len;
		g->end = g->pos > g->end ? g->pos : g->end;
		m->j++;
	}
	for (; r == 0 && low < m->i; low++) {
		const struct fl_delta *d = &m->first->list[low];

		r = add_rest(m, g, d, d->off + low_shift, g->end);
		low_shift += d->new_len - d->old_len;
	}
	return r;
}

int fl_deltas_compose(const struct fl_deltas *first, const struct fl_deltas *second,
		      struct fl_deltas *ret)
{
	struct merge m = {.first = first, .second = second, .ret = ret};
	int r = 0;

	while (r == 0 && (m.i < first->count || m.j < second->count)) {
		const struct fl_delta *a = peek_first(&m), *b = peek_second(&m);
		uint64_t begin = a ? a->off + m.shift : UINT64_MAX, before = m.shift;
		struct group g;

		if (b && b->off < begin)
			begin = b->off;
		g = (struct group){.begin = begin, .end = begin, .pos = begin};
		r = gather(&m, &g);
		if (r == 0)
			r = fl_deltas_put(ret, g.begin - before,
					  (g.end - m.shift) - (g.begin - before), g.new_len);
	}
	ret->matches += first->matches + second->matches;
	return r;
}
