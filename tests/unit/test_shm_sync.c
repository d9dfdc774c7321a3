/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <faultline/shm_sync.h>

#include "base/clock.h"
#include "base/size.h"
#include "shm/object.h"
#include "../support/shmtest.h"

#define MS UINT64_C(1000000)
#define S (1000 * MS)
/* For what is bound to come, however late others let it. */
#define LONG (60 * S)

static struct fl_error err;

/* Plain memory behind the objects. */
static void *spare(struct fl_segment *seg)
{
	uint64_t bytes;
	char *data = fl_segment_data(seg, &bytes);

	return data + bytes - 4096;
}

Test(shm_sync, objects_are_found_by_name_and_kind)
{
	struct fl_segment *seg = shmtest_segment(1 << 20);
	struct fl_shm_spec spec = {.size = sizeof(spec), .kind = FL_SHM_MUTEX, .name = "one"};
	struct fl_shm_object *a = shmtest_open(seg, FL_SHM_MUTEX, "one", 0, 0);
	struct fl_shm_object *b = shmtest_open(seg, FL_SHM_MUTEX, "one", 0, 0);
	struct fl_shm_object *c = shmtest_open(seg, FL_SHM_MUTEX, "two", 0, 0), *none = NULL;

	cr_assert_eq(fl_object_body(a), fl_object_body(b));
	cr_assert_neq(fl_object_body(a), fl_object_body(c));
	spec.kind = FL_SHM_EVENT;
	cr_assert_eq(fl_shm_open(seg, &spec, &none, &err), -EINVAL);
	spec.name = "";
	cr_assert_eq(fl_shm_open(seg, &spec, &none, &err), -EINVAL);
	spec.name = "a name of thirty-two bytes or more";
	cr_assert_eq(fl_shm_open(seg, &spec, &none, &err), -EINVAL);
	spec = (struct fl_shm_spec){
		.size = sizeof(spec), .kind = FL_SHM_CELL, .name = "big", .bytes = 1 << 20};
	cr_assert_eq(fl_shm_open(seg, &spec, &none, &err), -ENOSPC);
	cr_assert_null(none);
	fl_shm_close(a);
	fl_shm_close(b);
	fl_shm_close(c);
	fl_segment_detach(seg);
}

Test(shm_sync, a_damaged_directory_is_refused)
{
	struct fl_segment *seg = shmtest_segment(1 << 16);
	struct fl_shm_object *o = shmtest_open(seg, FL_SHM_CELL, "cell", 100, 0), *none = NULL;
	struct fl_object *row = &fl_segment_header_of(seg)->objects[0], good = *row;
	struct fl_shm_spec spec = {
		.size = sizeof(spec), .kind = FL_SHM_CELL, .name = "cell", .bytes = 100};
	static const uint64_t bad[][2] = {{0, 64},           {1 << 16, 1}, {4096, 1 << 16},
					  {UINT64_MAX, 100}, {4097, 256},  {4096, UINT64_MAX},
					  {4096, 8}};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		row->off = bad[i][0];
		row->bytes = bad[i][1];
		cr_assert_eq(fl_shm_open(seg, &spec, &none, &err), -FL_ECORRUPT, "row %zu", i);
	}
	row->off = good.off;
	row->bytes = good.bytes;
	cr_assert_eq(fl_shm_open(seg, &spec, &none, &err), 0);
	fl_shm_close(none);
	fl_shm_close(o);
	fl_segment_detach(seg);
}

Test(shm_sync, mutex_basics)
{
	struct fl_segment *seg = shmtest_segment(1 << 16);
	struct fl_shm_object *m = shmtest_open(seg, FL_SHM_MUTEX, "m", 0, 0);
	pid_t pid;

	cr_assert_eq(fl_shm_mutex_unlock(m), -EPERM);
	cr_assert_eq(fl_shm_mutex_lock(m, FL_SHM_FOREVER, NULL, NULL), 0);
	cr_assert_eq(fl_shm_mutex_lock(m, FL_SHM_FOREVER, NULL, NULL), -EDEADLK);
	pid = shmtest_fork();
	if (pid == 0)
		_exit(fl_shm_mutex_lock(m, 0, NULL, NULL) != -ETIMEDOUT ||
		      fl_shm_mutex_lock(m, 20 * MS, NULL, NULL) != -ETIMEDOUT ||
		      fl_shm_mutex_unlock(m) != -EPERM);
	cr_assert_eq(shmtest_wait(pid), 0);
	cr_assert_eq(fl_shm_mutex_unlock(m), 0);
	fl_shm_close(m);
	fl_segment_detach(seg);
}

