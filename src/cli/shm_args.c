/* SPDX-License-Identifier: MIT */
#include "cli/option_value.h"
#include "cli/shm_args.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/message.h"
#include "cli/shm_seals.h"

enum key {
	KEY_TYPE = 256,
	KEY_NAME,
	KEY_KEY,
	KEY_ID,
	KEY_PATH,
	KEY_SIZE,
	KEY_OFFSET,
	KEY_MODE,
	KEY_HUGE,
	KEY_MANAGED,
	KEY_TRUST,
	KEY_READ_ONLY,
	KEY_JSON,
	KEY_FILE,
	KEY_SEALS,
	KEY_PID,
	KEY_TIMEOUT,
	KEY_RECOVER,
	KEY_HELD,
	KEY_DRY_RUN,
	KEY_TIME,
	KEY_REPORT
};

/* All actions that are about one segment. */
#define ONE                                                                                        \
	(SHM_CREATE | SHM_ATTACH | SHM_STAT | SHM_READ | SHM_WRITE | SHM_DUMP | SHM_RESIZE |       \
	 SHM_SEAL | SHM_RM | SHM_LOCK | SHM_UNLOCK)
#define COMMAND (SHM_CREATE | SHM_ATTACH | SHM_LOCK)
#define COPY (SHM_READ | SHM_DUMP)

/* Locks are held for microseconds, those of scripts for a command; who waits for a minute asks why. */
#define HELD_SECONDS 60

static const struct {
	unsigned actions;
	struct argp_option option;
} table[] = {
	{ONE | SHM_DEMO,
	 {.name = "type",
	  .key = KEY_TYPE,
	  .arg = "T",
	  .doc = "posix (default), sysv, file, memfd"}},
	{ONE, {.name = "name", .key = KEY_NAME, .arg = "NAME", .doc = "The same as operand NAME"}},
	{ONE,
	 {.name = "key",
	  .key = KEY_KEY,
	  .arg = "K",
	  .doc = "System V: the key, decimal or 0x...; 0 when it is made: private"}},
	{ONE & ~SHM_CREATE, {.name = "id", .key = KEY_ID, .arg = "N", .doc = "System V: the id"}},
	{ONE,
	 {.name = "path",
	  .key = KEY_PATH,
	  .arg = "PATH",
	  .doc = "file: the file; sysv: the key is made of it (ftok); memfd: /proc/PID/fd/N"}},
	{SHM_BENCH,
	 {.name = "size",
	  .key = KEY_SIZE,
	  .arg = "SIZE",
	  .doc = "Of each message; default: six sizes from 64 bytes to 16 MiB"}},
	{SHM_CREATE | SHM_RESIZE | SHM_READ | SHM_DUMP | SHM_ATTACH,
	 {.name = "size",
	  .key = KEY_SIZE,
	  .arg = "SIZE",
	  .doc = "Bytes; attach: at least so many"}},
	{COPY | SHM_WRITE,
	 {.name = "offset", .key = KEY_OFFSET, .arg = "N", .doc = "First byte; default 0"}},
	{SHM_CREATE,
	 {.name = "mode", .key = KEY_MODE, .arg = "M", .doc = "Permissions, octal; default 600"}},
	{SHM_CREATE | SHM_ATTACH,
	 {.name = "huge", .key = KEY_HUGE, .doc = "Huge pages: sysv and memfd reserved ones"}},
	{SHM_CREATE | SHM_ATTACH | COPY | SHM_WRITE,
	 {.name = "managed", .key = KEY_MANAGED, .doc = "With faultline's header"}},
	{ONE & ~SHM_CREATE,
	 {.name = "trust",
	  .key = KEY_TRUST,
	  .doc = "Take it whoever owns it and whoever may write to it"}},
	{SHM_ATTACH, {.name = "read-only", .key = KEY_READ_ONLY, .doc = "Do not map it writable"}},
	{SHM_LS | SHM_STAT | SHM_BENCH,
	 {.name = "json", .key = KEY_JSON, .doc = "Print one JSON document"}},
	{SHM_WRITE, {.name = "file", .key = KEY_FILE, .arg = "FILE", .doc = "Not standard input"}},
	{SHM_SEAL,
	 {.name = "seals",
	  .key = KEY_SEALS,
	  .arg = "LIST",
	  .doc = "Of shrink, grow, write, future-write, seal; default shrink,grow,seal"}},
	{SHM_LOCK | SHM_UNLOCK,
	 {.name = "pid", .key = KEY_PID, .arg = "P", .doc = "In the name of process P"}},
	{SHM_LOCK,
	 {.name = "timeout",
	  .key = KEY_TIMEOUT,
	  .arg = "SECONDS",
	  .doc = "Wait so long at most; 0: do not wait"}},
	{SHM_UNLOCK,
	 {.name = "recover", .key = KEY_RECOVER, .doc = "Take it away from a holder that is dead"}},
	{SHM_DOCTOR,
	 {.name = "held",
	  .key = KEY_HELD,
	  .arg = "SECONDS",
	  .doc = "Tell of a lock that a process has held so long; default 60"}},
	{SHM_BENCH,
	 {.name = "time",
	  .key = KEY_TIME,
	  .arg = "SECONDS",
	  .doc = "Of each measurement; default 0.1"}},
	{SHM_BENCH,
	 {.name = "report",
	  .key = KEY_REPORT,
	  .arg = "FILE",
	  .doc = "Write an HTML page with tables and pictures, too"}},
	{SHM_GC, {.name = "dry-run", .key = KEY_DRY_RUN, .doc = "Only say what would go"}},
};

