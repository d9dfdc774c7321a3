/* SPDX-License-Identifier: MIT */
#include "ops/codec/apart.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "ops/codec/cutter.h"
#include "window/pieces.h"

/* What a bit stream's last byte and its end take behind a piece, at most. */
#define PACK_MORE_BYTES 8

/* Decoders that wait for their next piece: their memory, up to some MB, need not be made anew. */
#define IDLE 16

/**
 * struct fl_apart - @rest: where the cutter gave up, or came to the end
 * @idle: decoders that have come to the end of a piece
 */
struct fl_apart {
	const struct fl_source *src;
	const struct fl_unpack *how;
	void *cutter;
	struct fl_cut_limits limits;
	struct fl_pieces *pieces;
	unsigned threads;
	uint64_t rest;
	_Atomic(void *) idle[IDLE];
};

/** struct piece - @bytes: the little file, or NULL: it has not been looked at */
struct piece {
	struct fl_cut cut;
	const struct fl_unpack *how;
	unsigned char *bytes;
	struct fl_packed packed;
	void *state;
};

static void drop(struct piece *p)
{
	if (p->state)
		p->how->free(p->state);
	free(p->bytes);
	p->state = NULL;
	p->bytes = NULL;
}

static void piece_free(void *piece)
{
	drop(piece);
	free(piece);
}

static int piece_cut(void *arg, void **ret_piece)
{
	struct fl_apart *a = arg;
	struct piece *p = calloc(1, sizeof(*p));
	int r = p ? a->how->cutter->next(a->cutter, &p->cut, &a->rest) : -ENOMEM;

	if (r <= 0) {
		free(p);
		return r;
	}
	p->how = a->how;
	*ret_piece = p;
	return 1;
}

static int get_state(struct fl_apart *a, void **ret)
{
	void *state = NULL;
	int r;

	for (unsigned i = 0; i < IDLE && !state; i++)
		state = atomic_exchange(&a->idle[i], NULL);
	if (!state)
		return a->how->create(a->limits.window_log, ret);
	r = a->how->again ? a->how->again(state, a->limits.window_log) : 0;
	if (r < 0)
		a->how->free(state);
	else
		*ret = state;
	return r;
}

static void put_state(struct fl_apart *a, void *state)
{
	void *nothing;

	for (unsigned i = 0; i < IDLE; i++) {
		nothing = NULL;
		if (atomic_compare_exchange_strong(&a->idle[i], &nothing, state))
			return;
	}
	a->how->free(state);
}

static size_t join(const struct fl_cut *cut, const unsigned char *raw, unsigned char *to)
{
	memcpy(to, cut->head, cut->head_len);
	memcpy(to + cut->head_len, raw, cut->bytes);
	memcpy(to + cut->head_len + cut->bytes, cut->tail, cut->tail_len);
	return cut->head_len + cut->bytes + cut->tail_len;
}

/* pread, not a map: decoders take their input for stable. */
static int load(struct fl_apart *a, struct piece *p)
{
	size_t most = p->cut.bytes + 2 * (size_t)FL_CUT_EDGE_BYTES + PACK_MORE_BYTES, got = 0;
	unsigned char *raw = malloc(p->cut.bytes + 1);
	int r = raw ? fl_source_raw_pread(a->src, raw, p->cut.bytes, p->cut.off, &got) : -ENOMEM;

	if (r == 0 && got < p->cut.bytes)
		r = -FL_ETRUNCATED;
	if (r == 0)
		p->bytes = malloc(most);
	if (r == 0 && !p->bytes)
		r = -ENOMEM;
	if (r == 0)
		p->packed = (struct fl_packed){.data = p->bytes,
					       .len = (a->how->cutter->pack
							       ? a->how->cutter->pack
							       : join)(&p->cut, raw, p->bytes),
					       .end = true};
	free(raw);
	return r < 0 ? r : get_state(a, &p->state);
}

static int64_t piece_decode(void *arg, void *piece, void *to, size_t n)
{
	struct fl_apart *a = arg;
	struct piece *p = piece;
	int64_t got = p->bytes ? 0 : load(a, p);

	if (got == 0)
		got = p->how->decode(p->state, &p->packed, to, n, NULL);
	if (got == 0) {
		put_state(a, p->state);
		p->state = NULL;
		drop(p);
	}
	return got;
}

static int piece_given(void *arg, void *piece, const void *data, size_t n)
{
	const struct fl_apart *a = arg;
	struct piece *p = piece;

	return a->how->cutter->given ? a->how->cutter->given(a->cutter, &p->cut, data, n) : 0;
}

static const struct fl_piece_ops piece_ops = {
	.cut = piece_cut, .decode = piece_decode, .given = piece_given, .free = piece_free};

/* Longer ones take about as long as each other, and more memory. */
#define LONG_BYTES FL_MIB(4)

static unsigned slots_for(const struct fl_cut_limits *l, unsigned threads)
{
	return l->room > LONG_BYTES ? threads + 1 : 2 * threads + 1;
}

/* One that is decoded ahead while another one is being read is the least that is of use. */
static int start(struct fl_apart *a, unsigned threads, uint64_t memory)
{
	const struct fl_cut_limits *l = &a->limits;
	uint64_t fit = memory / (l->bytes + l->room + l->state);
	struct fl_pieces_options opt = {.threads = threads, .room = l->room, .whole = l->whole};

	if (fit < 2)
		return 0;
	opt.slots = (unsigned)fl_min_u64(fit, slots_for(l, threads));
	opt.threads = (unsigned)fl_min_u64(threads, opt.slots);
	a->threads = opt.threads;
	/* Where threads are not to be had, there is still the other way. */
	return fl_pieces_new(&piece_ops, a, &opt, &a->pieces) == -ENOMEM ? -ENOMEM : 0;
}

void fl_apart_free(struct fl_apart *a)
{
	if (!a)
		return;
	fl_pieces_free(a->pieces);
	for (unsigned i = 0; i < IDLE; i++)
		if (a->idle[i])
			a->how->free(a->idle[i]);
	if (a->cutter)
		a->how->cutter->close(a->cutter);
	free(a);
}

int fl_apart_new(const struct fl_source *src, const struct fl_unpack *how, unsigned threads,
		 unsigned window_log_max, struct fl_apart **ret)
{
	struct fl_apart *a;
	int r;

	if (!how->cutter || threads < 2)
		return 0;
	a = calloc(1, sizeof(*a));
	if (!a)
		return -ENOMEM;
	a->src = src;
	a->how = how;
	r = how->cutter->open(src, &a->cutter, &a->limits);
	if (r > 0 && a->limits.window_log == 0)
		a->limits.window_log = window_log_max;
	if (r > 0)
		r = start(a, threads, UINT64_C(1) << window_log_max);
	if (r < 0 || !a->pieces) {
		fl_apart_free(a);
		return r;
	}
	*ret = a;
	return 1;
}

unsigned fl_apart_threads(const struct fl_apart *a)
{
	return a->threads;
}

int64_t fl_apart_read(struct fl_apart *a, void *to, size_t n, uint64_t *ret_off)
{
	int64_t got = fl_pieces_read(a->pieces, to, n);

	if (got == 0)
		*ret_off = a->rest;
	return got;
}
