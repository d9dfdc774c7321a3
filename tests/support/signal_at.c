/* SPDX-License-Identifier: MIT */
/*
 * signal_at SIGNAL N COMMAND...: the command gets the signal before its N-th pwrite(2), from 1: so a test
 * that kills a rewrite half way does so on every machine, however fast. What follows a signal that
 * does not kill at once is held up a little, write by write. Status: the command's; 128 + SIGNAL
 * when it was killed by that; 77 where the kernel does not let us (seccomp_unotify(2) with
 * SECCOMP_USER_NOTIF_FLAG_CONTINUE, Linux 5.5).
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define SKIPPED 77

#ifndef SECCOMP_USER_NOTIF_FLAG_CONTINUE
#define SECCOMP_USER_NOTIF_FLAG_CONTINUE (1UL << 0)
#endif

static _Noreturn void cannot(const char *what)
{
	fprintf(stderr, "signal_at: %s: %s\n", what, strerror(errno));
	_exit(SKIPPED);
}

/* Return: a descriptor that tells of every pwrite(2) of this process and its children. */
static int listen_to_pwrite(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pwrite64, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(*code), code};
	long fd;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		cannot("no_new_privs");
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
		     &program);
	if (fd < 0)
		cannot("seccomp");
	return (int)fd;
}

static void send_fd(int socket, int fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.bytes = {0}};
	struct iovec byte = {(char[]){0}, 1};
	struct msghdr msg = {.msg_iov = &byte,
			     .msg_iovlen = 1,
			     .msg_control = control.bytes,
			     .msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *head = CMSG_FIRSTHDR(&msg);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	if (sendmsg(socket, &msg, 0) != 1)
		cannot("sendmsg");
}

/* Return: -1 when the child ended without. */
static int receive_fd(int socket)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.bytes = {0}};
	char data;
	struct iovec byte = {&data, 1};
	struct msghdr msg = {.msg_iov = &byte,
			     .msg_iovlen = 1,
			     .msg_control = control.bytes,
			     .msg_controllen = sizeof(control.bytes)};
	int fd;

	if (recvmsg(socket, &msg, 0) != 1 || !CMSG_FIRSTHDR(&msg))
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

static void run(int socket, char **command)
{
	const struct rlimit no_core = {0, 0};

	send_fd(socket, listen_to_pwrite());
	close(socket);
	setrlimit(RLIMIT_CORE, &no_core);
	execvp(command[0], command);
	perror(command[0]);
	_exit(127);
}

/* Return: false when nobody is left who could write. */
static bool next_call(int listener, struct seccomp_notif *ret)
{
	struct pollfd ready = {.fd = listener, .events = POLLIN};

	do {
		if (poll(&ready, 1, -1) < 0 || !(ready.revents & POLLIN))
			return false;
		memset(ret, 0, sizeof(*ret));
		/* A call that was interrupted meanwhile comes again. */
	} while (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, ret) < 0);
	return true;
}

static void go_on(int listener, const struct seccomp_notif *call, pid_t child)
{
	struct seccomp_notif_resp answer = {.id = call->id,
					    .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) == 0 || errno != EINVAL)
		return;
	kill(child, SIGKILL);
	cannot("seccomp_unotify");
}

static void watch(int listener, pid_t child, int signal, unsigned long at)
{
	struct seccomp_notif call;

	for (unsigned long n = 1; next_call(listener, &call); n++) {
		if (n == at)
			kill(child, signal);
		if (n >= at && signal == SIGKILL)
			continue;
		if (n >= at)
			usleep(10000);
		go_on(listener, &call, child);
	}
}

int main(int argc, char **argv)
{
	int pair[2], listener, status;
	pid_t child;

	if (argc < 4) {
		fputs("usage: signal_at SIGNAL N COMMAND...\n", stderr);
		return 2;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		cannot("socketpair");
	child = fork();
	if (child == 0) {
		close(pair[0]);
		/* Nobody is left to let it go on. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		run(pair[1], argv + 3);
	}
	close(pair[1]);
	listener = child < 0 ? -1 : receive_fd(pair[0]);
	if (listener >= 0)
		watch(listener, child, atoi(argv[1]), strtoul(argv[2], NULL, 10));
	if (child < 0 || waitpid(child, &status, 0) != child)
		cannot("child");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
