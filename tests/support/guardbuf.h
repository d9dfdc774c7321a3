/* SPDX-License-Identifier: MIT */
#ifndef FL_TESTS_GUARDBUF_H
#define FL_TESTS_GUARDBUF_H

#include <stddef.h>

/**
 * struct guardbuf - memory between two pages that may not be touched
 * @begin: the first byte; the one before it faults
 * @end:   one past the last byte; reading it faults
 */
struct guardbuf {
	unsigned char *begin;
	unsigned char *end;
};

/** guardbuf_new() - at least @bytes, rounded up to whole pages; ends the test program on failure */
struct guardbuf guardbuf_new(size_t bytes);

/** guardbuf_free() - unmaps @buf and its guards */
void guardbuf_free(const struct guardbuf *buf);

#endif
