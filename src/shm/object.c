/* SPDX-License-Identifier: MIT */
#include "shm/object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/size.h"
#include "plat/thread.h"
#include "shm/mutex.h"

uint64_t fl_deadline_ns(uint64_t timeout_ns)
{
	return fl_add_sat(fl_clock_ns(), timeout_ns);
}

uint64_t fl_left_ns(uint64_t deadline_ns)
{
	uint64_t now = fl_clock_ns();

	return deadline_ns <= now ? 0 : fl_min_u64(deadline_ns - now, FL_PEER_CHECK_NS);
}

static struct fl_object *find_row(struct fl_segment_header *h, const char *name)
{
	for (unsigned i = 0; i < FL_SEGMENT_OBJECTS; i++)
		if (atomic_load(&h->objects[i].kind) != 0 &&
		    strncmp(h->objects[i].name, name, sizeof(h->objects[i].name)) == 0)
			return &h->objects[i];
	return NULL;
}

/* What a body that somebody else made must have at least to be looked into. */
static uint64_t least_bytes(enum fl_shm_kind kind)
{
	switch (kind) {
	case FL_SHM_MUTEX:
		return sizeof(struct fl_mutex_body);
	case FL_SHM_RWLOCK:
	case FL_SHM_SEMAPHORE:
		return sizeof(struct fl_gate_body);
	case FL_SHM_CELL:
		return sizeof(struct fl_cell_body);
	case FL_SHM_RING:
		return sizeof(struct fl_bytering_body);
	case FL_SHM_QUEUE:
		return sizeof(struct fl_queue_body);
	case FL_SHM_CONDITION:
	case FL_SHM_EVENT:
	default:
		return sizeof(struct fl_event_body);
	}
}

bool fl_object_fits(const struct fl_segment *seg, enum fl_shm_kind kind, uint64_t off,
		    uint64_t bytes)
{
	return kind >= FL_SHM_MUTEX && kind <= FL_SHM_QUEUE && off >= FL_SEGMENT_HEADER_BYTES &&
	       off % FL_OBJECT_ALIGN == 0 && off <= seg->bytes && bytes <= seg->bytes - off &&
	       bytes >= least_bytes(kind);
}

static int take_row(struct fl_shm_object *obj, const struct fl_object *row)
{
	struct fl_object seen = {.off = row->off, .bytes = row->bytes};

	if (atomic_load(&row->kind) != (uint32_t)obj->kind)
		return -EINVAL;
	if (!fl_object_fits(obj->seg, obj->kind, seen.off, seen.bytes))
		return -FL_ECORRUPT;
	obj->off = seen.off;
	obj->bytes = seen.bytes;
	return 0;
}

static int new_row(struct fl_shm_object *obj, const struct fl_shm_spec *spec, uint64_t bytes,
		   int (*init)(void *body, const struct fl_shm_spec *spec))
{
	struct fl_segment_header *h = fl_segment_header_of(obj->seg);
	uint64_t limit = fl_min_u64(atomic_load(&h->bytes), obj->seg->bytes);
	uint64_t off = fl_round_up(atomic_load(&h->used), FL_OBJECT_ALIGN);
	struct fl_object *row = NULL;
	int r;

	for (unsigned i = 0; !row && i < FL_SEGMENT_OBJECTS; i++)
		if (atomic_load(&h->objects[i].kind) == 0)
			row = &h->objects[i];
	if (!row || off > limit || bytes > limit - off)
		return -ENOSPC;
	memset(obj->seg->base + off, 0, (size_t)bytes);
	r = init(obj->seg->base + off, spec);
	if (r < 0)
		return r;
	memset(row->name, 0, sizeof(row->name));
	memcpy(row->name, spec->name, strlen(spec->name));
	row->off = obj->off = off;
	row->bytes = obj->bytes = bytes;
	atomic_store(&h->used, off + bytes);
	/* A process that is killed before this has made nothing. */
	atomic_store(&row->kind, (uint32_t)spec->kind);
	return 0;
}

int fl_object_place(struct fl_shm_object *obj, const struct fl_shm_spec *spec, uint64_t bytes,
		    int (*init)(void *body, const struct fl_shm_spec *spec))
{
	struct fl_segment_header *h = fl_segment_header_of(obj->seg);
	struct fl_object *row;
	int r = fl_mutex_lock(&h->lock, FL_FOREVER, NULL, NULL);

	if (r < 0)
		return r;
	row = find_row(h, spec->name);
	if (row)
		r = take_row(obj, row);
	else
		r = bytes == 0 ? -EINVAL : new_row(obj, spec, bytes, init);
	fl_mutex_unlock(&h->lock);
	return r;
}

