/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shm/object.h"
#include "../support/shmtest.h"

#define S UINT64_C(1000000000)

static struct fl_error err;

struct wanted {
	const char *name;
	struct fl_shm_state state;
	int rows;
};

static int take(void *arg, const struct fl_shm_state *state)
{
	struct wanted *w = arg;

	w->rows++;
	if (strcmp(state->name, w->name) == 0)
		w->state = *state;
	return 0;
}

static struct fl_shm_state find(const struct fl_segment *seg, const char *name)
{
	struct wanted w = {.name = name};

	cr_assert_eq(fl_shm_list(seg, take, &w), 0);
	cr_assert_eq(w.state.size, sizeof(w.state), "%s", name);
	return w.state;
}

static void expect(const struct fl_segment *seg, const char *name, enum fl_segment_lock state,
		   pid_t pid)
{
	struct fl_shm_state got = find(seg, name);

	cr_assert_eq(got.state, state, "%s: %d", name, (int)got.state);
	cr_assert_eq(got.pid, pid, "%s: %d", name, (int)got.pid);
}

static int cannot_recover(void *arg)
{
	(void)arg;
	return -EIO;
}

Test(object_list, who_holds_what_and_who_died_with_it)
{
	struct fl_segment *seg = shmtest_segment(1 << 20);
	struct fl_shm_object *mutex = shmtest_open(seg, FL_SHM_MUTEX, "mutex", 0, 0);
	struct fl_shm_object *rw = shmtest_open(seg, FL_SHM_RWLOCK, "rw", 0, 0);
	struct fl_shm_object *sem = shmtest_open(seg, FL_SHM_SEMAPHORE, "sem", 2, FL_SHM_OWNED);
	struct fl_shm_object *cell = shmtest_open(seg, FL_SHM_CELL, "cell", 100, 0);
	struct fl_shm_object *event = shmtest_open(seg, FL_SHM_EVENT, "event", 0, 0);
	struct fl_shm_object *ring = shmtest_open(seg, FL_SHM_RING, "ring", 4096, FL_SHM_CONSUMER);
	struct wanted w = {.name = ""};
	pid_t pid;

	cr_assert_eq(fl_shm_list(seg, take, &w), 0);
	cr_assert_eq(w.rows, 6);
	expect(seg, "mutex", FL_SEGMENT_LOCK_FREE, 0);
	expect(seg, "cell", FL_SEGMENT_LOCK_FREE, 0);
	expect(seg, "event", FL_SEGMENT_LOCK_NONE, 0);
	expect(seg, "ring", FL_SEGMENT_LOCK_HELD, getpid());
	cr_assert_eq(fl_shm_read_lock(rw, 0), 0);
	expect(seg, "rw", FL_SEGMENT_LOCK_HELD, getpid());
	pid = shmtest_fork();
	if (pid == 0) {
		if (fl_shm_mutex_lock(mutex, S, NULL, NULL) == 0 && fl_shm_sem_wait(sem, S) == 0 &&
		    fl_shm_read_lock(rw, S) == 0)
			shmtest_open(seg, FL_SHM_RING, "ring", 4096, FL_SHM_PRODUCER);
		raise(SIGKILL);
	}
	shmtest_wait(pid);
	expect(seg, "mutex", FL_SEGMENT_LOCK_DEAD, pid);
	expect(seg, "rw", FL_SEGMENT_LOCK_DEAD, pid);
	expect(seg, "sem", FL_SEGMENT_LOCK_DEAD, pid);
	expect(seg, "ring", FL_SEGMENT_LOCK_DEAD, pid);
	cr_assert_eq(fl_shm_mutex_lock(mutex, S, cannot_recover, NULL), -EIO);
	expect(seg, "mutex", FL_SEGMENT_LOCK_BROKEN, 0);
	fl_shm_close(mutex);
	fl_shm_close(rw);
	fl_shm_close(sem);
	fl_shm_close(cell);
	fl_shm_close(event);
	fl_shm_close(ring);
	fl_segment_detach(seg);
}

