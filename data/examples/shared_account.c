/* SPDX-License-Identifier: MIT */
/* Two accounts in shared memory, and a process that is killed in the middle of a transfer:
 * cc shared_account.c $(pkg-config --cflags --libs faultline) */
#include <faultline/faultline.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* @moving: how much is on its way from one account to the other */
struct accounts {
	long from;
	long to;
	long moving;
};

static void transfer(struct accounts *a, long amount)
{
	a->moving = amount;
	a->from -= amount;
	raise(SIGKILL); /* the worst moment: the money is nowhere */
	a->to += amount;
	a->moving = 0;
}

/* Called with the mutex held, when its last owner died: makes the accounts sound again. */
static int undo(void *arg)
{
	struct accounts *a = arg;

	a->from += a->moving;
	a->moving = 0;
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

int main(void)
{
	struct fl_shm_object *mutex = NULL;
	struct fl_segment *seg = NULL;
	struct accounts *a;
	struct fl_error err;
	uint64_t bytes;
	int rc;

	if (open_accounts(&seg, &mutex, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	/* Objects take their room from the front; the end is free. */
	a = (void *)((char *)fl_segment_data(seg, &bytes) + bytes - sizeof(*a));
	a->from = 100;
	if (fork() == 0) {
		fl_shm_mutex_lock(mutex, FL_SHM_FOREVER, undo, a);
		transfer(a, 30);
	}
	wait(NULL);
	rc = fl_shm_mutex_lock(mutex, UINT64_C(1000000000), undo, a);
	printf("%s: %ld + %ld\n", rc == 1 ? "recovered" : "not told", a->from, a->to);
	fl_shm_mutex_unlock(mutex);
	fl_shm_close(mutex);
	fl_segment_detach(seg);
	return rc != 1;
}
