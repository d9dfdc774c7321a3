/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/shm_actions.h"
#include "cli/verbs.h"

/* As shells have it: 128 and the signal's number; 127 and 126 when it could not be run. */
#define STATUS_SIGNAL 128
#define STATUS_NOT_FOUND 127
#define STATUS_NOT_RUN 126

extern char **environ;

int shm_complain(const struct shm_args *args, const struct fl_error *err)
{
	message_file(args->shown, err);
	return EXIT_TROUBLE;
}

struct fl_segment *shm_open_segment(const struct shm_args *args, unsigned more_flags)
{
	struct fl_segment_options opt = args->segment;
	struct fl_segment *seg = NULL;
	struct fl_error err;

	opt.flags |= more_flags;
	if (args->action != SHM_ATTACH)
		opt.bytes = 0;
	if (fl_segment_attach(&opt, &seg, &err) < 0)
		shm_complain(args, &err);
	return seg;
}

static int wait_for_signal(void)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigwait(&set, &sig);
	return 0;
}

int shm_run_command(char **command)
{
	pid_t pid;
	int status, rc;

	if (command == NULL)
		return wait_for_signal();
	rc = posix_spawnp(&pid, command[0], NULL, NULL, command, environ);
	if (rc != 0) {
		message_error("%s: %s", command[0], strerror(rc));
		return rc == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_RUN;
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return STATUS_NOT_RUN;
	return WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_SIGNAL + WTERMSIG(status);
}

/* How other programs, and the other actions, find it. Return: 0, or <0 when nobody is told. */
static int print_handle(const struct shm_args *args, const struct fl_segment *seg)
{
	struct fl_segment_info info = {.size = sizeof(info)};

	switch (args->segment.type) {
	case FL_SEGMENT_SYSV:
		if (fl_segment_info(seg, &info) == 0)
			outbuf_printf("%d\n", info.id);
		break;
	case FL_SEGMENT_MEMFD:
		outbuf_printf("/proc/%ld/fd/%d\n", (long)getpid(), fl_segment_fd(seg));
		break;
	case FL_SEGMENT_POSIX:
	case FL_SEGMENT_FILE:
	default:
		outbuf_printf("%s\n", args->segment.name);
	}
	return outbuf_finish();
}

/* Of a private System V segment nothing but the number tells. */
static void take_back(const struct shm_args *args, const struct fl_segment *seg)
{
	struct fl_segment_options o = args->segment;
	struct fl_segment_info info = {.size = sizeof(info)};

	if (o.type == FL_SEGMENT_SYSV && fl_segment_info(seg, &info) == 0) {
		o.id = info.id;
		o.key = 0;
		o.name = NULL;
	}
	o.flags = FL_SEGMENT_TRUST;
	if (o.type != FL_SEGMENT_MEMFD)
		(void)fl_segment_remove(&o, NULL);
}

/* A child finds the memfd by a path that stays right however descriptors are numbered. */
static void tell_child(const struct fl_segment *seg)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/%ld/fd/%d", (long)getpid(), fl_segment_fd(seg));
	setenv("FAULTLINE_MEMFD", path, 1);
}

/* Who holds a memfd for others does not keep them from sealing it against writing. */
static int keep_for_reading(struct fl_segment **seg, struct fl_error *err)
{
	struct fl_segment_options opt;
	struct fl_segment *writable = *seg;
	int rc;

	fl_segment_options_init(&opt);
	opt.type = FL_SEGMENT_MEMFD;
	opt.fd = fl_segment_fd(writable);
	opt.flags = FL_SEGMENT_READ_ONLY | FL_SEGMENT_TRUST;
	rc = fl_segment_attach(&opt, seg, err);
	fl_segment_detach(writable);
	return rc;
}

