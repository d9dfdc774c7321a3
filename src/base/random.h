/* SPDX-License-Identifier: MIT */
#ifndef FL_BASE_RANDOM_H
#define FL_BASE_RANDOM_H

#include <stddef.h>

/** fl_random_bytes() - at most 256 that nobody can guess, from the system. Return: 0; -EIO. */
int fl_random_bytes(void *ret, size_t len);

#endif
