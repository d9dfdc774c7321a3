/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *own_text(int code)
{
	switch (code) {
	case FL_ETRUNCATED:
		return "file became shorter while it was read";
	case FL_ECHANGED:
		return "file was replaced while it was read";
	case FL_ECORRUPT:
		return "data are corrupt";
	case FL_ELIMIT:
		return "limit reached";
	case FL_ECANCELED:
		return "canceled";
	case FL_EUNSUPPORTED:
		return "not supported by this build or this machine";
	case FL_EUNFINISHED:
		return "a rewrite of this file was interrupted: see faultline recover";
	default:
		return NULL;
	}
}

const char *fl_strerror(int code)
{
	int positive = abs(code);
	const char *text = own_text(positive);

	/* strerror() is thread-safe in glibc since 2.32: its buffer is per thread. */
	return text ? text : strerror(positive);
}

int fl_error_set(struct fl_error *err, int code, uint64_t off, const char *fmt, ...)
{
	va_list args;

	if (!err)
		return code;
	err->code = code;
	err->off = off;
	if (fmt) {
		va_start(args, fmt);
		vsnprintf(err->text, sizeof(err->text), fmt, args);
		va_end(args);
	} else {
		snprintf(err->text, sizeof(err->text), "%s", fl_strerror(code));
	}
	return code;
}
