/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_THREAD_H
#define FL_PLAT_THREAD_H

#include <pthread.h>

/** fl_cpu_count() - processors this process may use: affinity mask, and cgroup (v1 and v2) quota rounded up; >= 1 */
unsigned fl_cpu_count(void);

/**
 * fl_thread_start() - pthread_create with all signals blocked in the new thread and a 256 KiB stack
 * (the process-directed ones are the program's; SIGBUS, SIGSEGV and other faults stay open)
 * Return: 0 or -errno.
 */
int fl_thread_start(pthread_t *ret, void *(*fn)(void *), void *arg, const char *name);

#endif
