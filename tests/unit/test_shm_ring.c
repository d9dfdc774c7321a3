/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <faultline/shm_sync.h>

#include "base/clock.h"
#include "shm/object.h"
#include "../support/shmtest.h"

#define MS UINT64_C(1000000)
#define S (1000 * MS)
/* For what is bound to come, however late others let it. */
#define LONG (60 * S)

static struct fl_error err;

/* Byte @i of the stream. */
static unsigned char stream_byte(uint64_t i)
{
	return (unsigned char)(i * 167 + (i >> 8));
}

static void produce(struct fl_segment *seg, uint64_t total, size_t largest, bool past)
{
	struct fl_shm_object *r = shmtest_open(seg, FL_SHM_RING, "r", 4096, FL_SHM_PRODUCER);
	unsigned char buf[20000];
	uint64_t at = 0;

	if (past)
		r->ring.storing = (struct fl_storing){.past = true};
	while (at < total) {
		size_t n = 1 + at * 31 % largest;

		if (n > total - at)
			n = (size_t)(total - at);
		for (size_t i = 0; i < n; i++)
			buf[i] = stream_byte(at + i);
		if (fl_shm_ring_write(r, buf, n, LONG) != 0)
			_exit(1);
		at += n;
	}
	fl_shm_close(r);
	_exit(0);
}

static uint64_t consume(struct fl_shm_object *r, size_t piece, int64_t *ret_end)
{
	unsigned char buf[20000];
	uint64_t at = 0;
	int64_t n;

	while ((n = fl_shm_ring_read(r, buf, piece, LONG)) > 0)
		for (int64_t i = 0; i < n; i++, at++)
			cr_assert_eq(buf[i], stream_byte(at), "byte %llu", (unsigned long long)at);
	*ret_end = n;
	return at;
}

static void carry(size_t largest, size_t piece, bool past)
{
	struct fl_segment *seg = shmtest_segment(1 << 16);
	struct fl_shm_object *r = shmtest_open(seg, FL_SHM_RING, "r", 4096, FL_SHM_CONSUMER);
	uint64_t total = largest == 1 || piece == 1 ? 20000 : 300000;
	pid_t pid = shmtest_fork();
	int64_t end;

	if (pid == 0)
		produce(seg, total, largest, past);
	cr_assert_eq(consume(r, piece, &end), total);
	cr_assert_eq(end, 0);
	cr_assert_eq(shmtest_wait(pid), 0);
	fl_shm_close(r);
	fl_segment_detach(seg);
}

Test(shm_ring, bytes_come_in_order_whatever_the_sizes)
{
	static const size_t largest[] = {1, 64, 4095, 4096, 20000};
	static const size_t pieces[] = {1, 63, 4096, 20000};

	for (size_t i = 0; i < 5; i++)
		for (size_t k = 0; k < 4; k++)
			carry(largest[i], pieces[k], false);
}

Test(shm_ring, bytes_that_went_past_the_caches_are_there)
{
	carry(4095, 4096, true);
	carry(20000, 63, true);
}

Test(shm_ring, one_producer_and_one_consumer)
{
	struct fl_segment *seg = shmtest_segment(1 << 16);
	struct fl_shm_spec spec = {.size = sizeof(spec),
				   .kind = FL_SHM_RING,
				   .name = "r",
				   .bytes = 4096,
				   .flags = FL_SHM_CONSUMER};
	struct fl_shm_object *r = shmtest_open(seg, FL_SHM_RING, "r", 4096, FL_SHM_CONSUMER);
	unsigned char byte;
	pid_t pid = shmtest_fork();

	if (pid == 0) {
		struct fl_shm_object *second = NULL;

		_exit(fl_shm_open(seg, &spec, &second, NULL) != -EBUSY);
	}
	cr_assert_eq(shmtest_wait(pid), 0);
	cr_assert_eq(fl_shm_ring_write(r, "x", 1, 0), -EINVAL);
	cr_assert_eq(fl_shm_ring_read(r, &byte, 1, 10 * MS), -ETIMEDOUT);
	fl_shm_close(r);
	fl_segment_detach(seg);
}

