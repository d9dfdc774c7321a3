/* SPDX-License-Identifier: MIT */
#include "plat/subprocess.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int32_t fl_subprocess_fork(void)
{
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1};
	pid_t parent = getpid(), pid;
	sigset_t all, old;

	/* No handler of the parent's runs in the child, not even for a moment. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pid = fork();
	if (pid == 0) {
		for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
			signal(ignored[i], SIG_IGN);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* It may have gone before we asked to be told. */
		if (getppid() != parent)
			_exit(0);
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return pid < 0 ? -errno : pid;
}

bool fl_subprocess_ended(int32_t pid)
{
	int status;
	pid_t r = waitpid(pid, &status, WNOHANG);

	/* ECHILD: somebody else, or SIGCHLD being ignored, has reaped it. */
	return r == pid || (r < 0 && errno == ECHILD);
}

void fl_subprocess_doom(int32_t pid)
{
	/* kill(-1) and kill(0) mean everybody. */
	if (pid > 0)
		kill(pid, SIGKILL);
}

void fl_subprocess_kill(int32_t pid)
{
	int status;

	if (pid <= 0)
		return;
	fl_subprocess_doom(pid);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
}

void fl_subprocess_exit(int status)
{
	_exit(status);
}
