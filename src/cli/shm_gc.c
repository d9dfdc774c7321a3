/* SPDX-License-Identifier: MIT */
#include <errno.h>
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

/**
 * struct round - one walk through all segments
 */
struct round {
	int trouble;
	int dry_run;
};

int shm_is_left(const struct fl_segment_info *info)
{
	return info->attached == 0 && info->creator_alive == 0 && info->problem == NULL;
}

/* Abandoned beyond doubt: ours; its maker is dead, and did not finish it, or it is managed, was not
 * meant to stay, and nobody else may have opened it; no process maps it. */
static int is_abandoned(const struct fl_segment_info *info)
{
	if (!shm_is_left(info) || info->uid != geteuid() || info->pid_count > 0 ||
	    info->type == FL_SEGMENT_MEMFD)
		return 0;
	return info->header == FL_SEGMENT_UNFINISHED ||
	       (info->header == FL_SEGMENT_OK && !info->keep && !(info->mode & 077) &&
		info->lock != FL_SEGMENT_LOCK_HELD);
}

static int remove_it(struct round *r, const struct fl_segment_info *info, const char *name)
{
	struct fl_segment_options opt;
	struct fl_error err;
	int rc;

	fl_segment_options_init(&opt);
	opt.type = info->type;
	opt.name = info->type == FL_SEGMENT_SYSV ? NULL : info->name;
	opt.id = info->id;
	opt.nonce = info->nonce;
	rc = fl_segment_remove(&opt, &err);
	/* Somebody else was quicker, or has the name now. */
	if (rc == -ENOENT || rc == -EIDRM || rc == -FL_ECHANGED)
		return rc;
	if (rc < 0) {
		message_error("%s: %s", name, err.text);
		r->trouble = 1;
	}
	return rc;
}

static int collect(void *arg, const struct fl_segment_info *info)
{
	struct round *r = arg;
	char name[320];

	if (!is_abandoned(info))
		return 0;
	shm_row_name(info, name, sizeof(name));
	if (r->dry_run)
		outbuf_printf("would remove %s\n", name);
	else if (remove_it(r, info, name) == 0)
		outbuf_printf("removed %s\n", name);
	return outbuf_error();
}

int shm_gc(int argc, char **argv)
{
	struct round r = {.trouble = 0};
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
