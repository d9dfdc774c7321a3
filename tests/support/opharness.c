/* SPDX-License-Identifier: MIT */
#include "opharness.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCRATCHES 3

/* One chunk's result: FL_MAP_FULL makes it several parts. */
struct piece {
	struct fl_part part;
	struct fl_view *views;
	size_t view_count;
	struct piece *next;
	struct piece **link; /* what points to it */
};

struct chunk {
	size_t begin;
	size_t end;
	struct piece *pieces;
	struct fl_error error;
	int code;
};

struct harness {
	const struct fl_operator *ops;
	void *op;
	const unsigned char *buf;
	size_t len;
	const struct opharness *how;
	void *scratch[SCRATCHES];
	uint64_t random;
};

static void check(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "opharness: %s\n", what);
	abort();
}

static size_t pick(struct harness *h, size_t n)
{
	/* Knuth, MMIX's generator */
	h->random = h->random * 6364136223846793005u + 1442695040888963407u;
	return (size_t)(h->random >> 33) % n;
}

/* The first cut at or after pos: a record's start, or a multiple of the unit. */
static size_t next_cut(const struct harness *h, size_t pos)
{
	const unsigned char *hit;
	size_t unit = h->ops->unit_bytes;

	if (pos == 0 || pos >= h->len)
		return pos < h->len ? pos : h->len;
	if (h->ops->cut == FL_CUT_UNIT) {
		pos = (pos + unit - 1) / unit * unit;
		return pos < h->len ? pos : h->len;
	}
	hit = memchr(h->buf + pos - 1, h->how->delimiter, h->len - pos + 1);
	return hit ? (size_t)(hit - h->buf) + 1 : h->len;
}

static struct piece *piece_new(const struct harness *h, size_t begin)
{
	struct piece *pc = calloc(1, sizeof(*pc));

	check(pc != NULL, "out of memory");
	pc->part.limit = h->how->part_limit;
	pc->part.off = h->how->base_off + begin;
	return pc;
}

static struct fl_view view_make(const struct harness *h, size_t begin, size_t end)
{
	struct fl_view v = {.off = h->how->base_off + begin, .len = end - begin};
	unsigned char *copy = malloc(v.len);

	check(copy != NULL, "out of memory");
	memcpy(copy, h->buf + begin, v.len);
	v.data = copy;
	return v;
}

static void piece_keep(struct piece *pc, const struct fl_view *v)
{
	pc->views = realloc(pc->views, (pc->view_count + 1) * sizeof(*pc->views));
	check(pc->views != NULL, "out of memory");
	pc->views[pc->view_count++] = *v;
}

/* What the map flushes is folded later, in order, like everything else. */
static int flush_part(void *arg, struct fl_part *part, struct fl_error *reterr)
{
	struct piece *pc = arg, *done = calloc(1, sizeof(*done));

	(void)reterr;
	check(done != NULL, "out of memory");
	*done = *pc;
	done->part = *part;
	done->views = NULL;
	done->view_count = 0;
	*pc->link = done;
	pc->link = &done->next;
	done->next = pc;
	part->data = NULL;
	part->len = part->capacity = 0;
	return 0;
}

/* Return: where to go on. */
static size_t map_view(struct harness *h, struct chunk *c, struct piece *pc, size_t pos)
{
	size_t end = next_cut(h, pos + h->how->slice);
	struct fl_view v;
	size_t stop;

	if (end > c->end)
		end = c->end;
	v = view_make(h, pos, end);
	c->code = h->ops->map(h->op, h->scratch[pick(h, SCRATCHES)], &v, &pc->part, &c->error);
	piece_keep(pc, &v);
	if (c->code < 0)
		return c->end;
	check(c->code == 0 || c->code == FL_MAP_FULL, "map returned an unknown value");
	stop = end;
	if (c->code == FL_MAP_FULL) {
		stop = (size_t)(pc->part.next_off - h->how->base_off);
		check(stop >= pos && stop <= end, "next_off is outside of the view");
		check(next_cut(h, stop) == stop, "next_off is no cut");
		check(pc->part.len > 0, "a full part is empty");
		check(h->how->base_off + stop > pc->part.off, "a full part without progress");
	}
	pc->part.end = h->how->base_off + stop;
	return stop;
}

