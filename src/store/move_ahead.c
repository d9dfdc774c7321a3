/* SPDX-License-Identifier: MIT */
#include "store/move_ahead.h"

#include <errno.h>
#include <stdlib.h>

#include "base/error.h"
#include "plat/companion.h"

/* One is stored, one is made. */
#define SLOTS 2

/** struct slot - a batch that was made, or the error that it ended in */
struct slot {
	struct fl_made made;
	struct fl_error err;
	int result;
};

/**
 * struct fl_move_ahead
 * @first: place that the thread begins with
 * @made, @taken, @freed: batches so far, in this order; number n is in slot n % SLOTS
 */
struct fl_move_ahead {
	struct fl_companion thread;
	const struct fl_move *move;
	fl_move_runs *runs;
	const void *arg;
	size_t first;
	struct slot slots[SLOTS];
	size_t made;
	size_t taken;
	size_t freed;
};

/* Return: the slot for the next batch; NULL when nobody wants it. */
static struct slot *free_slot(struct fl_move_ahead *a)
{
	struct slot *slot;

	fl_companion_lock(&a->thread);
	while (!a->thread.stop && a->made - a->freed == SLOTS)
		fl_companion_wait(&a->thread);
	slot = a->thread.stop ? NULL : &a->slots[a->made % SLOTS];
	fl_companion_unlock(&a->thread);
	return slot;
}

static void publish(struct fl_move_ahead *a)
{
	fl_companion_lock(&a->thread);
	a->made++;
	fl_companion_changed(&a->thread);
	fl_companion_unlock(&a->thread);
}

static void *make_all(void *arg)
{
	struct fl_move_ahead *a = arg;
	const struct fl_move_plan *p = &a->move->plan;
	struct slot *slot = NULL;
	const unsigned char *runs;
	size_t len;

	for (size_t k = a->first; k < p->moves && (!slot || slot->result == 0); k++) {
		if (!a->runs(a->arg, p->order[k], &runs, &len))
			continue;
		slot = free_slot(a);
		if (!slot)
			break;
		slot->result = fl_move_make(a->move, k, runs, len, &slot->made, &slot->err);
		publish(a);
	}
	return NULL;
}

int fl_move_ahead_start(const struct fl_move *m, fl_move_runs *runs, const void *arg,
			struct fl_move_ahead **ret)
{
	struct fl_move_ahead *a = calloc(1, sizeof(*a));
	int r = a ? 0 : -ENOMEM;

	if (r < 0)
		return r;
	a->move = m;
	a->runs = runs;
	a->arg = arg;
	a->first = m->next;
	fl_companion_init(&a->thread);
	r = fl_companion_start(&a->thread, make_all, a, "fl-ahead");
	if (r < 0)
		fl_move_ahead_stop(a);
	else
		*ret = a;
	return r;
}

int fl_move_ahead_take(struct fl_move_ahead *a, const struct fl_made **ret, struct fl_error *reterr)
{
	struct slot *slot;

	fl_companion_lock(&a->thread);
	if (a->freed < a->taken) {
		a->freed = a->taken;
		fl_companion_changed(&a->thread);
	}
	while (a->made == a->taken)
		fl_companion_wait(&a->thread);
	slot = &a->slots[a->taken++ % SLOTS];
	fl_companion_unlock(&a->thread);
	if (slot->result < 0 && reterr)
		*reterr = slot->err;
	*ret = &slot->made;
	return slot->result;
}

void fl_move_ahead_stop(struct fl_move_ahead *a)
{
	if (!a)
		return;
	fl_companion_stop(&a->thread);
	for (size_t k = 0; k < SLOTS; k++)
		fl_made_done(&a->slots[k].made);
	free(a);
}
