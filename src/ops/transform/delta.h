/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_TRANSFORM_DELTA_H
#define FL_OPS_TRANSFORM_DELTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>

/**
 * struct fl_delta - one change of a file
 * @off:       of the bytes that go, from the start of the file
 * @old_len:   how many go; 0 = an insertion before @off
 * @new_len:   how many come in their place; 0 = a deletion
 * @new_bytes: these
 */
struct fl_delta {
	uint64_t off;
	uint64_t old_len;
	size_t new_len;
	const unsigned char *new_bytes;
};

struct fl_delta_block;

/**
 * struct fl_deltas - changes in the order of the file
 * @list:        @count of them, sorted by @off; none begins before the end of the one before it
 * @matches:     what the edits count as matches: may be more or fewer than @count
 * @limit_bytes: of memory, list and new bytes together
 * @is_full:     it would have been exceeded, since the last fl_deltas_reset()
 *
 * All else is private. Lifetime: new bytes stay where they are until the next
 * fl_deltas_reset() or fl_deltas_done().
 */
struct fl_deltas {
	struct fl_delta *list;
	size_t count;
	uint64_t matches;
	size_t limit_bytes;
	bool is_full;
	size_t capacity;
	struct fl_delta_block *blocks;
	size_t block_bytes;
};

/** fl_deltas_init() - empty; @limit_bytes: >= 64 KiB, SIZE_MAX = no limit */
void fl_deltas_init(struct fl_deltas *d, size_t limit_bytes);

/** fl_deltas_done() - give all memory back; all zero is fine */
void fl_deltas_done(struct fl_deltas *d);

/** fl_deltas_reset() - empty again; memory is kept for the next ones, up to 1 MiB of each kind */
void fl_deltas_reset(struct fl_deltas *d);

/**
 * fl_deltas_room() - place for the new bytes of the next delta
 * @n:   bytes that may be written there
 * @ret: stays valid until the next fl_deltas_room(); fl_deltas_put() keeps what is used of it
 *
 * When more room is needed than was asked for, ask again with @n larger; the first @keep bytes
 * are there again.
 * Return: 0; -ENOMEM; -FL_ELIMIT.
 */
int fl_deltas_room(struct fl_deltas *d, size_t n, size_t keep, unsigned char **ret);

/**
 * fl_deltas_put() - append a delta whose new bytes are the first @new_len of the last room
 * @off: at or behind the end of the last delta. One that touches it is put all the same.
 * Return: 0; -ENOMEM; -FL_ELIMIT; -EINVAL where @off lies before that end.
 */
int fl_deltas_put(struct fl_deltas *d, uint64_t off, uint64_t old_len, size_t new_len);

/** fl_deltas_keep() - the first @n bytes of the last room are new bytes of deltas to come */
void fl_deltas_keep(struct fl_deltas *d, size_t n);

/**
 * fl_deltas_put_kept() - append a delta whose new bytes were kept, or live as long as the list
 * Return: as fl_deltas_put().
 */
int fl_deltas_put_kept(struct fl_deltas *d, const struct fl_delta *delta);

/** fl_deltas_add() - the same with a copy of new bytes that stand elsewhere */
int fl_deltas_add(struct fl_deltas *d, const struct fl_delta *delta);

/** fl_deltas_swap() - exchange two lists */
void fl_deltas_swap(struct fl_deltas *a, struct fl_deltas *b);

/** fl_deltas_growth() - new bytes minus old bytes: how much longer the file becomes */
int64_t fl_deltas_growth(const struct fl_deltas *d);

/**
 * fl_deltas_compose() - two edits in a row become one
 * @first:  from the original to an intermediate text
 * @second: from that text to the result; its offsets count in the intermediate text, which
 *          begins at the same offset as the original
 * @ret:    empty list to which the deltas from the original to the result are appended; its
 *          @matches becomes the sum
 *
 * Deltas that meet or touch become one. Cost: O(deltas + new bytes), no look at the text.
 * Return: 0; -ENOMEM; -FL_ELIMIT.
 */
int fl_deltas_compose(const struct fl_deltas *first, const struct fl_deltas *second,
		      struct fl_deltas *ret);

/**
 * fl_deltas_apply() - the text that results
 * @data: @len bytes that stand at @off; all deltas lie within
 * @ret:  room for @len + fl_deltas_growth() bytes
 */
void fl_deltas_apply(const struct fl_deltas *d, uint64_t off, const unsigned char *data, size_t len,
		     unsigned char *ret);

#endif
