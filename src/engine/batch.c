/* SPDX-License-Identifier: MIT */
#include <faultline/batch.h>

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "plat/thread.h"

/* Items ahead: a wake-up takes some 10 us, a small file as long, so dozens keep all busy. */
#define DEPTH_PER_THREAD 64u
#define THREADS_MAX 1024u

struct slot {
	bool ready;
	bool caller;
	void *item;
};

/**
 * struct batch
 * @head: item that is done next; @take: that is worked on next; @tail: that is filled next
 * @folding: a thread is in ops->done
 * @end:  there are no more items
 * @idle: workers that wait
 * @feeder_waits: the calling thread does
 */
struct batch {
	const struct fl_batch_ops *ops;
	void *arg;
	pthread_mutex_t lock;
	pthread_cond_t work;
	pthread_cond_t moved;
	struct slot *slot;
	unsigned depth;
	size_t head;
	size_t take;
	size_t tail;
	bool folding;
	bool end;
	bool stop;
	bool feeder_waits;
	unsigned idle;
	int result;
};

struct worker {
	struct batch *batch;
	unsigned i;
	pthread_t thread;
};

unsigned fl_batch_threads(unsigned wanted)
{
	if (wanted == 0)
		wanted = fl_cpu_count();
	return wanted < THREADS_MAX ? wanted : THREADS_MAX;
}

static struct slot *slot_at(struct batch *b, size_t n)
{
	return &b->slot[n % b->depth];
}

/* Under the lock. The feeder sleeps until there is a good deal to do for it. */
static void wake_feeder(struct batch *b)
{
	const struct slot *head = slot_at(b, b->head);
	bool its_turn = b->head < b->take && head->ready && head->caller;

	if (b->feeder_waits && (b->stop || its_turn || b->tail - b->head <= b->depth / 2))
		pthread_cond_signal(&b->moved);
}

/* Under the lock, which is let go during done. */
static void fold_ready(struct batch *b, bool caller)
{
	struct slot *s;
	int r;

	if (b->folding)
		return;
	while (!b->stop && b->head < b->take) {
		s = slot_at(b, b->head);
		if (!s->ready || (s->caller && !caller))
			break;
		b->folding = true;
		pthread_mutex_unlock(&b->lock);
		r = b->ops->done(b->arg, s->item);
		pthread_mutex_lock(&b->lock);
		b->folding = false;
		b->head++;
		if (r != 0) {
			b->stop = true;
			b->result = r;
			pthread_cond_broadcast(&b->work);
		}
	}
	wake_feeder(b);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct batch *b = w->batch;
	struct slot *s;
	bool caller;

	pthread_mutex_lock(&b->lock);
	for (;;) {
		while (!b->stop && !b->end && b->take == b->tail) {
			b->idle++;
			pthread_cond_wait(&b->work, &b->lock);
			b->idle--;
		}
		if (b->stop || b->take == b->tail)
			break;
		s = slot_at(b, b->take++);
		pthread_mutex_unlock(&b->lock);
		caller = b->ops->work(b->arg, w->i, s->item) == FL_BATCH_CALLER;
		pthread_mutex_lock(&b->lock);
		s->caller = caller;
		s->ready = true;
		fold_ready(b, false);
	}
	pthread_mutex_unlock(&b->lock);
	return NULL;
}

/* Under the lock, which is let go during next. */
static void feed_one(struct batch *b)
{
	struct slot *s = slot_at(b, b->tail);
	int r;

	pthread_mutex_unlock(&b->lock);
	memset(s->item, 0, b->ops->item_bytes);
	s->ready = false;
	r = b->ops->next(b->arg, s->item);
	pthread_mutex_lock(&b->lock);
	if (r > 0) {
		b->tail++;
		if (b->idle > 0)
			pthread_cond_signal(&b->work);
		return;
	}
	b->end = true;
	if (r < 0)
		b->result = r;
	pthread_cond_broadcast(&b->work);
}

static void feed(struct batch *b)
{
	pthread_mutex_lock(&b->lock);
	for (;;) {
		fold_ready(b, true);
		if (b->stop || (b->end && b->head == b->tail))
			break;
		if (!b->end && b->tail - b->head < b->depth) {
			feed_one(b);
			continue;
		}
		b->feeder_waits = true;
		pthread_cond_wait(&b->moved, &b->lock);
		b->feeder_waits = false;
	}
	pthread_mutex_unlock(&b->lock);
}

static int run_alone(struct batch *b)
{
	void *item = b->slot[0].item;
	int r;

	for (;;) {
		memset(item, 0, b->ops->item_bytes);
		r = b->ops->next(b->arg, item);
		if (r <= 0)
			return r;
		b->ops->work(b->arg, 0, item);
		r = b->ops->done(b->arg, item);
		if (r != 0)
			return r;
	}
}

static int run_threads(struct batch *b, struct worker *workers, unsigned threads)
{
	unsigned n = 0;

	for (; n < threads; n++) {
		workers[n] = (struct worker){.batch = b, .i = n};
		if (fl_thread_start(&workers[n].thread, work, &workers[n], "fl-batch") < 0)
			break;
	}
	if (n == 0)
		return run_alone(b);
	feed(b);
	for (unsigned i = 0; i < n; i++)
		pthread_join(workers[i].thread, NULL);
	for (; b->head < b->tail; b->head++)
		if (b->ops->drop)
			b->ops->drop(b->arg, slot_at(b, b->head)->item);
	return b->result;
}

int fl_batch_run(const struct fl_batch_ops *ops, void *arg, unsigned threads)
{
	size_t stride = (size_t)fl_round_up(ops->item_bytes, 16);
	struct batch b = {.ops = ops, .arg = arg};
	struct worker *workers;
	unsigned char *items;
	int r = -ENOMEM;

	if (ops->size != sizeof(*ops) || threads == 0 || threads > THREADS_MAX)
		return -EINVAL;
	b.depth = threads == 1 ? 1 : threads * DEPTH_PER_THREAD;
	b.slot = calloc(b.depth, sizeof(*b.slot));
	items = calloc(b.depth, stride);
	workers = calloc(threads, sizeof(*workers));
	if (!b.slot || !items || !workers)
		goto out;
	for (unsigned i = 0; i < b.depth; i++)
		b.slot[i].item = items + i * stride;
	pthread_mutex_init(&b.lock, NULL);
	pthread_cond_init(&b.work, NULL);
	pthread_cond_init(&b.moved, NULL);
	r = threads == 1 ? run_alone(&b) : run_threads(&b, workers, threads);
	pthread_cond_destroy(&b.moved);
	pthread_cond_destroy(&b.work);
	pthread_mutex_destroy(&b.lock);
out:
	free(workers);
	free(items);
	free(b.slot);
	return r;
}