#define NS_PER_S 1000000000
#define ROWS (sizeof(table) / sizeof(*table))

static long number_of(const char *option, const char *text, int base, long min, long max)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, base);
	if (end == text || *end != '\0' || errno != 0 || value < min || value > max)
		message_usage("%s: '%s' is out of range or no number", option, text);
	return value;
}

static uint64_t nanoseconds_of(const char *option, const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end != '\0' || !(value >= 0) || value > 1e9)
		message_usage("%s: '%s' is no number of seconds", option, text);
	return (uint64_t)(value * NS_PER_S);
}

static enum fl_segment_type type_of(const char *text)
{
	const char *name;

	for (int i = 0; (name = fl_segment_type_name((enum fl_segment_type)i)) != NULL; i++)
		if (strcmp(name, text) == 0)
			return (enum fl_segment_type)i;
	message_usage("--type: '%s' is none of posix, sysv, file, memfd", text);
}

static void set_name(struct shm_args *args, const char *name)
{
	if (args->named)
		message_usage("a second name, '%s'", name);
	args->named = 1;
	args->name = name;
}

static void set_key(struct shm_args *args, const char *text)
{
	/* Keys are 32 bits, and tools print them as unsigned hexadecimal numbers. */
	long value = number_of("--key", text, 0, INT32_MIN, UINT32_MAX);

	args->segment.key = (int32_t)(uint32_t)value;
	args->keyed = 1;
}