Test(shm_ring, a_full_ring_waits_and_a_gone_consumer_is_told)
{
	struct fl_segment *seg = shmtest_segment(1 << 16);
	struct fl_shm_object *w = shmtest_open(seg, FL_SHM_RING, "r", 4096, FL_SHM_PRODUCER);
	unsigned char buf[4096] = {0};
	pid_t pid;

	cr_assert_eq(fl_shm_ring_write(w, buf, 4096, 0), 0);
	cr_assert_eq(fl_shm_ring_write(w, buf, 1, 10 * MS), -ETIMEDOUT);
	pid = shmtest_fork();
	if (pid == 0) {
		struct fl_shm_object *r =
			shmtest_open(seg, FL_SHM_RING, "r", 4096, FL_SHM_CONSUMER);

		usleep(10000);
		_exit(fl_shm_ring_read(r, buf, 100, S) != 100); /* dies without closing */
	}
	cr_assert_eq(fl_shm_ring_write(w, buf, 100, LONG), 0);
	cr_assert_eq(shmtest_wait(pid), 0);
	cr_assert_eq(fl_shm_ring_write(w, buf, 1, LONG), -EPIPE);
	fl_shm_close(w);
	fl_segment_detach(seg);
}

/* A producer is woken when half of the ring is free, but does not depend on that. */
Test(shm_ring, a_consumer_that_takes_little_lets_little_in)
{
	struct fl_segment *seg = shmtest_segment(1 << 16);
	struct fl_shm_object *w = shmtest_open(seg, FL_SHM_RING, "r", 4096, FL_SHM_PRODUCER);
	unsigned char buf[4096] = {0};
	uint64_t start;
	pid_t pid;

	cr_assert_eq(fl_shm_ring_write(w, buf, 4096, 0), 0);
	pid = shmtest_fork();
	if (pid == 0) {
		struct fl_shm_object *r =
			shmtest_open(seg, FL_SHM_RING, "r", 4096, FL_SHM_CONSUMER);

		(void)fl_shm_ring_read(r, buf, 100, S);
		pause();
		_exit(0);
	}
	start = fl_clock_ns();
	cr_assert_eq(fl_shm_ring_write(w, buf, 100, FL_SHM_FOREVER), 0);
	/* Not for ever; how soon depends on who else wants the processors. */
	cr_assert(fl_clock_ns() - start < LONG);
	/* And one that dies while the producer sleeps is missed soon. */
	start = fl_clock_ns();
	kill(pid, SIGKILL);
	cr_assert_eq(fl_shm_ring_write(w, buf, 100, FL_SHM_FOREVER), -EPIPE);
	cr_assert(fl_clock_ns() - start < LONG);
	shmtest_wait(pid);
	fl_shm_close(w);
	fl_segment_detach(seg);
}

/* Messages of 100 equal bytes: whoever dies, no half one is ever seen. */
Test(shm_ring, a_killed_producer_leaves_whole_messages)
{
	for (int i = 0; i < shmtest_rounds(100); i++) {
		struct fl_segment *seg = shmtest_segment(1 << 16);
		struct fl_shm_object *r =
			shmtest_open(seg, FL_SHM_RING, "r", 8192, FL_SHM_CONSUMER);
		unsigned char buf[100];
		uint64_t total = 0;
		int64_t n = 0;
		pid_t pid = shmtest_fork();

		if (pid == 0) {
			struct fl_shm_object *w =
				shmtest_open(seg, FL_SHM_RING, "r", 8192, FL_SHM_PRODUCER);

			for (unsigned k = 0;; k++) {
				memset(buf, (int)(k & 0xff), sizeof(buf));
				if (fl_shm_ring_write(w, buf, sizeof(buf), LONG) != 0)
					_exit(1);
			}
		}
		do {
			n = fl_shm_ring_read(r, buf, sizeof(buf) - total % 100, LONG);
			for (int64_t k = 0; k < n; k++)
				cr_assert_eq(buf[k], (unsigned char)(total / 100));
			total += n > 0 ? (uint64_t)n : 0;
			if (total / 100 == (uint64_t)(1 + i * 53 % 997))
				kill(pid, SIGKILL);
		} while (n > 0);
		cr_assert_eq(n, -EOWNERDEAD, "%lld", (long long)n);
		cr_assert_eq(total % 100, 0);
		shmtest_wait(pid);
		fl_shm_close(r);
		fl_segment_detach(seg);
	}
}

