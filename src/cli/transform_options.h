/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_TRANSFORM_OPTIONS_H
#define FAULTLINE_CLI_TRANSFORM_OPTIONS_H

#include <faultline/transform.h>

#include "cli/common_options.h"
#include "cli/inplace_options.h"

/**
 * struct transform_options - the command line of `faultline transform`
 * @job:       what to do; its steps are malloc'ed
 * @step_size: room for steps
 * @dry_run:   count, write nothing
 * @diff:      changes to show, 0: none
 * @output:    -o, or NULL
 * @rewrite:   each file is replaced
 * @key_file:  for pseudonyms, or NULL: a key that is forgotten
 */
struct transform_options {
	struct common_options common;
	struct fl_transform_options job;
	struct inplace_options inplace;
	struct fl_transform_step *steps;
	size_t step_size;
	int has_program;
	int dry_run;
	uint64_t diff;
	const char *output;
	int rewrite;
	const char *key_file;
};

/** transform_options_parse() - ends the program where the command line is wrong */
void transform_options_parse(struct transform_options *opt, int argc, char **argv);

/** transform_options_done() - free */
void transform_options_done(struct transform_options *opt);

#endif
