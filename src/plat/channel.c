/* SPDX-License-Identifier: MIT */
#include "plat/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "plat/process.h"
#include "plat/shmobj.h"

/* The default of /proc/sys/fs/mqueue/msg_max, what a user may have. */
#define QUEUE_MESSAGES 10

/* A queue has no end that closes: whoever waits looks so often whether the other side is alive. */
#define PEER_CHECK_NS 40000000

static int open_queue(struct fl_channel *ch)
{
	struct mq_attr attr = {.mq_maxmsg = QUEUE_MESSAGES, .mq_msgsize = (long)ch->message_bytes};
	char name[48];
	mqd_t q;

	snprintf(name, sizeof(name), "/faultline-%016llx", (unsigned long long)fl_random_u64());
	q = mq_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600, &attr);
	if (q < 0)
		/* Too large for the limits of mq_overview(7). */
		return errno == EINVAL || errno == EMFILE || errno == ENOMEM ? -EMSGSIZE : -errno;
	/* From now on it has no name: nothing stays if we are killed. */
	mq_unlink(name);
	ch->in = ch->out = q;
	return 0;
}

static int open_socket(struct fl_channel *ch)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	ch->in = pair[0];
	ch->out = pair[1];
	if (ch->kind == FL_CHANNEL_SPLICE && pipe2(ch->pipe, O_CLOEXEC) < 0)
		return -errno;
	return 0;
}

static int open_pipe(struct fl_channel *ch)
{
	int pair[2];

	if (pipe2(pair, O_CLOEXEC) < 0)
		return -errno;
	ch->in = pair[1];
	ch->out = pair[0];
	return 0;
}

int fl_channel_open(enum fl_channel_kind kind, size_t message_bytes, struct fl_channel *ret)
{
	struct fl_channel ch = {.kind = kind,
				.in = -1,
				.out = -1,
				.pipe = {-1, -1},
				.message_bytes = message_bytes};
	int r;

	if (kind == FL_CHANNEL_MQUEUE)
		r = open_queue(&ch);
	else
		r = kind == FL_CHANNEL_PIPE ? open_pipe(&ch) : open_socket(&ch);
	if (r < 0) {
		fl_channel_close(&ch);
		return r;
	}
	*ret = ch;
	return 0;
}

static int write_all(int fd, const unsigned char *p, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		p += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* Pages of the message go into the pipe, not copies; from there to the socket. */
static int splice_all(struct fl_channel *ch, const unsigned char *p, size_t len)
{
	while (len > 0) {
		struct iovec iov = {.iov_base = (void *)(uintptr_t)p, .iov_len = len};
		ssize_t n = vmsplice(ch->pipe[1], &iov, 1, 0), m;

		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
		for (; n > 0; n -= m) {
			m = splice(ch->pipe[0], NULL, ch->in, NULL, (size_t)n, SPLICE_F_MOVE);
			if (m <= 0)
				return m < 0 ? -errno : -EPIPE;
		}
	}
	return 0;
}

/*
 * A call on the queue has failed. Return: 0: again; -EPIPE; -errno. When to look next is no matter of
 * each message: past that moment a call that need not wait succeeds all the same (mq_receive(3)).
 */
static int queue_again(struct fl_channel *ch)
{
	struct fl_process peer;

	if (errno == EINTR)
		return 0;
	if (errno != ETIMEDOUT)
		return -errno;
	if (fl_process_of(ch->peer, &peer) < 0)
		return -EPIPE;
	clock_gettime(CLOCK_REALTIME, &ch->look);
	ch->look.tv_nsec += PEER_CHECK_NS;
	if (ch->look.tv_nsec >= 1000000000) {
		ch->look.tv_nsec -= 1000000000;
		ch->look.tv_sec++;
	}
	return 0;
}

static int queue_send(struct fl_channel *ch, const void *data, size_t len)
{
	int r = 0;

	while (r == 0 && mq_timedsend(ch->in, data, len, 0, &ch->look) < 0)
		r = queue_again(ch);
	return r;
}

static int queue_receive(struct fl_channel *ch, void *buf)
{
	int r = 0;

	while (r == 0 && mq_timedreceive(ch->out, buf, ch->message_bytes, NULL, &ch->look) < 0)
		r = queue_again(ch);
	return r;
}

int fl_channel_send(struct fl_channel *ch, const void *data, size_t len)
{
	if (ch->kind == FL_CHANNEL_MQUEUE)
		return queue_send(ch, data, len);
	if (ch->kind == FL_CHANNEL_SPLICE)
		return splice_all(ch, data, len);
	return write_all(ch->in, data, len);
}

int fl_channel_receive(struct fl_channel *ch, void *buf, size_t len)
{
	unsigned char *p = buf;
	ssize_t n;

	if (ch->kind == FL_CHANNEL_MQUEUE)
		return queue_receive(ch, buf);
	while (len > 0) {
		n = read(ch->out, p, len);
		if (n == 0)
			return -EPIPE;
		if (n < 0 && errno != EINTR)
			return -errno;
		p += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void fl_channel_keep(struct fl_channel *ch, enum fl_channel_end end, int32_t peer)
{
	if (ch->kind == FL_CHANNEL_MQUEUE) {
		ch->peer = peer;
	} else if (end == FL_CHANNEL_SENDER) {
		close_fd(&ch->out);
	} else {
		close_fd(&ch->in);
		close_fd(&ch->pipe[0]);
		close_fd(&ch->pipe[1]);
	}
}

void fl_channel_close(struct fl_channel *ch)
{
	if (ch->out == ch->in)
		ch->out = -1;
	close_fd(&ch->in);
	close_fd(&ch->out);
	close_fd(&ch->pipe[0]);
	close_fd(&ch->pipe[1]);
}
