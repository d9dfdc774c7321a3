/* SPDX-License-Identifier: MIT */
#ifndef FL_STORE_SAME_BLOCK_H
#define FL_STORE_SAME_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>

struct fl_store_job;

/**
 * DOC: Blocks that are read, changed, and written.
 *
 * Where many bytes of a file change, and nobody else has it open, its pages are written as a whole, with
 * the bytes between the changes as they were read: one call for a run of pages, where a map takes a fault
 * for each. With somebody else's writes in between, theirs would be lost; so a write lease is held from
 * the read to the write, and where none is had this way is not taken.
 */

/* 64 pages, a bit for each, and less than an L2 cache. Other sizes were not measured. */
#define FL_SAME_BLOCK_BYTES ((size_t)256 * 1024)

/* One per 64 bytes; a block with more is written in several turns. */
#define FL_SAME_BLOCK_CHANGES 4096u

/**
 * struct fl_same_block - one block, that of the job
 * @bytes: of [@off, @off + @len)
 * @dirty: its pages of 4 KiB that have changes
 * @changes: where, for the case that the lease is lost before they are written
 * @leased: the lease is held; @refused: there is none to be had, do not ask again
 */
struct fl_same_block {
	uint64_t off;
	size_t len;
	uint64_t dirty;
	bool leased;
	bool refused;
	unsigned count;
	struct {
		uint32_t at;
		uint32_t len;
	} changes[FL_SAME_BLOCK_CHANGES];
	unsigned char bytes[FL_SAME_BLOCK_BYTES];
};

/** fl_same_block_open() - read that in which @off lies. Return: NULL = not in this way. */
struct fl_same_block *fl_same_block_open(struct fl_store_job *job, uint64_t off);

/** fl_same_block_change() - bytes [@at, @at + @len) of the block are new. Return: false = it is full. */
bool fl_same_block_change(struct fl_same_block *b, size_t at, size_t len);

/**
 * fl_same_block_close() - write what has changed
 * Return: 0; -FL_ETRUNCATED: the file does not reach there any more; -errno.
 */
int fl_same_block_close(struct fl_same_block *b, struct fl_store_job *job, struct fl_error *reterr);

/** fl_same_block_leave() - the lease goes back; what was not written is forgotten */
void fl_same_block_leave(struct fl_store_job *job);

#endif
