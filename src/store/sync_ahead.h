/* SPDX-License-Identifier: MIT */
#ifndef FL_STORE_SYNC_AHEAD_H
#define FL_STORE_SYNC_AHEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "plat/durable.h"

/**
 * DOC: What was written to a file becomes durable while its writer goes on.
 *
 * One thread syncs. All that is written stays the caller's, in the caller's order. Where calls are
 * not the kernel's, or never sync, there is no thread: the caller syncs when it waits, all that there is, or with
 * @one_by_one no more than it waits for, which leaves a device in all the states that a thread may.
 */
struct fl_sync_ahead;

/**
 * fl_sync_ahead_start() - for one file
 * @d: the caller syncs nothing with it until fl_sync_ahead_stop()
 * Return: 0; -ENOMEM.
 */
int fl_sync_ahead_start(struct fl_durable *d, int fd, struct fl_sync_ahead **ret);

/**
 * fl_sync_ahead_wrote() - one thing more was written
 * @end: of the file, for good: once durable, what lies before leaves the page cache. Nobody reads it unless
 *       something goes wrong, and the cache would take new memory for all that is written: `transform -i
 *       --redact=ipv4,email` of 4.5 GB with a journal of 169 MB, on a virtual machine whose host provides
 *       memory at the first touch: 2.2 -> 2.0 s.
 * Return: its number, from 1 on.
 */
uint64_t fl_sync_ahead_wrote(struct fl_sync_ahead *a, uint64_t end);

/** fl_sync_ahead_has() - is thing @number durable, as far as is known without waiting? */
bool fl_sync_ahead_has(struct fl_sync_ahead *a, uint64_t number);

/** fl_sync_ahead_left() - things that are not durable, as far as is known without waiting */
uint64_t fl_sync_ahead_left(struct fl_sync_ahead *a);

/** fl_sync_ahead_wait() - things up to @number are durable when this returns 0. Return: 0 or -errno. */
int fl_sync_ahead_wait(struct fl_sync_ahead *a, uint64_t number);

/** fl_sync_ahead_stop() - end the thread; NULL is fine */
void fl_sync_ahead_stop(struct fl_sync_ahead *a);

#endif
