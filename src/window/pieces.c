/* SPDX-License-Identifier: MIT */
#include "window/pieces.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "plat/mapping.h"
#include "plat/thread.h"

/* A helper looks so often whether it is still wanted; a block of lz4 is decoded at once. */
#define STEP_BYTES FL_MIB(4)

enum state {
	CUT,
	BUSY, /* somebody decodes it into @out */
	HELD  /* for the reader */
};

/**
 * struct slot - of a piece between @head and @tail
 * @out:  @len bytes of it, of which the reader has had @pos
 * @code: of the last decode: > 0: it goes on; 0: nothing behind @out; or the error that stands there
 */
struct slot {
	void *piece;
	enum state state;
	unsigned char *out;
	size_t len;
	size_t pos;
	int64_t code;
};

/**
 * struct fl_pieces - @lock: all but the slots that are BUSY, and that of the reader's piece if it is not
 * @head, @tail: numbers of the piece that the reader is at, and of the next that is cut
 * @cut_code: of the last cut: 1: there may be more
 */
struct fl_pieces {
	const struct fl_piece_ops *ops;
	void *arg;
	struct fl_pieces_options opt;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct slot *slots;
	uint64_t head;
	uint64_t tail;
	int cut_code;
	_Atomic bool stop;
	pthread_t *helpers;
	unsigned helper_count;
};

static struct slot *slot_of(struct fl_pieces *p, uint64_t k)
{
	return &p->slots[k % p->opt.slots];
}

/* Under the lock. */
static void cut_more(struct fl_pieces *p)
{
	while (p->cut_code > 0 && p->tail - p->head < p->opt.slots) {
		struct slot *s = slot_of(p, p->tail);
		void *piece;

		p->cut_code = p->ops->cut(p->arg, &piece);
		if (p->cut_code <= 0)
			return;
		*s = (struct slot){.piece = piece, .state = CUT, .out = s->out};
		p->tail++;
		pthread_cond_signal(&p->changed);
	}
}

static void fill(struct fl_pieces *p, struct slot *s)
{
	if (!s->out)
		s->out = fl_map_anon(p->opt.room);
	s->code = s->out ? 1 : -ENOMEM;
	while (s->code > 0 && s->len < p->opt.room &&
	       !atomic_load_explicit(&p->stop, memory_order_relaxed)) {
		s->code = p->ops->decode(p->arg, s->piece, s->out + s->len,
					 fl_min_size(p->opt.room - s->len, STEP_BYTES));
		if (s->code > 0)
			s->len += (size_t)s->code;
	}
}

/* Under the lock, which it leaves meanwhile. Return: false: nothing from @from on is to be done. */
static bool fill_one(struct fl_pieces *p, uint64_t from)
{
	struct slot *s = NULL;

	cut_more(p);
	for (; from < p->tail && !s; from++)
		if (slot_of(p, from)->state == CUT)
			s = slot_of(p, from);
	if (!s)
		return false;
	s->state = BUSY;
	pthread_mutex_unlock(&p->lock);
	fill(p, s);
	pthread_mutex_lock(&p->lock);
	s->state = HELD;
	pthread_cond_broadcast(&p->changed);
	return true;
}

/* The piece at the head is the reader's, who need not keep what it decodes. */
static void *help(void *arg)
{
	struct fl_pieces *p = arg;

	pthread_mutex_lock(&p->lock);
	while (!atomic_load_explicit(&p->stop, memory_order_relaxed))
		if (!fill_one(p, p->head + !p->opt.whole))
			pthread_cond_wait(&p->changed, &p->lock);
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* Under the lock. Return: the reader's piece, in nobody else's hands; NULL: there is none. */
static struct slot *at_head(struct fl_pieces *p)
{
	struct slot *s;

	for (;;) {
		cut_more(p);
		if (p->head == p->tail)
			return NULL;
		s = slot_of(p, p->head);
		if (s->state == HELD || (s->state == CUT && !p->opt.whole))
			return s;
		if (!fill_one(p, p->head))
			pthread_cond_wait(&p->changed, &p->lock);
	}
}

/* Return: as fl_pieces_read(), but 0 at the end of this piece. */
static int64_t take(struct fl_pieces *p, struct slot *s, void *to, size_t n)
{
	int64_t got = (int64_t)fl_min_size(n, s->len - s->pos);
	int r = 0;

	if (got > 0) {
		memcpy(to, s->out + s->pos, (size_t)got);
		s->pos += (size_t)got;
	} else {
		got = s->state == HELD && s->code <= 0 ? s->code
						       : p->ops->decode(p->arg, s->piece, to, n);
	}
	if (got >= 0 && p->ops->given)
		r = p->ops->given(p->arg, s->piece, to, (size_t)got);
	return r < 0 ? r : got;
}

/* Under the lock. */
static void next_piece(struct fl_pieces *p)
{
	p->ops->free(slot_of(p, p->head)->piece);
	p->head++;
	pthread_cond_broadcast(&p->changed);
}

int64_t fl_pieces_read(struct fl_pieces *p, void *to, size_t n)
{
	struct slot *s;
	int64_t got = 0;

	pthread_mutex_lock(&p->lock);
	while (got == 0 && (s = at_head(p)) != NULL) {
		pthread_mutex_unlock(&p->lock);
		got = take(p, s, to, n);
		pthread_mutex_lock(&p->lock);
		if (got == 0)
			next_piece(p);
	}
	pthread_mutex_unlock(&p->lock);
	return got == 0 ? p->cut_code : got;
}

void fl_pieces_free(struct fl_pieces *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	atomic_store_explicit(&p->stop, true, memory_order_relaxed);
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->helper_count; i++)
		pthread_join(p->helpers[i], NULL);
	for (; p->head < p->tail; p->head++)
		p->ops->free(slot_of(p, p->head)->piece);
	for (unsigned i = 0; p->slots && i < p->opt.slots; i++)
		fl_unmap(p->slots[i].out, p->opt.room);
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
	free(p->helpers);
	free(p->slots);
	free(p);
}

static int start_helpers(struct fl_pieces *p)
{
	int r = 0;

	while (r == 0 && p->helper_count + 1 < p->opt.threads) {
		r = fl_thread_start(&p->helpers[p->helper_count], help, p, "fl-decode");
		p->helper_count += r == 0;
	}
	return r;
}

int fl_pieces_new(const struct fl_piece_ops *ops, void *arg, const struct fl_pieces_options *opt,
		  struct fl_pieces **ret)
{
	struct fl_pieces *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return -ENOMEM;
	p->ops = ops;
	p->arg = arg;
	p->opt = *opt;
	p->cut_code = 1;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->changed, NULL);
	p->slots = calloc(opt->slots, sizeof(*p->slots));
	p->helpers = calloc(opt->threads, sizeof(*p->helpers));
	r = p->slots && p->helpers ? start_helpers(p) : -ENOMEM;
	if (r < 0) {
		fl_pieces_free(p);
		return r;
	}
	*ret = p;
	return 0;
}
