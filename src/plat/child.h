/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_CHILD_H
#define FL_PLAT_CHILD_H

#include <stddef.h>

#include <faultline/error.h>

/**
 * struct fl_child - work for a child process
 * @fn:        runs there; fills @ret, of @ret_bytes; returns 0 or a negative error
 * @cgroup:    directory of a control group that the child enters first, or NULL
 */
struct fl_child {
	int (*fn)(void *arg, void *ret, struct fl_error *reterr);
	void *arg;
	void *ret;
	size_t ret_bytes;
	const char *cgroup;
};

/**
 * fl_child_run() - fork, run, wait
 *
 * What fn returned comes back with its error; the child ends without running exit handlers.
 * Threads: the caller should be the only one of its process.
 * Return: what fn returned; -FL_ECANCELED when a signal ended the child, which reterr names;
 * -EAGAIN, -ENOMEM, -EMFILE from fork(2) and pipe(2).
 */
int fl_child_run(const struct fl_child *child, struct fl_error *reterr);

#endif
