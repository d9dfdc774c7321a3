/* SPDX-License-Identifier: MIT */
#include "cluster/turns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "engine/part_impl.h"
#include "engine/stages.h"

uint64_t fl_turns_bytes(const struct fl_exec *x)
{
	size_t state = fl_stages_carry_bytes(x->pl);

	return state == 0 || x->plan.chunk_bytes > FL_TURNS_CHUNK_MAX
		       ? 0
		       : sizeof(struct fl_turns_control) + 2 * (uint64_t)state;
}

void fl_turns_begin(struct fl_turns_control *c, const struct fl_pipeline *pl)
{
	atomic_store(&c->next, 0);
	fl_stages_carry_save(pl, c->states);
}

int fl_turns_finish(const struct fl_turns_control *c, struct fl_pipeline *pl, uint64_t chunks)
{
	uint64_t next = atomic_load(&c->next);

	if (next != chunks)
		return -FL_ECORRUPT;
	return fl_stages_carry_load(pl, c->states + (next & 1) * fl_stages_carry_bytes(pl));
}

bool fl_turns_takes(const struct fl_turns *t, unsigned k)
{
	return t->control && t->x->pl->stages[k].ops->carry;
}

static struct fl_held_chunk *find(struct fl_turns *t, uint64_t chunk)
{
	for (unsigned i = 0; i < t->count; i++)
		if (t->held[i].chunk == chunk)
			return &t->held[i];
	return NULL;
}

static struct fl_held_chunk *find_or_add(struct fl_turns *t, uint64_t chunk)
{
	struct fl_held_chunk *h = find(t, chunk);

	if (!h && t->count < FL_TURNS_CHUNKS) {
		h = &t->held[t->count++];
		*h = (struct fl_held_chunk){.chunk = chunk};
	}
	return h;
}

static struct fl_held_part *get_spare(struct fl_turns *t)
{
	struct fl_held_part *p = t->spare;

	if (p)
		t->spare = p->next;
	else
		p = calloc(1, sizeof(*p));
	return p;
}

static void put_spare(struct fl_turns *t, struct fl_held_part *p)
{
	t->bytes -= p->part.len;
	p->part.len = 0;
	p->next = t->spare;
	t->spare = p;
}

static unsigned char *state_of(const struct fl_turns *t, uint64_t chunk)
{
	return t->control->states + (chunk & 1) * t->state_bytes;
}

/* The operators' folds know what was before @chunk, and what of it they have been given. */
static int begin_folds(struct fl_turns *t, uint64_t chunk)
{
	int r = t->begun && t->folding == chunk
			? 0
			: fl_stages_carry_load(t->x->pl, state_of(t, chunk));

	if (r < 0)
		fl_stages_blame(t->x->pl, FL_OPERATOR_NONE, FL_OFF_NONE);
	t->begun = r == 0;
	t->folding = chunk;
	return r;
}

static int note_failure(struct fl_turns *t, int r, const struct fl_error *err)
{
	t->failed = true;
	t->error = *err;
	return err->code == r ? r : fl_error_set(&t->error, r, FL_OFF_NONE, NULL);
}

/* Its turn has come: there is no need to hold it. */
static int fold_now(struct fl_turns *t, uint64_t chunk, unsigned k, struct fl_part *part)
{
	struct fl_error err = {.off = FL_OFF_NONE};
	int r = begin_folds(t, chunk);

	if (r == 0)
		r = fl_exec_fold_here(t->x, k, part, &err);
	return r < 0 ? note_failure(t, r, &err) : 0;
}

static int hold(struct fl_turns *t, uint64_t chunk, unsigned k, struct fl_part *part)
{
	struct fl_held_chunk *h = find_or_add(t, chunk);
	struct fl_held_part *p = h ? get_spare(t) : NULL;
	struct fl_part empty;

	if (!p)
		return -ENOMEM;
	empty = p->part;
	p->next = NULL;
	p->stage = k;
	p->part = *part;
	part->data = empty.data;
	part->capacity = empty.capacity;
	part->len = 0;
	if (h->last)
		h->last->next = p;
	else
		h->parts = p;
	h->last = p;
	t->bytes += p->part.len;
	return 0;
}