static void *lock_long(void *m)
{
	int r = fl_shm_mutex_lock(m, UINT64_MAX - 1, NULL, NULL);

	if (r == 0)
		fl_shm_mutex_unlock(m);
	return r == 0 ? m : NULL;
}

/* A time so long that no clock will ever show its end. */
Test(shm_sync, a_mutex_is_waited_for_as_long_as_can_be_said)
{
	struct fl_segment *seg = shmtest_segment(1 << 16);
	struct fl_shm_object *m = shmtest_open(seg, FL_SHM_MUTEX, "m", 0, 0);
	void *got = NULL;
	pthread_t other;

	cr_assert_eq(fl_shm_mutex_lock(m, 0, NULL, NULL), 0);
	cr_assert_eq(pthread_create(&other, NULL, lock_long, m), 0);
	usleep(20000);
	cr_assert_eq(fl_shm_mutex_unlock(m), 0);
	cr_assert_eq(pthread_join(other, &got), 0);
	cr_assert_eq(got, m);
	fl_shm_close(m);
	fl_segment_detach(seg);
}

static void *unlock_in_vain(void *m)
{
	return fl_shm_mutex_unlock(m) == -EPERM ? m : NULL;
}

/* Another thread's attempt changes nothing, not even what doctor tells of the owner. */
Test(shm_sync, a_mutex_belongs_to_a_thread)
{
	struct fl_segment *seg = shmtest_segment(1 << 16);
	struct fl_shm_object *m = shmtest_open(seg, FL_SHM_MUTEX, "m", 0, 0);
	const struct fl_mutex_body *body = fl_object_body(m);
	void *refused = NULL;
	pthread_t other;

	cr_assert_eq(fl_shm_mutex_lock(m, 0, NULL, NULL), 0);
	cr_assert_eq(pthread_create(&other, NULL, unlock_in_vain, m), 0);
	cr_assert_eq(pthread_join(other, &refused), 0);
	cr_assert_eq(refused, m);
	cr_assert_eq(atomic_load(&body->owner.pid), getpid());
	cr_assert_eq(fl_shm_mutex_unlock(m), 0);
	cr_assert_eq(atomic_load(&body->owner.pid), 0);
	fl_shm_close(m);
	fl_segment_detach(seg);
}

/* No room is taken, and no name: others may still make the object as it should be. */
Test(shm_sync, what_is_refused_has_not_been_made)
{
	static const unsigned neither_nor[] = {0, FL_SHM_PRODUCER | FL_SHM_CONSUMER};
	struct fl_segment *seg = shmtest_segment(1 << 16);
	struct fl_shm_spec spec = {.size = sizeof(spec), .bytes = 64, .count = 4};
	struct fl_shm_object *o = NULL;
	uint64_t used = atomic_load(&fl_segment_header_of(seg)->used);

	for (unsigned i = 0; i < 2; i++) {
		spec.flags = neither_nor[i];
		spec.kind = FL_SHM_RING;
		spec.name = "ring";
		cr_assert_eq(fl_shm_open(seg, &spec, &o, &err), -EINVAL);
		spec.kind = FL_SHM_QUEUE;
		spec.name = "queue";
		cr_assert_eq(fl_shm_open(seg, &spec, &o, &err), -EINVAL);
	}
	spec.flags = FL_SHM_PRODUCER | 1u << 20;
	cr_assert_eq(fl_shm_open(seg, &spec, &o, &err), -EINVAL);
	spec.kind = FL_SHM_MUTEX;
	spec.name = "mutex";
	spec.flags = 1u << 4;
	cr_assert_eq(fl_shm_open(seg, &spec, &o, &err), -EINVAL);
	cr_assert_eq(atomic_load(&fl_segment_header_of(seg)->used), used);
	cr_assert_null(o);
	fl_segment_detach(seg);
}