int fl_holder_add(struct fl_holder *rows, uint32_t mode)
{
	struct fl_process self;

	fl_process_self(&self);
	for (unsigned i = 0; i < FL_HOLDERS; i++) {
		if (atomic_load(&rows[i].mode) != 0)
			continue;
		atomic_store(&rows[i].pid, self.pid);
		atomic_store(&rows[i].start, self.start);
		atomic_store(&rows[i].since_s, fl_clock_wall_s());
		atomic_store(&rows[i].mode, mode);
		return 0;
	}
	return -EAGAIN;
}

int fl_holder_drop(struct fl_holder *rows, uint32_t mode)
{
	struct fl_process self;

	fl_process_self(&self);
	for (unsigned i = 0; i < FL_HOLDERS; i++) {
		if (atomic_load(&rows[i].mode) != mode || atomic_load(&rows[i].pid) != self.pid ||
		    atomic_load(&rows[i].start) != self.start)
			continue;
		atomic_store(&rows[i].mode, 0);
		return 0;
	}
	return -EPERM;
}

unsigned fl_holder_count(const struct fl_holder *rows, uint32_t mode)
{
	unsigned n = 0;

	for (unsigned i = 0; i < FL_HOLDERS; i++)
		n += atomic_load(&rows[i].mode) == mode;
	return n;
}

unsigned fl_holder_purge(struct fl_holder *rows)
{
	unsigned n = 0;

	for (unsigned i = 0; i < FL_HOLDERS; i++) {
		struct fl_process p = {.pid = atomic_load(&rows[i].pid),
				       .start = atomic_load(&rows[i].start)};

		if (atomic_load(&rows[i].mode) == 0 || fl_process_alive(&p))
			continue;
		atomic_store(&rows[i].mode, 0);
		n++;
	}
	return n;
}

static int mutex_init(void *body, const struct fl_shm_spec *spec)
{
	(void)spec;
	return fl_mutex_init(body);
}

static int ring_init(void *body, const struct fl_shm_spec *spec)
{
	fl_bytering_init(body, spec->bytes);
	return 0;
}

/* Bytes of a new body; 0: the specification cannot be. */
static uint64_t body_bytes(const struct fl_shm_spec *spec)
{
	switch (spec->kind) {
	case FL_SHM_MUTEX:
		return sizeof(struct fl_mutex_body);
	case FL_SHM_RWLOCK:
	case FL_SHM_SEMAPHORE:
		return sizeof(struct fl_gate_body);
	case FL_SHM_CONDITION:
	case FL_SHM_EVENT:
		return sizeof(struct fl_event_body);
	case FL_SHM_CELL:
		return fl_cell_bytes(spec);
	case FL_SHM_RING:
		return fl_bytering_bytes(spec->bytes);
	case FL_SHM_QUEUE:
		return fl_queue_bytes(spec);
	default:
		return 0;
	}
}

static int (*init_of(enum fl_shm_kind kind))(void *body, const struct fl_shm_spec *spec)
{
	switch (kind) {
	case FL_SHM_MUTEX:
		return mutex_init;
	case FL_SHM_RWLOCK:
	case FL_SHM_SEMAPHORE:
		return fl_gate_init;
	case FL_SHM_CELL:
		return fl_cell_init;
	case FL_SHM_RING:
		return ring_init;
	case FL_SHM_QUEUE:
		return fl_queue_init;
	case FL_SHM_CONDITION:
	case FL_SHM_EVENT:
	default:
		return fl_event_init;
	}
}

const char *fl_shm_kind_name(enum fl_shm_kind kind)
{
	static const char *const names[] = {
		[FL_SHM_MUTEX] = "mutex",         [FL_SHM_RWLOCK] = "rwlock",
		[FL_SHM_SEMAPHORE] = "semaphore", [FL_SHM_CONDITION] = "condition",
		[FL_SHM_EVENT] = "event",         [FL_SHM_CELL] = "cell",
		[FL_SHM_RING] = "ring",           [FL_SHM_QUEUE] = "queue"};

	return (unsigned)kind < sizeof(names) / sizeof(*names) ? names[kind] : NULL;
}

/* The segment may have moved when it was resized. */
static struct fl_bytering *ring_of(struct fl_shm_object *obj)
{
	obj->ring.body = fl_object_body(obj);
	return &obj->ring;
}

