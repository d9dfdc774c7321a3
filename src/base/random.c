/* SPDX-License-Identifier: MIT */
#include "base/random.h"

#include <errno.h>
#include <sys/random.h>

int fl_random_bytes(void *ret, size_t len)
{
	/* Never cut short by a signal: getrandom(2). */
	return getrandom(ret, len, 0) == (ssize_t)len ? 0 : -EIO;
}
