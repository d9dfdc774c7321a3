/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_COUNT_OPTIONS_H
#define FAULTLINE_CLI_COUNT_OPTIONS_H

#include <jansson.h>

#include <faultline/count.h>

#include "cli/common_options.h"

/**
 * struct count_options - the command line of `faultline count`
 * @what: FL_COUNT_..., never 0
 */
struct count_options {
	struct common_options common;
	unsigned what;
};

/** count_options_parse() - ends the program where the command line is wrong */
void count_options_parse(struct count_options *opt, int argc, char **argv);

/** count_row_print() - as wc does; @width: of a column; @name: or NULL */
void count_row_print(unsigned what, int width, const struct fl_count_result *row, const char *name);

/** count_row_set() - members "lines", "words", "bytes", as @what says */
void count_row_set(unsigned what, const struct fl_count_result *row, json_t *object);

#endif
