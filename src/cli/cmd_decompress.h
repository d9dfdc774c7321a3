/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_CMD_DECOMPRESS_H
#define FAULTLINE_CLI_CMD_DECOMPRESS_H

#include "cli/codec_file.h"

/** decompress_test() - `compress -t`: decompress to nowhere. Return: exit status. */
int decompress_test(struct codec_options *opt);

#endif
