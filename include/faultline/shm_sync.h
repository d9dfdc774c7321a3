/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_SHM_SYNC_H
#define FAULTLINE_SHM_SYNC_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>
#include <faultline/export.h>
#include <faultline/shm.h>

FL_BEGIN_DECLS

/**
 * DOC: Synchronisation in managed segments.
 *
 * Objects have names and live behind the segment's header; every process opens them by name. All
 * of them survive a process that is killed at any instruction: what it held is given to the next
 * one, which is told; what it had half written is never seen.
 *
 * Timeouts are in nanoseconds, from the call on: 0 does not wait, FL_SHM_FOREVER does for ever. The death of
 * who is waited for is noticed within 40 ms (the kernel tells of a mutex's owner at once).
 *
 * Threads: a handle may be used by all threads of its process, but for a ring, whose side is one thread's at
 * a time. Mutexes belong to threads, the other locks to processes. After fork(2) parent and child may go on
 * with the same handles; of a ring each takes a side of its own.
 *
 * Lifetime: an object lives as long as its segment, a handle until fl_shm_close(), before
 * fl_segment_detach(). The C library keeps a list of the robust mutexes that a thread holds, which leads
 * through them: a mutex is unlocked before its segment is detached or resized, or the next one that the thread
 * locks crashes. There are 48 objects in a segment at most, and 60 holders, waiting writers or peers of
 * a lock, semaphore or queue, so that a table is looked through in a microsecond; what is dead in it is
 * cleared by who would have to wait for it.
 *
 * Cost: `faultline shm demo` measures mutexes and semaphores, `faultline shm bench` rings, on your machine.
 *
 * Errors: a function that returns one says -EINVAL of an object of another kind.
 *
 * Source: futex(2), pthread_mutexattr_setrobust(3), robust futexes in get_robust_list(2).
 *
 * Objects are addressed by offsets that are checked when they are opened; indices that peers
 * write are read once and checked at every use. What cannot be checked is the mutex of the C
 * library (see shm.h, Trust).
 */
struct fl_shm_object;

enum fl_shm_kind {
	FL_SHM_MUTEX = 1,
	FL_SHM_RWLOCK,
	FL_SHM_SEMAPHORE,
	FL_SHM_CONDITION,
	FL_SHM_EVENT,
	FL_SHM_CELL,
	FL_SHM_RING,
	FL_SHM_QUEUE
};

/* As a timeout in nanoseconds: wait for ever. 0: do not wait. */
#define FL_SHM_FOREVER UINT64_MAX

#define FL_SHM_PRODUCER 1u   /* ring, queue: this process writes */
#define FL_SHM_CONSUMER 2u   /* ring, queue: this process reads */
#define FL_SHM_AUTO_RESET 4u /* event: a wait that succeeds resets it */
#define FL_SHM_OWNED 8u      /* semaphore: who waits holds a unit, which is given back if it dies */

/**
 * struct fl_shm_spec - an object
 * @size:  sizeof this struct
 * @kind:  what it is
 * @name:  1 to 31 bytes
 * @bytes: cell: largest value, 1 byte to 1 GiB; ring: capacity, rounded up to a power of two, at
 *         most 1 TiB: twice a core's second-level cache is the fastest (measured: 4 MiB 20 GB/s,
 *         256 KiB 12); queue: largest message
 * @count: semaphore: value at first; queue: messages it holds
 * @flags: FL_SHM_...
 *
 * @bytes and @count matter to the one that makes it; others get what is there.
 */
struct fl_shm_spec {
	size_t size;
	enum fl_shm_kind kind;
	const char *name;
	uint64_t bytes;
	uint32_t count;
	unsigned flags;
};

/**
 * fl_shm_open() - the object of that name, made if it is not there
 * @seg: managed, attached writable; must outlive the object
 *
 * Cost: some microseconds; the first ring in a process with several threads 10 ms (membarrier(2)).
 * Return: 0; -EINVAL: specification, or an object of another kind has the name; -ENOSPC: no room
 * in the segment, or 48 objects; -EBUSY: the ring has a living producer (consumer) already;
 * -FL_ECORRUPT: the directory contradicts itself; -ENOMEM.
 */
