/* SPDX-License-Identifier: MIT */
#include "store/move_plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/error.h>

#include "store/journal_block.h"

#define ROW_BYTES ((size_t)28)

static int grow(struct fl_move_plan *p)
{
	size_t capacity = p->capacity ? 2 * p->capacity : 64;
	struct fl_batch *bigger;

	if (p->count + 1 < p->capacity)
		return 0;
	bigger = realloc(p->batch, capacity * sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	p->batch = bigger;
	p->capacity = capacity;
	return 0;
}

int fl_move_plan_begin(struct fl_move_plan *p)
{
	*p = (struct fl_move_plan){0};
	if (grow(p) < 0)
		return -ENOMEM;
	p->batch[0] = (struct fl_batch){0};
	return 0;
}

void fl_move_plan_done(struct fl_move_plan *p)
{
	free(p->batch);
	free(p->order);
	*p = (struct fl_move_plan){0};
}

/* Memory is needed for the source of a batch, for what it becomes, and for its changes. */
static bool is_full(const struct fl_move_plan *p, const struct fl_batch *open, uint64_t off,
		    size_t batch_bytes)
{
	uint64_t source = off - open->src, result = source + p->open_growth;

	return source > 0 &&
	       (source >= batch_bytes || result >= batch_bytes || open->changes >= batch_bytes);
}

/* batch[count] is the one that is still open. */
int fl_move_plan_add(struct fl_move_plan *p, uint64_t off, uint64_t end, uint64_t changes,
		     int64_t growth, uint32_t crc, size_t batch_bytes)
{
	struct fl_batch *open = &p->batch[p->count];

	if (is_full(p, open, off, batch_bytes)) {
		struct fl_batch next = {.src = off,
					.dst = open->dst + p->open_growth + (off - open->src)};

		p->count++;
		if (grow(p) < 0)
			return -ENOMEM;
		open = &p->batch[p->count];
		*open = next;
		p->open_growth = 0;
	}
	open->changes += changes;
	open->crc = fl_crc_join(open->crc, crc, end - off);
	p->open_growth += (uint64_t)growth;
	return 0;
}

/* It stays where it is, and as it is. */
static bool is_idle(const struct fl_move_plan *p, size_t b)
{
	return p->batch[b].changes == 0 && p->batch[b].src == p->batch[b].dst;
}

/* A run of boundaries that move to the right is stored from its last batch on. */
static void find_order(struct fl_move_plan *p)
{
	size_t at = 0, first = 0, last;

	while (first < p->count) {
		last = first;
		while (last + 1 < p->count && p->batch[last + 1].dst > p->batch[last + 1].src)
			last++;
		for (size_t b = last + 1; b > first; b--)
			if (!is_idle(p, b - 1))
				p->order[at++] = (uint32_t)(b - 1);
		first = last + 1;
	}
	p->moves = at;
}

static int make_order(struct fl_move_plan *p)
{
	p->order = calloc(p->count + 1, sizeof(*p->order));
	if (!p->order)
		return -ENOMEM;
	find_order(p);
	return 0;
}

int fl_move_plan_end(struct fl_move_plan *p, uint64_t size)
{
	struct fl_batch *open = &p->batch[p->count];
	struct fl_batch end = {.src = size, .dst = open->dst + p->open_growth + (size - open->src)};

	if (size > open->src) {
		p->count++;
		if (grow(p) < 0)
			return -ENOMEM;
	}
	p->batch[p->count] = end;
	return make_order(p);
}

static uint64_t src_len(const struct fl_move_plan *p, size_t b)
{
	return p->batch[b + 1].src - p->batch[b].src;
}

static uint64_t dst_len(const struct fl_move_plan *p, size_t b)
{
	return p->batch[b + 1].dst - p->batch[b].dst;
}

bool fl_move_plan_overlaps(const struct fl_move_plan *p, size_t b)
{
	const struct fl_batch *x = &p->batch[b];

	return x->dst < x->src + src_len(p, b) && x->src < x->dst + dst_len(p, b);
}

uint64_t fl_move_plan_image_bytes(const struct fl_move_plan *p)
{
	uint64_t most = 0;

	for (size_t k = 0; k < p->moves; k++)
		if (fl_move_plan_overlaps(p, p->order[k]) && dst_len(p, p->order[k]) > most)
			most = dst_len(p, p->order[k]);
	return most;
}

uint64_t fl_move_plan_old_size(const struct fl_move_plan *p)
{
	return p->batch[p->count].src;
}

uint64_t fl_move_plan_new_size(const struct fl_move_plan *p)
{
	return p->batch[p->count].dst;
}

int fl_move_plan_save(const struct fl_move_plan *p, unsigned char **ret, size_t *ret_len)
{
	size_t len = (p->count + 1) * ROW_BYTES;
	unsigned char *row = malloc(len);

	if (!row)
		return -ENOMEM;
	for (size_t b = 0; b <= p->count; b++) {
		fl_put64(row + b * ROW_BYTES, p->batch[b].src);
		fl_put64(row + b * ROW_BYTES + 8, p->batch[b].dst);
		fl_put64(row + b * ROW_BYTES + 16, p->batch[b].changes);
		fl_put32(row + b * ROW_BYTES + 24, p->batch[b].crc);
	}
	*ret = row;
	*ret_len = len;
	return 0;
}

int fl_move_plan_load(struct fl_move_plan *p, const unsigned char *data, size_t len)
{
	size_t rows = len / ROW_BYTES;

	if (rows == 0 || len % ROW_BYTES != 0 || rows > UINT32_MAX)
		return -FL_ECORRUPT;
	*p = (struct fl_move_plan){.count = rows - 1, .capacity = rows + 1};
	p->batch = calloc(rows + 1, sizeof(*p->batch));
	if (!p->batch)
		return -ENOMEM;
	for (size_t b = 0; b < rows; b++) {
		const unsigned char *row = data + b * ROW_BYTES;

		p->batch[b] = (struct fl_batch){.src = fl_get64(row),
						.dst = fl_get64(row + 8),
						.changes = fl_get64(row + 16),
						.crc = fl_get32(row + 24)};
		if (b > 0 && (p->batch[b].src <= p->batch[b - 1].src ||
			      p->batch[b].dst < p->batch[b - 1].dst))
			return -FL_ECORRUPT;
	}
	if (p->batch[0].src != 0 || p->batch[0].dst != 0)
		return -FL_ECORRUPT;
	return make_order(p);
}
