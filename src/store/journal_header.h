/* SPDX-License-Identifier: MIT */
#ifndef FL_STORE_JOURNAL_HEADER_H
#define FL_STORE_JOURNAL_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plat/inplace_file.h"

/* Written into every journal, the second one into those of a set, the third one where blocks are
 * freed; a reader refuses others. */
#define FL_JOURNAL_VERSION 2u
#define FL_JOURNAL_SET_VERSION 3u
#define FL_JOURNAL_PUNCH_VERSION 4u

#define FL_JHEADER_MOVES 1u       /* lengths change (move.h), else changes.h */
#define FL_JHEADER_NO_ROLLBACK 2u /* no undo log is kept */
#define FL_JHEADER_PUNCH 4u       /* the target is compressed and freed (punch_job.h) */

/* Most journals in a set: each holds where all of their shares begin. */
#define FL_JSET_MAX 65536u

/**
 * struct fl_jset - one of the journals of a rewrite that several processes share
 * @count:  of them; 0: the journal stands alone
 * @index:  which one it is; journal 0 has the name that every verb looks for
 * @nonce:  of journal 0
 * @starts: @count + 1 times 8 bytes, little endian: process k rewrites [starts[k], starts[k + 1])
 */
struct fl_jset {
	uint64_t count;
	uint64_t index;
	uint64_t nonce;
	const unsigned char *starts;
};

/** fl_jset_start() - where the share of process @k begins, or the one before it ends */
uint64_t fl_jset_start(const struct fl_jset *set, uint64_t k);

/**
 * struct fl_jheader - what a journal says first
 * @flags:       FL_JHEADER_...
 * @dev, @ino, @size_bytes: of the target, when it was opened
 * @program:     the edit program (text of @program_len bytes)
 * @target:      path of the target when the journal was made, for people
 * @version:     of faultline
 * @set:         of which the journal is one
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
	struct fl_jset set;
};

/* Bytes before the three texts; those of a set have its three numbers behind, then @set.starts. */
#define FL_JHEADER_FIXED_BYTES ((size_t)56)
#define FL_JHEADER_SET_BYTES ((size_t)24)

/** fl_jheader_fixed() - bytes that fl_jheader_write() writes */
size_t fl_jheader_fixed(const struct fl_jset *set);

/** fl_jset_bytes() - of set->starts */
size_t fl_jset_bytes(const struct fl_jset *set);

/** fl_jheader_write() - the fixed part, into fl_jheader_fixed() bytes; fl_jset_bytes(), then program,
 * target and version follow */
void fl_jheader_write(const struct fl_jheader *h, unsigned char *to);

/** fl_jheader_read() - Return: 0; -FL_ECORRUPT; -FL_EUNSUPPORTED for a later layout. */
int fl_jheader_read(const unsigned char *p, size_t len, struct fl_jheader *ret);

#endif
