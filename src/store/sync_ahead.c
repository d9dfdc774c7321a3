/* SPDX-License-Identifier: MIT */
#include "store/sync_ahead.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "plat/residency.h"
#include "plat/thread.h"

/**
 * struct fl_sync_ahead
 * @written, @synced: things so far
 * @end:     of what is written, bytes; @dropped: so many have left the cache
 * @result: of the last sync; an error is final
 * @alone:  there is no thread
 */
struct fl_sync_ahead {
	struct fl_durable *durable;
	int fd;
	bool alone;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint64_t written;
	uint64_t synced;
	uint64_t end;
	uint64_t dropped;
	int result;
	bool stop;
};

/* Holds the lock. What is written behind @upto, or meanwhile, is not covered by this sync. */
static void sync_now(struct fl_sync_ahead *a, uint64_t upto)
{
	int r;

	pthread_mutex_unlock(&a->lock);
	r = fl_durable_sync(a->durable, a->fd);
	pthread_mutex_lock(&a->lock);
	a->result = r;
	if (r == 0)
		a->synced = upto;
	pthread_cond_broadcast(&a->changed);
}

/* Holds the lock. */
static void drop_synced(struct fl_sync_ahead *a, uint64_t end)
{
	pthread_mutex_unlock(&a->lock);
	fl_drop_pages(a->fd, a->dropped, end - a->dropped);
	a->dropped = end;
	pthread_mutex_lock(&a->lock);
}

static void *sync_all(void *arg)
{
	struct fl_sync_ahead *a = arg;
	uint64_t end;

	pthread_mutex_lock(&a->lock);
	while (!a->stop && a->result == 0) {
		if (a->synced == a->written) {
			pthread_cond_wait(&a->changed, &a->lock);
			continue;
		}
		end = a->end;
		sync_now(a, a->written);
		if (a->result == 0)
			drop_synced(a, end);
	}
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

int fl_sync_ahead_start(struct fl_durable *d, int fd, struct fl_sync_ahead **ret)
{
	struct fl_sync_ahead *a = calloc(1, sizeof(*a));

	if (!a)
		return -ENOMEM;
	a->durable = d;
	a->fd = fd;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->changed, NULL);
	a->alone = d->never_syncs || d->ops != &fl_durable_kernel ||
		   fl_thread_start(&a->thread, sync_all, a, "fl-sync") < 0;
	*ret = a;
	return 0;
}

uint64_t fl_sync_ahead_wrote(struct fl_sync_ahead *a, uint64_t end)
{
	uint64_t number;

	pthread_mutex_lock(&a->lock);
	number = ++a->written;
	a->end = end;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
	return number;
}

bool fl_sync_ahead_has(struct fl_sync_ahead *a, uint64_t number)
{
	bool has;

	pthread_mutex_lock(&a->lock);
	has = a->synced >= number;
	pthread_mutex_unlock(&a->lock);
	return has;
}

uint64_t fl_sync_ahead_left(struct fl_sync_ahead *a)
{
	uint64_t left;

	pthread_mutex_lock(&a->lock);
	left = a->written - a->synced;
	pthread_mutex_unlock(&a->lock);
	return left;
}

int fl_sync_ahead_wait(struct fl_sync_ahead *a, uint64_t number)
{
	int r;

	pthread_mutex_lock(&a->lock);
	while (a->result == 0 && a->synced < number) {
		if (a->alone)
			sync_now(a, a->durable->one_by_one ? number : a->written);
		else
			pthread_cond_wait(&a->changed, &a->lock);
	}
	r = a->synced >= number ? 0 : a->result;
	pthread_mutex_unlock(&a->lock);
	return r;
}

void fl_sync_ahead_stop(struct fl_sync_ahead *a)
{
	if (!a)
		return;
	pthread_mutex_lock(&a->lock);
	a->stop = true;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
	if (!a->alone)
		pthread_join(a->thread, NULL);
	pthread_cond_destroy(&a->changed);
	pthread_mutex_destroy(&a->lock);
	free(a);
}