FL_API int fl_shm_open(struct fl_segment *seg, const struct fl_shm_spec *spec,
		       struct fl_shm_object **ret, struct fl_error *reterr);

/** fl_shm_close() - free the handle; a ring's or queue's peers learn that this one has gone; NULL is fine */
FL_API void fl_shm_close(struct fl_shm_object *obj);

/**
 * fl_shm_mutex_lock() - @recover: called, with the mutex held, when the last owner died in it;
 *                       makes what it protects sound again and returns 0, or a negative error,
 *                       after which nobody can lock it any more; NULL: nothing to be done
 *
 * Return: 0; 1: the last owner died, and what it protects was recovered; -ETIMEDOUT; -EDEADLK;
 * -ENOTRECOVERABLE; what @recover returned.
 */
FL_API int fl_shm_mutex_lock(struct fl_shm_object *mutex, uint64_t timeout_ns,
			     int (*recover)(void *arg), void *arg);

/** fl_shm_mutex_unlock() - Return: 0; -EPERM: not the caller's. */
FL_API int fl_shm_mutex_unlock(struct fl_shm_object *mutex);

/**
 * fl_shm_read_lock(), fl_shm_write_lock() - many readers or one writer; writers go first
 *
 * Not recursive. At most 60 holders. Threads of one process count as one another's.
 * Return: 0; 1: a holder had died, whose lock was taken away (a writer may have left half of a
 * change); -ETIMEDOUT; -EAGAIN: 60 holders.
 */
FL_API int fl_shm_read_lock(struct fl_shm_object *rwlock, uint64_t timeout_ns);
FL_API int fl_shm_write_lock(struct fl_shm_object *rwlock, uint64_t timeout_ns);

/** fl_shm_rw_unlock() - either kind. Return: 0; -EPERM: this process holds none. */
FL_API int fl_shm_rw_unlock(struct fl_shm_object *rwlock);

/**
 * fl_shm_sem_wait() - take a unit, fl_shm_sem_post() - give one
 * Return of wait: 0; 1: a unit came back from a dead holder (FL_SHM_OWNED); -ETIMEDOUT; -EAGAIN.
 * Return of post: 0; -EPERM: FL_SHM_OWNED, and this process holds none; -EOVERFLOW.
 */
FL_API int fl_shm_sem_wait(struct fl_shm_object *sem, uint64_t timeout_ns);
FL_API int fl_shm_sem_post(struct fl_shm_object *sem);

/** fl_shm_cond_wait() - unlock @mutex, sleep until woken, lock it. May wake for no reason. Return: as fl_shm_mutex_lock() without a hook, or -ETIMEDOUT, with @mutex locked. */
FL_API int fl_shm_cond_wait(struct fl_shm_object *cond, struct fl_shm_object *mutex,
			    uint64_t timeout_ns);

/** fl_shm_cond_wake() - one waiter, or @all. Nothing happens to an object of another kind. */
FL_API void fl_shm_cond_wake(struct fl_shm_object *cond, int all);

/** fl_shm_event_set(), fl_shm_event_reset() - nothing happens to an object of another kind */
FL_API void fl_shm_event_set(struct fl_shm_object *event);
FL_API void fl_shm_event_reset(struct fl_shm_object *event);

/** fl_shm_event_wait() - until it is set. Return: 0; -ETIMEDOUT. */
FL_API int fl_shm_event_wait(struct fl_shm_object *event, uint64_t timeout_ns);

/**
 * fl_shm_cell_put() - replace the value: readers see the old one or the new one, never half
 * Return: 0; -EMSGSIZE; as fl_shm_mutex_lock().
 */
FL_API int fl_shm_cell_put(struct fl_shm_object *cell, const void *data, size_t len);

/**
 * fl_shm_cell_get() - copy the value; waits for nobody
 * @ret_version: how often it was put; 0: never, and the length is 0
 * Return: its length; -EMSGSIZE: @room is too small; -FL_ECORRUPT; -EAGAIN: it changed under the
 * reader all the time.
 */
FL_API int64_t fl_shm_cell_get(struct fl_shm_object *cell, void *buf, size_t room,
			       uint64_t *ret_version);

