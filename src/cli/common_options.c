/* SPDX-License-Identifier: MIT */
#include "cli/common_options.h"

#include <faultline/cluster.h>

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/inputs.h"
#include "cli/message.h"
#include "cli/option_value.h"

/* argp takes keys above the characters as options without a short form. */
enum key {
	KEY_IO = 256,
	KEY_MMAP,
	KEY_NO_MMAP,
	KEY_PROCESSES,
	KEY_WINDOW,
	KEY_CHUNK,
	KEY_ADVISE,
	KEY_MEMORY,
	KEY_RANGE,
	KEY_SKIP,
	KEY_MAX_BYTES,
	KEY_COLD,
	KEY_PROGRESS,
	KEY_NO_PROGRESS,
	KEY_STATS,
	KEY_JSON,
	KEY_FILES_FROM,
	KEY_IGNORE_JOURNAL
};

/* More threads than any machine has processors: a typing error. */
#define THREADS_MAX 65536

static const struct argp_option input_table[] = {
	{.doc = "Input:", .group = 10},
	{.name = "files-from",
	 .key = KEY_FILES_FROM,
	 .arg = "F",
	 .doc = "Read file names from F, one a line (- is standard input)"},
	{.key = '0', .doc = "The names in F end with NUL, not with a newline"},
	{.name = "range", .key = KEY_RANGE, .arg = "OFF:LEN", .doc = "Only LEN bytes from OFF on"},
	{.name = "skip", .key = KEY_SKIP, .arg = "N", .doc = "Begin the range at byte N"},
	{.name = "max-bytes", .key = KEY_MAX_BYTES, .arg = "N", .doc = "The range has N bytes"},
	{.name = "ignore-journal",
	 .key = KEY_IGNORE_JOURNAL,
	 .doc = "Read files also if a rewrite of them was interrupted"},
	{0},
};

static const struct argp_option common_table[] = {
	{.doc = "Loading:", .group = 20},
	{.name = "threads",
	 .key = 'j',
	 .arg = "N",
	 .doc = "Computing threads; 0 (default): all processors"},
	{.name = "io",
	 .key = KEY_IO,
	 .arg = "HOW",
	 .doc = "auto (default), mmap, read, direct, uring"},
	{.name = "mmap", .key = KEY_MMAP, .doc = "The same as --io=mmap"},
	{.name = "no-mmap", .key = KEY_NO_MMAP, .doc = "The same as --io=read"},
	{.name = "window-size",
	 .key = KEY_WINDOW,
	 .arg = "SIZE",
	 .doc = "Mapped per thread; 0: automatic"},
	{.name = "chunk-size",
	 .key = KEY_CHUNK,
	 .arg = "SIZE",
	 .doc = "Unit of work; 0: automatic"},
	{.name = "advise",
	 .key = KEY_ADVISE,
	 .arg = "HINT",
	 .doc = "normal, sequential, random, willneed, populate, hugepage"},
	{.name = "max-memory",
	 .key = KEY_MEMORY,
	 .arg = "SIZE",
	 .doc = "Anonymous memory (default 64M)"},
	{.name = "cold", .key = KEY_COLD, .doc = "Leave the page cache as it was found"},
	{.doc = "Reports:", .group = 30},
	{.name = "progress",
	 .key = KEY_PROGRESS,
	 .doc = "Draw a progress bar also if stderr is no terminal"},
	{.name = "no-progress", .key = KEY_NO_PROGRESS, .doc = "Draw none"},
	{.name = "stats", .key = KEY_STATS, .doc = "Say on stderr what the run did"},
	{0},
};

static const struct argp_option document_table[] = {
	{.name = "json", .key = KEY_JSON, .doc = "Print one JSON document", .group = 30},
	{.name = "quiet", .key = 'q', .doc = "No progress bar, no messages about single files"},
	{0},
};

/* Values may be shared by several options: the message names the one that was typed. */
static size_t size_in_memory(const char *option, const char *text)
{
	uint64_t value = option_size(option, text);

	if (value > SIZE_MAX)
		message_usage("%s: '%s' is too large", option, text);
	return (size_t)value;
}

static void range_value(struct fl_options *run, const char *text)
{
	const char *colon = strchr(text, ':');
	char *off;

	if (colon == NULL)
		message_usage("--range: '%s' is not OFF:LEN", text);
	off = strndup(text, (size_t)(colon - text));
	if (off == NULL)
		message_usage("--range: %s", strerror(ENOMEM));
	run->range_off = option_size("--range", off);
	run->range_len = option_size("--range", colon + 1);
	free(off);
}

static enum fl_io io_value(const char *text)
{
	const char *name;

	for (int i = 0; (name = fl_io_name((enum fl_io)i)) != NULL; i++)
		if (strcmp(text, name) == 0)
			return (enum fl_io)i;
	message_usage("--io: '%s' is none of auto, mmap, read, direct, uring", text);
}

static enum fl_advise advise_value(const char *text)
{
	const char *name;

	for (int i = 0; (name = fl_advise_name((enum fl_advise)i)) != NULL; i++)
		if (strcmp(text, name) == 0)
			return (enum fl_advise)i;
	message_usage("--advise: '%s' is none of normal, sequential, random, willneed, populate, "
		      "hugepage",
		      text);
}

