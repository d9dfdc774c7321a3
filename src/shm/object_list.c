/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "shm/object.h"

static int weight_of(enum fl_segment_lock state)
{
	static const int weight[] = {[FL_SEGMENT_LOCK_NONE] = 0,    [FL_SEGMENT_LOCK_FREE] = 1,
				     [FL_SEGMENT_LOCK_HELD] = 2,    [FL_SEGMENT_LOCK_DEAD] = 3,
				     [FL_SEGMENT_LOCK_UNKNOWN] = 4, [FL_SEGMENT_LOCK_BROKEN] = 5};

	return weight[state];
}

/* The worse of two states is told, and the process that it is about; of equal ones the older. */
static void add_hold(struct fl_shm_state *info, struct fl_hold hold)
{
	int more = weight_of(hold.state) - weight_of(info->state);
	bool older = hold.since_s != 0 && (info->since_s == 0 || hold.since_s < info->since_s);

	if (more < 0 || (more == 0 && !older))
		return;
	info->state = hold.state;
	info->pid = hold.pid;
	info->since_s = hold.since_s;
}

static void look_at_mutex(struct fl_shm_state *info, const struct fl_mutex_body *m)
{
	if (atomic_load(&m->state) != FL_MUTEX_USABLE)
		add_hold(info, (struct fl_hold){.state = FL_SEGMENT_LOCK_BROKEN});
	add_hold(info, fl_owner_hold(&m->owner));
}

/* @since_s: 0 where it means nothing: a peer may stay, and who waits does not hold anything. */
static void add_process(struct fl_shm_state *info, int32_t pid, uint64_t start, int64_t since_s)
{
	struct fl_owner owner = {.pid = pid, .start = start, .since_s = since_s};

	add_hold(info, fl_owner_hold(&owner));
}

static bool is_lock(uint32_t mode)
{
	return mode == FL_HOLD_READ || mode == FL_HOLD_WRITE || mode == FL_HOLD_UNIT;
}

static void look_at_holders(struct fl_shm_state *info, const struct fl_holder *rows)
{
	uint32_t mode;

	for (unsigned i = 0; i < FL_HOLDERS; i++) {
		mode = atomic_load(&rows[i].mode);
		if (mode != 0)
			add_process(info, atomic_load(&rows[i].pid), atomic_load(&rows[i].start),
				    is_lock(mode) ? atomic_load(&rows[i].since_s) : 0);
	}
}

/* A peer that has closed its side does not matter any more. */
static void look_at_peer(struct fl_shm_state *info, const struct fl_peer *peer)
{
	if (!atomic_load(&peer->closed))
		add_process(info, atomic_load(&peer->pid), atomic_load(&peer->start), 0);
}

static void look_at_body(struct fl_shm_state *info, const void *body)
{
	const struct fl_gate_body *gate = body;
	const struct fl_cell_body *cell = body;
	const struct fl_queue_body *queue = body;
	const struct fl_bytering_body *ring = body;

	switch (info->kind) {
	case FL_SHM_MUTEX:
		look_at_mutex(info, body);
		break;
	case FL_SHM_RWLOCK:
	case FL_SHM_SEMAPHORE:
		look_at_mutex(info, &gate->lock);
		look_at_holders(info, gate->holders);
		break;
	case FL_SHM_CELL:
		look_at_mutex(info, &cell->lock);
		break;
	case FL_SHM_QUEUE:
		look_at_mutex(info, &queue->lock);
		look_at_holders(info, queue->peers);
		break;
	case FL_SHM_RING:
		look_at_peer(info, &ring->producer);
		look_at_peer(info, &ring->consumer);
		break;
	case FL_SHM_CONDITION:
	case FL_SHM_EVENT:
	default:
		break;
	}
}

int fl_shm_list(const struct fl_segment *seg,
		int (*row)(void *arg, const struct fl_shm_state *state), void *arg)
{
	const struct fl_segment_header *h = fl_segment_header_of(seg);
	int r = seg->header_bytes ? 0 : -EINVAL;

	for (unsigned i = 0; r == 0 && i < FL_SEGMENT_OBJECTS; i++) {
		const struct fl_object *o = &h->objects[i];
		struct fl_shm_state info = {.size = sizeof(info),
					    .kind = (enum fl_shm_kind)atomic_load(&o->kind)};
		uint64_t off = o->off, bytes = o->bytes;

		if (info.kind == 0)
			continue;
		memcpy(info.name, o->name, sizeof(info.name) - 1);
		if (fl_object_fits(seg, info.kind, off, bytes))
			look_at_body(&info, seg->base + off);
		else
			add_hold(&info, (struct fl_hold){.state = FL_SEGMENT_LOCK_UNKNOWN});
		r = row(arg, &info);
	}
	return r;
}