/**
 * fl_shm_ring_write() - append bytes, in order
 *
 * Up to the capacity they appear at once, or not at all: a producer that is killed leaves no half
 * message. A full ring's producer is woken when half of it is free, or looks after 1 ms whether there
 * is room. One thread at a time.
 * Cost: a copy, into the caches or past them, whichever was faster lately; a system call only if the
 * consumer sleeps, or the ring is full. While it waits it
 * spins, if that has paid lately, for 60 us at most.
 * Return: 0; -ETIMEDOUT: no room (of a longer write a part may have gone); -EPIPE: the consumer
 * closed or died; -FL_ECORRUPT: the peer's index is out of range.
 */
FL_API int fl_shm_ring_write(struct fl_shm_object *ring, const void *data, size_t len,
			     uint64_t timeout_ns);

/**
 * fl_shm_ring_read() - take what is there, @len bytes at most, at least one
 * Return: bytes; 0: the producer closed, and all is read; -EOWNERDEAD: it died, and all is read;
 * -ETIMEDOUT; -FL_ECORRUPT.
 */
FL_API int64_t fl_shm_ring_read(struct fl_shm_object *ring, void *buf, size_t len,
				uint64_t timeout_ns);

/** fl_shm_queue_push() - a message from any of many producers; waits while it is full. Return: 0; -EMSGSIZE; -EPIPE: the consumers are gone; -ETIMEDOUT; as fl_shm_mutex_lock(). */
FL_API int fl_shm_queue_push(struct fl_shm_object *queue, const void *data, size_t len,
			     uint64_t timeout_ns);

/** fl_shm_queue_pop() - Return: the message's length; -EMSGSIZE: @room is too small, it stays; -EPIPE: all producers closed; -EOWNERDEAD: all are gone, one died; -ETIMEDOUT; -FL_ECORRUPT. */
FL_API int64_t fl_shm_queue_pop(struct fl_shm_object *queue, void *buf, size_t room,
				uint64_t timeout_ns);

/**
 * fl_lease_lock() - a segment's own lock, held in the name of a process, not of a thread
 * @pid: who holds it; the lock goes to the next one when that process is gone
 * Return: 0; 1: the holder had died; -ETIMEDOUT; -EDEADLK: @pid has it; -ESRCH: no such process.
 */
FL_API int fl_lease_lock(struct fl_segment *seg, int32_t pid, uint64_t timeout_ns,
			 struct fl_error *reterr);

/** fl_lease_unlock() - @pid: who holds it. Return: 0; -EPERM: it does not. */
FL_API int fl_lease_unlock(struct fl_segment *seg, int32_t pid, struct fl_error *reterr);

/**
 * struct fl_shm_state - of one object in a segment
 * @size:  sizeof this struct
 * @name, @kind: what it is
 * @state: mutex, reader/writer lock, semaphore with owners: who holds it; ring, queue: who is at it. DEAD:
 *         one of them ended and left it so: the next one is told; BROKEN: a recovery failed;
 *         UNKNOWN: its row in the directory cannot be
 * @pid:   HELD, DEAD: that process, or the one of several that came first
 * @since_s: HELD, DEAD: since when it has the lock, seconds since 1970; 0: unknown, or not a lock
 */
struct fl_shm_state {
	size_t size;
	char name[32];
	enum fl_shm_kind kind;
	enum fl_segment_lock state;
	int32_t pid;
	int64_t since_s;
};

/**
 * fl_shm_list() - the objects of a managed segment, and how they are; it may be attached read-only
 * @row: called once per object; another value than 0 ends the listing
 * Return: 0; what @row returned; -EINVAL: not managed.
 */
FL_API int fl_shm_list(const struct fl_segment *seg,
		       int (*row)(void *arg, const struct fl_shm_state *state), void *arg);

/** fl_shm_kind_name() - "mutex", "rwlock", ...; NULL for another value */
FL_API const char *fl_shm_kind_name(enum fl_shm_kind kind);

/** fl_segment_recover() - take the segment's lock away from a dead holder. Return: 1 if there was one, else 0; -errno. */
FL_API int fl_segment_recover(struct fl_segment *seg, struct fl_error *reterr);

FL_END_DECLS

#endif