static void map_chunk(struct harness *h, struct chunk *c)
{
	struct piece **link = &c->pieces;
	size_t pos = c->begin;

	while (pos < c->end && c->code >= 0) {
		struct piece *pc = piece_new(h, pos);

		*link = pc;
		pc->link = link;
		pc->part.flush = flush_part;
		pc->part.flush_arg = pc;
		link = &pc->next;
		do
			pos = map_view(h, c, pc, pos);
		while (pos < c->end && c->code == 0);
	}
}

static void piece_free(struct piece *pc)
{
	for (size_t i = 0; i < pc->view_count; i++)
		free((void *)(uintptr_t)pc->views[i].data);
	free(pc->views);
	free(pc->part.data);
	free(pc);
}

static void chunk_done(struct chunk *c)
{
	while (c->pieces) {
		struct piece *next = c->pieces->next;

		piece_free(c->pieces);
		c->pieces = next;
	}
}

static int fold_chunk(struct harness *h, struct chunk *c, bool *ret_failed, struct fl_error *reterr)
{
	for (struct piece *pc = c->pieces; pc; pc = pc->next) {
		int r;

		if (c->code < 0 && !pc->next && !(h->ops->flags & FL_OP_UNTIL_ERROR))
			break;
		if (h->ops->flags & FL_OP_KEEP_VIEW) {
			pc->part.view = pc->views;
			pc->part.view_count = pc->view_count;
		}
		r = h->ops->fold(h->op, &pc->part, reterr);
		*ret_failed = r < 0;
		if (r != 0)
			return r;
	}
	if (c->code < 0) {
		if (reterr)
			*reterr = c->error;
		return c->code;
	}
	return 0;
}

static void shuffle(struct harness *h, size_t *order, size_t n)
{
	for (size_t i = 0; i < n; i++)
		order[i] = i;
	for (size_t i = n; i > 1; i--) {
		size_t k = pick(h, i);
		size_t t = order[i - 1];

		order[i - 1] = order[k];
		order[k] = t;
	}
}

static void map_all(struct harness *h, struct chunk *chunks, size_t n)
{
	size_t *order = calloc(n + 1, sizeof(*order));

	check(order != NULL, "out of memory");
	for (size_t i = 0; i < n; i++) {
		chunks[i].begin = next_cut(h, i * h->how->chunk);
		chunks[i].end = next_cut(h, (i + 1) * h->how->chunk);
	}
	shuffle(h, order, n);
	for (size_t i = 0; i < n; i++)
		map_chunk(h, &chunks[order[i]]);
	free(order);
}

static int run_chunks(struct harness *h, struct fl_error *reterr)
{
	size_t n = (h->len + h->how->chunk - 1) / h->how->chunk;
	struct chunk *chunks = calloc(n + 1, sizeof(*chunks));
	bool failed = false;
	int r = 0;

	check(chunks != NULL, "out of memory");
	map_all(h, chunks, n);
	for (size_t i = 0; i < n && r == 0; i++)
		r = fold_chunk(h, &chunks[i], &failed, reterr);
	for (size_t i = 0; i < n; i++)
		chunk_done(&chunks[i]);
	free(chunks);
	if (r >= 0 && h->ops->finish)
		r = h->ops->finish(h->op, reterr);
	else if (!failed && h->ops->finish && (h->ops->flags & FL_OP_UNTIL_ERROR))
		(void)h->ops->finish(h->op, NULL);
	return r;
}

int opharness_run(const struct fl_operator *ops, void *op, const unsigned char *buf, size_t len,
		  const struct opharness *how, struct fl_error *reterr)
{
	struct harness h = {
		.ops = ops, .op = op, .buf = buf, .len = len, .how = how, .random = how->seed};
	struct fl_run run = {.size = sizeof(run),
			     .name = "buffer",
			     .off = how->base_off,
			     .len = len,
			     .file_bytes = how->base_off + len,
			     .delimiter = how->delimiter,
			     .threads = SCRATCHES};
	int r = ops->start ? ops->start(op, &run, reterr) : 0;

	for (size_t i = 0; i < SCRATCHES && r == 0 && ops->worker_init; i++)
		r = ops->worker_init(op, &h.scratch[i], reterr);
	if (r == 0)
		r = run_chunks(&h, reterr);
	for (size_t i = 0; i < SCRATCHES && ops->worker_done; i++)
		ops->worker_done(op, h.scratch[i]);
	return r;
}
