/* SPDX-License-Identifier: MIT */
#ifndef FL_SHM_OBJECT_H
#define FL_SHM_OBJECT_H

#include <stdint.h>

#include <faultline/shm_sync.h>

#include "plat/process.h"
#include "shm/byte_ring.h"
#include "shm/segment_impl.h"

/**
 * struct fl_shm_object - one process's handle
 * @off, @bytes: where its body is; checked against the segment
 * @ring: of a ring, this side's view
 */
struct fl_shm_object {
	struct fl_segment *seg;
	enum fl_shm_kind kind;
	unsigned flags;
	uint64_t off;
	uint64_t bytes;
	struct fl_bytering ring;
};

/* Bodies begin on cache lines of their own. */
#define FL_OBJECT_ALIGN 128u

/* How long a waiter sleeps before it looks whether those it waits for are alive: an owner's death
 * is to be noticed within 100 ms, and each look takes 10 us. */
#define FL_PEER_CHECK_NS UINT64_C(40000000)

/** fl_object_body() - its memory */
static inline void *fl_object_body(const struct fl_shm_object *obj)
{
	return obj->seg->base + obj->off;
}

/**
 * fl_object_fits() - may a body of that kind be at [off, off + bytes)?
 *
 * What somebody else wrote into the directory, read once.
 */
bool fl_object_fits(const struct fl_segment *seg, enum fl_shm_kind kind, uint64_t off,
		    uint64_t bytes);

/**
 * fl_object_place() - find or make the row and the body
 * @bytes: of a new body
 * @init:  called once for a new body, which is zeroed, before anybody can find it
 * Return: as fl_shm_open().
 */
int fl_object_place(struct fl_shm_object *obj, const struct fl_shm_spec *spec, uint64_t bytes,
		    int (*init)(void *body, const struct fl_shm_spec *spec));

/**
 * struct fl_holder - one row of a table of processes
 * @mode: 0 = free; written last when taken, first when given back
 * @since_s: seconds since 1970, as in struct fl_owner
 */
struct fl_holder {
	_Atomic int32_t pid;
	_Atomic uint32_t mode;
	_Atomic uint64_t start;
	_Atomic int64_t since_s;
};

#define FL_HOLDERS 60u

/** fl_holder_add() - Return: 0; -EAGAIN: full. */
int fl_holder_add(struct fl_holder *rows, uint32_t mode);

/** fl_holder_drop() - one row of this process with that mode. Return: 0; -EPERM: it has none. */
int fl_holder_drop(struct fl_holder *rows, uint32_t mode);

/** fl_holder_count() - rows with that mode */
unsigned fl_holder_count(const struct fl_holder *rows, uint32_t mode);

/** fl_holder_purge() - take the rows of dead processes away. Return: how many. */
unsigned fl_holder_purge(struct fl_holder *rows);

/**
 * struct fl_gate_body - reader/writer locks and semaphores with owners
 * @turn: changes with every release
 * @units: of a semaphore: how many may hold it
 */
struct fl_gate_body {
	struct fl_mutex_body lock;
	_Atomic uint32_t turn;
	_Atomic uint32_t waiters;
	_Atomic uint32_t value; /* semaphore without owners: units */
	uint32_t units;
	struct fl_holder holders[FL_HOLDERS];
};

/* Modes of holders. */
#define FL_HOLD_READ 1u
#define FL_HOLD_WRITE 2u
#define FL_HOLD_WANT 3u /* a writer waits: readers let it go first */
#define FL_HOLD_UNIT 4u
#define FL_HOLD_PRODUCER 5u
#define FL_HOLD_CONSUMER 6u

int fl_gate_init(void *body, const struct fl_shm_spec *spec);

struct fl_event_body {
	_Atomic uint32_t state;
	_Atomic uint32_t waiters;
	uint32_t auto_reset;
};

int fl_event_init(void *body, const struct fl_shm_spec *spec);

/**
 * struct fl_cell_body - two values, one of which counts
 * @version: which: the slot version % 2
 */
struct fl_cell_body {
	struct fl_mutex_body lock;
	uint64_t room;
	_Alignas(FL_OBJECT_ALIGN) _Atomic uint64_t version;
	_Atomic uint64_t len[2];
	_Alignas(FL_OBJECT_ALIGN) _Atomic uint64_t words[];
};

int fl_cell_init(void *body, const struct fl_shm_spec *spec);
uint64_t fl_cell_bytes(const struct fl_shm_spec *spec);

/** struct fl_queue_body - a bounded queue of messages; @head, @tail: messages ever popped, pushed */
struct fl_queue_body {
	struct fl_mutex_body lock;
	uint32_t slots;
	uint32_t message_bytes; /* of the largest one; fl_queue_stride() bytes for each */
	_Atomic uint64_t head;
	_Atomic uint64_t tail;
	_Atomic uint32_t data_turn;
	_Atomic uint32_t data_waiters;
	_Atomic uint32_t room_turn;
	_Atomic uint32_t room_waiters;
	_Atomic uint32_t producers_seen;
	_Atomic uint32_t consumers_seen;
	_Atomic uint32_t dead_producers;
	struct fl_holder peers[FL_HOLDERS];
	_Alignas(FL_OBJECT_ALIGN) unsigned char data[];
};

int fl_queue_init(void *body, const struct fl_shm_spec *spec);
uint64_t fl_queue_bytes(const struct fl_shm_spec *spec);

/** fl_queue_stride() - bytes from one message to the next: with its length, rounded up */
uint32_t fl_queue_stride(uint32_t message_bytes);

int fl_queue_join(struct fl_shm_object *obj);
void fl_queue_leave(struct fl_shm_object *obj);

/** fl_left_ns() - what is left until @deadline_ns, FL_PEER_CHECK_NS at most */
uint64_t fl_left_ns(uint64_t deadline_ns);

/** fl_deadline_ns() - of a timeout that begins now */
uint64_t fl_deadline_ns(uint64_t timeout_ns);

#endif
