/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <faultline/shm_sync.h>

#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/shm_actions.h"
#include "cli/verbs.h"

/* Each of the two processes adds 1 so often: some time slices of the cheapest way. */
#define COUNTS 200000u
/* A semaphore with owners takes 2 us a time. */
#define SLOW_COUNTS 20000u
/* Two processes that share a processor meet only when the time slice of one is over; some processors
 * then never stop between a read and its write, if nothing is between them. Without a lock, these
 * count further, with so much to do between the two, until lost updates were seen. */
#define WORK 64u
#define MOST_COUNTS (256u * COUNTS)

/**
 * struct shared - what the two processes have in common
 * @plain: a counter that is read, incremented and written, as C does
 * @begun, @done: of the change that a dying owner leaves half done
 */
struct shared {
	volatile uint64_t plain;
	_Atomic uint64_t atomic;
	_Atomic uint64_t begun;
	_Atomic uint64_t done;
	_Atomic int ready;
};

struct demo {
	struct fl_segment *seg;
	struct fl_shm_object *mutex;
	struct fl_shm_object *sem;
	struct shared *shared;
};

enum way {
	WAY_NONE,
	WAY_ATOMIC,
	WAY_MUTEX,
	WAY_SEMAPHORE
};

static const char *const way_names[] = {"no lock", "atomic", "mutex", "semaphore"};

/*
 * In three steps, as on most machines, and as gcc compiles it: clang makes "x + 1" one instruction,
 * which two processes on one processor cannot interrupt.
 */
static void increment(volatile uint64_t *counter, unsigned work)
{
	uint64_t value = *counter;

	for (unsigned i = 0; i <= work; i++)
		__asm__ volatile("" : "+r"(value));
	*counter = value + 1;
}

static int add_one(const struct demo *d, enum way way, unsigned work)
{
	int rc = 0;

	switch (way) {
	case WAY_ATOMIC:
		atomic_fetch_add(&d->shared->atomic, 1);
		return 0;
	case WAY_MUTEX:
		rc = fl_shm_mutex_lock(d->mutex, FL_SHM_FOREVER, NULL, NULL);
		break;
	case WAY_SEMAPHORE:
		rc = fl_shm_sem_wait(d->sem, FL_SHM_FOREVER);
		break;
	case WAY_NONE:
	default:
		break;
	}
	if (rc < 0)
		return rc;
	increment(&d->shared->plain, work);
	if (way == WAY_MUTEX)
		return fl_shm_mutex_unlock(d->mutex);
	return way == WAY_SEMAPHORE ? fl_shm_sem_post(d->sem) : 0;
}

/* @parent: whom to outlive by no more than a moment: both begin at the same time. */
static int count_up(const struct demo *d, enum way way, unsigned n, unsigned work, pid_t parent)
{
	int rc = 0;

	atomic_fetch_add(&d->shared->ready, 1);
	while (atomic_load(&d->shared->ready) < 2)
		if (getppid() != parent)
			return -ECHILD;
	for (unsigned i = 0; rc == 0 && i < n; i++)
		rc = add_one(d, way, work);
	return rc;
}

