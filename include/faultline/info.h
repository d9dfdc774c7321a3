/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_INFO_H
#define FAULTLINE_INFO_H

#include <faultline/export.h>
#include <faultline/source.h>

FL_BEGIN_DECLS

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

/**
 * fl_info_machine() - what the machine offers: processor, memory, limits, system calls
 * @row: called once per fact, in a fixed order; numbers are decimal, in the unit that the key names
 *
 * What is not known is "unknown", what cannot be had "no: REASON".
 * Strings live until @row returns. Threads: any. Cost: milliseconds.
 */
FL_API void fl_info_machine(void (*row)(void *arg, const char *key, const char *value), void *arg);

/**
 * fl_info_source() - where a file lives: file system, device, readahead, direct I/O
 * Return: 0; -EINVAL; -errno of fstat(2).
 */
FL_API int fl_info_source(struct fl_source *src,
			  void (*row)(void *arg, const char *key, const char *value), void *arg);

FL_END_DECLS

#endif
