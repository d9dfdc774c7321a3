/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_SIGPIPE_H
#define FL_PLAT_SIGPIPE_H

#include <signal.h>

/**
 * struct fl_sigpipe - the calling thread's signal mask before fl_sigpipe_hold()
 */
struct fl_sigpipe {
	sigset_t before;
};

/** fl_sigpipe_hold() - from now on a write that nobody reads fails with EPIPE, and is no signal */
void fl_sigpipe_hold(struct fl_sigpipe *s);

/** fl_sigpipe_release() - the mask of before; @r: what the writes came to: -EPIPE takes their signal away */
void fl_sigpipe_release(const struct fl_sigpipe *s, int r);

#endif
