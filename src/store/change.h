/* SPDX-License-Identifier: MIT */
#ifndef FL_STORE_CHANGE_H
#define FL_STORE_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * DOC: Changes as bytes.
 *
 * What is done to a file, and how to take it back, in one row of bytes: for each change, as
 * LEB128 numbers, the bytes between the end of the one before (or the base) and this one, its old
 * length, twice its new length (plus one where the new bytes are all the same); then the old
 * bytes, then the new ones, or the one that stands for all of them. With neither old nor new
 * bytes in common, an undo log needs the first and a redo log the second: both are here, so that
 * recovery compares byte by byte what it is about to overwrite.
 *
 * A bare row has no old bytes: for changes that are kept in memory, beside a source that is there.
 */

/**
 * struct fl_change - one change
 * @off:  of the old bytes, from the start of the file
 * @fill: @new_bytes is one byte that stands for all @new_len
 */
struct fl_change {
	uint64_t off;
	uint64_t old_len;
	uint64_t new_len;
	const unsigned char *old_bytes;
	const unsigned char *new_bytes;
	bool fill;
};

/* Three numbers of at most ten bytes. */
#define FL_CHANGE_HEAD_BYTES 30u

/** fl_change_put() - write one change behind @base. Return: bytes written, at most
 * FL_CHANGE_HEAD_BYTES + old_len + new_len. */
size_t fl_change_put(unsigned char *to, uint64_t base, const struct fl_change *c);

/** fl_change_put_bare() - the same into a bare row: at most FL_CHANGE_HEAD_BYTES + new_len bytes */
size_t fl_change_put_bare(unsigned char *to, uint64_t base, const struct fl_change *c);

/** fl_change_put_head() - the three numbers alone; old and new bytes are to follow */
size_t fl_change_put_head(unsigned char *to, uint64_t base, const struct fl_change *c);

/** fl_change_is_fill() - are n >= 1 bytes all the same? */
bool fl_change_is_fill(const unsigned char *p, size_t n);

/**
 * struct fl_change_reader - walks such a row
 * @p, @end: what is left of it; @base: end of the old bytes of the last change
 * @bare:    it has no old bytes; changes have NULL there
 */
struct fl_change_reader {
	const unsigned char *p;
	const unsigned char *end;
	uint64_t base;
	bool bare;
};

/**
 * fl_change_next() - the next change; its bytes stay where they are
 * Return: 1; 0 at the end; -FL_ECORRUPT.
 */
int fl_change_next(struct fl_change_reader *r, struct fl_change *ret);

#endif