static error_t parse_loading(int key, char *arg, struct common_options *common)
{
	struct fl_options *run = &common->run;

	switch (key) {
	case 'j':
		run->threads = (unsigned)option_count("--threads", arg, 0, THREADS_MAX);
		return 0;
	case KEY_IO:
		run->io = io_value(arg);
		return 0;
	case KEY_MMAP:
		run->io = FL_IO_MMAP;
		return 0;
	case KEY_NO_MMAP:
		run->io = FL_IO_READ;
		return 0;
	case KEY_WINDOW:
		run->window_bytes = size_in_memory("--window-size", arg);
		return 0;
	case KEY_CHUNK:
		run->chunk_bytes = size_in_memory("--chunk-size", arg);
		return 0;
	case KEY_ADVISE:
		run->advise = advise_value(arg);
		return 0;
	case KEY_MEMORY:
		run->max_memory_bytes = option_size("--max-memory", arg);
		return 0;
	case KEY_COLD:
		run->flags |= FL_RUN_COLD;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_input(int key, char *arg, struct argp_state *state)
{
	struct common_options *common = state->input;
	struct fl_options *run = &common->run;

	switch (key) {
	case KEY_FILES_FROM:
		common->files_from = arg;
		return 0;
	case '0':
		common->nul = 1;
		return 0;
	case KEY_RANGE:
		range_value(run, arg);
		return 0;
	case KEY_SKIP:
		run->range_off = option_size("--skip", arg);
		return 0;
	case KEY_IGNORE_JOURNAL:
		inputs_ignore_journals();
		return 0;
	case KEY_MAX_BYTES:
		run->range_len = option_size("--max-bytes", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_common(int key, char *arg, struct argp_state *state)
{
	struct common_options *common = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = common;
		return 0;
	case KEY_PROGRESS:
		common->progress = PROGRESS_ALWAYS;
		return 0;
	case KEY_NO_PROGRESS:
		common->progress = PROGRESS_NEVER;
		return 0;
	case KEY_STATS:
		common->stats = 1;
		return 0;
	default:
		return parse_loading(key, arg, common);
	}
}

static error_t parse_document(int key, char *arg, struct argp_state *state)
{
	struct common_options *common = state->input;

	(void)arg;
	if (key == KEY_JSON)
		common->json = 1;
	else if (key == 'q')
		common->quiet = 1;
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

const struct argp input_argp = {.options = input_table, .parser = parse_input};

static const struct argp_child common_children[] = {
	{.argp = &input_argp},
	{0},
};

static const struct argp_option processes_table[] = {
	{.name = "processes",
	 .key = KEY_PROCESSES,
	 .arg = "N",
	 .doc = "N worker processes instead of threads: one that is killed loses nothing",
	 .group = 20},
	{0},
};

static error_t parse_processes(int key, char *arg, struct argp_state *state)
{
	struct common_options *common = state->input;

	if (key != KEY_PROCESSES)
		return ARGP_ERR_UNKNOWN;
	common->processes = (unsigned)option_count("--processes", arg, 1, FL_PROCESSES_MAX);
	return 0;
}

const struct argp processes_argp = {.options = processes_table, .parser = parse_processes};
const struct argp common_argp = {
	.options = common_table, .parser = parse_common, .children = common_children};
const struct argp document_argp = {.options = document_table, .parser = parse_document};

void common_options_init(struct common_options *common)
{
	memset(common, 0, sizeof(*common));
	fl_options_init(&common->run);
}

void common_options_rest(struct common_options *common, struct argp_state *state)
{
	common->files = state->argv + state->next;
	common->file_count = (size_t)(state->argc - state->next);
	state->next = state->argc;
}

error_t common_options_key(int key, struct common_options *common,
			   const struct argp_child *children, struct argp_state *state)
{
	switch (key) {
	case ARGP_KEY_INIT:
		for (size_t i = 0; children != NULL && children[i].argp != NULL; i++)
			state->child_inputs[i] = common;
		/* What is wrong is said by message_usage(). */
		state->err_stream = NULL;
		return 0;
	case ARGP_KEY_ARGS:
		common_options_rest(common, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void common_options_parse(const struct argp *argp, int argc, char **argv, void *input,
			  struct common_options *common)
{
	if (argp_parse(argp, argc, argv, 0, NULL, input) != 0)
		message_try_help();
	if (common->nul && common->files_from == NULL && !common->lone_nul)
		message_usage("-0 needs --files-from");
	if (common->files_from != NULL && common->file_count > 0)
		message_usage("extra operand '%s': --files-from and FILE exclude each other",
			      common->files[0]);
	if (common->processes > 0 && common->run.threads > 0)
		message_usage("--processes and --threads exclude each other");
	if (common->processes > 0 &&
	    (common->run.io == FL_IO_DIRECT || common->run.io == FL_IO_URING))
		message_usage("--processes goes with --io=auto, mmap and read");
	if (common->quiet)
		common->progress = PROGRESS_NEVER;
}