Test(shm_sync, what_is_for_another_kind_is_refused)
{
	struct fl_segment *seg = shmtest_segment(1 << 16);
	struct fl_shm_object *m = shmtest_open(seg, FL_SHM_MUTEX, "m", 0, 0);
	unsigned char before[sizeof(struct fl_mutex_body)], buf[8] = {0};

	memcpy(before, fl_object_body(m), sizeof(before));
	fl_shm_event_set(m);
	fl_shm_event_reset(m);
	fl_shm_cond_wake(m, 1);
	cr_assert_eq(fl_shm_event_wait(m, 0), -EINVAL);
	cr_assert_eq(fl_shm_cond_wait(m, m, 0), -EINVAL);
	cr_assert_eq(fl_shm_read_lock(m, 0), -EINVAL);
	cr_assert_eq(fl_shm_write_lock(m, 0), -EINVAL);
	cr_assert_eq(fl_shm_rw_unlock(m), -EINVAL);
	cr_assert_eq(fl_shm_sem_wait(m, 0), -EINVAL);
	cr_assert_eq(fl_shm_sem_post(m), -EINVAL);
	cr_assert_eq(fl_shm_cell_put(m, buf, 1), -EINVAL);
	cr_assert_eq(fl_shm_cell_get(m, buf, 1, NULL), -EINVAL);
	cr_assert_eq(fl_shm_ring_write(m, buf, 1, 0), -EINVAL);
	cr_assert_eq(fl_shm_ring_read(m, buf, 1, 0), -EINVAL);
	cr_assert_eq(fl_shm_queue_push(m, buf, 1, 0), -EINVAL);
	cr_assert_eq(fl_shm_queue_pop(m, buf, 1, 0), -EINVAL);
	cr_assert_eq(memcmp(before, fl_object_body(m), sizeof(before)), 0);
	fl_shm_close(m);
	fl_segment_detach(seg);
}

static int cannot_recover(void *arg)
{
	(void)arg;
	return -EIO;
}

Test(shm_sync, a_recovery_that_fails_is_final)
{
	struct fl_segment *seg = shmtest_segment(1 << 16);
	struct fl_shm_object *m = shmtest_open(seg, FL_SHM_MUTEX, "m", 0, 0);
	struct fl_shm_object *c = shmtest_open(seg, FL_SHM_CONDITION, "c", 0, 0);
	pid_t pid = shmtest_fork();

	if (pid == 0) {
		fl_shm_mutex_lock(m, FL_SHM_FOREVER, NULL, NULL);
		_exit(0);
	}
	shmtest_wait(pid);
	cr_assert_eq(fl_shm_mutex_lock(m, S, cannot_recover, NULL), -EIO);
	cr_assert_eq(fl_shm_mutex_lock(m, S, NULL, NULL), -ENOTRECOVERABLE);
	/* Nobody holds it, not even whoever has just asked for it without waiting. */
	cr_assert_eq(fl_shm_mutex_lock(m, 0, NULL, NULL), -ENOTRECOVERABLE);
	cr_assert_eq(fl_shm_mutex_unlock(m), -EPERM);
	cr_assert_eq(fl_shm_mutex_lock(m, FL_SHM_FOREVER, NULL, NULL), -ENOTRECOVERABLE);
	cr_assert_eq(fl_shm_cond_wait(c, m, 0), -EPERM);
	fl_shm_close(c);
	fl_shm_close(m);
	fl_segment_detach(seg);
}

/**
 * struct ledger - what a mutex protects: written first, then committed
 * @acknowledged: told to the world after the unlock: must never be lost
 */
struct ledger {
	_Atomic uint64_t written;
	_Atomic uint64_t committed;
	_Atomic uint64_t acknowledged;
	_Atomic uint32_t inside;
};

static int roll_back(void *arg)
{
	struct ledger *l = arg;

	atomic_store(&l->written, atomic_load(&l->committed));
	return 0;
}

static void keep_books(struct fl_shm_object *m, struct ledger *l)
{
	for (;;) {
		uint64_t n;

		if (fl_shm_mutex_lock(m, FL_SHM_FOREVER, roll_back, l) < 0)
			_exit(1);
		n = atomic_load(&l->committed) + 1;
		atomic_store(&l->inside, 1);
		atomic_store(&l->written, n);
		for (volatile int i = 0; i < 3000; i++)
			;
		atomic_store(&l->committed, n);
		atomic_store(&l->inside, 0);
		fl_shm_mutex_unlock(m);
		atomic_store(&l->acknowledged, n);
	}
}

