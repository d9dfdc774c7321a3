/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_POLL_H
#define FL_PLAT_POLL_H

/**
 * fl_poll_readable() - is there something to read, or the end?
 * @timeout_ms: 0 = only look
 * Return: 1 yes; 0 not within the time, or a signal came; -errno.
 */
int fl_poll_readable(int fd, int timeout_ms);

/** fl_pipe_enlarge() - ask for a pipe buffer of 1 MiB (the limit for plain users, pipe(7)); failure is ignored */
void fl_pipe_enlarge(int fd);

#endif