static error_t parse_segment(int key, char *arg, struct shm_args *args)
{
	struct fl_segment_options *o = &args->segment;

	switch (key) {
	case KEY_TYPE:
		o->type = type_of(arg);
		args->typed = 1;
		return 0;
	case KEY_NAME:
		set_name(args, arg);
		return 0;
	case KEY_KEY:
		set_key(args, arg);
		return 0;
	case KEY_ID:
		o->id = (int32_t)number_of("--id", arg, 10, 0, INT32_MAX);
		return 0;
	case KEY_PATH:
		args->path = arg;
		return 0;
	case KEY_HUGE:
		o->flags |= FL_SEGMENT_HUGE;
		return 0;
	case KEY_MANAGED:
		o->flags |= FL_SEGMENT_MANAGED;
		return 0;
	case KEY_TRUST:
		o->flags |= FL_SEGMENT_TRUST;
		return 0;
	case KEY_READ_ONLY:
		o->flags |= FL_SEGMENT_READ_ONLY;
		return 0;
	case KEY_MODE:
		o->mode = (unsigned)number_of("--mode", arg, 8, 1, 0777);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_lock(int key, char *arg, struct shm_args *args)
{
	switch (key) {
	case KEY_PID:
		args->pid = (int32_t)number_of("--pid", arg, 10, 1, INT32_MAX);
		return 0;
	case KEY_TIMEOUT:
		args->timeout_ns = nanoseconds_of("--timeout", arg);
		return 0;
	case KEY_TIME:
		args->timeout_ns = nanoseconds_of("--time", arg);
		return 0;
	case KEY_HELD:
		args->held_s = (int64_t)(nanoseconds_of("--held", arg) / NS_PER_S);
		return 0;
	case KEY_RECOVER:
		args->recover = 1;
		return 0;
	case KEY_DRY_RUN:
		args->dry_run = 1;
		return 0;
	default:
		return parse_segment(key, arg, args);
	}
}

static void add_operand(struct shm_args *args, struct argp_state *state, char *arg)
{
	if (state->quoted > 0 && state->next > state->quoted) {
		args->command = state->argv + state->next - 1;
		state->next = state->argc;
		return;
	}
	if (!(args->action & ONE))
		message_usage("extra operand '%s'", arg);
	set_name(args, arg);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct shm_args *args = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->err_stream = NULL;
		return 0;
	case KEY_SIZE:
		args->segment.bytes = option_size("--size", arg);
		args->sized = 1;
		return 0;
	case KEY_OFFSET:
		args->offset = option_size("--offset", arg);
		return 0;
	case KEY_JSON:
		args->json = 1;
		return 0;
	case KEY_FILE:
		args->file = arg;
		return 0;
	case KEY_REPORT:
		args->report = arg;
		return 0;
	case KEY_SEALS:
		if (shm_seals_parse(arg, &args->seals) < 0)
			message_usage("--seals: '%s' is no list of shrink, grow, write, "
				      "future-write, seal",
				      arg);
		return 0;
	case ARGP_KEY_ARG:
		add_operand(args, state, arg);
		return 0;
	default:
		return parse_lock(key, arg, args);
	}
}

/* --key and --id mean System V; a path below /proc a memfd; another path a file. */
static void guess_type(struct shm_args *args)
{
	struct fl_segment_options *o = &args->segment;

	if (args->typed)
		return;
	if (args->keyed || o->id >= 0)
		o->type = FL_SEGMENT_SYSV;
	else if (args->path != NULL)
		o->type = args->action != SHM_CREATE && strncmp(args->path, "/proc/", 6) == 0
				  ? FL_SEGMENT_MEMFD
				  : FL_SEGMENT_FILE;
}

static void settle_sysv(struct shm_args *args)
{
	struct fl_segment_options *o = &args->segment;

	if (args->named) {
		set_key(args, args->name);
		args->name = NULL;
	}
	if (args->keyed + (args->path != NULL) + (o->id >= 0) > 1)
		message_usage("--key, --id and --path exclude each other");
	if (!args->keyed && args->path == NULL && o->id < 0 && args->action != SHM_CREATE)
		message_usage("which segment? --key, --id or --path");
	o->name = args->path;
	if (o->id >= 0)
		snprintf(args->shown_id, sizeof(args->shown_id), "id %d", o->id);
	else
		snprintf(args->shown_id, sizeof(args->shown_id), "key 0x%08x", (unsigned)o->key);
	args->shown = args->path != NULL ? args->path : args->shown_id;
}

/* What stands behind -- is a command where one is run, else a name that begins with a dash. */
static void settle_command(struct shm_args *args)
{
	int runs = args->action == SHM_CREATE ? args->segment.type == FL_SEGMENT_MEMFD
					      : (args->action & COMMAND) != 0;

	if (args->command == NULL || runs)
		return;
	if (args->named || args->command[1] != NULL)
		message_usage("extra operand '%s'", args->command[!args->named]);
	set_name(args, args->command[0]);
	args->command = NULL;
}

static void settle(struct shm_args *args)
{
	struct fl_segment_options *o = &args->segment;

	guess_type(args);
	settle_command(args);
	if (o->type == FL_SEGMENT_SYSV) {
		settle_sysv(args);
		return;
	}
	if (args->keyed || o->id >= 0)
		message_usage("--key and --id are for --type=sysv");
	if (o->type == FL_SEGMENT_POSIX && args->path != NULL)
		message_usage("a POSIX segment has a name, not a path");
	if (args->path != NULL && args->named)
		message_usage("a path and a name");
	o->name = args->path != NULL ? args->path : args->name;
	if (o->name == NULL && !(o->type == FL_SEGMENT_MEMFD && args->action == SHM_CREATE))
		message_usage("which segment? Give its name");
	args->shown = o->name != NULL ? o->name : "memfd";
}

static void check(const struct shm_args *args)
{
	if ((args->action & (SHM_CREATE | SHM_RESIZE)) && !args->sized)
		message_usage("--size is needed");
}

void shm_args_parse(struct shm_args *args, enum shm_action action, const char *doc, int argc,
		    char **argv)
{
	struct argp_option options[ROWS + 1];
	struct argp argp = {.options = options, .parser = parse, .doc = doc};
	size_t n = 0;

	for (size_t i = 0; i < ROWS; i++)
		if (table[i].actions & action)
			options[n++] = table[i].option;
	memset(&options[n], 0, sizeof(options[n]));
	argp.args_doc = action & ONE ? "[NAME]" : "";
	if (action & COMMAND)
		argp.args_doc = "[NAME] [-- COMMAND...]";
	*args = (struct shm_args){
		.action = action, .timeout_ns = UINT64_MAX, .held_s = HELD_SECONDS};
	fl_segment_options_init(&args->segment);
	/* In order: what stands behind -- is a command, not another name. */
	if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, args) != 0)
		message_try_help();
	if (action & ONE) {
		settle(args);
		check(args);
	}
}