/* Whose lock it is for longest; a peer, and a writer that waits, have no lock. */
Test(object_list, since_when_a_lock_is_held)
{
	struct fl_segment *seg = shmtest_segment(1 << 20);
	struct fl_shm_object *mutex = shmtest_open(seg, FL_SHM_MUTEX, "mutex", 0, 0);
	struct fl_shm_object *rw = shmtest_open(seg, FL_SHM_RWLOCK, "rw", 0, 0);
	struct fl_shm_object *sem = shmtest_open(seg, FL_SHM_SEMAPHORE, "sem", 2, FL_SHM_OWNED);
	struct fl_shm_object *ring = shmtest_open(seg, FL_SHM_RING, "ring", 4096, FL_SHM_CONSUMER);
	struct fl_gate_body *gate = fl_object_body(rw);
	/* The clock of rows may be a tick behind. */
	int64_t begun = (int64_t)time(NULL) - 1;

	cr_assert_eq(find(seg, "mutex").since_s, 0);
	cr_assert_eq(fl_shm_mutex_lock(mutex, S, NULL, NULL), 0);
	cr_assert_eq(fl_shm_sem_wait(sem, S), 0);
	cr_assert_eq(fl_shm_read_lock(rw, S), 0);
	cr_assert_eq(fl_shm_read_lock(rw, S), 0);
	cr_assert(find(seg, "mutex").since_s >= begun);
	cr_assert(find(seg, "sem").since_s >= begun);
	cr_assert(find(seg, "rw").since_s >= begun);
	cr_assert_eq(find(seg, "ring").since_s, 0);
	atomic_store(&gate->holders[1].since_s, 1000);
	cr_assert_eq(find(seg, "rw").since_s, 1000);
	atomic_store(&gate->holders[1].mode, FL_HOLD_WANT);
	cr_assert(find(seg, "rw").since_s >= begun);
	cr_assert_eq(fl_shm_mutex_unlock(mutex), 0);
	cr_assert_eq(find(seg, "mutex").since_s, 0);
	fl_shm_close(mutex);
	fl_shm_close(rw);
	fl_shm_close(sem);
	fl_shm_close(ring);
	fl_segment_detach(seg);
}

Test(object_list, a_directory_that_cannot_be)
{
	struct fl_segment *seg = shmtest_segment(1 << 16);
	struct fl_shm_object *mutex = shmtest_open(seg, FL_SHM_MUTEX, "mutex", 0, 0);
	struct fl_object *row = &fl_segment_header_of(seg)->objects[0];
	static const uint64_t bad[][2] = {
		{0, 4096}, {1 << 16, 4096}, {UINT64_MAX - 127, 256}, {4096, 8}, {4097, 256}};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		row->off = bad[i][0];
		row->bytes = bad[i][1];
		expect(seg, "mutex", FL_SEGMENT_LOCK_UNKNOWN, 0);
	}
	atomic_store(&row->kind, 99);
	memset(row->name, 'x', sizeof(row->name));
	cr_assert_eq(strlen(find(seg, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx").name), 31);
	cr_assert_null(fl_shm_kind_name((enum fl_shm_kind)99));
	cr_assert_str_eq(fl_shm_kind_name(FL_SHM_QUEUE), "queue");
	fl_shm_close(mutex);
	fl_segment_detach(seg);
}

Test(object_list, a_raw_segment_has_none)
{
	struct fl_segment_options o;
	struct fl_segment *seg = NULL;
	struct wanted w = {.name = ""};

	fl_segment_options_init(&o);
	o.type = FL_SEGMENT_MEMFD;
	o.bytes = 8192;
	cr_assert_eq(fl_segment_create(&o, &seg, &err), 0, "%s", err.text);
	cr_assert_eq(fl_shm_list(seg, take, &w), -EINVAL);
	fl_segment_detach(seg);
}
