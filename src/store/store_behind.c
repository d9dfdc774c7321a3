/* SPDX-License-Identifier: MIT */
#include "store/store_behind.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "plat/thread.h"

/**
 * struct fl_store_behind
 * @given, @stored: groups so far
 * @result, @err: of the last one that was stored; an error is final
 */
struct fl_store_behind {
	fl_store_behind_fn *fn;
	void *arg;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint64_t given;
	uint64_t stored;
	int result;
	struct fl_error err;
	bool stop;
};

static void *store_all(void *arg)
{
	struct fl_store_behind *b = arg;
	int r;

	pthread_mutex_lock(&b->lock);
	while (!b->stop && b->result == 0) {
		if (b->stored == b->given) {
			pthread_cond_wait(&b->changed, &b->lock);
			continue;
		}
		pthread_mutex_unlock(&b->lock);
		r = b->fn(b->arg, b->stored, &b->err);
		pthread_mutex_lock(&b->lock);
		b->result = r;
		b->stored += r == 0;
		pthread_cond_broadcast(&b->changed);
	}
	pthread_mutex_unlock(&b->lock);
	return NULL;
}

struct fl_store_behind *fl_store_behind_start(fl_store_behind_fn *fn, void *arg)
{
	struct fl_store_behind *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->fn = fn;
	b->arg = arg;
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->changed, NULL);
	if (fl_thread_start(&b->thread, store_all, b, "fl-store") == 0)
		return b;
	pthread_cond_destroy(&b->changed);
	pthread_mutex_destroy(&b->lock);
	free(b);
	return NULL;
}

void fl_store_behind_give(struct fl_store_behind *b, uint64_t end)
{
	pthread_mutex_lock(&b->lock);
	b->given = end;
	pthread_cond_broadcast(&b->changed);
	pthread_mutex_unlock(&b->lock);
}

int fl_store_behind_wait(struct fl_store_behind *b, uint64_t most, struct fl_error *reterr)
{
	int r;

	pthread_mutex_lock(&b->lock);
	while (b->result == 0 && b->given - b->stored > most)
		pthread_cond_wait(&b->changed, &b->lock);
	r = b->result;
	if (r < 0 && reterr)
		*reterr = b->err;
	pthread_mutex_unlock(&b->lock);
	return r;
}

void fl_store_behind_stop(struct fl_store_behind *b)
{
	if (!b)
		return;
	pthread_mutex_lock(&b->lock);
	b->stop = true;
	pthread_cond_broadcast(&b->changed);
	pthread_mutex_unlock(&b->lock);
	pthread_join(b->thread, NULL);
	pthread_cond_destroy(&b->changed);
	pthread_mutex_destroy(&b->lock);
	free(b);
}
