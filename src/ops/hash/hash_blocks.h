/* SPDX-License-Identifier: MIT */
#ifndef FL_OPS_HASH_HASH_BLOCKS_H
#define FL_OPS_HASH_HASH_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

#include <faultline/operator.h>

#include "kern/kernels.h"

/**
 * DOC: XXH3 of a long input from sums of its blocks.
 *
 * Within a block of 1024 bytes the accumulators only add values that do not
 * depend on them, so any thread can sum a block from zero; adding the sums and
 * scrambling, in order, is all that is sequential. How the input ends decides
 * about its last block and its last stripe, so the last 1024 bytes travel raw.
 */

/* What finishing needs at most: a whole last block, which is not scrambled (xxHash
 * specification, XXH3 long input: (length-1)/1024 blocks are). */
#define FL_HASH_TAIL_BYTES FL_XXH3_BLOCK_BYTES

/**
 * struct fl_hash_tail - the last bytes of what has been seen, at most
 * FL_HASH_TAIL_BYTES
 */
struct fl_hash_tail {
	size_t len;
	unsigned char bytes[FL_HASH_TAIL_BYTES];
};

/**
 * struct fl_hash_blocks - the sequential side
 * @acc:     accumulators after all blocks that are known not to be the last
 * @pending: sums of the block that may be the last
 */
struct fl_hash_blocks {
	uint64_t total_bytes;
	uint64_t acc[FL_XXH3_LANES];
	uint64_t pending[FL_XXH3_LANES];
	int has_pending;
	struct fl_hash_tail tail;
};

/**
 * struct fl_hash_next - what the map of the part that is next has prepared for its fold
 * @folded: the sequential side, as the folds before have left it
 * @acc:    its accumulators after the part's first blocks: the part says how many
 *
 * To apply sums is a chain of multiplications, 2.3 ns for each KiB of input on a Zen 5, in which a
 * processor does nothing else: a fifteenth of one core's time. A map waits for memory most of its time, and
 * the chain fits in between (fl_kernels.xxh3_block_sums).
 */
struct fl_hash_next {
	const struct fl_hash_blocks *folded;
	uint64_t acc[FL_XXH3_LANES];
};

/** fl_hash_tail_append() - go on by @n bytes */
void fl_hash_tail_append(struct fl_hash_tail *tail, const unsigned char *p, size_t n);

/**
 * fl_hash_blocks_map() - append a view's block sums and raw tail to a part
 * @secret: of the seed
 * @next:   where sums are applied that can be (fl_part_is_next()), or NULL
 *
 * Threads: any. Cost: one pass over the bytes; 64 bytes of part per KiB.
 * Return: 0; FL_MAP_FULL; -ENOMEM; -EINVAL for a view after one that was no
 * multiple of a block.
 */
int fl_hash_blocks_map(const unsigned char secret[FL_XXH3_SECRET_BYTES], const struct fl_view *in,
		       struct fl_part *part, struct fl_hash_next *next);

/** fl_hash_blocks_init() - nothing seen yet */
void fl_hash_blocks_init(struct fl_hash_blocks *b);

/**
 * fl_hash_blocks_fold() - the next part, in order
 * @next: as its map had it
 * Return: 0; -EINVAL for a part that is none.
 */
int fl_hash_blocks_fold(struct fl_hash_blocks *b, const unsigned char secret[FL_XXH3_SECRET_BYTES],
			const struct fl_part *part, const struct fl_hash_next *next);

/**
 * fl_hash_blocks_part_bytes() - how long the part is that begins at @data
 * Parts may stand one after the other: their lengths are in them.
 * Return: bytes; 0 when @avail bytes do not hold all of it; SIZE_MAX when it is none.
 */
size_t fl_hash_blocks_part_bytes(const unsigned char *data, size_t avail);

/**
 * fl_hash_blocks_digest128() - XXH128 of what has been folded, whatever its length
 * @secret: of @seed
 * @ret:    16 bytes, canonical
 */
void fl_hash_blocks_digest128(const struct fl_hash_blocks *b,
			      const unsigned char secret[FL_XXH3_SECRET_BYTES], uint64_t seed,
			      unsigned char *ret);

/**
 * fl_hash_blocks_close() - account for the end: last block, last stripe
 * @ret_acc: accumulators ready to be merged
 *
 * Only for inputs of more than 1024 bytes or tails that hold all of a shorter
 * one; more than 240 bytes. May be called again after more folds.
 */
void fl_hash_blocks_close(const struct fl_hash_blocks *b,
			  const unsigned char secret[FL_XXH3_SECRET_BYTES],
			  uint64_t ret_acc[FL_XXH3_LANES]);

#endif
