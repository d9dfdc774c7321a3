/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_SPAWN_H
#define FL_PLAT_SPAWN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct fl_child - a process with both ends in our hands
 * @in:  its standard input, writable; -1 once closed
 * @out: its standard output, readable; -1 once closed
 */
struct fl_child {
	pid_t pid;
	int in;
	int out;
};

/**
 * fl_spawn() - run `sh -c COMMAND`; standard error is shared
 *
 * Its signals have their default actions and none is blocked. It stays in the process group of its
 * parent: what asks for a password on the terminal could not read it from another one. The pipes are
 * enlarged to 1 MiB where that is allowed.
 * Return: 0; -errno of pipe2(2) or posix_spawn(3).
 */
int fl_spawn(const char *command, struct fl_child *ret);

/**
 * fl_child_write() - all bytes, to its standard input
 * Return: 0; -EPIPE when it reads no more (no SIGPIPE is raised); -errno.
 */
int fl_child_write(struct fl_child *child, const void *data, size_t len);

/** fl_child_read() - from its standard output. Return: bytes, 0 at its end, -errno. */
int64_t fl_child_read(struct fl_child *child, void *buf, size_t n);

/** fl_child_close_in() - it sees the end of its input */
void fl_child_close_in(struct fl_child *child);

/** fl_child_close_out() - nobody reads what it writes any more: it gets SIGPIPE */
void fl_child_close_out(struct fl_child *child);

/** fl_child_kill() - SIGTERM to the shell; what it started gets SIGPIPE or the end of its input */
void fl_child_kill(const struct fl_child *child);

/** fl_child_wait() - close what is open and wait. Return: its exit status; 128 + signal; -errno. */
int fl_child_wait(struct fl_child *child);

#endif