/* Others keep the processors busy: it has begun, or we would see it die outside again and again. */
static void await_its_first(const struct ledger *l, uint64_t before)
{
	for (int i = 0; i < 200000 && atomic_load(&l->written) == before; i++)
		usleep(50);
}

/* Nanoseconds for which this thread could have run and others had the processors; 0 where nobody counts. */
static uint64_t queued_ns(void)
{
	unsigned long long ran, queued = 0;
	FILE *f = fopen("/proc/thread-self/schedstat", "re");

	if (f && fscanf(f, "%llu %llu", &ran, &queued) != 2)
		queued = 0;
	if (f)
		fclose(f);
	return queued;
}

/*
 * Owners die inside the critical section; the next one has it within 100 ms and loses nothing. Where
 * others keep the processors busy a killed process may not come to die for so long, nor we to look:
 * in every second round it is dead before we ask, what we spent in the queue is not counted, and one
 * in twenty of these may be late.
 */
Test(shm_sync, owners_are_killed)
{
	struct fl_segment *seg = shmtest_segment(1 << 16);
	struct fl_shm_object *m = shmtest_open(seg, FL_SHM_MUTEX, "m", 0, 0);
	struct ledger *l = spare(seg);
	int recovered = 0, rounds = 0, late = 0, wanted = shmtest_rounds(500);
	uint64_t start, queued, waited, sum = 0, longest = 0, begun = fl_clock_ns();

	while (recovered < wanted) {
		uint64_t before = atomic_load(&l->written);
		pid_t pid = shmtest_fork();
		siginfo_t dead;
		int r;

		if (pid == 0)
			keep_books(m, l);
		await_its_first(l, before);
		usleep((useconds_t)(rounds * 37 % 400));
		kill(pid, SIGKILL);
		if (rounds % 2)
			cr_assert_eq(waitid(P_PID, (id_t)pid, &dead, WEXITED | WNOWAIT), 0);
		queued = queued_ns();
		start = fl_clock_ns();
		r = fl_shm_mutex_lock(m, LONG, roll_back, l);
		cr_assert(r == 0 || r == 1, "round %d: %d", rounds, r);
		waited = fl_clock_ns() - start;
		waited -= fl_min_u64(waited, queued_ns() - queued);
		late += rounds % 2 && waited >= 100 * MS;
		if (r == 1) {
			sum += waited;
			longest = waited > longest ? waited : longest;
		}
		cr_assert_eq(atomic_load(&l->written), atomic_load(&l->committed));
		cr_assert(atomic_load(&l->committed) >= atomic_load(&l->acknowledged));
		recovered += r;
		rounds++;
		fl_shm_mutex_unlock(m);
		shmtest_wait(pid);
		cr_assert(fl_clock_ns() - begun < (uint64_t)wanted * 100 * MS + LONG,
			  "%d of %d rounds died inside", recovered, rounds);
	}
	cr_log_info("%d owners died inside: the next one had it after %llu us, at most %llu us",
		    recovered, (unsigned long long)(sum / (uint64_t)recovered / 1000),
		    (unsigned long long)(longest / 1000));
	cr_assert(late <= 1 + rounds / 20, "%d of %d rounds took 100 ms", late, rounds);
	fl_shm_close(m);
	fl_segment_detach(seg);
}

Test(shm_sync, rwlock_readers_share_and_writers_do_not)
{
	struct fl_segment *seg = shmtest_segment(1 << 16);
	struct fl_shm_object *l = shmtest_open(seg, FL_SHM_RWLOCK, "rw", 0, 0);
	pid_t pid;

	cr_assert_eq(fl_shm_read_lock(l, 0), 0);
	pid = shmtest_fork();
	if (pid == 0)
		_exit(fl_shm_read_lock(l, S) != 0 || fl_shm_rw_unlock(l) != 0 ||
		      fl_shm_write_lock(l, 60 * MS) != -ETIMEDOUT || fl_shm_rw_unlock(l) != -EPERM);
	cr_assert_eq(shmtest_wait(pid), 0);
	cr_assert_eq(fl_shm_rw_unlock(l), 0);
	cr_assert_eq(fl_shm_write_lock(l, 0), 0);
	pid = shmtest_fork();
	if (pid == 0)
		_exit(fl_shm_read_lock(l, 60 * MS) != -ETIMEDOUT);
	cr_assert_eq(shmtest_wait(pid), 0);
	cr_assert_eq(fl_shm_rw_unlock(l), 0);
	cr_assert_eq(fl_shm_rw_unlock(l), -EPERM);
	fl_shm_close(l);
	fl_segment_detach(seg);
}