int shm_create(int argc, char **argv)
{
	struct fl_segment *seg = NULL;
	struct shm_args args;
	struct fl_error err;
	int status = 0;

	shm_args_parse(
		&args, SHM_CREATE,
		"Make a segment, exclusively, with all its memory, and print how it is found. "
		"A memfd lives as long as COMMAND, which finds it under $FAULTLINE_MEMFD, or "
		"until SIGINT or SIGTERM.",
		argc, argv);
	/* This program ends at once: what it makes is meant to stay. */
	args.segment.flags |= FL_SEGMENT_KEEP;
	if (fl_segment_create(&args.segment, &seg, &err) < 0 ||
	    (args.segment.type == FL_SEGMENT_MEMFD && keep_for_reading(&seg, &err) < 0))
		return shm_complain(&args, &err);
	if (args.command == NULL && print_handle(&args, seg) < 0) {
		take_back(&args, seg);
		status = EXIT_TROUBLE;
	} else if (args.segment.type == FL_SEGMENT_MEMFD) {
		tell_child(seg);
		status = shm_run_command(args.command);
	}
	fl_segment_detach(seg);
	return status;
}

int shm_attach(int argc, char **argv)
{
	struct shm_args args;
	struct fl_segment *seg;
	int status;

	shm_args_parse(&args, SHM_ATTACH,
		       "Attach a segment with all checks, and keep it while COMMAND runs, or until "
		       "SIGINT or SIGTERM.",
		       argc, argv);
	seg = shm_open_segment(&args, 0);
	if (seg == NULL)
		return EXIT_TROUBLE;
	if (args.command == NULL)
		message_error("%s: attached by process %ld", args.shown, (long)getpid());
	status = shm_run_command(args.command);
	fl_segment_detach(seg);
	return status;
}

/* The header of a managed segment says how long it is: it must know. */
static struct fl_segment *open_whatever_it_is(struct shm_args *args)
{
	struct fl_segment_info info = {.size = sizeof(info)};
	struct fl_segment *seg = shm_open_segment(args, 0);

	if (seg == NULL || fl_segment_info(seg, &info) < 0 || info.header != FL_SEGMENT_OK)
		return seg;
	fl_segment_detach(seg);
	args->segment.nonce = info.nonce;
	return shm_open_segment(args, FL_SEGMENT_MANAGED);
}

int shm_resize(int argc, char **argv)
{
	struct shm_args args;
	struct fl_segment *seg;
	struct fl_error err;
	int rc;

	shm_args_parse(&args, SHM_RESIZE,
		       "Change the size of a segment. What is new is zero, and allocated.", argc,
		       argv);
	seg = open_whatever_it_is(&args);
	if (seg == NULL)
		return EXIT_TROUBLE;
	rc = fl_segment_resize(seg, args.segment.bytes, &err);
	fl_segment_detach(seg);
	return rc < 0 ? shm_complain(&args, &err) : 0;
}

int shm_seal(int argc, char **argv)
{
	unsigned seals = FL_SEAL_SHRINK | FL_SEAL_GROW | FL_SEAL_SEAL;
	struct fl_segment_options opt;
	struct fl_segment *seg = NULL;
	struct shm_args args;
	struct fl_error err;
	int rc;

	shm_args_parse(&args, SHM_SEAL, "Forbid changes of a memfd, for everybody and for good.",
		       argc, argv);
	if (args.seals != 0)
		seals = args.seals;
	opt = args.segment;
	/* F_SEAL_WRITE is refused while a writable mapping exists: ours must not be one. */
	opt.flags |= FL_SEGMENT_READ_ONLY;
	rc = fl_segment_attach(&opt, &seg, &err);
	if (rc == 0)
		rc = fl_segment_seal(seg, seals, &err);
	fl_segment_detach(seg);
	return rc < 0 ? shm_complain(&args, &err) : 0;
}

int shm_rm(int argc, char **argv)
{
	struct shm_args args;
	struct fl_error err;

	shm_args_parse(&args, SHM_RM,
		       "Remove a segment: its name or key goes at once, its memory with its last "
		       "user.",
		       argc, argv);
	return fl_segment_remove(&args.segment, &err) < 0 ? shm_complain(&args, &err) : 0;
}
