/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/operator.h>

#include "base/error.h"
#include "base/size.h"
#include "engine/part_impl.h"

/* A first allocation that holds any counter and a few lines. */
#define PART_FIRST_BYTES 256

/* What a part may exceed its limit by: heads, and a few lines. */
#define PART_MORE_BYTES FL_KIB(8)

/* Twice as much each time, but what stays within the limit takes no more memory than that. */
static size_t grown(const struct fl_part *part, size_t need)
{
	size_t capacity = part->capacity ? part->capacity : PART_FIRST_BYTES;
	size_t most = fl_min_size(part->limit, SIZE_MAX / 2) + PART_MORE_BYTES;

	while (capacity < need)
		capacity *= 2;
	return capacity > most && need <= most ? most : capacity;
}

int fl_part_reserve(struct fl_part *part, size_t len)
{
	size_t capacity;
	unsigned char *bigger;

	if (part->capacity - part->len >= len && part->data)
		return 0;
	if (len > SIZE_MAX / 4 - part->len)
		return -ENOMEM;
	capacity = grown(part, part->len + len);
	bigger = realloc(part->data, capacity);
	if (!bigger)
		return -ENOMEM;
	part->data = bigger;
	part->capacity = capacity;
	return 0;
}

int fl_part_append(struct fl_part *part, const void *data, size_t len)
{
	int r = fl_part_reserve(part, len);

	if (r < 0)
		return r;
	if (len > 0)
		memcpy(part->data + part->len, data, len);
	part->len += len;
	return 0;
}

int fl_part_flush(struct fl_part *part, struct fl_error *reterr)
{
	if (!part->flush)
		return fl_error_set(reterr, -EINVAL, part->off, NULL);
	return part->flush(part->flush_arg, part, reterr);
}

int fl_part_is_next(const struct fl_part *part)
{
	return part->is_next && part->is_next(part->flush_arg, part);
}

void fl_part_reset(struct fl_part *part)
{
	/* What one giant line needed is not kept for every slot of the ring. */
	if (part->capacity / 2 > part->limit)
		fl_part_free(part);
	part->len = 0;
	part->off = part->end = part->next_off = 0;
	part->view = NULL;
	part->view_count = 0;
}

void fl_part_free(struct fl_part *part)
{
	free(part->data);
	part->data = NULL;
	part->capacity = 0;
	part->len = 0;
}
