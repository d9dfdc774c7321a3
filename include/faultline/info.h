/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_INFO_H
#define FAULTLINE_INFO_H

#include <faultline/export.h>

/** fl_version() - "MAJOR.MINOR.PATCH" of the library that is loaded */
FL_API const char *fl_version(void);

/**
 * fl_info() - what this build and this machine offer
 * @row: called once per fact ("kernels", "avx2"), in a fixed order
 * @arg: handed to @row
 *
 * Strings live until @row returns. Threads: any.
 */
FL_API void fl_info(void (*row)(void *arg, const char *key, const char *value), void *arg);

#endif
