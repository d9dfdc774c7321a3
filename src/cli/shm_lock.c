/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#include <faultline/shm_sync.h>

#include "cli/message.h"
#include "cli/shm_actions.h"
#include "cli/verbs.h"

/* As flock(1) -n: not had in time. */
#define STATUS_TIMEOUT 1

int shm_lock(int argc, char **argv)
{
	struct shm_args args;
	struct fl_segment *seg;
	struct fl_error err;
	int32_t pid;
	int rc, status = 0;

	shm_args_parse(
		&args, SHM_LOCK,
		"Take a managed segment's lock, for COMMAND, or for the calling shell "
		"(--pid: another process). It is free again when that process ends. Status 1 "
		"when --timeout is over.",
		argc, argv);
	seg = shm_open_segment(&args, FL_SEGMENT_MANAGED);
	if (seg == NULL)
		return EXIT_TROUBLE;
	pid = args.pid != 0 ? args.pid : args.command != NULL ? getpid() : getppid();
	rc = fl_lease_lock(seg, pid, args.timeout_ns, &err);
	if (rc == 1)
		message_error("%s: its last holder died; what it protects may be half changed",
			      args.shown);
	if (rc >= 0 && args.command != NULL) {
		status = shm_run_command(args.command);
		rc = fl_lease_unlock(seg, pid, &err);
	}
	fl_segment_detach(seg);
	if (rc < 0) {
		shm_complain(&args, &err);
		return rc == -ETIMEDOUT ? STATUS_TIMEOUT : EXIT_TROUBLE;
	}
	return status;
}

int shm_unlock(int argc, char **argv)
{
	struct shm_args args;
	struct fl_segment *seg;
	struct fl_error err;
	int rc;

	shm_args_parse(&args, SHM_UNLOCK,
		       "Give a managed segment's lock back, that of the calling shell or of --pid; "
		       "--recover: take it away from a dead holder.",
		       argc, argv);
	seg = shm_open_segment(&args, FL_SEGMENT_MANAGED);
	if (seg == NULL)
		return EXIT_TROUBLE;
	if (args.recover)
		rc = fl_segment_recover(seg, &err);
	else
		rc = fl_lease_unlock(seg, args.pid != 0 ? args.pid : getppid(), &err);
	fl_segment_detach(seg);
	return rc < 0 ? shm_complain(&args, &err) : 0;
}
