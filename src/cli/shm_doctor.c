/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <faultline/shm_sync.h>

#include "cli/message.h"
#include "cli/outbuf.h"
#include "cli/quote.h"
#include "cli/shm_actions.h"
#include "cli/shm_rows.h"
#include "cli/verbs.h"

/* Found something: as diff and grep have it. */
#define STATUS_FOUND 1

/* Names of the job boards: board.c. The number of their user follows. */
#define BOARD_PREFIX "faultline-board-"

/**
 * struct patient - one segment, and what is wrong with it
 * @name:  on one line
 * @word:  its name or path, quoted for a shell; NULL for sysv
 * @handle: what names it behind `faultline shm rm`; owned
 * @held_s: a lock may be held so long
 */
struct patient {
	const struct fl_segment_info *info;
	char name[320];
	char *word;
	char *handle;
	int64_t held_s;
	uint64_t found;
};

/**
 * struct round - one walk through all segments
 */
struct round {
	int64_t held_s;
	uint64_t found;
};

/* A malloc'ed text; without memory nothing more can be said. */
__attribute__((format(printf, 1, 2))) static char *text_of(const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0) {
		message_error("%s", strerror(ENOMEM));
		exit(EXIT_TROUBLE);
	}
	return text;
}

/* Others' segments are refused unless they are trusted. */
static const char *trust_of(const struct fl_segment_info *info)
{
	return info->uid != geteuid() || (info->mode & 022) ? "--trust " : "";
}

static char *handle_of(const struct fl_segment_info *info, const char *word)
{
	if (info->type == FL_SEGMENT_SYSV)
		return text_of("%s--id=%" PRId32, trust_of(info), info->id);
	if (info->type == FL_SEGMENT_POSIX)
		return text_of("%s%s%s", trust_of(info), info->name[0] == '-' ? "--name=" : "",
			       word);
	return text_of("%s--path=%s", trust_of(info), word);
}

/* @repair: a command, malloc'ed; it is freed here */
__attribute__((format(printf, 3, 4))) static void finding(struct patient *p, char *repair,
							  const char *format, ...)
{
	va_list args;
	char *what = NULL;

	va_start(args, format);
	if (vasprintf(&what, format, args) < 0)
		what = NULL;
	va_end(args);
	outbuf_printf("%s: %s\n    %s\n", p->name, what != NULL ? what : "?", repair);
	free(what);
	free(repair);
	p->found++;
}

static char *removal(const struct patient *p)
{
	return text_of("faultline shm rm %s", p->handle);
}