Test(shm_sync, rwlock_of_a_dead_holder)
{
	struct fl_segment *seg = shmtest_segment(1 << 16);
	struct fl_shm_object *l = shmtest_open(seg, FL_SHM_RWLOCK, "rw", 0, 0);

	for (int i = 0; i < 6; i++) {
		pid_t pid = shmtest_fork();

		if (pid == 0) {
			(void)(i % 2 ? fl_shm_read_lock(l, S) : fl_shm_write_lock(l, S));
			raise(SIGKILL);
		}
		shmtest_wait(pid);
		cr_assert_eq(fl_shm_write_lock(l, 100 * MS), 1);
		cr_assert_eq(fl_shm_rw_unlock(l), 0);
	}
	fl_shm_close(l);
	fl_segment_detach(seg);
}

/* Four processes; a writer that sees another one inside counts it. */
Test(shm_sync, rwlock_excludes)
{
	struct fl_segment *seg = shmtest_segment(1 << 16);
	struct fl_shm_object *l = shmtest_open(seg, FL_SHM_RWLOCK, "rw", 0, 0);
	_Atomic int *in = spare(seg), *bad = in + 1, *sum = in + 2;
	pid_t pids[4];

	for (int p = 0; p < 4; p++) {
		pids[p] = shmtest_fork();
		if (pids[p] != 0)
			continue;
		for (int i = 0; i < 300; i++) {
			if ((i + p) % 3 == 0) {
				if (fl_shm_write_lock(l, LONG) != 0)
					_exit(1);
				if (atomic_fetch_add(in, 1000) != 0)
					atomic_fetch_add(bad, 1);
				*sum = *sum + 1;
				atomic_fetch_sub(in, 1000);
			} else {
				if (fl_shm_read_lock(l, LONG) != 0)
					_exit(1);
				if (atomic_fetch_add(in, 1) >= 1000)
					atomic_fetch_add(bad, 1);
				atomic_fetch_sub(in, 1);
			}
			if (fl_shm_rw_unlock(l) != 0)
				_exit(2);
		}
		_exit(0);
	}
	for (int p = 0; p < 4; p++)
		cr_assert_eq(shmtest_wait(pids[p]), 0);
	cr_assert_eq(atomic_load(bad), 0);
	cr_assert_eq(atomic_load(sum), 400);
	fl_shm_close(l);
	fl_segment_detach(seg);
}

Test(shm_sync, semaphores)
{
	struct fl_segment *seg = shmtest_segment(1 << 16);
	struct fl_shm_object *s = shmtest_open(seg, FL_SHM_SEMAPHORE, "s", 2, 0);
	struct fl_shm_object *o = shmtest_open(seg, FL_SHM_SEMAPHORE, "o", 1, FL_SHM_OWNED);
	pid_t pid;

	cr_assert_eq(fl_shm_sem_wait(s, 0), 0);
	cr_assert_eq(fl_shm_sem_wait(s, 0), 0);
	cr_assert_eq(fl_shm_sem_wait(s, 10 * MS), -ETIMEDOUT);
	pid = shmtest_fork();
	if (pid == 0) {
		usleep(20000);
		_exit(fl_shm_sem_post(s) != 0);
	}
	cr_assert_eq(fl_shm_sem_wait(s, LONG), 0);
	cr_assert_eq(shmtest_wait(pid), 0);

	cr_assert_eq(fl_shm_sem_post(o), -EPERM);
	pid = shmtest_fork();
	if (pid == 0) {
		(void)fl_shm_sem_wait(o, S);
		raise(SIGKILL);
	}
	shmtest_wait(pid);
	cr_assert_eq(fl_shm_sem_wait(o, 100 * MS), 1);
	cr_assert_eq(fl_shm_sem_wait(o, 0), -ETIMEDOUT);
	cr_assert_eq(fl_shm_sem_post(o), 0);
	fl_shm_close(s);
	fl_shm_close(o);
	fl_segment_detach(seg);
}

