/* SPDX-License-Identifier: MIT */
#include "shmtest.h"

#include <criterion/criterion.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scale.h"

struct fl_segment *shmtest_segment(uint64_t bytes)
{
	return shmtest_segment_of(FL_SEGMENT_MEMFD, bytes);
}

struct fl_segment *shmtest_segment_of(enum fl_segment_type type, uint64_t bytes)
{
	struct fl_segment_options o;
	struct fl_segment *seg = NULL;
	struct fl_error err;

	fl_segment_options_init(&o);
	o.type = type;
	o.name = type == FL_SEGMENT_FILE ? "/tmp/flt-test" : "flt-test";
	if (type == FL_SEGMENT_SYSV)
		o.name = NULL;
	o.bytes = bytes;
	o.flags = FL_SEGMENT_MANAGED | FL_SEGMENT_UNNAMED;
	cr_assert_eq(fl_segment_create(&o, &seg, &err), 0, "%s", err.text);
	return seg;
}

struct fl_shm_object *shmtest_open(struct fl_segment *seg, enum fl_shm_kind kind, const char *name,
				   uint64_t bytes_or_count, unsigned flags)
{
	struct fl_shm_spec spec = {.size = sizeof(spec),
				   .kind = kind,
				   .name = name,
				   .bytes = bytes_or_count,
				   .count = (uint32_t)bytes_or_count,
				   .flags = flags};
	struct fl_shm_object *obj = NULL;
	struct fl_error err;

	if (kind == FL_SHM_QUEUE)
		spec.bytes = 64;
	cr_assert_eq(fl_shm_open(seg, &spec, &obj, &err), 0, "%s: %s", name, err.text);
	return obj;
}

pid_t shmtest_fork(void)
{
	pid_t pid = fork();

	/* kill(-1) would end everything. */
	cr_assert(pid >= 0);
	return pid;
}

int shmtest_wait(pid_t pid)
{
	int status = 0;

	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void shmtest_kill(pid_t pid)
{
	cr_assert(pid > 0);
	kill(pid, SIGKILL);
	shmtest_wait(pid);
}

int shmtest_rounds(int n)
{
	return (int)test_rounds(n, 3);
}
