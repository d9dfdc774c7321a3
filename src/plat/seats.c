/* SPDX-License-Identifier: MIT */
#include "plat/seats.h"

#include <sched.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/size.h"
#include "plat/counters.h"
#include "plat/process.h"
#include "plat/thread.h"

#define NOWHERE (-1)

/* To an idle processor it is 20 to 150 us, measured here; on one that has work the thread waits for its turn, which
 * lasts 700 us or more (base_slice_ns). */
#define BUSY_NS UINT64_C(300000)

/* After a move to a busy one; doubled when the next is no better. */
#define PAUSE_NS UINT64_C(1000000)
#define PAUSE_MAX_NS UINT64_C(128000000)

void fl_seats_init(struct fl_seats *s, unsigned threads)
{
	bool useful = threads > 1 && threads <= FL_SEATS_MAX && threads <= fl_cpu_count();

	s->count = useful ? threads : 0;
	for (unsigned i = 0; i < s->count; i++) {
		s->seat[i] = (struct fl_seat){.preempted = 0};
		atomic_store_explicit(&s->seat[i].cpu, NOWHERE, memory_order_relaxed);
	}
}

static int cpu_of(const struct fl_seats *s, unsigned i)
{
	return atomic_load_explicit(&s->seat[i].cpu, memory_order_relaxed);
}

static bool may_share(const struct fl_seats *s, unsigned i, int cpu)
{
	for (unsigned k = 0; k < s->count; k++)
		if (k != i && cpu_of(s, k) == cpu)
			return true;
	return false;
}

/* Does thread @k want to run now? */
static bool look_at(struct fl_seats *s, unsigned k)
{
	struct fl_task task;

	if (fl_task_of(fl_process_number(),
		       atomic_load_explicit(&s->seat[k].tid, memory_order_relaxed), &task) < 0)
		return false;
	atomic_store_explicit(&s->seat[k].cpu, task.cpu, memory_order_relaxed);
	return task.state == 'R';
}

/* What they noted may be long ago. */
static bool does_share(struct fl_seats *s, unsigned i, int cpu)
{
	for (unsigned k = 0; k < s->count; k++)
		if (k != i && cpu_of(s, k) == cpu && look_at(s, k) && cpu_of(s, k) == cpu)
			return true;
	return false;
}

/* To any processor where none of them is. Return: has it moved? */
static bool move(const struct fl_seats *s)
{
	cpu_set_t allowed, free_ones;
	int cpu;

	/* With more than 1024 processors this fails, and so be it. */
	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		return false;
	free_ones = allowed;
	for (unsigned k = 0; k < s->count; k++) {
		cpu = cpu_of(s, k);
		if (cpu >= 0 && cpu < CPU_SETSIZE)
			CPU_CLR((size_t)cpu, &free_ones);
	}
	if (CPU_COUNT(&free_ones) == 0 || sched_setaffinity(0, sizeof(free_ones), &free_ones) < 0)
		return false;
	(void)sched_setaffinity(0, sizeof(allowed), &allowed);
	return true;
}

bool fl_seats_look(struct fl_seats *s, unsigned i)
{
	struct fl_seat *seat;
	struct fl_faults faults;
	uint64_t begin, end;
	int cpu;

	if (i >= s->count)
		return false;
	seat = &s->seat[i];
	if (atomic_load_explicit(&seat->tid, memory_order_relaxed) == 0)
		atomic_store_explicit(&seat->tid, gettid(), memory_order_relaxed);
	cpu = sched_getcpu();
	atomic_store_explicit(&seat->cpu, cpu, memory_order_relaxed);
	if (cpu < 0 || !may_share(s, i, cpu))
		return false;
	begin = fl_clock_ns();
	if (begin < seat->until_ns)
		return false;
	fl_faults_thread(&faults);
	if (faults.preempted == seat->preempted)
		return false;
	seat->preempted = faults.preempted;
	if (!does_share(s, i, cpu) || !move(s))
		return false;
	end = fl_clock_ns();
	seat->pause_ns =
		end - begin < BUSY_NS
			? 0
			: fl_min_u64(fl_max_u64(2 * seat->pause_ns, PAUSE_NS), PAUSE_MAX_NS);
	seat->until_ns = end + seat->pause_ns;
	atomic_store_explicit(&seat->cpu, sched_getcpu(), memory_order_relaxed);
	return true;
}