Test(shm_sync, conditions_and_events_wake)
{
	struct fl_segment *seg = shmtest_segment(1 << 16);
	struct fl_shm_object *m = shmtest_open(seg, FL_SHM_MUTEX, "m", 0, 0);
	struct fl_shm_object *c = shmtest_open(seg, FL_SHM_CONDITION, "c", 0, 0);
	struct fl_shm_object *e = shmtest_open(seg, FL_SHM_EVENT, "e", 0, 0);
	struct fl_shm_object *a = shmtest_open(seg, FL_SHM_EVENT, "a", 0, FL_SHM_AUTO_RESET);
	_Atomic int *flag = spare(seg);
	pid_t pid = shmtest_fork();

	if (pid == 0) {
		fl_shm_mutex_lock(m, FL_SHM_FOREVER, NULL, NULL);
		while (*flag == 0)
			if (fl_shm_cond_wait(c, m, LONG) < 0)
				_exit(1);
		fl_shm_mutex_unlock(m);
		fl_shm_event_set(e);
		_exit(0);
	}
	usleep(20000);
	cr_assert_eq(fl_shm_event_wait(e, 0), -ETIMEDOUT);
	fl_shm_mutex_lock(m, FL_SHM_FOREVER, NULL, NULL);
	*flag = 1;
	fl_shm_cond_wake(c, 0);
	fl_shm_mutex_unlock(m);
	cr_assert_eq(fl_shm_event_wait(e, LONG), 0);
	cr_assert_eq(fl_shm_event_wait(e, 0), 0);
	fl_shm_event_reset(e);
	cr_assert_eq(fl_shm_event_wait(e, 0), -ETIMEDOUT);
	cr_assert_eq(shmtest_wait(pid), 0);
	fl_shm_event_set(a);
	cr_assert_eq(fl_shm_event_wait(a, 0), 0);
	cr_assert_eq(fl_shm_event_wait(a, 0), -ETIMEDOUT);
	/* A waiter that was killed does not stand in the way of the next one. */
	pid = shmtest_fork();
	if (pid == 0) {
		fl_shm_mutex_lock(m, FL_SHM_FOREVER, NULL, NULL);
		fl_shm_cond_wait(c, m, FL_SHM_FOREVER);
		_exit(0);
	}
	usleep(20000);
	shmtest_kill(pid);
	cr_assert(fl_shm_mutex_lock(m, S, NULL, NULL) >= 0);
	cr_assert_eq(fl_shm_cond_wait(c, m, 10 * MS), -ETIMEDOUT);
	fl_shm_mutex_unlock(m);
	fl_shm_close(m);
	fl_shm_close(c);
	fl_shm_close(e);
	fl_shm_close(a);
	fl_segment_detach(seg);
}

/* A value whose every byte says which one it is, in lengths that differ. */
static size_t make_value(unsigned char *buf, unsigned n)
{
	size_t len = 1 + n * 131 % 1999;

	memset(buf, (int)(n & 0xff), len);
	return len;
}

Test(shm_sync, a_cell_is_old_or_new_whoever_is_killed)
{
	struct fl_segment *seg = shmtest_segment(1 << 16);
	struct fl_shm_object *c = shmtest_open(seg, FL_SHM_CELL, "cell", 2000, 0);
	unsigned char buf[2000], want[2000];
	uint64_t version = 9, before = 0;

	cr_assert_eq(fl_shm_cell_get(c, buf, sizeof(buf), &version), 0);
	cr_assert_eq(version, 0);
	cr_assert_eq(fl_shm_cell_put(c, buf, 2001), -EMSGSIZE);
	for (int i = 0; i < shmtest_rounds(60); i++) {
		pid_t pid = shmtest_fork();

		if (pid == 0) {
			uint64_t n = before;

			for (;;) {
				size_t len = make_value(want, (unsigned)++n);

				if (fl_shm_cell_put(c, want, len) < 0)
					_exit(1);
			}
		}
		for (int k = 0; k < 200 || version == before; k++) {
			int64_t len = fl_shm_cell_get(c, buf, sizeof(buf), &version);

			if (len == -EAGAIN)
				continue;
			cr_assert(len >= 0, "%lld", (long long)len);
			if (version > 0) {
				cr_assert_eq((size_t)len, make_value(want, (unsigned)version));
				cr_assert_eq(memcmp(buf, want, (size_t)len), 0);
			}
		}
		shmtest_kill(pid);
		cr_assert(fl_shm_cell_get(c, buf, sizeof(buf), &version) > 0);
		before = version;
	}
	fl_shm_close(c);
	fl_segment_detach(seg);
}

