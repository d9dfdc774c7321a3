/* SPDX-License-Identifier: MIT */
#ifndef FL_BASE_STREAM_COPY_H
#define FL_BASE_STREAM_COPY_H

#include <stddef.h>

/* Stores that go past the caches exist: without them fl_stream_copy() is memcpy(3). */
#if defined(__x86_64__)
#define FL_HAS_STREAM_COPY 1
#else
#define FL_HAS_STREAM_COPY 0
#endif

/**
 * fl_stream_copy() - memcpy(3) whose whole cache lines of @to go to memory, past the caches
 *
 * All is stored, and in order for others, when it returns.
 * Source: Intel 64 and IA-32 Architectures Software Developer's Manual, vol. 1, 10.4.6.2.
 */
void fl_stream_copy(void *to, const void *from, size_t len);

#endif