int fl_turns_part(struct fl_turns *t, uint64_t chunk, unsigned k, struct fl_part *part)
{
	uint64_t next = atomic_load(&t->control->next);
	const struct fl_held_chunk *h = find(t, chunk);

	if (chunk < next)
		return 0;
	return chunk == next && !(h && h->parts) ? fold_now(t, chunk, k, part)
						 : hold(t, chunk, k, part);
}

int fl_turns_end(struct fl_turns *t, const struct fl_message *m)
{
	struct fl_held_chunk *h = find_or_add(t, m->chunk);

	if (!h)
		return -ENOMEM;
	h->ended = true;
	h->end = *m;
	return 0;
}

static void drop_parts(struct fl_turns *t, struct fl_held_chunk *h)
{
	struct fl_held_part *p;

	while ((p = h->parts)) {
		h->parts = p->next;
		put_spare(t, p);
	}
	h->last = NULL;
}

static void forget(struct fl_turns *t, struct fl_held_chunk *h)
{
	drop_parts(t, h);
	*h = t->held[--t->count];
}

void fl_turns_drop(struct fl_turns *t, uint64_t chunk)
{
	struct fl_held_chunk *h = find(t, chunk);

	if (h)
		forget(t, h);
}

/* From what the folds knew before the chunk to what they know after it, and let everybody know. */
static int fold_chunk(struct fl_turns *t, struct fl_held_chunk *h)
{
	struct fl_error err = {.off = FL_OFF_NONE};
	int r = begin_folds(t, h->chunk);

	for (struct fl_held_part *p = h->parts; p && r == 0; p = p->next)
		r = fl_exec_fold_here(t->x, p->stage, &p->part, &err);
	if (r < 0)
		return note_failure(t, r, &err);
	t->begun = false;
	fl_stages_carry_save(t->x->pl, state_of(t, h->chunk + 1));
	atomic_store(&t->control->next, h->chunk + 1);
	return 0;
}

bool fl_turns_blame(const struct fl_turns *t, struct fl_message *m)
{
	if (!t->failed)
		return false;
	m->code = t->error.code;
	m->off = t->error.off;
	m->len = strlen(t->error.text);
	m->stage = t->x->pl->failure.op;
	m->failed_off = t->x->pl->failure.off;
	return true;
}

/* Whoever had the chunk before may have been killed when it had committed it. */
static int fold_and_say(struct fl_turns *t, struct fl_held_chunk *h)
{
	int r;

	if (h->chunk >= atomic_load(&t->control->next) && fold_chunk(t, h) < 0)
		fl_turns_blame(t, &h->end);
	r = t->say(t->arg, &h->end, t->error.text);
	forget(t, h);
	return r;
}

static struct fl_held_chunk *find_ready(struct fl_turns *t)
{
	uint64_t next = atomic_load(&t->control->next);

	for (unsigned i = 0; i < t->count; i++)
		if (t->held[i].ended && t->held[i].chunk <= next)
			return &t->held[i];
	return NULL;
}

int fl_turns_fold(struct fl_turns *t)
{
	struct fl_held_chunk *h;
	int folded = 0, r = 0;

	while (r == 0 && t->control && (h = find_ready(t))) {
		r = fold_and_say(t, h);
		folded++;
	}
	return r < 0 ? r : folded;
}

bool fl_turns_full(const struct fl_turns *t)
{
	return t->count == FL_TURNS_CHUNKS || t->bytes >= FL_TURNS_BYTES;
}

void fl_turns_done(struct fl_turns *t)
{
	struct fl_held_part *p;

	while (t->count > 0)
		forget(t, &t->held[0]);
	while ((p = t->spare)) {
		t->spare = p->next;
		fl_part_free(&p->part);
		free(p);
	}
}
