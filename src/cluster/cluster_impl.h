/* SPDX-License-Identifier: MIT */
#ifndef FL_CLUSTER_CLUSTER_IMPL_H
#define FL_CLUSTER_CLUSTER_IMPL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <faultline/shm.h>

#include "engine/exec.h"
#include "shm/byte_ring.h"

/**
 * DOC: What the coordinator and its workers share.
 *
 * A memfd holds the chunk table and one byte ring per worker. A chunk is claimed by one
 * compare-and-swap that says who has it, so that no instruction lies between taking a chunk and
 * being known to have it. Workers write their parts and then an end mark into their ring; the
 * coordinator folds a chunk when its end mark has come, in order. When a worker dies, what it
 * completed stays, what it had begun is dropped, and its chunk is free again.
 */

/* Chunks between the oldest that is not folded and the newest that may be taken. */
#define FL_CLUSTER_WINDOW 1024u

/* A ring that holds what a chunk of 8 MiB says of lines that match here and there (105 KB for 1,000 of
 * them). It is allocated before workers start, and given back when they have ended, while nobody works:
 * 1 MiB for each of four took 2.7 ms, of the 30 that a GB takes. Larger results stream. */
#define FL_CLUSTER_RING_BYTES (UINT64_C(256) << 10)

/* Of an entry: chunk number and, in the low bits, who has it: 0 = nobody, else worker + 1. */
#define FL_CLAIM_BITS 16u
#define FL_CLAIM_MASK ((UINT64_C(1) << FL_CLAIM_BITS) - 1)

/**
 * struct fl_cluster_tally - what a worker did, for the statistics
 */
struct fl_cluster_tally {
	_Alignas(128) _Atomic uint64_t windows;
	_Atomic uint64_t copied_bytes;
	_Atomic uint64_t minor_faults;
	_Atomic uint64_t major_faults;
	_Atomic uint64_t bytes;
};

/**
 * struct fl_cluster_control - at the start of the memfd
 * @base:  chunks before it are folded
 * @limit: chunks from it on must not be taken yet
 * @done:  all workers end
 * @stopped: bit k: operator k needs no more
 * @turn:  changes when there may be something to take or to fold, or was taken
 * @sleepers: workers that sleep on it; more when some were killed
 */
struct fl_cluster_control {
	_Atomic uint64_t base;
	_Atomic uint64_t limit;
	_Atomic uint32_t done;
	_Atomic uint32_t turn;
	_Atomic uint32_t sleepers;
	_Atomic uint64_t stopped;
	_Alignas(128) _Atomic uint64_t claims[FL_CLUSTER_WINDOW];
	struct fl_cluster_tally tally[];
};

enum fl_message_kind {
	FL_MESSAGE_PART = 1,
	FL_MESSAGE_END,
	FL_MESSAGE_FAILED /* a worker could not begin */
};

/**
 * struct fl_message - the head of what goes through a ring; @len bytes follow
 * @stage: PART: operator; END, FAILED: whose error it is, at work at @failed_off
 * @code:  END, FAILED: 0 or the error, with @off and the text behind it
 */
struct fl_message {
	uint32_t kind;
	uint32_t stage;
	uint64_t chunk;
	uint64_t off;
	uint64_t end;
	uint64_t len;
	int64_t code;
	uint64_t sound;
	uint64_t failed_off;
};

/**
 * struct fl_cluster - one run, as the coordinator and (after fork) each worker has it
 * @turns_bytes: in the segment, for folds that go from worker to worker (turns.h), or 0
 */
struct fl_cluster {
	struct fl_exec *x;
	struct fl_segment *seg;
	struct fl_cluster_control *control;
	unsigned processes;
	uint64_t chunks;
	uint64_t turns_bytes;
};

/** fl_cluster_ring_body() - worker @w's ring in the segment */
struct fl_bytering_body *fl_cluster_ring_body(const struct fl_cluster *c, unsigned w);

/** fl_cluster_turns() - in the segment, or NULL */
struct fl_turns_control *fl_cluster_turns(const struct fl_cluster *c);

/** fl_cluster_wake() - whoever sleeps on the turn */
void fl_cluster_wake(struct fl_cluster_control *c);

/** fl_cluster_work() - the life of worker @w, in its own process */
void fl_cluster_work(struct fl_cluster *c, unsigned w);

/** fl_cluster_run() - instead of the worker threads; see struct fl_spread */
int fl_cluster_run(struct fl_exec *x, unsigned processes);

#endif
