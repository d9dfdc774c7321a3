/* SPDX-License-Identifier: MIT */
#ifndef FL_BASE_RANDOM_H
#define FL_BASE_RANDOM_H

#include <stddef.h>

/*
 * Here and not in src/plat, as the clock is: operators draw keys, and no file, memory or process is
 * concerned (ARCHITECTURE.md, Floors).
 */
/** fl_random_bytes() - at most 256 that nobody can guess, from the system. Return: 0; -EIO. */
int fl_random_bytes(void *ret, size_t len);

#endif
