/* SPDX-License-Identifier: MIT */
#include "store/sync_ahead.h"

#include <errno.h>
#include <stdlib.h>

#include "plat/companion.h"
#include "plat/residency.h"

/**
 * struct fl_sync_ahead
 * @written, @synced: things so far
 * @end:     of what is written, bytes; @dropped: so many have left the cache
 * @result: of the last sync; an error is final
 */
struct fl_sync_ahead {
	struct fl_companion thread;
	struct fl_durable *durable;
	int fd;
	uint64_t written;
	uint64_t synced;
	uint64_t end;
	uint64_t dropped;
	int result;
};

/* Holds the lock. What is written behind @upto, or meanwhile, is not covered by this sync. */
static void sync_now(struct fl_sync_ahead *a, uint64_t upto)
{
	int r;

	fl_companion_unlock(&a->thread);
	r = fl_durable_sync(a->durable, a->fd);
	fl_companion_lock(&a->thread);
	a->result = r;
	if (r == 0)
		a->synced = upto;
	fl_companion_changed(&a->thread);
}

/* Holds the lock. */
static void drop_synced(struct fl_sync_ahead *a, uint64_t end)
{
	fl_companion_unlock(&a->thread);
	fl_drop_pages(a->fd, a->dropped, end - a->dropped);
	a->dropped = end;
	fl_companion_lock(&a->thread);
}

static void *sync_all(void *arg)
{
	struct fl_sync_ahead *a = arg;
	uint64_t end;

	fl_companion_lock(&a->thread);
	while (!a->thread.stop && a->result == 0) {
		if (a->synced == a->written) {
			fl_companion_wait(&a->thread);
			continue;
		}
		end = a->end;
		sync_now(a, a->written);
		if (a->result == 0)
			drop_synced(a, end);
	}
	fl_companion_unlock(&a->thread);
	return NULL;
}

int fl_sync_ahead_start(struct fl_durable *d, int fd, struct fl_sync_ahead **ret)
{
	struct fl_sync_ahead *a = calloc(1, sizeof(*a));

	if (!a)
		return -ENOMEM;
	a->durable = d;
	a->fd = fd;
	fl_companion_init(&a->thread);
	/* Without the thread, whoever waits syncs. */
	if (!d->never_syncs && d->ops == &fl_durable_kernel)
		(void)fl_companion_start(&a->thread, sync_all, a, "fl-sync");
	*ret = a;
	return 0;
}

uint64_t fl_sync_ahead_wrote(struct fl_sync_ahead *a, uint64_t end)
{
	uint64_t number;

	fl_companion_lock(&a->thread);
	number = ++a->written;
	a->end = end;
	fl_companion_changed(&a->thread);
	fl_companion_unlock(&a->thread);
	return number;
}

bool fl_sync_ahead_has(struct fl_sync_ahead *a, uint64_t number)
{
	bool has;

	fl_companion_lock(&a->thread);
	has = a->synced >= number;
	fl_companion_unlock(&a->thread);
	return has;
}

uint64_t fl_sync_ahead_left(struct fl_sync_ahead *a)
{
	uint64_t left;

	fl_companion_lock(&a->thread);
	left = a->written - a->synced;
	fl_companion_unlock(&a->thread);
	return left;
}

int fl_sync_ahead_wait(struct fl_sync_ahead *a, uint64_t number)
{
	int r;

	fl_companion_lock(&a->thread);
	while (a->result == 0 && a->synced < number) {
		if (!a->thread.running)
			sync_now(a, a->durable->one_by_one ? number : a->written);
		else
			fl_companion_wait(&a->thread);
	}
	r = a->synced >= number ? 0 : a->result;
	fl_companion_unlock(&a->thread);
	return r;
}

void fl_sync_ahead_stop(struct fl_sync_ahead *a)
{
	if (!a)
		return;
	fl_companion_stop(&a->thread);
	free(a);
}
