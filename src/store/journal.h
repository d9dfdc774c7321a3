/* SPDX-License-Identifier: MIT */
#ifndef FL_STORE_JOURNAL_H
#define FL_STORE_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>

#include "plat/durable.h"
#include "plat/inplace_file.h"

/**
 * DOC: The journal.
 *
 * Blocks (journal_block.h) are appended in groups. A group is what is made
 * durable together: it counts when all of its blocks are there, else it never
 * happened. Its bytes, spread over the payloads of its blocks, are
 *
 *     bytes 0-3    "FLJ1"
 *     bytes 4-7    what it is (enum fl_jgroup_type)
 *     bytes 8-15   bytes behind the 48 of this head
 *     bytes 16-47  four numbers
 *
 * Sequence numbers count groups: 0 is the header, 1 the next one.
 */
enum fl_jgroup_type {
	FL_JGROUP_HEADER = 1,  /* what is done to which file (journal_header.h) */
	FL_JGROUP_CHANGES = 2, /* same length: old and new bytes; numbers: source from, to */
	FL_JGROUP_PLAN = 3,    /* moving: the table of batches; numbers: batches, new size */
	/* Behind PLAN stand the two images: each in as many blocks, without tags, as the longest takes. */
	FL_JGROUP_BATCH = 4, /* moving: undo of a batch; numbers: place in the order, bytes of undo,
				 CRC32C of what is stored */
	FL_JGROUP_TAIL = 5,  /* moving: bytes that others appended; numbers: from, bytes, to */
	FL_JGROUP_COMMIT = 6, /* the file is the new one from here on; moving, numbers: its size,
				 the size before it is cut to that, CRC32C of what is cut off */
	FL_JGROUP_ROLLBACK =
		7,           /* moving: the file is the old one from here on; numbers as COMMIT */
	FL_JGROUP_BACK = 8,  /* moving, rollback: numbers: place in the order */
	FL_JGROUP_CURSOR = 9 /* punching: how far it is (punch_job.h) */
};

#define FL_JGROUP_HEAD_BYTES ((size_t)48)
#define FL_JGROUP_NUMBERS 4
/* No writer makes larger groups, so no reader allocates more than this for one. */
#define FL_JGROUP_BYTES_MAX (UINT64_C(1) << 32)

/* Blocks on their way: as in the read loader, one system call for 64 of them. */
#define FL_JOURNAL_BUFFER_BLOCKS ((size_t)64)
#define FL_JOURNAL_BUFFER_BYTES (FL_JOURNAL_BUFFER_BLOCKS * 4096)

/** struct fl_jpiece - bytes that are written behind one another */
struct fl_jpiece {
	const void *data;
	size_t len;
};

/**
 * struct fl_journal - a journal that is written
 * @durable:    calls; the caller's
 * @fd:         of the journal, locked
 * @dir_fd:     where @name stands; the caller's
 * @nonce:      of all of its blocks
 * @seq:        of the next group
 * @ahead:      groups so far that are not known to be durable; the caller's business, 0 where all are
 * @blocks:     where it goes
 * @reserved_bytes: space that is set aside
 * @limit_bytes:    --journal-max
 * @buffer:     blocks on their way
 */
struct fl_journal {
	struct fl_durable *durable;
	int fd;
	int dir_fd;
	char *name;
	uint64_t nonce;
	uint64_t seq;
	uint32_t ahead;
	uint64_t blocks;
	uint64_t reserved_bytes;
	uint64_t limit_bytes;
	unsigned char *buffer;
};

/** fl_journal_space() - bytes that a group with @len bytes takes */
uint64_t fl_journal_space(uint64_t len);

/**
 * fl_journal_create() - a new journal beside the target, empty and locked
 * @t: its target; must outlive the journal
 * @name: NULL: the usual one
 *
 * Return: 0; -EEXIST when there is one; -errno.
 */
int fl_journal_create(struct fl_durable *durable, const struct fl_target *t, const char *name,
		      struct fl_journal *ret, struct fl_error *reterr);

/**
 * fl_journal_reserve() - set space aside for @bytes more
 * Return: 0; -FL_ELIMIT above limit_bytes; -ENOSPC; -errno.
 */
int fl_journal_reserve(struct fl_journal *j, uint64_t bytes, struct fl_error *reterr);

/**
 * fl_journal_append() - write a group; it is durable after fl_journal_sync()
 * @numbers: FL_JGROUP_NUMBERS of them, or NULL for zeros
 *
 * Return: 0; -FL_ELIMIT; -errno.
 */
int fl_journal_append(struct fl_journal *j, enum fl_jgroup_type type, const uint64_t *numbers,
		      const struct fl_jpiece *pieces, size_t count, struct fl_error *reterr);

/** fl_journal_write_at() - bytes that stand outside of groups, before its end. Return: 0 or -errno. */
int fl_journal_write_at(struct fl_journal *j, uint64_t off, const void *data, size_t len,
			struct fl_error *reterr);

/** fl_journal_sync() - all groups so far are durable when this returns 0. Return: 0 or -errno. */
int fl_journal_sync(struct fl_journal *j, struct fl_error *reterr);

/** fl_journal_failed() - tell of an error of a call on it. Return: @code. */
int fl_journal_failed(const struct fl_journal *j, int code, struct fl_error *reterr);

/**
 * fl_journal_remove() - the name goes, durably; the journal is closed
 * Return: 0 or -errno; it is closed in any case.
 */
int fl_journal_remove(struct fl_journal *j, struct fl_error *reterr);

/** fl_journal_close() - leave the file; fine on a zeroed struct with fd -1 */
void fl_journal_close(struct fl_journal *j);

#endif
