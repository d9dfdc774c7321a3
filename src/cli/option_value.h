/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_OPTION_VALUE_H
#define FAULTLINE_CLI_OPTION_VALUE_H

#include <stdint.h>

/**
 * DOC: Values of options. A wrong one is told with the name of its @option, as "--level", and ends
 * the program as any wrong usage does.
 */

/** option_size() - a number of bytes, as faultline_parse_size() reads it */
uint64_t option_size(const char *option, const char *text);

/** option_count() - a whole number in decimal digits, from @least to @most */
uint64_t option_count(const char *option, const char *text, uint64_t least, uint64_t most);

#endif
