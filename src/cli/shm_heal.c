/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <faultline/shm_sync.h>

#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/shm_actions.h"
#include "cli/shm_rows.h"
#include "cli/verbs.h"

/* Found something: as diff and grep have it. */
#define STATUS_FOUND 1

/**
 * struct round - one walk through all segments
 * @found: findings (doctor), removed (gc)
 */
struct round {
	uint64_t found;
	int trouble;
	int dry_run;
};

/* Options that name the segment on a command line. */
static void handle_of(const struct fl_segment_info *info, char *buf, size_t size)
{
	if (info->type == FL_SEGMENT_SYSV)
		snprintf(buf, size, "--id=%" PRId32, info->id);
	else if (info->type == FL_SEGMENT_POSIX)
		snprintf(buf, size, "'%s'", info->name);
	else
		snprintf(buf, size, "--path='%s'", info->name);
}

static void finding(struct round *r, const struct fl_segment_info *info, const char *what,
		    const char *repair)
{
	char name[256];

	shm_row_name(info, name, sizeof(name));
	outbuf_printf("%s: %s\n", name, what);
	if (repair != NULL)
		outbuf_printf("    %s\n", repair);
	r->found++;
}

static void look_at_lock(struct round *r, const struct fl_segment_info *info, const char *handle)
{
	char what[128], repair[512];

	if (info->lock == FL_SEGMENT_LOCK_DEAD) {
		snprintf(what, sizeof(what),
			 "its lock is held by process %" PRId32 ", which is dead", info->lock_pid);
		snprintf(repair, sizeof(repair), "faultline shm unlock --recover %s", handle);
		finding(r, info, what, repair);
	} else if (info->lock == FL_SEGMENT_LOCK_BROKEN) {
		snprintf(repair, sizeof(repair), "faultline shm rm %s", handle);
		finding(r, info, "its lock can never be taken again: a recovery failed", repair);
	}
}

static void look_at_kind(struct round *r, const struct fl_segment_info *info)
{
	char what[128], repair[512];

	if (info->problem == NULL || info->type == FL_SEGMENT_SYSV) {
		if (info->problem != NULL)
			finding(r, info, "removed, but processes are still attached to it", NULL);
		return;
	}
	snprintf(what, sizeof(what), "%s: somebody else may wait under this name", info->problem);
	snprintf(repair, sizeof(repair), "rm '/dev/shm/%s'", info->name);
	finding(r, info, what, info->type == FL_SEGMENT_POSIX ? repair : NULL);
}

static void look_at_mode(struct round *r, const struct fl_segment_info *info, const char *handle)
{
	char what[128], repair[512];

	if (info->problem != NULL || !(info->mode & 022))
		return;
	snprintf(what, sizeof(what), "mode %04o lets other users write to it", info->mode);
	if (info->type == FL_SEGMENT_POSIX)
		snprintf(repair, sizeof(repair), "chmod go-w '/dev/shm/%s'", info->name);
	else if (info->type == FL_SEGMENT_SYSV)
		snprintf(repair, sizeof(repair), "faultline shm rm --trust %s", handle);
	else
		snprintf(repair, sizeof(repair), "chmod go-w '%s'", info->name);
	finding(r, info, what, repair);
}

static int is_left(const struct fl_segment_info *info)
{
	return info->attached == 0 && info->creator_alive == 0 && info->problem == NULL;
}

static int diagnose(void *arg, const struct fl_segment_info *info)
{
	struct round *r = arg;
	char handle[320], repair[512];

	handle_of(info, handle, sizeof(handle));
	snprintf(repair, sizeof(repair), "faultline shm rm %s", handle);
	look_at_kind(r, info);
	look_at_mode(r, info, handle);
	if (info->header == FL_SEGMENT_DAMAGED)
		finding(r, info, "its header is damaged", repair);
	look_at_lock(r, info, handle);
	if (is_left(info) && info->header == FL_SEGMENT_UNFINISHED)
		finding(r, info, "its maker died while making it", repair);
	else if (is_left(info) && !info->keep)
		finding(r, info, "its maker is gone and nobody is attached", repair);
	return outbuf_error();
}

int shm_doctor(int argc, char **argv)
{
	struct round r = {.found = 0};
	struct shm_args args;
	struct fl_error err;
	int rc;

	shm_args_parse(&args, SHM_DOCTOR,
		       "Say what is wrong with segments, and which command repairs it: dead owners "
		       "of locks, damaged headers, loose modes, squatted names, segments that were "
		       "left behind. Status 1 when something is.",
		       argc, argv);
	rc = fl_segment_list(diagnose, &r, &err);
	if (rc < 0)
		message_error("%s", err.text);
	if (outbuf_finish() < 0 || rc < 0)
		return EXIT_TROUBLE;
	return r.found > 0 ? STATUS_FOUND : 0;
}

/* Abandoned beyond doubt: ours; its maker is dead, and did not finish it, or it is managed, was not
 * meant to stay, and nobody else may have opened it; no process maps it. */
static int is_abandoned(const struct fl_segment_info *info)
{
	if (!is_left(info) || info->uid != geteuid() || info->pid_count > 0 ||
	    info->type == FL_SEGMENT_MEMFD)
		return 0;
	return info->header == FL_SEGMENT_UNFINISHED ||
	       (info->header == FL_SEGMENT_OK && !info->keep && !(info->mode & 077) &&
		info->lock != FL_SEGMENT_LOCK_HELD);
}

static void collect_one(struct round *r, const struct fl_segment_info *info)
{
	struct fl_segment_options opt;
	struct fl_error err;

	fl_segment_options_init(&opt);
	opt.type = info->type;
	opt.name = info->type == FL_SEGMENT_SYSV ? NULL : info->name;
	opt.id = info->id;
	if (fl_segment_remove(&opt, &err) < 0) {
		message_error("%s: %s", info->name, err.text);
		r->trouble = 1;
	}
}

static int collect(void *arg, const struct fl_segment_info *info)
{
	struct round *r = arg;
	char name[256];

	if (!is_abandoned(info))
		return 0;
	r->found++;
	shm_row_name(info, name, sizeof(name));
	outbuf_printf("%s %s\n", r->dry_run ? "would remove" : "removed", name);
	if (!r->dry_run)
		collect_one(r, info);
	return outbuf_error();
}

int shm_gc(int argc, char **argv)
{
	struct round r = {.found = 0};
	struct shm_args args;
	struct fl_error err;
	int rc;

	shm_args_parse(
		&args, SHM_GC,
		"Remove managed segments of yours that a program made for its own time and "
		"left behind: it is dead, and nobody is attached. Raw segments, and those made "
		"by 'faultline shm create', stay.",
		argc, argv);
	r.dry_run = args.dry_run;
	rc = fl_segment_list(collect, &r, &err);
	if (rc < 0)
		message_error("%s", err.text);
	return outbuf_finish() < 0 || rc < 0 || r.trouble ? EXIT_TROUBLE : 0;
}
