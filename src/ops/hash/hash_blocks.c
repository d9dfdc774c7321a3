/* SPDX-License-Identifier: MIT */
#include "ops/hash/hash_blocks.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/size.h"
#include "kern/xxh3.h"

#define BLOCK FL_XXH3_BLOCK_BYTES
#define STRIPE FL_XXH3_STRIPE_BYTES
#define SUM_BYTES (FL_XXH3_LANES * sizeof(uint64_t))
/* xxHash specification, XXH3 long input: the last stripe takes the secret from 7 bytes
 * before the place where the scramble's begins. */
#define LAST_STRIPE_SECRET (FL_XXH3_SECRET_BYTES - STRIPE - 7)

/*
 * A part is this header, 64 bytes per block, then the raw tail. Host order,
 * which is little-endian on every machine supported. 8-byte fields only, so
 * that the sums stay aligned.
 */
struct hash_part {
	uint64_t bytes;  /* of input that it stands for */
	uint64_t blocks; /* bytes / 1024 */
	uint64_t tail_len;
	uint64_t applied; /* the first so many blocks are in fl_hash_next.acc */
};

/* Late blocks for each new one: more of them would wait longer than its loads. */
#define LATE_EACH 2

void fl_hash_tail_append(struct fl_hash_tail *tail, const unsigned char *p, size_t n)
{
	size_t keep;

	if (n >= FL_HASH_TAIL_BYTES) {
		memcpy(tail->bytes, p + n - FL_HASH_TAIL_BYTES, FL_HASH_TAIL_BYTES);
		tail->len = FL_HASH_TAIL_BYTES;
		return;
	}
	keep = fl_min_size(tail->len, FL_HASH_TAIL_BYTES - n);
	memmove(tail->bytes, tail->bytes + tail->len - keep, keep);
	memcpy(tail->bytes + keep, p, n);
	tail->len = keep + n;
}

/* How many bytes of the view fit: all, or whole blocks. */
static size_t bytes_that_fit(const struct fl_part *part, const struct hash_part *head, size_t len)
{
	size_t used = sizeof(*head) + (size_t)head->blocks * SUM_BYTES + FL_HASH_TAIL_BYTES;
	size_t blocks = part->limit > used ? (part->limit - used) / SUM_BYTES : 0;

	/* An empty part takes one block whatever its limit, or nothing would ever move. */
	if (head->bytes == 0)
		blocks = fl_max_size(blocks, 1);
	return blocks >= len / BLOCK ? len : blocks * BLOCK;
}

static int part_open(struct fl_part *part, struct hash_part *ret_head,
		     struct fl_hash_tail *ret_tail)
{
	memset(ret_head, 0, sizeof(*ret_head));
	ret_tail->len = 0;
	if (part->len == 0)
		return 0;
	if (part->len < sizeof(*ret_head))
		return -EINVAL;
	memcpy(ret_head, part->data, sizeof(*ret_head));
	if (ret_head->bytes % BLOCK || ret_head->tail_len > FL_HASH_TAIL_BYTES ||
	    ret_head->applied > ret_head->blocks)
		return -EINVAL;
	ret_tail->len = (size_t)ret_head->tail_len;
	memcpy(ret_tail->bytes, part->data + part->len - ret_tail->len, ret_tail->len);
	return 0;
}

/* None of the part's blocks so far is the input's last one: a view comes after them. */
static struct fl_xxh3_late late_blocks(const unsigned char *secret, const struct hash_part *head,
				       const uint64_t *sums, size_t blocks,
				       struct fl_hash_next *next)
{
	if (head->applied == 0) {
		memcpy(next->acc, next->folded->acc, sizeof(next->acc));
		if (next->folded->has_pending)
			fl_xxh3_apply_blocks(next->acc, next->folded->pending, 1, secret);
	}
	return (struct fl_xxh3_late){
		.acc = next->acc,
		.sums = sums + head->applied * FL_XXH3_LANES,
		.blocks = fl_min_size((size_t)(head->blocks - head->applied), LATE_EACH * blocks)};
}

/* Of the view's @blocks blocks; and what the part holds is applied meanwhile where it can be. */
static void sum_blocks(const unsigned char *secret, const struct fl_view *in, size_t blocks,
		       struct fl_part *part, struct hash_part *head, struct fl_hash_next *next)
{
	uint64_t *sums = (uint64_t *)(void *)(part->data + sizeof(*head));
	uint64_t *made = sums + head->blocks * FL_XXH3_LANES;
	struct fl_xxh3_late late = {0};

	if (next && head->blocks > head->applied && fl_part_is_next(part))
		late = late_blocks(secret, head, sums, blocks, next);
	fl_kernels_get()->xxh3_block_sums(in->data, blocks, secret, made,
					  late.blocks > 0 ? &late : NULL);
	head->blocks += blocks;
	head->applied += late.blocks;
}

