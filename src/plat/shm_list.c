/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "plat/shmobj.h"

int fl_sysv_each(int (*row)(void *arg, int32_t id), void *arg)
{
	struct shm_info info;
	struct shmid_ds ds;
	int i, id, r = 0;
	/* Both commands take other structs than the prototype says: shmctl(2). */
	int last = shmctl(0, SHM_INFO, (struct shmid_ds *)(void *)&info);

	if (last < 0)
		return -errno;
	for (i = 0; r == 0 && i <= last; i++) {
		id = shmctl(i, SHM_STAT_ANY, &ds);
		if (id >= 0)
			r = row(arg, id);
	}
	return r;
}

int fl_shm_folder_each(int (*row)(void *arg, const char *name), void *arg)
{
	DIR *dir = opendir(FL_SHM_FOLDER);
	const struct dirent *entry;
	int r = 0;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (r == 0 && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = row(arg, entry->d_name);
	closedir(dir);
	return r;
}

uint32_t fl_effective_uid(void)
{
	return geteuid();
}

uint64_t fl_random_u64(void)
{
	uint64_t value = 0;

	if (getrandom(&value, sizeof(value), GRND_NONBLOCK) != (ssize_t)sizeof(value))
		value = fl_clock_ns() * UINT64_C(0x9E3779B97F4A7C15) + (uint64_t)getpid();
	return value ? value : 1;
}

/* One byte goes along: a message without data carries nothing on stream sockets. */
union control {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int))];
};

int fl_fd_send(int socket, int fd)
{
	char byte = 'F';
	struct iovec iov = {.iov_base = &byte, .iov_len = 1};
	union control control = {0};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	ssize_t n;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	do
		n = sendmsg(socket, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/* Alignment gives the room for one more of them than asked for. Return: the only one; else -EPROTO. */
static int only_fd(const struct cmsghdr *c)
{
	size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	int fds[sizeof(union control) / sizeof(int)];

	memcpy(fds, CMSG_DATA(c), count * sizeof(int));
	if (count == 1)
		return fds[0];
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
	return -EPROTO;
}

int fl_fd_receive(int socket)
{
	char byte;
	struct iovec iov = {.iov_base = &byte, .iov_len = 1};
	union control control = {0};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *c;
	ssize_t n;

	do
		n = recvmsg(socket, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n < 0 ? -errno : -EPIPE;
	c = CMSG_FIRSTHDR(&msg);
	return c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS ? only_fd(c)
									      : -EPROTO;
}
