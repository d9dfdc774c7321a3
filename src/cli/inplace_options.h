/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_INPLACE_OPTIONS_H
#define FAULTLINE_CLI_INPLACE_OPTIONS_H

#include <argp.h>

#include <faultline/inplace.h>

/**
 * struct inplace_options - where and how a rewrite in place is done
 * @wanted: -i was given
 * @how:    for fl_transform_in_place()
 */
struct inplace_options {
	int wanted;
	struct fl_inplace_options how;
};

/* Child parser; its input is a struct inplace_options. */
extern const struct argp inplace_argp;

#endif