/* The sums take the place of the old tail, and the new tail follows them. */
static int part_extend(struct fl_part *part, struct hash_part *head, struct fl_hash_tail *tail,
		       const unsigned char *secret, const struct fl_view *in,
		       struct fl_hash_next *next)
{
	size_t blocks = in->len / BLOCK, at;
	size_t want =
		sizeof(*head) + ((size_t)head->blocks + blocks) * SUM_BYTES + FL_HASH_TAIL_BYTES;
	int r = fl_part_reserve(part, want > part->len ? want - part->len : 0);

	if (r < 0)
		return r;
	if (blocks > 0)
		sum_blocks(secret, in, blocks, part, head, next);
	fl_hash_tail_append(tail, in->data, in->len);
	head->bytes += in->len;
	head->tail_len = tail->len;
	at = sizeof(*head) + (size_t)head->blocks * SUM_BYTES;
	memcpy(part->data, head, sizeof(*head));
	memcpy(part->data + at, tail->bytes, tail->len);
	part->len = at + tail->len;
	return 0;
}

int fl_hash_blocks_map(const unsigned char secret[FL_XXH3_SECRET_BYTES], const struct fl_view *in,
		       struct fl_part *part, struct fl_hash_next *next)
{
	struct fl_hash_tail tail;
	struct hash_part head;
	struct fl_view now = *in;
	int r = part_open(part, &head, &tail);

	if (r < 0)
		return r;
	now.len = bytes_that_fit(part, &head, in->len);
	if (now.len > 0) {
		r = part_extend(part, &head, &tail, secret, &now, next);
		if (r < 0)
			return r;
	}
	if (now.len == in->len)
		return 0;
	part->next_off = in->off + now.len;
	return FL_MAP_FULL;
}

void fl_hash_blocks_init(struct fl_hash_blocks *b)
{
	memset(b, 0, sizeof(*b));
	fl_xxh3_init_acc(b->acc);
}

/* Its first blocks may have been applied in the map; the last one may be the input's last. */
static void apply_part(struct fl_hash_blocks *b, const unsigned char *secret,
		       const struct hash_part *head, const uint64_t *sums,
		       const struct fl_hash_next *next)
{
	size_t blocks = (size_t)head->blocks, applied = (size_t)head->applied;

	if (head->bytes == 0)
		return;
	if (applied > 0)
		memcpy(b->acc, next->acc, sizeof(b->acc));
	else if (b->has_pending)
		fl_xxh3_apply_blocks(b->acc, b->pending, 1, secret);
	b->has_pending = head->bytes % BLOCK == 0;
	if (b->has_pending)
		memcpy(b->pending, sums + --blocks * FL_XXH3_LANES, sizeof(b->pending));
	fl_xxh3_apply_blocks(b->acc, sums + applied * FL_XXH3_LANES, blocks - applied, secret);
}

int fl_hash_blocks_fold(struct fl_hash_blocks *b, const unsigned char secret[FL_XXH3_SECRET_BYTES],
			const struct fl_part *part, const struct fl_hash_next *next)
{
	struct hash_part head;

	if (part->len == 0)
		return 0;
	if (part->len < sizeof(head))
		return -EINVAL;
	memcpy(&head, part->data, sizeof(head));
	if (part->len != sizeof(head) + (size_t)head.blocks * SUM_BYTES + head.tail_len ||
	    b->total_bytes % BLOCK || head.bytes / BLOCK != head.blocks)
		return -EINVAL;
	/* Whoever applied blocks in the map left the last one. */
	if (head.applied > 0 && (!next || head.applied >= head.blocks))
		return -EINVAL;
	apply_part(b, secret, &head, (const uint64_t *)(const void *)(part->data + sizeof(head)),
		   next);
	b->total_bytes += head.bytes;
	fl_hash_tail_append(&b->tail, part->data + part->len - head.tail_len,
			    (size_t)head.tail_len);
	return 0;
}

size_t fl_hash_blocks_part_bytes(const unsigned char *data, size_t avail)
{
	struct hash_part head;
	size_t bytes;

	if (avail < sizeof(head))
		return 0;
	memcpy(&head, data, sizeof(head));
	if (head.tail_len > FL_HASH_TAIL_BYTES || head.bytes / BLOCK != head.blocks ||
	    head.applied || head.blocks > SIZE_MAX / 2 / SUM_BYTES)
		return SIZE_MAX;
	bytes = sizeof(head) + (size_t)head.blocks * SUM_BYTES + (size_t)head.tail_len;
	return bytes <= avail ? bytes : 0;
}

void fl_hash_blocks_close(const struct fl_hash_blocks *b,
			  const unsigned char secret[FL_XXH3_SECRET_BYTES],
			  uint64_t ret_acc[FL_XXH3_LANES])
{
	const unsigned char *end = b->tail.bytes + b->tail.len;
	size_t rest = (size_t)((b->total_bytes - 1) % BLOCK) + 1;

	memcpy(ret_acc, b->acc, sizeof(b->acc));
	for (size_t i = 0; i < (rest - 1) / STRIPE; i++)
		fl_xxh3_accumulate_stripe(ret_acc, end - rest + i * STRIPE, secret + 8 * i);
	fl_xxh3_accumulate_stripe(ret_acc, end - STRIPE, secret + LAST_STRIPE_SECRET);
}
