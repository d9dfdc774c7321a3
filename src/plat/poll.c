/* SPDX-License-Identifier: MIT */
#include "plat/poll.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>

int fl_poll_readable(int fd, int timeout_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int n = poll(&p, 1, timeout_ms);

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	return n > 0;
}

void fl_pipe_enlarge(int fd)
{
	(void)fcntl(fd, F_SETPIPE_SZ, 1 << 20);
}
