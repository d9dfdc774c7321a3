/* SPDX-License-Identifier: MIT */
#include "store/write_behind.h"

#include <pthread.h>
#include <stdlib.h>

#include "plat/thread.h"

/**
 * struct fl_write_behind
 * @begin, @end: of what is to be begun; nothing if they are the same
 */
struct fl_write_behind {
	struct fl_durable *durable;
	int fd;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint64_t begin;
	uint64_t end;
	bool stop;
};

static void *begin_all(void *arg)
{
	struct fl_write_behind *w = arg;

	pthread_mutex_lock(&w->lock);
	while (!w->stop) {
		uint64_t begin = w->begin, end = w->end;

		if (begin == end) {
			pthread_cond_wait(&w->changed, &w->lock);
			continue;
		}
		w->begin = end;
		pthread_mutex_unlock(&w->lock);
		fl_durable_start(w->durable, w->fd, begin, end - begin);
		pthread_mutex_lock(&w->lock);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

struct fl_write_behind *fl_write_behind_new(struct fl_durable *d, int fd)
{
	struct fl_write_behind *w;

	if (d->never_syncs || d->ops != &fl_durable_kernel)
		return NULL;
	w = calloc(1, sizeof(*w));
	if (!w)
		return NULL;
	w->durable = d;
	w->fd = fd;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	if (fl_thread_start(&w->thread, begin_all, w, "fl-behind") == 0)
		return w;
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	free(w);
	return NULL;
}

void fl_write_behind_add(struct fl_write_behind *w, uint64_t off, uint64_t len)
{
	pthread_mutex_lock(&w->lock);
	if (w->begin == w->end)
		w->begin = off;
	w->end = off + len;
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

void fl_write_behind_free(struct fl_write_behind *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	free(w);
}
