/* SPDX-License-Identifier: MIT */
#ifndef FL_BASE_CLOCK_H
#define FL_BASE_CLOCK_H

#include <stdint.h>

/** fl_clock_ns() - monotonic time in nanoseconds, from an arbitrary start */
uint64_t fl_clock_ns(void);

/** fl_clock_wall_s() - seconds since 1970, up to a tick late. Cost: 5 ns. */
int64_t fl_clock_wall_s(void);

#endif
