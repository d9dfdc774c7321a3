/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_DECODE_OPTIONS_H
#define FAULTLINE_CLI_DECODE_OPTIONS_H

#include <argp.h>

/* --decompress=WHEN: a child parser; its input is a struct common_options. */
extern const struct argp decode_argp;

#endif
