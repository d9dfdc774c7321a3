/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_LINES_BEFORE_H
#define FAULTLINE_CLI_LINES_BEFORE_H

#include <stdint.h>

#include "cli/common_options.h"

/**
 * lines_before() - how many lines begin before the range: line numbers stay absolute in it
 *
 * What is read in order is not read for this: the search itself counts there.
 * Return: 0; -ESPIPE for what is read in order; as fl_source_open(), fl_pipeline_run().
 */
int lines_before(const struct common_options *common, const char *name, uint64_t *ret);

#endif
