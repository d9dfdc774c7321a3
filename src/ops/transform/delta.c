/* SPDX-License-Identifier: MIT */
#include "ops/transform/delta.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

/* The new bytes of a slice of 256 KiB that changes in places fit; see fl_deltas_reset(). */
#define BLOCK_BYTES FL_KIB(64)
#define KEEP_BYTES FL_MIB(1)
#define LIST_FIRST 64

/**
 * struct fl_delta_block - memory for new bytes; the first of the chain is filled
 * @used: bytes that belong to deltas
 */
struct fl_delta_block {
	struct fl_delta_block *next;
	size_t size;
	size_t used;
	unsigned char bytes[];
};

void fl_deltas_init(struct fl_deltas *d, size_t limit_bytes)
{
	*d = (struct fl_deltas){.limit_bytes = limit_bytes};
}

static void free_blocks(struct fl_delta_block *block)
{
	while (block) {
		struct fl_delta_block *next = block->next;

		free(block);
		block = next;
	}
}

void fl_deltas_done(struct fl_deltas *d)
{
	free_blocks(d->blocks);
	free(d->list);
	fl_deltas_init(d, d->limit_bytes);
}

/* The last block is the largest: they double. */
void fl_deltas_reset(struct fl_deltas *d)
{
	struct fl_delta_block *keep = d->blocks;

	d->count = 0;
	d->matches = 0;
	d->is_full = false;
	if (d->capacity * sizeof(*d->list) > KEEP_BYTES) {
		free(d->list);
		d->list = NULL;
		d->capacity = 0;
	}
	if (!keep)
		return;
	free_blocks(keep->next);
	keep->next = NULL;
	keep->used = 0;
	if (keep->size > KEEP_BYTES) {
		free(keep);
		keep = NULL;
	}
	d->blocks = keep;
	d->block_bytes = keep ? keep->size : 0;
}

static size_t held_bytes(const struct fl_deltas *d)
{
	return d->block_bytes + d->capacity * sizeof(*d->list);
}

static bool within_limit(const struct fl_deltas *d, size_t more)
{
	size_t held = held_bytes(d);

	return more <= d->limit_bytes && held <= d->limit_bytes - more;
}

static int full(struct fl_deltas *d)
{
	d->is_full = true;
	return -FL_ELIMIT;
}

static int add_block(struct fl_deltas *d, size_t n)
{
	size_t size = fl_max_size(d->blocks ? 2 * d->blocks->size : BLOCK_BYTES, n);
	struct fl_delta_block *block;

	if (!within_limit(d, size))
		size = n;
	if (!within_limit(d, size))
		return full(d);
	if (size > SIZE_MAX - sizeof(*block))
		return -ENOMEM;
	block = malloc(sizeof(*block) + size);
	if (!block)
		return -ENOMEM;
	*block = (struct fl_delta_block){.next = d->blocks, .size = size};
	d->blocks = block;
	d->block_bytes += size;
	return 0;
}

int fl_deltas_room(struct fl_deltas *d, size_t n, size_t keep, unsigned char **ret)
{
	struct fl_delta_block *old = d->blocks;
	int r;

	if (!old || old->size - old->used < n) {
		r = add_block(d, n);
		if (r < 0)
			return r;
		if (keep > 0)
			memcpy(d->blocks->bytes, old->bytes + old->used, keep);
	}
	*ret = d->blocks->bytes + d->blocks->used;
	return 0;
}

static int grow_list(struct fl_deltas *d)
{
	size_t more = d->capacity ? d->capacity : LIST_FIRST;
	struct fl_delta *list;

	if (!within_limit(d, more * sizeof(*list)))
		return full(d);
	list = realloc(d->list, (d->capacity + more) * sizeof(*list));
	if (!list)
		return -ENOMEM;
	d->list = list;
	d->capacity += more;
	return 0;
}

static uint64_t end_of(const struct fl_delta *delta)
{
	return delta->off + delta->old_len;
}

static int put(struct fl_deltas *d, const struct fl_delta *delta)
{
	int r;

	if (d->count > 0 && delta->off < end_of(&d->list[d->count - 1]))
		return -EINVAL;
	if (d->count == d->capacity) {
		r = grow_list(d);
		if (r < 0)
			return r;
	}
	d->list[d->count++] = *delta;
	return 0;
}

int fl_deltas_put(struct fl_deltas *d, uint64_t off, uint64_t old_len, size_t new_len)
{
	struct fl_delta delta = {.off = off, .old_len = old_len, .new_len = new_len};
	int r;

	if (new_len > 0)
		delta.new_bytes = d->blocks->bytes + d->blocks->used;
	r = put(d, &delta);
	if (r == 0 && new_len > 0)
		d->blocks->used += new_len;
	return r;
}

void fl_deltas_keep(struct fl_deltas *d, size_t n)
{
	d->blocks->used += n;
}

int fl_deltas_put_kept(struct fl_deltas *d, const struct fl_delta *delta)
{
	return put(d, delta);
}

int fl_deltas_add(struct fl_deltas *d, const struct fl_delta *delta)
{
	unsigned char *room;
	int r;

	if (delta->new_len > 0) {
		r = fl_deltas_room(d, delta->new_len, 0, &room);
		if (r < 0)
			return r;
		memcpy(room, delta->new_bytes, delta->new_len);
	}
	return fl_deltas_put(d, delta->off, delta->old_len, delta->new_len);
}

void fl_deltas_swap(struct fl_deltas *a, struct fl_deltas *b)
{
	struct fl_deltas t = *a;

	*a = *b;
	*b = t;
}

int64_t fl_deltas_growth(const struct fl_deltas *d)
{
	int64_t growth = 0;

	for (size_t i = 0; i < d->count; i++)
		growth += (int64_t)d->list[i].new_len - (int64_t)d->list[i].old_len;
	return growth;
}

void fl_deltas_apply(const struct fl_deltas *d, uint64_t off, const unsigned char *data, size_t len,
		     unsigned char *ret)
{
	size_t pos = 0;

	for (size_t i = 0; i < d->count; i++) {
		const struct fl_delta *delta = &d->list[i];
		size_t at = (size_t)(delta->off - off);

		memcpy(ret, data + pos, at - pos);
		ret += at - pos;
		if (delta->new_len > 0)
			memcpy(ret, delta->new_bytes, delta->new_len);
		ret += delta->new_len;
		pos = at + (size_t)delta->old_len;
	}
	if (pos < len)
		memcpy(ret, data + pos, len - pos);
}
