/* SPDX-License-Identifier: MIT */
#include "ops/transform/inplace_kept.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "store/journal_block.h"
#include "store/same_store.h"

void fl_kept_done(struct fl_kept *k)
{
	free(k->runs);
	free(k->begin);
	*k = (struct fl_kept){.limit = k->limit};
}

void fl_kept_clear(struct fl_kept *k)
{
	k->len = k->count = 0;
	k->is_full = false;
}

/* Batches up to @batch have begun. */
static int begin(struct fl_kept *k, size_t batch)
{
	size_t size = fl_max_size(batch + 1, 2 * k->size);
	size_t *bigger;

	if (batch >= k->size) {
		bigger = realloc(k->begin, size * sizeof(*bigger));
		if (!bigger)
			return -ENOMEM;
		k->begin = bigger;
		k->size = size;
	}
	while (k->count <= batch)
		k->begin[k->count++] = k->len;
	return 0;
}

static int room(struct fl_kept *k, size_t more)
{
	size_t cap = fl_min_size(fl_max_size(k->len + more, k->cap + k->cap / 2), k->limit);
	unsigned char *bigger;

	if (k->cap - k->len >= more)
		return 0;
	bigger = realloc(k->runs, cap);
	if (!bigger)
		return -ENOMEM;
	k->runs = bigger;
	k->cap = cap;
	return 0;
}

int fl_kept_add(struct fl_kept *k, size_t batch, uint64_t base, const unsigned char *p, size_t len)
{
	size_t need = FL_RUN_HEAD_BYTES + len;

	if (k->is_full)
		return 0;
	if (begin(k, batch) < 0)
		return -ENOMEM;
	if (len == 0)
		return 0;
	if (need > k->limit - k->len) {
		/* What is there of this batch is of no use. */
		k->is_full = true;
		k->len = k->begin[batch];
		k->count = batch;
		return 0;
	}
	if (room(k, need) < 0)
		return -ENOMEM;
	fl_put64(k->runs + k->len, base);
	fl_put64(k->runs + k->len + 8, len);
	memcpy(k->runs + k->len + FL_RUN_HEAD_BYTES, p, len);
	k->len += need;
	return 0;
}

/* Of the one batch that is there. */
int fl_kept_replace(struct fl_kept *k, size_t at, size_t old_len, uint64_t base,
		    const unsigned char *p, size_t len)
{
	size_t old = old_len > 0 ? FL_RUN_HEAD_BYTES + old_len : 0, now = FL_RUN_HEAD_BYTES + len;
	size_t behind = k->len - at - old;

	if (now > old && room(k, now - old) < 0)
		return -ENOMEM;
	memmove(k->runs + at + now, k->runs + at + old, behind);
	fl_put64(k->runs + at, base);
	fl_put64(k->runs + at + 8, len);
	memcpy(k->runs + at + FL_RUN_HEAD_BYTES, p, len);
	k->len = at + now + behind;
	return 0;
}

bool fl_kept_get(const struct fl_kept *k, size_t batch, const unsigned char **ret, size_t *ret_len)
{
	size_t end;

	if (batch >= k->count)
		return false;
	end = batch + 1 < k->count ? k->begin[batch + 1] : k->len;
	*ret = end > 0 ? k->runs + k->begin[batch] : NULL;
	*ret_len = end - k->begin[batch];
	return true;
}
