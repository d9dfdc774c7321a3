/* SPDX-License-Identifier: MIT */
/* Two accounts in shared memory, and processes that are killed in the middle of a transfer:
 * cc shared_account.c $(pkg-config --cflags --libs faultline) */
#include <faultline/faultline.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOMENTS 6

/* What it was before, and whether it is being changed. Volatile: stores stay in the order in which they
 * are written here, so that whoever is killed between two of them has done all before. */
struct accounts {
	volatile long from;
	volatile long to;
	volatile long from_before;
	volatile long to_before;
	volatile int changing;
};

static void die_at(int moment, int now)
{
	if (moment == now)
		raise(SIGKILL);
}

static void transfer(struct accounts *a, long amount, int moment)
{
	a->from_before = a->from;
	die_at(moment, 0);
	a->to_before = a->to;
	die_at(moment, 1);
	a->changing = 1;
	die_at(moment, 2);
	a->from -= amount;
	die_at(moment, 3); /* the worst moment: the money is nowhere */
	a->to += amount;
	die_at(moment, 4);
	a->changing = 0;
	die_at(moment, 5); /* too late: it is done */
}

/* Called with the mutex held, when its last owner died: makes the accounts sound again. */
static int undo(void *arg)
{
	struct accounts *a = arg;

	if (a->changing) {
		a->from = a->from_before;
		a->to = a->to_before;
		a->changing = 0;
	}
	return 0;
}

static int open_accounts(struct fl_segment **seg, struct fl_shm_object **mutex,
			 struct fl_error *err)
{
	struct fl_shm_spec spec = {.size = sizeof(spec), .kind = FL_SHM_MUTEX, .name = "mutex"};
	struct fl_segment_options opt;
	int rc;

	fl_segment_options_init(&opt);
	opt.type = FL_SEGMENT_MEMFD; /* others would attach a POSIX segment by its name */
	opt.name = "accounts";
	opt.bytes = 65536;
	opt.flags = FL_SEGMENT_MANAGED;
	rc = fl_segment_create(&opt, seg, err);
	return rc < 0 ? rc : fl_shm_open(*seg, &spec, mutex, err);
}

/* Return: 1: the transfer's process was killed, and what it left has been made sound. */
static int kill_in_transfer(struct fl_shm_object *mutex, struct accounts *a, int moment)
{
	int rc;

	if (fork() == 0) {
		fl_shm_mutex_lock(mutex, FL_SHM_FOREVER, undo, a);
		transfer(a, 30, moment);
		_exit(1);
	}
	wait(NULL);
	rc = fl_shm_mutex_lock(mutex, UINT64_C(1000000000), undo, a);
	printf("%s: %ld + %ld\n", rc == 1 ? "recovered" : "not told", a->from, a->to);
	fflush(stdout);
	fl_shm_mutex_unlock(mutex);
	return rc;
}

int main(void)
{
	struct fl_shm_object *mutex = NULL;
	struct fl_segment *seg = NULL;
	struct accounts *a;
	struct fl_error err;
	uint64_t bytes;
	int rc = 1;

	if (open_accounts(&seg, &mutex, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	/* Objects take their room from the front; the end is free. */
	a = (void *)((char *)fl_segment_data(seg, &bytes) + bytes - sizeof(*a));
	a->from = 100;
	for (int moment = 0; rc == 1 && moment < MOMENTS; moment++)
		rc = kill_in_transfer(mutex, a, moment);
	fl_shm_close(mutex);
	fl_segment_detach(seg);
	return rc != 1;
}
