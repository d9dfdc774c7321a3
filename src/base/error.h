/* SPDX-License-Identifier: MIT */
#ifndef FL_BASE_ERROR_H
#define FL_BASE_ERROR_H

#include <stdint.h>

#include <faultline/error.h>

#include "base/attr.h"

/**
 * fl_error_set() - fill an error and return its code, for `return fl_error_set(...)`
 * @err:  NULL is fine
 * @code: negative: -errno or -FL_E...
 * @off:  bytes from the start of the file, or FL_OFF_NONE
 * @fmt:  text; NULL = fl_strerror(code)
 *
 * Threads: any. Async-signal-safe: no (snprintf). Return: @code.
 */
int fl_error_set(struct fl_error *err, int code, uint64_t off, const char *fmt, ...)
	FL_PRINTF(4, 5);

#endif
