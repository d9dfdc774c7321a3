/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <time.h>

int64_t fl_clock_wall_s(void)
{
	struct timespec ts;

	/* The coarse clock costs a tenth of the other one. */
	clock_gettime(CLOCK_REALTIME_COARSE, &ts);
	return (int64_t)ts.tv_sec;
}

uint64_t fl_clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}