static void spoil_ring(enum fl_segment_type type)
{
	struct fl_segment *seg = shmtest_segment_of(type, 1 << 16);
	struct fl_shm_object *r = shmtest_open(seg, FL_SHM_RING, "r", 4096, FL_SHM_CONSUMER);
	struct fl_bytering_body *body = fl_object_body(r);
	struct fl_shm_spec spec = {.size = sizeof(spec),
				   .kind = FL_SHM_RING,
				   .name = "r",
				   .bytes = 4096,
				   .flags = FL_SHM_PRODUCER};
	struct fl_shm_object *w = NULL;
	unsigned char buf[64] = {0};
	static const uint64_t capacities[] = {0, 63, 100, 8192, UINT64_MAX, UINT64_C(1) << 63};

	atomic_store(&body->head, 4097);
	cr_assert_eq(fl_shm_ring_read(r, buf, 64, 0), -FL_ECORRUPT);
	atomic_store(&body->head, UINT64_MAX);
	cr_assert_eq(fl_shm_ring_read(r, buf, 64, 0), -FL_ECORRUPT);
	cr_assert_eq(fl_shm_open(seg, &spec, &w, &err), -FL_ECORRUPT);
	atomic_store(&body->head, 0);
	for (size_t i = 0; i < sizeof(capacities) / sizeof(*capacities); i++) {
		body->capacity = capacities[i];
		cr_assert_eq(fl_shm_open(seg, &spec, &w, &err), -FL_ECORRUPT, "%zu", i);
	}
	body->capacity = 4096;
	cr_assert_eq(fl_shm_open(seg, &spec, &w, &err), 0);
	/* What was checked at open counts, whatever stands there later. */
	body->capacity = UINT64_C(1) << 40;
	cr_assert_eq(fl_shm_ring_write(w, buf, 64, 0), 0);
	cr_assert_eq(fl_shm_ring_read(r, buf, 64, 0), 64);
	atomic_store(&body->tail, 9999);
	for (int i = 0; i < 64; i++)
		cr_assert(fl_shm_ring_write(w, buf, 64, 0) == 0 || i == 63);
	cr_assert_eq(fl_shm_ring_write(w, buf, 64, 0), -FL_ECORRUPT);
	fl_shm_close(w);
	fl_shm_close(r);
	fl_segment_detach(seg);
}

/* The consumer sleeps until there are 512 bytes, or somebody says that this is all. */
Test(shm_ring, a_consumer_of_lots_is_nudged)
{
	size_t bytes = (size_t)fl_bytering_bytes(1024);
	struct fl_bytering_body *body =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct fl_bytering out;
	char buf[1024];
	pid_t pid;

	cr_assert(body != MAP_FAILED);
	fl_bytering_init(body, 1024);
	pid = shmtest_fork();
	if (pid == 0) {
		struct fl_bytering in;
		int r = fl_bytering_open(&in, body, bytes, false);

		in.lot = 512;
		in.watched = true;
		if (r == 0 && fl_bytering_read(&in, buf, sizeof(buf), LONG) != 3)
			r = 1;
		if (r == 0 && fl_bytering_read(&in, buf, sizeof(buf), LONG) != 600)
			r = 2;
		_exit(r);
	}
	cr_assert_eq(fl_bytering_open(&out, body, bytes, true), 0);
	out.watched = true;
	memset(buf, 0, sizeof(buf));
	for (size_t n = 3; n <= 600; n += 597) {
		/* Past its first look, which comes after a millisecond. */
		while (atomic_load(&body->consumer.pid) == 0 ||
		       atomic_load(&body->data.sleeps) == 0)
			usleep(3000);
		cr_assert_eq(fl_bytering_write(&out, buf, n, LONG), 0);
		if (n < 512)
			fl_bytering_nudge(&out);
	}
	cr_assert_eq(shmtest_wait(pid), 0);
	munmap(body, bytes);
}

Test(shm_ring, indices_of_a_bad_peer_are_refused)
{
	for (enum fl_segment_type t = FL_SEGMENT_POSIX; t <= FL_SEGMENT_MEMFD; t++)
		spoil_ring(t);
}

#define PRODUCERS 4

struct message {
	uint32_t who;
	uint32_t n;
};

static void push_all(struct fl_segment *seg, uint32_t who, uint32_t count)
{
	struct fl_shm_object *q = shmtest_open(seg, FL_SHM_QUEUE, "q", 8, FL_SHM_PRODUCER);

	for (uint32_t n = 0; n < count; n++) {
		struct message m = {.who = who, .n = n};

		if (fl_shm_queue_push(q, &m, sizeof(m), LONG) != 0)
			_exit(1);
	}
	fl_shm_close(q);
	_exit(0);
}

