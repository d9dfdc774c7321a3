/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_RUN_LINE_H
#define FAULTLINE_CLI_RUN_LINE_H

#include "cli/common_options.h"
#include "cli/inplace_options.h"
#include "cli/run_stage.h"

/* Segments and operators are limited by the library; this many stages always fit. */
#define RUN_STAGES_MAX 32

/**
 * struct run_line - the command line of `faultline run`
 * @stages:   @count of them, >= 1, with their segments
 * @segments: how many
 * @plan:     --plan: say what would be done
 * @words:    of the stages as they were given, @word_count of them; the caller's
 * @inplace:  -i
 * @tapped:   so many stages, from the first one on, see bytes: all, or with -i those up to the last
 *            one that looks; edits behind it are in the files only
 * @part, @parts: --part: number from 1, of so many; or 0
 * @part_file: --part-file, or NULL
 */
struct run_line {
	struct common_options common;
	struct run_stage stages[RUN_STAGES_MAX];
	unsigned count;
	unsigned segments;
	int plan;
	char **words;
	int word_count;
	struct inplace_options inplace;
	unsigned tapped;
	unsigned part;
	unsigned parts;
	const char *part_file;
};

/** run_line_parse() - ends the program where the command line is wrong; @line is zeroed */
void run_line_parse(struct run_line *line, int argc, char **argv);

/** run_line_done() - free what it holds, after the pipeline */
void run_line_done(struct run_line *line);

/** run_line_plan() - stages, segments, and who waits for order, on standard output */
void run_line_plan(const struct run_line *line);

#endif
