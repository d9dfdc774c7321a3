/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_GUARD_H
#define FL_PLAT_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <faultline/guard.h>

/**
 * DOC: The registry of live windows that the SIGBUS handler consults.
 *
 * Fixed array, atomics only: the handler may run on any thread at any moment.
 * An entry is claimed once per worker and re-aimed at each new mapping. The
 * entry's fields are published so that the handler either sees a consistent
 * {address, length, file offset} or no window at all.
 */

/* 1024 worker slots: more threads than that fall back to pread. */
#define FL_GUARD_SLOTS 1024

/**
 * fl_guard_claim() - a slot for one worker; installs the handler at first use (policy INSTALL)
 *
 * Call it on the thread that will look at the window.
 *
 * Return: slot >= 0; -EAGAIN when the caller must do without a mapping: no slot is free, the
 * policy is NEVER, or SIGBUS is blocked in this thread (a fault would then kill, whatever the
 * handler); -errno from sigaction(2).
 */
int fl_guard_claim(void);

/** fl_guard_release() - give the slot back; its window must be gone */
void fl_guard_release(int slot);

/**
 * fl_guard_aim() - the slot's window is now [addr, addr+len), showing file bytes from off
 *
 * Clears the poison. Call it before the first access. len 0 = no window. The window is widened
 * to whole pages. Threads: the slot's owner, while nobody else looks at the old window.
 */
void fl_guard_aim(int slot, const void *addr, size_t len, uint64_t off);

/** fl_guard_allow_stores() - the slot's window is written to: what takes its place must be, too */
void fl_guard_allow_stores(int slot);

/**
 * fl_guard_poisoned() - did an access fault since the last aim?
 * @ret_off: file offset of the first page that could not be had (lowest seen)
 */
bool fl_guard_poisoned(int slot, uint64_t *ret_off);

#endif