/* Takes everything; each producer's messages are in order, without a gap. */
static int64_t pop_all(struct fl_shm_object *q, uint32_t *next)
{
	struct message m;
	int64_t n;

	while ((n = fl_shm_queue_pop(q, &m, sizeof(m), LONG)) > 0) {
		cr_assert_eq((size_t)n, sizeof(m));
		cr_assert(m.who < PRODUCERS);
		cr_assert_eq(m.n, next[m.who]);
		next[m.who]++;
	}
	return n;
}

Test(shm_queue, many_producers)
{
	struct fl_segment *seg = shmtest_segment(1 << 16);
	struct fl_shm_object *q = shmtest_open(seg, FL_SHM_QUEUE, "q", 8, FL_SHM_CONSUMER);
	uint32_t next[PRODUCERS] = {0};
	pid_t pids[PRODUCERS];

	for (uint32_t p = 0; p < PRODUCERS; p++) {
		pids[p] = shmtest_fork();
		if (pids[p] == 0)
			push_all(seg, p, 1000);
	}
	/* All closed: the end, once all have been there. */
	while (pop_all(q, next) != -EPIPE || next[0] + next[1] + next[2] + next[3] < 4000)
		usleep(1000);
	for (uint32_t p = 0; p < PRODUCERS; p++) {
		cr_assert_eq(shmtest_wait(pids[p]), 0);
		cr_assert_eq(next[p], 1000);
	}
	fl_shm_close(q);
	fl_segment_detach(seg);
}

Test(shm_queue, producers_are_killed)
{
	for (int i = 0; i < shmtest_rounds(40); i++) {
		struct fl_segment *seg = shmtest_segment(1 << 16);
		struct fl_shm_object *q = shmtest_open(seg, FL_SHM_QUEUE, "q", 8, FL_SHM_CONSUMER);
		uint32_t next[PRODUCERS] = {0};
		pid_t pids[PRODUCERS];
		struct message m;
		int64_t end;

		for (uint32_t p = 0; p < PRODUCERS; p++) {
			pids[p] = shmtest_fork();
			if (pids[p] == 0)
				push_all(seg, p, UINT32_MAX);
		}
		for (int k = 0; k < 50 + i * 7; k++) {
			cr_assert(fl_shm_queue_pop(q, &m, sizeof(m), LONG) > 0);
			cr_assert_eq(m.n, next[m.who]++);
		}
		for (uint32_t p = 0; p < PRODUCERS; p++)
			kill(pids[p], SIGKILL);
		end = pop_all(q, next);
		cr_assert(end == -EOWNERDEAD, "%lld", (long long)end);
		for (uint32_t p = 0; p < PRODUCERS; p++)
			shmtest_wait(pids[p]);
		fl_shm_close(q);
		fl_segment_detach(seg);
	}
}

static void spoil_queue(enum fl_segment_type type)
{
	struct fl_segment *seg = shmtest_segment_of(type, 1 << 16);
	struct fl_shm_object *q = shmtest_open(seg, FL_SHM_QUEUE, "q", 8, FL_SHM_CONSUMER);
	struct fl_shm_object *w = shmtest_open(seg, FL_SHM_QUEUE, "q", 8, FL_SHM_PRODUCER);
	struct fl_queue_body *body = fl_object_body(q);
	char buf[128] = {0};

	cr_assert_eq(fl_shm_queue_push(w, buf, 65, 0), -EMSGSIZE);
	cr_assert_eq(fl_shm_queue_push(w, buf, 64, 0), 0);
	cr_assert_eq(fl_shm_queue_pop(q, buf, 63, 0), -EMSGSIZE);
	cr_assert_eq(fl_shm_queue_pop(q, buf, 64, 0), 64);
	for (int i = 0; i < 8; i++)
		cr_assert_eq(fl_shm_queue_push(w, buf, 1, 0), 0);
	cr_assert_eq(fl_shm_queue_push(w, buf, 1, 10 * MS), -ETIMEDOUT);
	atomic_store(&body->tail, 100);
	cr_assert_eq(fl_shm_queue_pop(q, buf, 64, 0), -FL_ECORRUPT);
	cr_assert_eq(fl_shm_queue_push(w, buf, 1, 0), -FL_ECORRUPT);
	atomic_store(&body->tail, 9);
	memset(body->data + fl_queue_stride(body->message_bytes), 0xff, 4);
	cr_assert_eq(fl_shm_queue_pop(q, buf, 64, 0), -FL_ECORRUPT);
	body->slots = UINT32_MAX;
	cr_assert_eq(fl_shm_queue_pop(q, buf, 64, 0), -FL_ECORRUPT);
	body->slots = 8;
	fl_shm_close(w);
	fl_shm_close(q);
	fl_segment_detach(seg);
}

