/* SPDX-License-Identifier: MIT */
#include "store/store_behind.h"

#include <stdlib.h>

#include "plat/companion.h"

/**
 * struct fl_store_behind
 * @given, @stored: groups so far
 * @result, @err: of the last one that was stored; an error is final
 */
struct fl_store_behind {
	struct fl_companion thread;
	fl_store_behind_fn *fn;
	void *arg;
	uint64_t given;
	uint64_t stored;
	int result;
	struct fl_error err;
};

static void *store_all(void *arg)
{
	struct fl_store_behind *b = arg;
	int r;

	fl_companion_lock(&b->thread);
	while (!b->thread.stop && b->result == 0) {
		if (b->stored == b->given) {
			fl_companion_wait(&b->thread);
			continue;
		}
		fl_companion_unlock(&b->thread);
		r = b->fn(b->arg, b->stored, &b->err);
		fl_companion_lock(&b->thread);
		b->result = r;
		b->stored += r == 0;
		fl_companion_changed(&b->thread);
	}
	fl_companion_unlock(&b->thread);
	return NULL;
}

struct fl_store_behind *fl_store_behind_start(fl_store_behind_fn *fn, void *arg)
{
	struct fl_store_behind *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->fn = fn;
	b->arg = arg;
	fl_companion_init(&b->thread);
	if (fl_companion_start(&b->thread, store_all, b, "fl-store") == 0)
		return b;
	fl_store_behind_stop(b);
	return NULL;
}

void fl_store_behind_give(struct fl_store_behind *b, uint64_t end)
{
	fl_companion_lock(&b->thread);
	b->given = end;
	fl_companion_changed(&b->thread);
	fl_companion_unlock(&b->thread);
}

int fl_store_behind_wait(struct fl_store_behind *b, uint64_t most, struct fl_error *reterr)
{
	int r;

	fl_companion_lock(&b->thread);
	while (b->result == 0 && b->given - b->stored > most)
		fl_companion_wait(&b->thread);
	r = b->result;
	if (r < 0 && reterr)
		*reterr = b->err;
	fl_companion_unlock(&b->thread);
	return r;
}

void fl_store_behind_stop(struct fl_store_behind *b)
{
	if (!b)
		return;
	fl_companion_stop(&b->thread);
	free(b);
}
