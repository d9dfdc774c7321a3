/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_FACT_H
#define FL_PLAT_FACT_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>

/**
 * DOC: What memory mapping does, tried out on a file of our own.
 *
 * Each function returns 1 when what it is named for was seen to hold, 0 when it was not, and a
 * negative error where it could not be tried; @ret_seen is a short text of what was seen.
 */

#define FL_FACT_SEEN_BYTES 200

struct fl_fact {
	const char *claim;
	int (*check)(int fd, char *ret_seen);
};

/** fl_facts() - all of them, in the order in which they are told; *ret_count entries */
const struct fl_fact *fl_facts(size_t *ret_count);

#endif