/* A consumer with room for the largest message gets every one: none is larger. */
Test(shm_queue, the_largest_message_is_the_one_that_was_asked_for)
{
	struct fl_segment *seg = shmtest_segment(1 << 20);
	char name[] = "q0", buf[20] = {0};

	for (size_t most = 1; most < sizeof(buf); most++) {
		struct fl_shm_spec spec = {.size = sizeof(spec),
					   .kind = FL_SHM_QUEUE,
					   .name = name,
					   .bytes = most,
					   .count = 2,
					   .flags = FL_SHM_PRODUCER};
		struct fl_shm_object *in, *out;

		name[1] = (char)('a' + most);
		cr_assert_eq(fl_shm_open(seg, &spec, &in, &err), 0);
		spec.flags = FL_SHM_CONSUMER;
		cr_assert_eq(fl_shm_open(seg, &spec, &out, &err), 0);
		cr_assert_eq(fl_shm_queue_push(in, buf, most + 1, 0), -EMSGSIZE, "%zu", most);
		cr_assert_eq(fl_shm_queue_push(in, buf, most, 0), 0, "%zu", most);
		cr_assert_eq(fl_shm_queue_pop(out, buf, most, 0), (int64_t)most, "%zu", most);
		fl_shm_close(in);
		fl_shm_close(out);
	}
	fl_segment_detach(seg);
}

Test(shm_queue, limits_and_bad_peers)
{
	for (enum fl_segment_type t = FL_SEGMENT_POSIX; t <= FL_SEGMENT_MEMFD; t++)
		spoil_queue(t);
}

#define RACES 40

/**
 * struct race - of two processes for the producer's side of RACES rings
 * @here: how many have come to the next one, in all; @won: who got it
 */
struct race {
	_Atomic unsigned here;
	_Atomic unsigned won[RACES];
};

static int open_nth(struct fl_segment *seg, unsigned i)
{
	char name[16];
	struct fl_shm_spec spec = {.size = sizeof(spec),
				   .kind = FL_SHM_RING,
				   .name = name,
				   .bytes = 64,
				   .flags = FL_SHM_PRODUCER};
	struct fl_shm_object *ring = NULL;

	snprintf(name, sizeof(name), "r%u", i);
	return fl_shm_open(seg, &spec, &ring, NULL);
}

/* Looks all the time, or the two would not go on at once; and lets the other one come where there is one
 * processor for both. */
static void meet(struct race *race, unsigned n)
{
	unsigned looks = 0;

	atomic_fetch_add(&race->here, 1);
	while (atomic_load(&race->here) < 2 * n)
		if (++looks % 10000 == 0)
			sched_yield();
}

static void run_race(struct fl_segment *seg, struct race *race)
{
	for (unsigned i = 0; i < RACES; i++) {
		meet(race, i + 1);
		atomic_fetch_add(&race->won[i], open_nth(seg, i) == 0);
	}
	/* Alive until the other one has asked, too. */
	meet(race, RACES + 1);
	_exit(0);
}

