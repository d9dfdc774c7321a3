/* SPDX-License-Identifier: MIT */
#include "store/write_behind.h"

#include <stdlib.h>

#include "plat/companion.h"

/**
 * struct fl_write_behind
 * @begin, @end: of what is to be begun; nothing if they are the same
 */
struct fl_write_behind {
	struct fl_companion thread;
	struct fl_durable *durable;
	int fd;
	uint64_t begin;
	uint64_t end;
};

static void *begin_all(void *arg)
{
	struct fl_write_behind *w = arg;

	fl_companion_lock(&w->thread);
	while (!w->thread.stop) {
		uint64_t begin = w->begin, end = w->end;

		if (begin == end) {
			fl_companion_wait(&w->thread);
			continue;
		}
		w->begin = end;
		fl_companion_unlock(&w->thread);
		fl_durable_start(w->durable, w->fd, begin, end - begin);
		fl_companion_lock(&w->thread);
	}
	fl_companion_unlock(&w->thread);
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
	fl_companion_init(&w->thread);
	if (fl_companion_start(&w->thread, begin_all, w, "fl-behind") == 0)
		return w;
	fl_write_behind_free(w);
	return NULL;
}

void fl_write_behind_add(struct fl_write_behind *w, uint64_t off, uint64_t len)
{
	fl_companion_lock(&w->thread);
	if (w->begin == w->end)
		w->begin = off;
	w->end = off + len;
	fl_companion_changed(&w->thread);
	fl_companion_unlock(&w->thread);
}

void fl_write_behind_free(struct fl_write_behind *w)
{
	if (!w)
		return;
	fl_companion_stop(&w->thread);
	free(w);
}
