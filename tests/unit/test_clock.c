/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <time.h>
#include <unistd.h>

#include "base/clock.h"

Test(clock, goes_forward_in_nanoseconds)
{
	uint64_t start = fl_clock_ns(), last = start, now;

	for (int i = 0; i < 10000; i++) {
		now = fl_clock_ns();
		cr_assert(now >= last);
		last = now;
	}
	usleep(20000);
	now = fl_clock_ns();
	cr_assert(now - start >= UINT64_C(20000000));
	cr_assert(now - start < UINT64_C(60000000000), "seconds are not added twice");
}

Test(clock, is_the_monotonic_one)
{
	struct timespec ts;
	uint64_t before = fl_clock_ns(), between;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	between = (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
	cr_assert(before <= between && between <= fl_clock_ns());
}
