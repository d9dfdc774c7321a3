/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_SCAN_OPTIONS_H
#define FAULTLINE_CLI_SCAN_OPTIONS_H

#include <faultline/scan.h>

#include "cli/common_options.h"

enum prefix_when {
	PREFIX_AUTO, /* with several files */
	PREFIX_ALWAYS,
	PREFIX_NEVER
};

enum list_files {
	LIST_NONE,
	LIST_MATCHING, /* -l */
	LIST_OTHERS    /* -L */
};

/**
 * struct scan_options - the command line of `faultline scan`
 * @pattern:      all patterns, separated by newlines; malloc'ed; NULL: none was given
 * @pattern_len:  bytes; files may hold NUL
 * @no_pattern:   -f was given files without a line: nothing matches
 * @smart_case:   -S
 * @matcher:      which of -E, -F, -G, -P was given, or 0; as grep, there is only one
 * @syntax:       FL_SCAN_FIXED, FL_SCAN_BASIC, FL_SCAN_EXTENDED or 0
 * @before, @after, @both: lines, -1: not given
 * @stop:         -m 0, or no pattern: nothing is searched
 * @color:        matches are coloured
 * @json:         ripgrep's JSON Lines
 * @line_buffered: output is written at each line's end
 * @label:        what standard input is called
 */
struct scan_options {
	struct common_options common;
	struct fl_scan_options scan;
	char *pattern;
	size_t pattern_len;
	int no_pattern;
	int smart_case;
	int matcher;
	unsigned syntax;
	enum prefix_when prefix;
	enum list_files list;
	long long before;
	long long after;
	long long both;
	int stop;
	int color;
	int json;
	int line_buffered;
	const char *label;
};

/** scan_options_parse() - ends the program where the command line is wrong */
void scan_options_parse(struct scan_options *opt, int argc, char **argv);

/** scan_options_done() - free */
void scan_options_done(struct scan_options *opt);

#endif
