/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_FUTEX_H
#define FL_PLAT_FUTEX_H

#include <stdatomic.h>
#include <stdint.h>

/**
 * fl_futex_wait() - sleep while *word == seen; between processes (futex(2), FUTEX_WAIT)
 * @timeout_ns: at most so long
 *
 * May return early for no reason: look at the word again.
 * Return: 0; -ETIMEDOUT.
 */
int fl_futex_wait(_Atomic uint32_t *word, uint32_t seen, uint64_t timeout_ns);

/** fl_futex_wake() - wake @count sleepers, INT32_MAX = all */
void fl_futex_wake(_Atomic uint32_t *word, int32_t count);

#endif