static pid_t start_child(void)
{
	pid_t pid = fork();

	if (pid < 0) {
		message_error("fork: %s", strerror(errno));
		exit(EXIT_TROUBLE);
	}
	return pid;
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

/* Both processes count to @n. Return: 0 with what came out; else one of them failed. */
static int count_together(const struct demo *d, enum way way, unsigned n, unsigned work,
			  uint64_t *ret_got)
{
	pid_t self = getpid(), before = getppid(), pid;
	int status = 0, rc;

	memset(d->shared, 0, sizeof(*d->shared));
	pid = start_child();
	rc = count_up(d, way, n, work, pid == 0 ? self : before);
	if (pid == 0)
		_exit(rc != 0);
	waitpid(pid, &status, 0);
	*ret_got = way == WAY_ATOMIC ? atomic_load(&d->shared->atomic) : d->shared->plain;
	return rc != 0 || status != 0;
}

/* Return: 1 when updates were lost where none may be. */
static int show_counting(const struct demo *d, enum way way)
{
	unsigned n = way == WAY_SEMAPHORE ? SLOW_COUNTS : COUNTS, work = 0;
	uint64_t wanted, got = 0, start;
	int wrong;

	for (;; n *= 4, work = WORK) {
		start = now_us();
		wanted = 2 * (uint64_t)n;
		wrong = count_together(d, way, n, work, &got);
		if (wrong || way != WAY_NONE || got != wanted || n > MOST_COUNTS / 4)
			break;
	}
	outbuf_printf("  %-10s %9" PRIu64 " of %9" PRIu64 " counted, %9" PRIu64 " lost, %5.0f ns "
		      "each\n",
		      way_names[way], got, wanted, wanted - got,
		      1e3 * (double)(now_us() - start) / (double)wanted);
	return wrong || (way != WAY_NONE && got != wanted);
}

static int undo(void *arg)
{
	struct shared *s = arg;

	atomic_store(&s->begun, atomic_load(&s->done));
	return 0;
}

/* A child takes the lock, changes half of what it protects, and is killed. */
static void die_inside(const struct demo *d, enum way way, pid_t parent)
{
	int rc = way == WAY_MUTEX ? fl_shm_mutex_lock(d->mutex, FL_SHM_FOREVER, NULL, NULL)
				  : fl_shm_sem_wait(d->sem, FL_SHM_FOREVER);

	if (rc < 0)
		_exit(1);
	atomic_fetch_add(&d->shared->begun, 1);
	atomic_store(&d->shared->ready, 1);
	/* Unless the one who is to kill it dies first. */
	while (getppid() == parent)
		usleep(10000);
	_exit(1);
}

static int show_death(const struct demo *d, enum way way)
{
	struct shared *s = d->shared;
	pid_t self = getpid(), pid;
	uint64_t start;
	int rc;

	memset(s, 0, sizeof(*s));
	pid = start_child();
	if (pid == 0)
		die_inside(d, way, self);
	while (atomic_load(&s->ready) == 0)
		usleep(100);
	start = now_us();
	kill(pid, SIGKILL);
	if (way == WAY_MUTEX)
		rc = fl_shm_mutex_lock(d->mutex, UINT64_C(5000000000), undo, s);
	else
		rc = fl_shm_sem_wait(d->sem, UINT64_C(5000000000));
	if (way == WAY_SEMAPHORE && rc == 1)
		undo(s);
	outbuf_printf("  %-10s owner killed inside: the next one has it after %" PRIu64
		      " us, is told (%d), and puts %s\n",
		      way_names[way], now_us() - start, rc,
		      atomic_load(&s->begun) == atomic_load(&s->done) ? "the half change right"
								      : "NOTHING right");
	waitpid(pid, NULL, 0);
	if (way == WAY_MUTEX)
		fl_shm_mutex_unlock(d->mutex);
	else
		fl_shm_sem_post(d->sem);
	return rc != 1 || atomic_load(&s->begun) != atomic_load(&s->done);
}

static int open_object(struct demo *d, enum fl_shm_kind kind, const char *name,
		       struct fl_shm_object **ret, struct fl_error *err)
{
	struct fl_shm_spec spec = {.size = sizeof(spec),
				   .kind = kind,
				   .name = name,
				   .count = 1,
				   .flags = kind == FL_SHM_SEMAPHORE ? FL_SHM_OWNED : 0};

	return fl_shm_open(d->seg, &spec, ret, err);
}

/* Without a name: the children inherit the mapping, and a kill leaves nothing. */
static int make_segment(enum fl_segment_type type, struct fl_segment **ret, struct fl_error *err)
{
	const char *folder = getenv("TMPDIR");
	struct fl_segment_options o;
	char name[256];

	if (folder == NULL || *folder == '\0')
		folder = "/var/tmp";
	fl_segment_options_init(&o);
	o.type = type;
	o.bytes = 65536;
	o.flags = FL_SEGMENT_MANAGED | FL_SEGMENT_UNNAMED;
	snprintf(name, sizeof(name), "%.200s/faultline-demo-%ld",
		 type == FL_SEGMENT_POSIX ? "" : folder, (long)getpid());
	o.name = type == FL_SEGMENT_SYSV ? NULL : name;
	return fl_segment_create(&o, ret, err);
}

static int show_type(enum fl_segment_type type, struct fl_error *err)
{
	struct demo d = {.seg = NULL};
	uint64_t bytes;
	int rc = make_segment(type, &d.seg, err), wrong = 0;

	if (rc == 0)
		rc = open_object(&d, FL_SHM_MUTEX, "mutex", &d.mutex, err);
	if (rc == 0)
		rc = open_object(&d, FL_SHM_SEMAPHORE, "semaphore", &d.sem, err);
	if (rc == 0) {
		char *data = fl_segment_data(d.seg, &bytes);

		d.shared = (struct shared *)(void *)(data + bytes - 4096);
		outbuf_printf("%s: two processes increment one counter\n",
			      fl_segment_type_name(type));
		outbuf_flush();
		for (int w = WAY_NONE; w <= WAY_SEMAPHORE; w++)
			wrong |= show_counting(&d, (enum way)w);
		wrong |= show_death(&d, WAY_MUTEX);
		wrong |= show_death(&d, WAY_SEMAPHORE);
	}
	fl_shm_close(d.mutex);
	fl_shm_close(d.sem);
	fl_segment_detach(d.seg);
	return rc < 0 ? rc : wrong;
}

int shm_demo(int argc, char **argv)
{
	struct shm_args args;
	struct fl_error err;
	int wrong = 0, rc;

	shm_args_parse(
		&args, SHM_DEMO,
		"Show what shared memory does without a lock, with several, and when the owner "
		"of a lock is killed; in a segment of each kind, or of --type.",
		argc, argv);
	for (int t = FL_SEGMENT_POSIX; t <= FL_SEGMENT_MEMFD; t++) {
		if (args.typed && args.segment.type != (enum fl_segment_type)t)
			continue;
		rc = show_type((enum fl_segment_type)t, &err);
		if (rc < 0)
			message_error("%s: %s", fl_segment_type_name((enum fl_segment_type)t),
				      err.text);
		wrong |= rc != 0;
	}
	return outbuf_finish() < 0 || wrong ? EXIT_TROUBLE : 0;
}