/* With the segment's lock: of two that come at once only one finds the side free. */
static int join_ring(struct fl_shm_object *obj, bool producer)
{
	struct fl_segment_header *h = fl_segment_header_of(obj->seg);
	int r = fl_mutex_lock(&h->lock, FL_FOREVER, NULL, NULL);

	if (r < 0)
		return r;
	r = fl_bytering_open(&obj->ring, fl_object_body(obj), obj->bytes, producer);
	fl_mutex_unlock(&h->lock);
	if (r < 0)
		return r;
	obj->ring.spin = fl_cpu_count() > 1;
	fl_bytering_lighten(&obj->ring);
	return 0;
}

static int join(struct fl_shm_object *obj)
{
	if (obj->kind == FL_SHM_QUEUE)
		return fl_queue_join(obj);
	return obj->kind == FL_SHM_RING ? join_ring(obj, obj->flags & FL_SHM_PRODUCER) : 0;
}

static const char *open_text(int code)
{
	switch (code) {
	case -EINVAL:
		return "no such kind, sizes or role, or another kind of object has the name";
	case -ENOSPC:
		return "no room in the segment for another object";
	case -EBUSY:
		return "another process has this side of the ring";
	case -FL_ECORRUPT:
		return "the segment's directory is damaged";
	default:
		return fl_strerror(code);
	}
}

static bool is_one_side(unsigned flags)
{
	return !(flags & FL_SHM_PRODUCER) != !(flags & FL_SHM_CONSUMER);
}

static int check_spec(const struct fl_segment *seg, const struct fl_shm_spec *spec)
{
	const unsigned known = FL_SHM_PRODUCER | FL_SHM_CONSUMER | FL_SHM_AUTO_RESET | FL_SHM_OWNED;
	size_t len = spec->name ? strlen(spec->name) : 0;

	if (spec->size != sizeof(*spec) || len == 0 || len >= sizeof(((struct fl_object *)0)->name))
		return -EINVAL;
	if (!seg->header_bytes || (seg->flags & FL_SEGMENT_READ_ONLY))
		return -EINVAL;
	if (spec->kind < FL_SHM_MUTEX || spec->kind > FL_SHM_QUEUE || (spec->flags & ~known))
		return -EINVAL;
	/* Before it is made: what is refused takes no room. */
	return (spec->kind == FL_SHM_RING || spec->kind == FL_SHM_QUEUE) &&
			       !is_one_side(spec->flags)
		       ? -EINVAL
		       : 0;
}

int fl_shm_open(struct fl_segment *seg, const struct fl_shm_spec *spec, struct fl_shm_object **ret,
		struct fl_error *reterr)
{
	struct fl_shm_object *obj;
	int r = check_spec(seg, spec);

	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, "%s", open_text(r));
	obj = calloc(1, sizeof(*obj));
	if (!obj)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	obj->seg = seg;
	obj->kind = spec->kind;
	obj->flags = spec->flags;
	r = fl_object_place(obj, spec, body_bytes(spec), init_of(spec->kind));
	if (r == 0)
		r = join(obj);
	if (r < 0) {
		free(obj);
		return fl_error_set(reterr, r, FL_OFF_NONE, "%s", open_text(r));
	}
	*ret = obj;
	return 0;
}

void fl_shm_close(struct fl_shm_object *obj)
{
	if (!obj)
		return;
	if (obj->kind == FL_SHM_RING)
		fl_bytering_close(ring_of(obj));
	if (obj->kind == FL_SHM_QUEUE)
		fl_queue_leave(obj);
	free(obj);
}

int fl_shm_mutex_lock(struct fl_shm_object *mutex, uint64_t timeout_ns, int (*recover)(void *arg),
		      void *arg)
{
	return mutex->kind == FL_SHM_MUTEX
		       ? fl_mutex_lock(fl_object_body(mutex), timeout_ns, recover, arg)
		       : -EINVAL;
}

int fl_shm_mutex_unlock(struct fl_shm_object *mutex)
{
	return mutex->kind == FL_SHM_MUTEX ? fl_mutex_unlock(fl_object_body(mutex)) : -EINVAL;
}

int fl_shm_ring_write(struct fl_shm_object *ring, const void *data, size_t len, uint64_t timeout_ns)
{
	return ring->kind == FL_SHM_RING && ring->ring.producer
		       ? fl_bytering_write(ring_of(ring), data, len, timeout_ns)
		       : -EINVAL;
}

int64_t fl_shm_ring_read(struct fl_shm_object *ring, void *buf, size_t len, uint64_t timeout_ns)
{
	return ring->kind == FL_SHM_RING && !ring->ring.producer
		       ? fl_bytering_read(ring_of(ring), buf, len, timeout_ns)
		       : -EINVAL;
}
