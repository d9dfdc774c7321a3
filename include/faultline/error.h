/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_ERROR_H
#define FAULTLINE_ERROR_H

#include <stdint.h>

#include <faultline/export.h>

FL_BEGIN_DECLS

/**
 * DOC: Errors.
 *
 * Every function that can fail returns an int: 0 or a positive value for
 * success, -errno for what the system said, or one of -FL_E... below for what
 * only faultline can say. Detail, where there is any, goes to the optional
 * last argument `reterr`; it is written on failure only. The library never
 * prints, never exits, and allocates nothing to report an error.
 */

/* errno ends at 4095 (MAX_ERRNO in the kernel), so ours begin above it. */
enum fl_error_code {
	FL_ETRUNCATED = 4096,   /* the file became shorter than it was at open */
	FL_ECHANGED = 4097,     /* the file was replaced or rewritten during the run */
	FL_ECORRUPT = 4098,     /* data contradict their own checks */
	FL_ELIMIT = 4099,       /* a limit that the caller set was reached */
	FL_ECANCELED = 4100,    /* fl_pipeline_cancel() was called */
	FL_EUNSUPPORTED = 4101, /* this build or this machine cannot do it */
	FL_EUNFINISHED = 4102   /* a rewrite of the file was interrupted: faultline recover */
};

/* "at no particular byte" in fl_error.off */
#define FL_OFF_NONE UINT64_MAX

/**
 * struct fl_error - what went wrong, and where
 * @code: the same negative value that the function returned
 * @off:  bytes from the start of the file, or FL_OFF_NONE
 * @text: one line without a final newline, never empty after a failure
 *
 * Lifetime: the caller's; may be uninitialised before the call.
 */
struct fl_error {
	int code;
	uint64_t off;
	char text[256];
};

/**
 * fl_strerror() - the text of an error code
 * @code: -errno or -FL_E..., or either without its sign
 *
 * Threads: any. Lifetime: static storage or per thread until the next call.
 * Return: never NULL.
 */
FL_API const char *fl_strerror(int code);

FL_END_DECLS

#endif
