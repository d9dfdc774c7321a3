/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "plat/seats.h"
#include "plat/thread.h"

#define PATIENCE_NS UINT64_C(20000000000)

static struct fl_seats seats;
static _Atomic bool ready, done;

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	cr_assert_eq(sched_setaffinity(0, sizeof(set), &set), 0);
}

static int first_cpu(const cpu_set_t *set)
{
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET((size_t)cpu, set))
			return cpu;
	return -1;
}

/* Stays where it is told to, at work. */
static void *work_at(void *arg)
{
	pin(*(int *)arg);
	while (!atomic_load(&done))
		continue;
	return NULL;
}

/* The same as thread 1. */
static void *work_seen_at(void *arg)
{
	pin(*(int *)arg);
	(void)fl_seats_look(&seats, 1);
	atomic_store(&ready, true);
	return work_at(arg);
}

/* Thread 1 was seen there, but sleeps. */
static void *sleep_at(void *arg)
{
	pin(*(int *)arg);
	(void)fl_seats_look(&seats, 1);
	atomic_store(&ready, true);
	while (!atomic_load(&done))
		sleep(1);
	return NULL;
}

/* Thread 1 in @fn on the first processor that is allowed. */
static void start(pthread_t *t, void *(*fn)(void *), cpu_set_t *allowed, int *cpu)
{
	if (fl_cpu_count() < 2)
		cr_skip_test("one processor");
	cr_assert_eq(sched_getaffinity(0, sizeof(*allowed), allowed), 0);
	*cpu = first_cpu(allowed);
	fl_seats_init(&seats, 2);
	cr_assert_eq(seats.count, 2u);
	cr_assert_eq(fl_thread_start(t, fn, cpu, "fl-test"), 0);
	while (!atomic_load(&ready))
		usleep(1000);
}

static void finish(pthread_t t)
{
	atomic_store(&done, true);
	pthread_join(t, NULL);
}

/* Lets it look from @cpu until it leaves. Return: did it, and with the affinity it had? */
static bool leaves(int cpu, const cpu_set_t *allowed)
{
	const uint64_t end = fl_clock_ns() + PATIENCE_NS;
	cpu_set_t now;
	int at = cpu;

	while (fl_clock_ns() < end) {
		/* The kernel may have parted them by itself. */
		if (at != cpu)
			pin(cpu);
		cr_assert_eq(sched_setaffinity(0, sizeof(*allowed), allowed), 0);
		if (fl_seats_look(&seats, 0)) {
			cr_assert_eq(sched_getaffinity(0, sizeof(now), &now), 0);
			return CPU_EQUAL(&now, allowed);
		}
		at = sched_getcpu();
	}
	return false;
}

Test(seats, one_of_two_that_share_a_processor_leaves, .timeout = 60)
{
	cpu_set_t allowed;
	pthread_t t;
	int cpu;

	start(&t, work_seen_at, &allowed, &cpu);
	cr_assert(leaves(cpu, &allowed));
	finish(t);
}

Test(seats, who_sleeps_shares_nothing, .timeout = 60)
{
	cpu_set_t allowed;
	pthread_t t, busy;
	int cpu;

	start(&t, sleep_at, &allowed, &cpu);
	cr_assert_eq(fl_thread_start(&busy, work_at, &cpu, "fl-test"), 0);
	for (uint64_t end = fl_clock_ns() + UINT64_C(300000000); fl_clock_ns() < end;) {
		pin(cpu);
		cr_assert_eq(sched_setaffinity(0, sizeof(allowed), &allowed), 0);
		cr_assert(!fl_seats_look(&seats, 0));
	}
	finish(t);
	pthread_join(busy, NULL);
}

Test(seats, too_many_threads_are_left_alone)
{
	fl_seats_init(&seats, fl_cpu_count() + 1);
	cr_assert_eq(seats.count, 0u);
	fl_seats_init(&seats, 1);
	cr_assert_eq(seats.count, 0u);
	cr_assert(!fl_seats_look(&seats, 0));
	fl_seats_init(&seats, FL_SEATS_MAX + 1);
	cr_assert_eq(seats.count, 0u);
	cr_assert(!fl_seats_look(&seats, FL_SEATS_MAX));
}
