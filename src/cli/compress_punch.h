/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_COMPRESS_PUNCH_H
#define FAULTLINE_CLI_COMPRESS_PUNCH_H

#include "cli/codec_options.h"

/** compress_punch() - compress --punch: all files; wrong options end the program. Return: exit status. */
int compress_punch(struct codec_options *opt);

#endif