Test(shm_sync, leases_belong_to_processes)
{
	struct fl_segment *seg = shmtest_segment(1 << 16);
	pid_t pid = shmtest_fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	cr_assert_eq(fl_lease_lock(seg, pid, 0, &err), 0, "%s", err.text);
	cr_assert_eq(fl_lease_lock(seg, pid, 0, &err), -EDEADLK);
	cr_assert_eq(fl_lease_lock(seg, getpid(), 60 * MS, &err), -ETIMEDOUT);
	cr_assert_eq(fl_lease_unlock(seg, getpid(), &err), -EPERM);
	cr_assert_eq(fl_segment_recover(seg, &err), 0);
	shmtest_kill(pid);
	cr_assert_eq(fl_lease_lock(seg, getpid(), 100 * MS, &err), 1);
	cr_assert_eq(fl_lease_unlock(seg, getpid(), &err), 0);
	cr_assert_eq(fl_lease_unlock(seg, getpid(), &err), -EPERM);
	pid = shmtest_fork();
	if (pid == 0)
		_exit(fl_lease_lock(seg, getpid(), 0, NULL) != 0);
	cr_assert_eq(shmtest_wait(pid), 0);
	cr_assert_eq(fl_segment_recover(seg, &err), 1);
	cr_assert_eq(fl_segment_recover(seg, &err), 0);
	cr_assert_eq(fl_lease_lock(seg, pid, 0, &err), -ESRCH);
	fl_segment_detach(seg);
}

/**
 * struct meeting - what two processes that attached the same segment on their own do with it
 */
struct meeting {
	struct fl_shm_object *mutex, *rw, *sem, *cond, *event, *cell, *there, *queue;
};

static void meet(struct fl_segment *seg, struct meeting *m, bool child)
{
	m->mutex = shmtest_open(seg, FL_SHM_MUTEX, "mutex", 0, 0);
	m->rw = shmtest_open(seg, FL_SHM_RWLOCK, "rw", 0, 0);
	m->sem = shmtest_open(seg, FL_SHM_SEMAPHORE, "sem", 1, FL_SHM_OWNED);
	m->cond = shmtest_open(seg, FL_SHM_CONDITION, "cond", 0, 0);
	m->event = shmtest_open(seg, FL_SHM_EVENT, "event", 0, 0);
	m->cell = shmtest_open(seg, FL_SHM_CELL, "cell", 100, 0);
	m->there = shmtest_open(seg, FL_SHM_RING, "there", 4096,
				child ? FL_SHM_PRODUCER : FL_SHM_CONSUMER);
	m->queue = shmtest_open(seg, FL_SHM_QUEUE, "queue", 8,
				child ? FL_SHM_PRODUCER : FL_SHM_CONSUMER);
}

static void part(struct meeting *m)
{
	fl_shm_close(m->mutex);
	fl_shm_close(m->rw);
	fl_shm_close(m->sem);
	fl_shm_close(m->cond);
	fl_shm_close(m->event);
	fl_shm_close(m->cell);
	fl_shm_close(m->there);
	fl_shm_close(m->queue);
}

