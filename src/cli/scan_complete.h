/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_SCAN_COMPLETE_H
#define FAULTLINE_CLI_SCAN_COMPLETE_H

#include <stddef.h>

#include "cli/scan_options.h"

/** scan_options_add_pattern() - as in grep, several patterns are one text with newlines between them */
void scan_options_add_pattern(struct scan_options *opt, const char *text, size_t len);

/**
 * scan_options_complete() - what options mean together, when all of them are read
 *
 * Ends the program where they exclude each other.
 */
void scan_options_complete(struct scan_options *opt);

#endif