/* The name of a process's program, and its state as in ps(1). Return: state, or 0. */
static char look_at_process(int32_t pid, char name[static 20])
{
	char path[48], line[128], *begin, *end;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%" PRId32 "/stat", pid);
	f = fopen(path, "re");
	strcpy(name, "?");
	if (f == NULL)
		return 0;
	line[0] = '\0';
	begin = fgets(line, sizeof(line), f);
	fclose(f);
	begin = begin != NULL ? strchr(line, '(') : NULL;
	end = strrchr(line, ')');
	if (begin == NULL || end == NULL || end < begin || end[1] != ' ')
		return 0;
	*end = '\0';
	snprintf(name, 20, "%s", begin + 1);
	for (char *c = name; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	return end[2];
}

static void tell_users(const struct patient *p)
{
	const struct fl_segment_info *info = p->info;
	char name[20];

	outbuf_printf("    # owner %" PRIu32 ", mapped by", info->uid);
	for (size_t i = 0; i < info->pid_count; i++) {
		(void)look_at_process(info->pids[i], name);
		outbuf_printf("%s %" PRId32 " (%s)", i > 0 ? "," : "", info->pids[i], name);
	}
	if (info->attached > info->pid_count)
		outbuf_printf("%s %" PRIu64 " of other users", info->pid_count > 0 ? "," : "",
			      info->attached - info->pid_count);
	else if (info->pid_count == 0)
		outbuf_printf(geteuid() == 0 ? " nobody" : " nobody who may be looked at");
	outbuf_printf("\n");
}

/* For how many seconds the lock has been held, if that is too long; else -1. */
static int64_t overdue(const struct patient *p, int64_t since_s)
{
	int64_t age = shm_age_s(since_s);

	return since_s != 0 && age >= p->held_s ? age : -1;
}

/* A living process has it: whether it has gone astray only people know. */
static void look_at_holder(struct patient *p)
{
	const struct fl_segment_info *info = p->info;
	int64_t age = overdue(p, info->lock_since_s);
	char name[20];

	if (look_at_process(info->lock_pid, name) == 'T')
		finding(p, text_of("kill -CONT %" PRId32, info->lock_pid),
			"its lock is held by process %" PRId32 " (%s), which is stopped",
			info->lock_pid, name);
	else if (age >= 0)
		finding(p,
			text_of("# wait for it; or take it away from process %" PRId32
				": faultline shm unlock --pid=%" PRId32 " %s",
				info->lock_pid, info->lock_pid, p->handle),
			"its lock has been held by process %" PRId32 " (%s) for %" PRId64 " s",
			info->lock_pid, name, age);
}

static void look_at_lock(struct patient *p)
{
	const struct fl_segment_info *info = p->info;

	if (info->lock == FL_SEGMENT_LOCK_DEAD)
		finding(p, text_of("faultline shm unlock --recover %s", p->handle),
			"its lock is held by process %" PRId32 ", which is dead", info->lock_pid);
	else if (info->lock == FL_SEGMENT_LOCK_BROKEN)
		finding(p, removal(p), "its lock can never be taken again: a recovery failed");
	else if (info->lock == FL_SEGMENT_LOCK_HELD)
		look_at_holder(p);
}

static void look_at_object_holder(struct patient *p, const struct fl_shm_state *object,
				  const char *shown)
{
	int64_t age = overdue(p, object->since_s);
	char name[20];

	if (age < 0)
		return;
	(void)look_at_process(object->pid, name);
	finding(p,
		text_of("# wait for it; or end it, and the next one is told: kill %" PRId32,
			object->pid),
		"its %s %s has been held by process %" PRId32 " (%s) for %" PRId64 " s",
		fl_shm_kind_name(object->kind), shown, object->pid, name, age);
}

static int look_at_object(void *arg, const struct fl_shm_state *object)
{
	struct patient *p = arg;
	const char *kind = fl_shm_kind_name(object->kind);
	char *name = quote_shell(object->name), *repair;

	if (object->state == FL_SEGMENT_LOCK_BROKEN) {
		finding(p, removal(p), "its %s %s can never be taken again: a recovery failed",
			kind, name != NULL ? name : "?");
	} else if (object->state == FL_SEGMENT_LOCK_UNKNOWN) {
		finding(p, removal(p), "its directory of objects is damaged");
	} else if (object->state == FL_SEGMENT_LOCK_DEAD) {
		repair = p->info->attached > 0
				 ? text_of("# nothing to do: the next one who waits for it is told")
				 : removal(p);
		finding(p, repair, "process %" PRId32 " died with its %s %s", object->pid, kind,
			name != NULL ? name : "?");
	} else if (object->state == FL_SEGMENT_LOCK_HELD) {
		look_at_object_holder(p, object, name != NULL ? name : "?");
	}
	free(name);
	return 0;
}

static void look_at_objects(struct patient *p)
{
	const struct fl_segment_info *info = p->info;
	struct fl_segment_options opt;
	struct fl_segment *seg = NULL;

	if (info->header != FL_SEGMENT_OK || info->problem != NULL)
		return;
	fl_segment_options_init(&opt);
	opt.type = info->type;
	opt.name = info->type == FL_SEGMENT_SYSV ? NULL : info->name;
	opt.id = info->id;
	opt.nonce = info->nonce;
	opt.flags = FL_SEGMENT_MANAGED | FL_SEGMENT_READ_ONLY | FL_SEGMENT_TRUST;
	/* It may have gone meanwhile. */
	if (fl_segment_attach(&opt, &seg, NULL) == 0)
		(void)fl_shm_list(seg, look_at_object, p);
	fl_segment_detach(seg);
}

/* Names are squatted below /dev/shm; a file's path is its owner's business. */
static void look_at_kind(struct patient *p)
{
	const struct fl_segment_info *info = p->info;
	const char *user = info->name + strlen(BOARD_PREFIX);
	char *path;

	if (info->type != FL_SEGMENT_POSIX)
		return;
	path = text_of("/dev/shm/%s", info->name);
	free(p->word);
	p->word = quote_shell(path);
	free(path);
	if (info->problem != NULL)
		finding(p, text_of("rm %s", p->word), "%s: somebody else may wait under this name",
			info->problem);
	else if (strncmp(info->name, BOARD_PREFIX, strlen(BOARD_PREFIX)) != 0)
		return;
	else if (strtoul(user, NULL, 10) != info->uid)
		finding(p, text_of("rm %s", p->word),
			"user %" PRIu32 " sits on the name of the job board of user %s", info->uid,
			p->name + strlen(BOARD_PREFIX));
	else if (info->header == FL_SEGMENT_RAW)
		finding(p, text_of("rm %s", p->word), "not a job board, and jobs cannot make one");
}

/* A memfd's mode, and that of a file which programs of somebody else map, mean nothing to us. */
static void look_at_mode(struct patient *p)
{
	const struct fl_segment_info *info = p->info;
	int raw = info->header == FL_SEGMENT_RAW;

	if (info->problem != NULL || !(info->mode & 022))
		return;
	if (info->type == FL_SEGMENT_SYSV)
		finding(p, removal(p), "mode %04o lets other users write to it", info->mode);
	else if (!raw || info->type == FL_SEGMENT_POSIX)
		finding(p, text_of("chmod go-w %s", p->word),
			"mode %04o lets other users write to it", info->mode);
}

static void examine(struct patient *p)
{
	const struct fl_segment_info *info = p->info;

	look_at_kind(p);
	look_at_mode(p);
	if (info->header == FL_SEGMENT_DAMAGED)
		finding(p, removal(p), "its header is damaged");
	look_at_lock(p);
	look_at_objects(p);
	if (shm_is_left(info) && info->header == FL_SEGMENT_UNFINISHED)
		finding(p, removal(p), "its maker died while making it");
	else if (shm_is_left(info) && !info->keep)
		finding(p, removal(p), "its maker is gone and nobody is attached");
	if (p->found > 0)
		tell_users(p);
}

static int diagnose(void *arg, const struct fl_segment_info *info)
{
	struct round *round = arg;
	struct patient p = {.info = info, .held_s = round->held_s};

	shm_row_name(info, p.name, sizeof(p.name));
	p.word = info->type == FL_SEGMENT_SYSV ? NULL : quote_shell(info->name);
	p.handle = handle_of(info, p.word);
	examine(&p);
	round->found += p.found;
	free(p.word);
	free(p.handle);
	return outbuf_error();
}

int shm_doctor(int argc, char **argv)
{
	struct shm_args args;
	struct fl_error err;
	struct round round = {.found = 0};
	int rc;

	shm_args_parse(&args, SHM_DOCTOR,
		       "Say what is wrong with segments, who maps them, and which command repairs "
		       "it: dead owners of locks, locks that cannot be taken or have been held for "
		       "long, damaged headers, loose modes, squatted names, segments that were "
		       "left behind. Status 1 when "
		       "something is.",
		       argc, argv);
	round.held_s = args.held_s;
	rc = fl_segment_list(diagnose, &round, &err);
	if (rc < 0)
		message_error("%s", err.text);
	if (outbuf_finish() < 0 || rc < 0)
		return EXIT_TROUBLE;
	return round.found > 0 ? STATUS_FOUND : 0;
}
