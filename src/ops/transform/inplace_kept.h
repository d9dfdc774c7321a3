/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_TRANSFORM_INPLACE_KEPT_H
#define FL_OPS_TRANSFORM_INPLACE_KEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct fl_kept - changes of batches in memory: bare runs (store/change.h), batch after batch
 * @limit: of bytes; where it is reached, the batches that are whole stay, and no more are added
 * @begin: where the runs of each batch begin: @count of them, in @size rows
 * @is_full: the limit was reached
 */
struct fl_kept {
	unsigned char *runs;
	size_t len;
	size_t cap;
	size_t limit;
	size_t *begin;
	size_t count;
	size_t size;
	bool is_full;
};

/** fl_kept_done() - free; all zero, with a limit, is an empty one */
void fl_kept_done(struct fl_kept *k);

/** fl_kept_clear() - empty again; memory stays */
void fl_kept_clear(struct fl_kept *k);

/**
 * fl_kept_add() - a run of a batch
 * @batch: the last one's, or later
 * @base:  of the changes; @p: @len bytes of them, bare; none is fine
 * Return: 0; -ENOMEM.
 */
int fl_kept_add(struct fl_kept *k, size_t batch, uint64_t base, const unsigned char *p, size_t len);

/**
 * fl_kept_replace() - another run in the place of one
 * @at: where in @k->runs the old one begins, or would, if it was empty; @old_len: its bytes, or 0
 * Return: 0; -ENOMEM. The limit does not count.
 */
int fl_kept_replace(struct fl_kept *k, size_t at, size_t old_len, uint64_t base,
		    const unsigned char *p, size_t len);

/** fl_kept_get() - all runs of a batch. Return: false where they were not kept. */
bool fl_kept_get(const struct fl_kept *k, size_t batch, const unsigned char **ret, size_t *ret_len);

#endif
