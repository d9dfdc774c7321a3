/* SPDX-License-Identifier: MIT */
#include "plat/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

/* What goes through the pipe before the result. */
struct head {
	int result;
	struct fl_error error;
};

static bool write_all(int fd, const void *data, size_t n)
{
	const char *p = data;

	while (n > 0) {
		ssize_t put = write(fd, p, n);

		if (put < 0 && errno != EINTR)
			return false;
		p += put > 0 ? put : 0;
		n -= put > 0 ? (size_t)put : 0;
	}
	return true;
}

static bool read_all(int fd, void *data, size_t n)
{
	char *p = data;

	while (n > 0) {
		ssize_t got = read(fd, p, n);

		if (got == 0 || (got < 0 && errno != EINTR))
			return false;
		p += got > 0 ? got : 0;
		n -= got > 0 ? (size_t)got : 0;
	}
	return true;
}

static int enter_cgroup(const char *dir)
{
	char path[PATH_MAX];
	int fd, r = 0;

	if (snprintf(path, sizeof(path), "%s/cgroup.procs", dir) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, "0", 1) != 1)
		r = -errno;
	close(fd);
	return r;
}

static void live(const struct fl_child *child, int fd) __attribute__((noreturn));
static void live(const struct fl_child *child, int fd)
{
	struct head head = {.error = {.off = FL_OFF_NONE}};
	int r = 0;

	/* Nobody would read the result of an orphan. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (child->cgroup)
		r = enter_cgroup(child->cgroup);
	head.result = r < 0 ? fl_error_set(&head.error, r, FL_OFF_NONE, NULL)
			    : child->fn(child->arg, child->ret, &head.error);
	if (head.result < 0 && head.error.code != head.result)
		fl_error_set(&head.error, head.result, FL_OFF_NONE, NULL);
	_exit(write_all(fd, &head, sizeof(head)) && write_all(fd, child->ret, child->ret_bytes)
		      ? 0
		      : 1);
}

static int reap(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 0;
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

int fl_child_run(const struct fl_child *child, struct fl_error *reterr)
{
	struct head head;
	int fd[2], sig;
	bool complete;
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC) < 0)
		return fl_error_set(reterr, -errno, FL_OFF_NONE, NULL);
	/* What stdio holds would be written twice. */
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		close(fd[0]);
		live(child, fd[1]);
	}
	close(fd[1]);
	if (pid < 0) {
		close(fd[0]);
		return fl_error_set(reterr, -EAGAIN, FL_OFF_NONE, "no process could be started");
	}
	complete = read_all(fd[0], &head, sizeof(head)) &&
		   read_all(fd[0], child->ret, child->ret_bytes);
	close(fd[0]);
	sig = reap(pid);
	if (!complete)
		return fl_error_set(reterr, -FL_ECANCELED, FL_OFF_NONE,
				    "the measuring process was ended by signal %d (%s)", sig,
				    sig ? strsignal(sig) : "none");
	if (head.result < 0 && reterr)
		*reterr = head.error;
	return head.result;
}
