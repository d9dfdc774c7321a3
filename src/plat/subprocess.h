/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_SUBPROCESS_H
#define FL_PLAT_SUBPROCESS_H

#include <stdbool.h>
#include <stdint.h>

/**
 * fl_subprocess_fork() - a worker process that does not outlive the calling thread
 *
 * In the child, SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGUSR1 are ignored.
 * Return: in the parent its number; in the child 0; -errno.
 */
int32_t fl_subprocess_fork(void);

/** fl_subprocess_ended() - has it? Reaps it. Does not wait. */
bool fl_subprocess_ended(int32_t pid);

/** fl_subprocess_doom() - SIGKILL, without waiting: several are doomed at once, then killed; <= 0: nothing */
void fl_subprocess_doom(int32_t pid);

/** fl_subprocess_kill() - SIGKILL, and reap it */
void fl_subprocess_kill(int32_t pid);

/** fl_subprocess_exit() - end the calling child without the parent's exit handlers and buffers */
void fl_subprocess_exit(int status) __attribute__((noreturn));

#endif
