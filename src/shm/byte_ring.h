/* SPDX-License-Identifier: MIT */
#ifndef FL_SHM_BYTE_RING_H
#define FL_SHM_BYTE_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plat/process.h"

/**
 * DOC: A byte ring between one producer and one consumer process.
 *
 * Positions only grow; each is written by one side. Bytes are copied before the position that
 * covers them is published, so a producer that is killed leaves nothing half written. A side that
 * finds nothing to do spins for some microseconds, then sleeps on a futex; the other one makes a
 * system call only if it sees a sleeper.
 */

struct fl_peer {
	_Atomic int32_t pid; /* 0 = never there */
	_Atomic uint32_t closed;
	_Atomic uint64_t start;
};

struct fl_bytering_body {
	uint64_t capacity;                   /* a power of two; never changes */
	_Alignas(128) _Atomic uint64_t head; /* bytes ever written */
	struct fl_peer producer;
	_Atomic uint32_t room_turn; /* what the producer sleeps on */
	_Atomic uint32_t producer_sleeps;
	_Alignas(128) _Atomic uint64_t tail; /* bytes ever read */
	struct fl_peer consumer;
	_Atomic uint32_t data_turn; /* what the consumer sleeps on */
	_Atomic uint32_t consumer_sleeps;
	_Alignas(128) unsigned char data[];
};

/**
 * struct fl_bytering - one side's view; private to its process
 * @capacity: as checked once
 * @mine:     this side's position; the shared one is never read back
 * @seen:     the other side's, when last looked at
 */
struct fl_bytering {
	struct fl_bytering_body *body;
	uint64_t capacity;
	uint64_t mine;
	uint64_t seen;
	bool producer;
	bool spin;
};

/** fl_bytering_bytes() - of a body with room for @capacity bytes, rounded up to a power of two; 0 = too many */
uint64_t fl_bytering_bytes(uint64_t capacity);

/** fl_bytering_init() - zeroed memory of fl_bytering_bytes(@capacity) becomes a ring */
void fl_bytering_init(struct fl_bytering_body *body, uint64_t capacity);

/**
 * fl_bytering_open() - one side
 * @bytes: of the body, as known from elsewhere
 * Return: 0; -FL_ECORRUPT: capacity or positions cannot be; -EBUSY: that side is taken by a process
 * that is alive.
 */
int fl_bytering_open(struct fl_bytering *ring, struct fl_bytering_body *body, uint64_t bytes,
		     bool producer);

/** fl_bytering_close() - the other side is woken and learns it */
void fl_bytering_close(struct fl_bytering *ring);

/** fl_bytering_write(), fl_bytering_read() - see fl_shm_ring_write(), fl_shm_ring_read() */
int fl_bytering_write(struct fl_bytering *ring, const void *data, size_t len, uint64_t timeout_ns);
int64_t fl_bytering_read(struct fl_bytering *ring, void *buf, size_t len, uint64_t timeout_ns);

/** fl_bytering_used() - bytes the consumer may read now; -FL_ECORRUPT. Looks at the shared index. */
int64_t fl_bytering_used(struct fl_bytering *ring);

#endif
