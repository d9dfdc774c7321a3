/* SPDX-License-Identifier: MIT */
#ifndef FL_STORE_JOURNAL_SCAN_H
#define FL_STORE_JOURNAL_SCAN_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>

#include "store/journal.h"

/**
 * struct fl_jgroup - a group that was read
 * @seq:  0 = the header
 * @data: @len bytes, the reader's, until the next one is read
 */
struct fl_jgroup {
	uint64_t seq;
	uint32_t type;
	uint64_t numbers[FL_JGROUP_NUMBERS];
	const unsigned char *data;
	size_t len;
};

/**
 * struct fl_jscan - reads a journal from its beginning
 * @nonce:  0 until the first block was read
 * @block:  where the next group begins
 * @blocks: in the file
 * @seq:    that it must have
 */
struct fl_jscan {
	int fd;
	uint64_t nonce;
	uint64_t block;
	uint64_t blocks;
	uint64_t seq;
	unsigned char *data;
	size_t capacity;
};

/** fl_jscan_init() - of an opened journal, which stays the caller's. Return: 0 or -errno. */
int fl_jscan_init(struct fl_jscan *s, int fd, struct fl_error *reterr);

/** fl_jscan_done() */
void fl_jscan_done(struct fl_jscan *s);

/** fl_jscan_rewind() - to the header again */
void fl_jscan_rewind(struct fl_jscan *s);

/**
 * fl_jscan_next() - the next group that is there as a whole
 *
 * The first group of which a block was never written ends the journal, for what it covers never
 * began; but behind it there may be nothing that was written when it was durable.
 * Return: 1; 0 at the end; -FL_ECORRUPT; -ENOMEM; -errno.
 */
int fl_jscan_next(struct fl_jscan *s, struct fl_jgroup *ret, struct fl_error *reterr);

#endif
