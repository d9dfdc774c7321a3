/* SPDX-License-Identifier: MIT */
#ifndef FL_STORE_JOURNAL_HEADER_H
#define FL_STORE_JOURNAL_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plat/inplace_file.h"

/* Written into every journal; a reader refuses others. */
#define FL_JOURNAL_VERSION 2u

#define FL_JHEADER_MOVES 1u       /* lengths change (move.h), else changes.h */
#define FL_JHEADER_NO_ROLLBACK 2u /* no undo log is kept */

/**
 * struct fl_jheader - what a journal says first
 * @flags:       FL_JHEADER_...
 * @dev, @ino, @size_bytes: of the target, when it was opened
 * @program:     the edit program (text of @program_len bytes)
 * @target:      path of the target when the journal was made, for people
 * @version:     of faultline
 *
 * Lifetime: the pointers lead into the group that was read.
 */
struct fl_jheader {
	uint32_t flags;
	uint64_t dev;
	uint64_t ino;
	uint64_t size_bytes;
	const char *program;
	size_t program_len;
	const char *target;
	size_t target_len;
	const char *version;
	size_t version_len;
};

/* Bytes before the three texts. */
#define FL_JHEADER_FIXED_BYTES ((size_t)56)

/** fl_jheader_write() - the fixed part, into FL_JHEADER_FIXED_BYTES; program, target, version follow */
void fl_jheader_write(const struct fl_jheader *h, unsigned char *to);

/** fl_jheader_read() - Return: 0; -FL_ECORRUPT; -FL_EUNSUPPORTED for a later layout. */
int fl_jheader_read(const unsigned char *p, size_t len, struct fl_jheader *ret);

#endif