/* The child's part: 0, or the number of the step that went wrong. It dies holding all locks. */
static int visit(const struct fl_segment_options *o)
{
	struct fl_segment *seg = NULL;
	struct meeting m;

	if (fl_segment_attach(o, &seg, NULL) < 0)
		return 1;
	meet(seg, &m, true);
	if (fl_shm_mutex_lock(m.mutex, LONG, NULL, NULL) != 0)
		return 2;
	if (fl_shm_write_lock(m.rw, LONG) != 0)
		return 3;
	if (fl_shm_sem_wait(m.sem, LONG) != 0)
		return 4;
	if (fl_shm_cell_put(m.cell, "value", 5) != 0)
		return 5;
	if (fl_shm_ring_write(m.there, "bytes", 5, LONG) != 0)
		return 6;
	if (fl_shm_queue_push(m.queue, "message", 7, LONG) != 0)
		return 7;
	fl_shm_event_set(m.event);
	if (fl_shm_cond_wait(m.cond, m.mutex, LONG) < 0)
		return 8;
	return 0;
}

/* Every object in a segment of every kind, the child having found it as a stranger would. */
Test(shm_sync, every_object_in_every_kind)
{
	for (enum fl_segment_type t = FL_SEGMENT_POSIX; t <= FL_SEGMENT_MEMFD; t++) {
		struct fl_segment_info info = {.size = sizeof(info)};
		struct fl_segment_options o;
		struct fl_segment *seg = NULL;
		struct meeting m;
		char name[64], buf[100];
		uint64_t version;
		pid_t pid;

		snprintf(name, sizeof(name), "%s/flt-kinds-%ld", t == FL_SEGMENT_FILE ? "/tmp" : "",
			 (long)getpid());
		fl_segment_options_init(&o);
		o.type = t;
		o.name = t == FL_SEGMENT_POSIX || t == FL_SEGMENT_FILE ? name : NULL;
		o.bytes = 1 << 16;
		o.flags = FL_SEGMENT_MANAGED;
		cr_assert_eq(fl_segment_create(&o, &seg, &err), 0, "%s", err.text);
		cr_assert_eq(fl_segment_info(seg, &info), 0);
		o.id = t == FL_SEGMENT_SYSV ? info.id : -1;
		o.fd = t == FL_SEGMENT_MEMFD ? fl_segment_fd(seg) : -1;
		o.nonce = info.nonce;
		meet(seg, &m, false);
		pid = shmtest_fork();
		if (pid == 0)
			_exit(visit(&o));
		cr_assert_eq(fl_shm_event_wait(m.event, LONG), 0);
		cr_assert_eq(fl_shm_ring_read(m.there, buf, sizeof(buf), LONG), 5);
		cr_assert_eq(memcmp(buf, "bytes", 5), 0);
		cr_assert_eq(fl_shm_queue_pop(m.queue, buf, sizeof(buf), LONG), 7);
		cr_assert_eq(fl_shm_cell_get(m.cell, buf, sizeof(buf), &version), 5);
		cr_assert(version == 1 && memcmp(buf, "value", 5) == 0);
		cr_assert_eq(fl_shm_read_lock(m.rw, 0), -ETIMEDOUT);
		cr_assert_eq(fl_shm_sem_wait(m.sem, 0), -ETIMEDOUT);
		/* It waits for the condition, and has unlocked the mutex for that. */
		cr_assert_eq(fl_shm_mutex_lock(m.mutex, LONG, NULL, NULL), 0);
		fl_shm_cond_wake(m.cond, 1);
		cr_assert_eq(fl_shm_mutex_unlock(m.mutex), 0);
		cr_assert_eq(shmtest_wait(pid), 0, "kind %d", (int)t);
		/* It went with the mutex, a unit and the writer's lock in its hands. */
		cr_assert_eq(fl_shm_mutex_lock(m.mutex, LONG, NULL, NULL), 1);
		cr_assert_eq(fl_shm_sem_wait(m.sem, LONG), 1);
		cr_assert_eq(fl_shm_read_lock(m.rw, LONG), 1);
		cr_assert_eq(fl_shm_ring_read(m.there, buf, 1, LONG), -EOWNERDEAD);
		cr_assert_eq(fl_shm_queue_pop(m.queue, buf, sizeof(buf), LONG), -EOWNERDEAD);
		if (t != FL_SEGMENT_MEMFD)
			cr_assert_eq(fl_segment_remove(&o, &err), 0, "%s", err.text);
		cr_assert_eq(fl_shm_mutex_unlock(m.mutex), 0);
		part(&m);
		fl_segment_detach(seg);
	}
}
