/* SPDX-License-Identifier: MIT */
#include "plat/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plat/sigpipe.h"

extern char **environ;

/* The most that a process without privileges may ask for (/proc/sys/fs/pipe-max-size, pipe(7)). */
#define PIPE_BYTES (1 << 20)

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int make_pipe(int fds[2])
{
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	(void)fcntl(fds[0], F_SETPIPE_SZ, PIPE_BYTES);
	return 0;
}

static int spawn(const char *command, int in, int out, pid_t *ret)
{
	char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, NULL, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int r;

	argv[2] = (char *)(uintptr_t)command;
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_init(&actions);
	r = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawn(ret, "/bin/sh", &actions, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return -r;
}

int fl_spawn(const char *command, struct fl_child *ret)
{
	int in[2] = {-1, -1}, out[2] = {-1, -1};
	struct fl_child child = {.pid = -1};
	int r = make_pipe(in);

	if (r == 0)
		r = make_pipe(out);
	if (r == 0)
		r = spawn(command, in[0], out[1], &child.pid);
	close_fd(&in[0]);
	close_fd(&out[1]);
	if (r < 0) {
		close_fd(&in[1]);
		close_fd(&out[0]);
		return r;
	}
	child.in = in[1];
	child.out = out[0];
	*ret = child;
	return 0;
}

int fl_child_write(struct fl_child *child, const void *data, size_t len)
{
	const char *from = data;
	struct fl_sigpipe held;
	ssize_t n;
	int r = 0;

	fl_sigpipe_hold(&held);
	while (r == 0 && len > 0) {
		n = write(child->in, from, len);
		if (n >= 0) {
			from += n;
			len -= (size_t)n;
		} else if (errno != EINTR) {
			r = -errno;
		}
	}
	fl_sigpipe_release(&held, r);
	return r;
}

int64_t fl_child_read(struct fl_child *child, void *buf, size_t n)
{
	ssize_t got;

	do
		got = read(child->out, buf, n);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

void fl_child_close_in(struct fl_child *child)
{
	close_fd(&child->in);
}

void fl_child_close_out(struct fl_child *child)
{
	close_fd(&child->out);
}

void fl_child_kill(const struct fl_child *child)
{
	kill(child->pid, SIGTERM);
}

int fl_child_wait(struct fl_child *child)
{
	int status = 0;

	close_fd(&child->in);
	close_fd(&child->out);
	while (waitpid(child->pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
