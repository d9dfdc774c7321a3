/* SPDX-License-Identifier: MIT */
#include "plat/sigpipe.h"

#include <errno.h>
#include <time.h>

static sigset_t only_sigpipe(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	return set;
}

/* SIGPIPE goes to the thread that writes: there it is held back, and taken away. */
void fl_sigpipe_hold(struct fl_sigpipe *s)
{
	sigset_t set = only_sigpipe();

	pthread_sigmask(SIG_BLOCK, &set, &s->before);
}

void fl_sigpipe_release(const struct fl_sigpipe *s, int r)
{
	const struct timespec at_once = {0};
	sigset_t set = only_sigpipe();

	if (r == -EPIPE)
		while (sigtimedwait(&set, NULL, &at_once) < 0 && errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &s->before, NULL);
}
