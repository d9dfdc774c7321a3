/* SPDX-License-Identifier: MIT */
#ifndef FL_SHM_BYTE_RING_H
#define FL_SHM_BYTE_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plat/process.h"
#include "shm/patience.h"
#include "shm/storing.h"

/**
 * DOC: A byte ring between one producer and one consumer process.
 *
 * Positions only grow; each is written by one side. Bytes are copied before the position that
 * covers them is published, so a producer that is killed leaves nothing half written.
 *
 * A side that finds nothing to do spins for as long as that has paid lately (patience.h), then
 * sleeps on a futex; the other one makes a system call only if it sees a sleeper. A consumer is
 * woken by the first byte. A producer is woken when half of the ring is free, so that two processes
 * on one processor change places once per half ring and not once per message; if its consumer
 * takes its time, the producer looks again after a millisecond.
 *
 * What is written often has cache lines of its own: the positions. Who sleeps is looked at after
 * every message, but seldom written, and stays in both caches.
 */

struct fl_peer {
	_Atomic int32_t pid; /* 0 = never there */
	_Atomic uint32_t closed;
	_Atomic uint64_t start;
};

/**
 * struct fl_nap - of a side that may sleep
 * @turn:   what it sleeps on
 * @sleeps: 1: wake it when the other side's position has come to @from
 * @fences: 1: before it sleeps it runs a barrier for the other side, too (plat/fence.h)
 */
struct fl_nap {
	_Atomic uint32_t turn;
	_Atomic uint32_t sleeps;
	_Atomic uint32_t fences;
	_Atomic uint64_t from;
};

struct fl_bytering_body {
	uint64_t capacity; /* a power of two; never changes */
	struct fl_peer producer;
	struct fl_peer consumer;
	_Alignas(128) _Atomic uint64_t head; /* bytes ever written */
	_Alignas(128) _Atomic uint64_t tail; /* bytes ever read */
	_Alignas(128) struct fl_nap room;    /* the producer's */
	_Alignas(128) struct fl_nap data;    /* the consumer's */
	_Alignas(128) unsigned char bytes[];
};

/**
 * struct fl_bytering - one side's view; private to its process
 * @capacity: as checked once
 * @mine:     this side's position; the shared one is never read back
 * @seen:     the other side's, when last looked at
 * @fences:   the process takes part in the other side's barriers
 * @spin:     before it sleeps: worth while where there is more than one processor for the two; else 0
 * @watched:  whoever opened it learns in another way that the other side has died
 * @lot:      consumer: so many bytes are worth waking it for, at most the capacity, or a nudge; 0 = one
 * @patience, @storing: what it has learnt of the other side
 */
struct fl_bytering {
	struct fl_bytering_body *body;
	uint64_t capacity;
	uint64_t mine;
	uint64_t seen;
	bool producer;
	bool fences;
	bool spin;
	bool watched;
	uint64_t lot;
	struct fl_patience patience;
	struct fl_storing storing;
};

/** fl_bytering_bytes() - of a body with room for @capacity bytes, rounded up to a power of two; 0 = too many */
uint64_t fl_bytering_bytes(uint64_t capacity);

/** fl_bytering_init() - zeroed memory of fl_bytering_bytes(@capacity) becomes a ring */
void fl_bytering_init(struct fl_bytering_body *body, uint64_t capacity);

/**
 * fl_bytering_open() - one side
 * @bytes: of the body, as known from elsewhere
 *
 * Nobody else may be opening the same side at the same time.
 * Return: 0; -FL_ECORRUPT: capacity or positions cannot be; -EBUSY: that side is taken by a process
 * that is alive.
 */
int fl_bytering_open(struct fl_bytering *ring, struct fl_bytering_body *body, uint64_t bytes,
		     bool producer);

/**
 * fl_bytering_lighten() - leave the barrier that each message needs to the other side, if it runs one
 * before it sleeps; and run one ourselves
 *
 * Without a barrier the next message is copied while the processor still waits for the lines of this one:
 * 4 KiB messages go at 63 to 75 GB/s instead of 44 to 64 (Zen 5). Cost: that of fl_fence_join().
 */
void fl_bytering_lighten(struct fl_bytering *ring);

/** fl_bytering_nudge() - by the producer, who never used lighten: the consumer, if it sleeps, shall look */
void fl_bytering_nudge(struct fl_bytering *ring);

/** fl_bytering_close() - the other side is woken and learns it */
void fl_bytering_close(struct fl_bytering *ring);

/** fl_bytering_write(), fl_bytering_read() - see fl_shm_ring_write(), fl_shm_ring_read() */
int fl_bytering_write(struct fl_bytering *ring, const void *data, size_t len, uint64_t timeout_ns);
int64_t fl_bytering_read(struct fl_bytering *ring, void *buf, size_t len, uint64_t timeout_ns);

#endif
