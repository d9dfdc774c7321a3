/* SPDX-License-Identifier: MIT */
#include "cli/inplace_options.h"

#include <string.h>

#include "cli/message.h"
#include "cli/option_value.h"

enum key {
	KEY_JOURNAL = 768,
	KEY_NO_JOURNAL,
	KEY_NO_ROLLBACK,
	KEY_SYNC,
	KEY_JOURNAL_MAX
};

static const struct argp_option table[] = {
	{.doc = "In place:", .group = 4},
	{.name = "in-place",
	 .key = 'i',
	 .arg = "SUFFIX",
	 .flags = OPTION_ARG_OPTIONAL,
	 .doc = "Edit the files themselves; with SUFFIX, keep a copy of each"},
	{.name = "journal",
	 .key = KEY_JOURNAL,
	 .arg = "HOW",
	 .doc = "full (default): a crash loses nothing; none: it may leave a mixture"},
	{.name = "no-journal", .key = KEY_NO_JOURNAL, .doc = "The same as --journal=none"},
	{.name = "no-rollback",
	 .key = KEY_NO_ROLLBACK,
	 .doc = "After a crash the rewrite can only be finished, not undone"},
	{.name = "sync",
	 .key = KEY_SYNC,
	 .arg = "HOW",
	 .doc = "batch (default), none: survive kill, not power loss; full: in small steps"},
	{.name = "journal-max",
	 .key = KEY_JOURNAL_MAX,
	 .arg = "SIZE",
	 .doc = "Do not begin a rewrite whose journal would take more"},
	{0},
};

static enum fl_inplace_sync sync_value(const char *text)
{
	if (strcmp(text, "batch") == 0)
		return FL_INPLACE_SYNC_BATCH;
	if (strcmp(text, "none") == 0)
		return FL_INPLACE_SYNC_NONE;
	if (strcmp(text, "full") == 0)
		return FL_INPLACE_SYNC_FULL;
	message_usage("--sync: '%s' is none of none, batch, full", text);
}

static void set_journal(struct fl_inplace_options *how, const char *text)
{
	if (strcmp(text, "none") == 0)
		how->flags |= FL_INPLACE_NO_JOURNAL;
	else if (strcmp(text, "full") == 0)
		how->flags &= ~FL_INPLACE_NO_JOURNAL;
	else
		message_usage("--journal: '%s' is none of full, none", text);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct inplace_options *opt = state->input;

	switch (key) {
	case 'i':
		opt->wanted = 1;
		opt->how.backup_suffix = arg != NULL && *arg != '\0' ? arg : NULL;
		return 0;
	case KEY_JOURNAL:
		set_journal(&opt->how, arg);
		return 0;
	case KEY_NO_JOURNAL:
		opt->how.flags |= FL_INPLACE_NO_JOURNAL;
		return 0;
	case KEY_NO_ROLLBACK:
		opt->how.flags |= FL_INPLACE_NO_ROLLBACK;
		return 0;
	case KEY_SYNC:
		opt->how.sync = sync_value(arg);
		return 0;
	case KEY_JOURNAL_MAX:
		opt->how.journal_max_bytes = option_size("--journal-max", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp inplace_argp = {.options = table, .parser = parse};
