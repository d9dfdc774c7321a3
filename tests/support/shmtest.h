/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_SHMTEST_H
#define TESTS_SUPPORT_SHMTEST_H

#include <sys/types.h>

#include <faultline/shm_sync.h>

/* Segments that no name leads to, objects in them, children that come to an end. */

/** shmtest_segment() - a managed memfd; detach it */
struct fl_segment *shmtest_segment(uint64_t bytes);

/** shmtest_segment_of() - the same of any kind */
struct fl_segment *shmtest_segment_of(enum fl_segment_type type, uint64_t bytes);

/** shmtest_open() - an object; the test fails if that fails */
struct fl_shm_object *shmtest_open(struct fl_segment *seg, enum fl_shm_kind kind, const char *name,
				   uint64_t bytes_or_count, unsigned flags);

/** shmtest_fork() - fork(2) that never returns -1 */
pid_t shmtest_fork(void);

/** shmtest_wait() - exit status; 128 + signal */
int shmtest_wait(pid_t pid);

/** shmtest_kill() - SIGKILL, and wait */
void shmtest_kill(pid_t pid);

/** shmtest_rounds() - @n times FL_TEST_SCALE, at least 3 */
int shmtest_rounds(int n);

#endif
