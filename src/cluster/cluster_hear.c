/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "cluster/cluster_boss.h"

#define SPARE_MAX (UINT64_C(4) << 20)

/* Every chunk between the oldest and the newest that may be taken has a place of its own. */
static struct fl_pile *pile_of(struct fl_boss *b, uint64_t chunk)
{
	struct fl_pile *p = &b->piles[chunk % FL_CLUSTER_WINDOW];

	if (!p->used) {
		*p = b->spare;
		b->spare = (struct fl_pile){.data = NULL};
		p->used = true;
	}
	return p;
}

struct fl_pile *fl_boss_pile(struct fl_boss *b, uint64_t chunk)
{
	struct fl_pile *p = &b->piles[chunk % FL_CLUSTER_WINDOW];

	return p->used ? p : NULL;
}

static int make_room(struct fl_pile *p, size_t len)
{
	size_t room = p->room ? p->room : 4096;
	unsigned char *more;

	if (p->room - p->len >= len && p->data)
		return 0;
	while (room - p->len < len)
		room *= 2;
	more = realloc(p->data, room);
	if (!more)
		return -ENOMEM;
	p->data = more;
	p->room = room;
	return 0;
}

/* Whole messages only: the pile's length moves when a payload is complete. */
static int finish_message(struct fl_hand *child)
{
	struct fl_pile *p = child->pile;

	memcpy(p->data + p->len, &child->head, sizeof(child->head));
	p->len += sizeof(child->head) + (size_t)child->head.len;
	/* The next head begins on a multiple of 8. */
	p->len = (size_t)fl_round_up(p->len, 8);
	if (child->head.kind != FL_MESSAGE_PART)
		p->ended = true;
	child->head_got = child->body_got = 0;
	return 1;
}

/* Whether a worker may say this: it shares our memory, and may be out of its mind. */
static bool is_sane(const struct fl_boss *b, unsigned w, const struct fl_message *m)
{
	uint64_t base = atomic_load(&b->c.control->base);
	uint64_t claim = (m->chunk << FL_CLAIM_BITS) | (w + 1);
	bool is_stage = m->stage < b->c.x->pl->stage_count;

	if (m->len > SIZE_MAX / 4 ||
	    !(is_stage || (m->stage == FL_OPERATOR_NONE && m->kind == FL_MESSAGE_END)))
		return false;
	if (m->kind == FL_MESSAGE_FAILED)
		return m->code < 0;
	return (m->kind == FL_MESSAGE_PART || m->kind == FL_MESSAGE_END) && m->chunk >= base &&
	       m->chunk < base + FL_CLUSTER_WINDOW &&
	       atomic_load(&b->c.control->claims[m->chunk % FL_CLUSTER_WINDOW]) == claim;
}

static int begin_body(struct fl_boss *b, unsigned w)
{
	struct fl_hand *child = &b->children[w];

	if (!is_sane(b, w, &child->head))
		return fl_error_set(&b->c.x->error, -FL_ECORRUPT, FL_OFF_NONE,
				    "a worker process wrote nonsense");
	child->pile =
		child->head.kind == FL_MESSAGE_FAILED ? &b->failure : pile_of(b, child->head.chunk);
	if (make_room(child->pile, sizeof(child->head) + (size_t)child->head.len + 8) < 0)
		return fl_error_set(&b->c.x->error, -ENOMEM, FL_OFF_NONE, NULL);
	return 0;
}

int fl_boss_hear(struct fl_boss *b, unsigned w, uint64_t timeout_ns)
{
	struct fl_hand *child = &b->children[w];
	int64_t n;
	int r;

	for (;;) {
		bool in_head = child->head_got < sizeof(child->head);
		size_t body = (size_t)child->head.len;

		if (!in_head && child->body_got == body)
			return finish_message(child);
		n = in_head ? fl_bytering_read(&child->ring,
					       (unsigned char *)&child->head + child->head_got,
					       sizeof(child->head) - child->head_got, timeout_ns)
			    : fl_bytering_read(&child->ring,
					       child->pile->data + child->pile->len +
						       sizeof(child->head) + child->body_got,
					       body - child->body_got, timeout_ns);
		if (n == -ETIMEDOUT)
			return 0;
		if (n <= 0)
			return n == -FL_ECORRUPT
				       ? fl_error_set(&b->c.x->error, (int)n, FL_OFF_NONE, NULL)
				       : -EOWNERDEAD;
		if (!in_head) {
			child->body_got += (size_t)n;
			continue;
		}
		child->head_got += (size_t)n;
		if (child->head_got == sizeof(child->head)) {
			r = begin_body(b, w);
			if (r < 0)
				return r;
		}
	}
}

/* The next chunk's pile grows as far: its memory is there already, but not that of a giant line. */
void fl_boss_drop_pile(struct fl_boss *b, struct fl_pile *p)
{
	if (p->room > b->spare.room && p->room <= SPARE_MAX) {
		free(b->spare.data);
		b->spare = (struct fl_pile){.data = p->data, .room = p->room};
	} else {
		free(p->data);
	}
	*p = (struct fl_pile){.used = false};
}
