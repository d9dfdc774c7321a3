/* SPDX-License-Identifier: MIT */
#include "cli/scan_complete.h"

#include "cli/inputs.h"
#include "cli/message.h"
#include "cli/smart_case.h"

static uint64_t lines_of(long long own, long long both)
{
	return own >= 0 ? (uint64_t)own : both >= 0 ? (uint64_t)both : 0;
}

/* Whatever is printed in another form than lines has no JSON; ripgrep refuses the same. */
static void complete_json(struct scan_options *opt)
{
	unsigned flags = opt->scan.flags;

	if (flags & FL_SCAN_COUNT)
		message_usage("--json and --count exclude each other");
	if (opt->list != LIST_NONE)
		message_usage("--json and lists of files exclude each other");
	if (opt->scan.replace != NULL || opt->scan.max_columns > 0)
		message_usage(
			"--json prints lines as they are: --replace and --max-columns exclude it");
	if (flags & FL_SCAN_QUIET)
		opt->json = 0;
	/* All bytes of a line and its matches are told: -o has nothing to leave out. */
	flags &= ~(FL_SCAN_ONLY_MATCHING | FL_SCAN_COLUMN);
	/* ripgrep does not look for a NUL byte where it was told that all is text. */
	if (!(flags & FL_SCAN_TEXT))
		flags |= FL_SCAN_NOTE_NUL;
	if (!(flags & FL_SCAN_SKIP_BINARY))
		flags |= FL_SCAN_TEXT;
	opt->scan.flags = flags | FL_SCAN_LINE_NUMBER | FL_SCAN_EMPTIES;
}

/* What a match is depends on all that precedes it, and on what follows. */
static void complete_multiline(struct scan_options *opt)
{
	const struct common_options *common = &opt->common;

	if (common->follow)
		message_usage("--multiline and --follow exclude each other");
	if (common->run.range_off != 0 || common->run.range_len != FL_SIZE_UNKNOWN)
		message_usage("--multiline and ranges exclude each other");
	if (common->processes > 0)
		message_usage("--multiline and --processes exclude each other");
	if (opt->json)
		opt->scan.flags |= FL_SCAN_BLOCKS;
}

/* A file that never ends has no count, and no other one is searched after it. */
static void complete_follow(const struct scan_options *opt)
{
	const struct common_options *common = &opt->common;

	if (common->file_count != 1 || common->walk.recursive || common->files_from != NULL ||
	    input_is_stdin(common->files[0]))
		message_usage("--follow needs one FILE");
	if ((opt->scan.flags & FL_SCAN_COUNT) || opt->list == LIST_OTHERS)
		message_usage("--follow has no end at which to count");
	if (common->run.range_off != 0 || common->run.range_len != FL_SIZE_UNKNOWN)
		message_usage("--follow and ranges exclude each other");
}

/* grep does not even look at files then, or count. */
static void match_nothing(struct scan_options *opt)
{
	opt->stop |= !(opt->scan.flags & FL_SCAN_INVERT);
	scan_options_add_pattern(opt, "(?!)", 4);
	opt->syntax = 0;
	opt->scan.flags &= ~(FL_SCAN_WORD | FL_SCAN_LINE_REGEXP);
}

/* Of empty patterns only. */
static int is_empty(const struct scan_options *opt)
{
	for (size_t i = 0; i < opt->pattern_len; i++)
		if (opt->pattern[i] != '\n')
			return 0;
	return 1;
}

void scan_options_complete(struct scan_options *opt)
{
	struct fl_scan_options *scan = &opt->scan;
	unsigned selecting = FL_SCAN_INVERT | FL_SCAN_WORD | FL_SCAN_LINE_REGEXP |
			     FL_SCAN_MULTILINE | FL_SCAN_PASSTHRU;

	if (opt->pattern == NULL && !opt->no_pattern)
		message_usage("no pattern given");
	/* As to ripgrep; with a list it is said of the list. */
	if (opt->common.nul && opt->common.files_from == NULL)
		scan->flags |= FL_SCAN_NULL;
	if (opt->pattern == NULL)
		match_nothing(opt);
	/* Nor where no line can be selected. */
	if (is_empty(opt) && !opt->json && (scan->flags & selecting) == FL_SCAN_INVERT)
		opt->stop = 1;
	scan->flags |= opt->syntax;
	if ((scan->flags & FL_SCAN_PASSTHRU) && (scan->flags & FL_SCAN_ONLY_MATCHING))
		message_usage("--passthru and --only-matching exclude each other");
	if (opt->json)
		complete_json(opt);
	if (opt->common.follow)
		complete_follow(opt);
	if (opt->scan.flags & FL_SCAN_MULTILINE)
		complete_multiline(opt);
	if (opt->smart_case && smart_case_ignores(opt->pattern, opt->pattern_len, opt->syntax))
		scan->flags |= FL_SCAN_IGNORE_CASE;
	if (opt->before >= 0 || opt->after >= 0 || opt->both >= 0)
		scan->flags |= FL_SCAN_CONTEXT;
	scan->before = lines_of(opt->before, opt->both);
	scan->after = lines_of(opt->after, opt->both);
	if (scan->flags & FL_SCAN_INVERT)
		scan->flags &= ~FL_SCAN_COUNT_MATCHES;
}
