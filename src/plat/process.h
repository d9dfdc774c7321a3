/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_PROCESS_H
#define FL_PLAT_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct fl_process - a process that cannot be mistaken for a later one with its number
 * @pid:   0 = none
 * @start: clock ticks from boot to its start (proc(5), /proc/PID/stat field 22)
 */
struct fl_process {
	int32_t pid;
	uint64_t start;
};

/**
 * struct fl_task - what proc_pid_stat(5) says of a thread
 * @state: as in ps(1): 'R' runs or wants to
 * @start: clock ticks from boot to its start (field 22)
 * @cpu:   the processor that it runs on, or ran on last (field 39)
 */
struct fl_task {
	char state;
	uint64_t start;
	int cpu;
};

/** fl_task_of() - thread @tid of process @pid; the first one has its number. Return: 0; -ESRCH. Cost: 10 us. */
int fl_task_of(int32_t pid, int32_t tid, struct fl_task *ret);

/** fl_process_self() - the calling process. Cost: a system call; after a fork, one look into /proc. */
void fl_process_self(struct fl_process *ret);

/** fl_process_of() - the process that has this number now. Return: 0; -ESRCH: none, or a zombie. */
int fl_process_of(int32_t pid, struct fl_process *ret);

/** fl_process_alive() - is it still there? A zombie is not: it will never unlock anything. Cost: 10 us. */
bool fl_process_alive(const struct fl_process *process);

/** fl_process_number() - of the calling process, without its start */
int32_t fl_process_number(void);

/** fl_process_parent() - number of the parent process */
int32_t fl_process_parent(void);

/**
 * struct fl_procmap - one shared mapping, or one open memfd, of one process
 * @path:     as /proc shows it, without " (deleted)"
 * @mapped:   a mapping, not only a descriptor
 * @fd:       the descriptor, for those that are not mapped; else -1
 */
struct fl_procmap {
	int32_t pid;
	uint64_t dev;
	uint64_t ino;
	const char *path;
	bool mapped;
	bool writable;
	bool deleted;
	int fd;
};

/**
 * fl_procmap_each() - the shared mappings and memfds of all processes that may be looked at
 * Return: 0; what @row returned; -errno.
 */
int fl_procmap_each(int (*row)(void *arg, const struct fl_procmap *map), void *arg);

#endif