/* The sides of a producer that died and was not waited for: to see that takes each of them some 10 us. */
Test(shm_ring, of_two_that_come_at_once_one_gets_the_side)
{
	struct race *race = mmap(NULL, sizeof(*race), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct fl_segment *seg = shmtest_segment(1 << 18);
	siginfo_t dead;
	pid_t pids[3];

	cr_assert(race != MAP_FAILED);
	pids[0] = shmtest_fork();
	if (pids[0] == 0) {
		for (unsigned i = 0; i < RACES; i++)
			if (open_nth(seg, i) != 0)
				_exit(1);
		_exit(0);
	}
	cr_assert_eq(waitid(P_PID, (id_t)pids[0], &dead, WEXITED | WNOWAIT), 0);
	for (int p = 1; p < 3; p++) {
		pids[p] = shmtest_fork();
		if (pids[p] == 0) {
			/* Not for ever, should the other one come to nothing. */
			alarm(600);
			run_race(seg, race);
		}
	}
	for (int p = 0; p < 3; p++)
		cr_assert_eq(shmtest_wait(pids[p]), 0);
	for (unsigned i = 0; i < RACES; i++)
		cr_assert_eq(atomic_load(&race->won[i]), 1, "%u have ring %u",
			     atomic_load(&race->won[i]), i);
	fl_segment_detach(seg);
	munmap(race, sizeof(*race));
}

/* Whoever only looks learns of the end, too. */
Test(shm_ring, the_end_is_told_without_waiting)
{
	struct fl_segment *seg = shmtest_segment(1 << 16);
	struct fl_shm_object *w = shmtest_open(seg, FL_SHM_RING, "r", 64, FL_SHM_PRODUCER);
	struct fl_shm_object *r = shmtest_open(seg, FL_SHM_RING, "r", 64, FL_SHM_CONSUMER);
	char buf[64] = "";

	cr_assert_eq(fl_shm_ring_write(w, buf, 64, 0), 0);
	fl_shm_close(w);
	cr_assert_eq(fl_shm_ring_read(r, buf, 64, 0), 64);
	cr_assert_eq(fl_shm_ring_read(r, buf, 64, 0), 0);
	w = shmtest_open(seg, FL_SHM_RING, "r", 64, FL_SHM_PRODUCER);
	cr_assert_eq(fl_shm_ring_read(r, buf, 64, 0), -ETIMEDOUT);
	cr_assert_eq(fl_shm_ring_write(w, buf, 64, 0), 0);
	fl_shm_close(r);
	cr_assert_eq(fl_shm_ring_write(w, buf, 1, 0), -EPIPE);
	fl_shm_close(w);
	fl_segment_detach(seg);
}

/* It may be at another address then. */
Test(shm_ring, goes_on_when_its_segment_grows)
{
	struct fl_segment *seg = shmtest_segment(1 << 16);
	struct fl_shm_object *w = shmtest_open(seg, FL_SHM_RING, "r", 4096, FL_SHM_PRODUCER);
	struct fl_shm_object *r = shmtest_open(seg, FL_SHM_RING, "r", 4096, FL_SHM_CONSUMER);
	char buf[8] = "";

	cr_assert_eq(fl_shm_ring_write(w, "abc", 3, 0), 0);
	for (uint64_t bytes = 1 << 20; bytes <= 1 << 22; bytes *= 2) {
		cr_assert_eq(fl_segment_resize(seg, bytes, &err), 0, "%s", err.text);
		cr_assert_eq(fl_shm_ring_read(r, buf, 3, 0), 3);
		cr_assert_arr_eq(buf, "abc", 3);
		cr_assert_eq(fl_shm_ring_write(w, "abc", 3, 0), 0);
	}
	fl_shm_close(w);
	cr_assert_eq(fl_shm_ring_read(r, buf, 8, 0), 3);
	cr_assert_eq(fl_shm_ring_read(r, buf, 8, 0), 0);
	fl_shm_close(r);
	fl_segment_detach(seg);
}

/* What no producer left undone is no reason to doubt what the producers said. */
Test(shm_queue, a_consumer_that_died_is_no_producer_that_did)
{
	struct fl_segment *seg = shmtest_segment(1 << 16);
	struct fl_shm_object *q = shmtest_open(seg, FL_SHM_QUEUE, "q", 8, FL_SHM_CONSUMER);
	struct fl_shm_object *w = shmtest_open(seg, FL_SHM_QUEUE, "q", 8, FL_SHM_PRODUCER);
	char buf[64];
	pid_t pid = shmtest_fork();

	if (pid == 0) {
		shmtest_open(seg, FL_SHM_QUEUE, "q", 8, FL_SHM_CONSUMER);
		raise(SIGKILL);
	}
	shmtest_wait(pid);
	cr_assert_eq(fl_shm_queue_pop(q, buf, sizeof(buf), 0), -ETIMEDOUT);
	fl_shm_close(w);
	cr_assert_eq(fl_shm_queue_pop(q, buf, sizeof(buf), 0), -EPIPE);
	fl_shm_close(q);
	fl_segment_detach(seg);
}
