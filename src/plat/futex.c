/* SPDX-License-Identifier: MIT */
#include "plat/futex.h"

#include <errno.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S UINT64_C(1000000000)

int fl_futex_wait(_Atomic uint32_t *word, uint32_t seen, uint64_t timeout_ns)
{
	struct timespec limit = {.tv_sec = (time_t)(timeout_ns / NS_PER_S),
				 .tv_nsec = (long)(timeout_ns % NS_PER_S)};
	long r = syscall(SYS_futex, word, FUTEX_WAIT, seen, &limit, NULL, 0);

	return r < 0 && errno == ETIMEDOUT ? -ETIMEDOUT : 0;
}

void fl_futex_wake(_Atomic uint32_t *word, int32_t count)
{
	(void)syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0);
}
