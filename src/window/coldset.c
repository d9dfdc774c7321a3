/* SPDX-License-Identifier: MIT */
#include "window/coldset.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/size.h"
#include "plat/mapping.h"
#include "plat/residency.h"

/* Granules: a page, so that a file that is cached here and there is left so; where each look at one
 * may bring it in, more. */
#define GRANULE_UNSEEN_BYTES FL_KIB(64)
#define GRANULES_MAX (UINT64_C(8) << 20) /* 1 MiB of bits */

struct fl_coldset {
	const struct fl_file *file;
	uint64_t size;
	uint64_t granule;
	uint64_t count;
	uint64_t cold_bytes;
	unsigned char *cold; /* one bit per granule: nothing of it was in the cache */
};

static bool is_cold(const struct fl_coldset *s, uint64_t i)
{
	return s->cold[i / 8] >> (i % 8) & 1;
}

static void mark_cold(struct fl_coldset *s, uint64_t from, uint64_t to)
{
	for (uint64_t i = from; i < to; i++)
		s->cold[i / 8] = (unsigned char)(s->cold[i / 8] | 1u << (i % 8));
}

/* Halves what is partly cached until it is one or the other, or one granule. */
static int note(struct fl_coldset *s, uint64_t from, uint64_t to)
{
	uint64_t off = from * s->granule, end = fl_min_u64(to * s->granule, s->size), pages, all;
	int r = fl_resident_pages(s->file->fd, s->file->base_off + off, end - off, &pages, NULL);

	if (r < 0)
		return r;
	all = (end - off + fl_page_bytes() - 1) / fl_page_bytes();
	if (pages == 0) {
		mark_cold(s, from, to);
		s->cold_bytes += end - off;
		return 0;
	}
	if (pages >= all || to - from == 1)
		return 0;
	r = note(s, from, from + (to - from) / 2);
	return r < 0 ? r : note(s, from + (to - from) / 2, to);
}

int fl_coldset_new(const struct fl_file *file, uint64_t size, struct fl_coldset **ret)
{
	struct fl_coldset *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->file = file;
	s->size = size;
	s->granule = fl_resident_is_exact(file->fd) ? fl_page_bytes() : GRANULE_UNSEEN_BYTES;
	while (size / s->granule >= GRANULES_MAX)
		s->granule *= 2;
	s->count = size / s->granule + !!(size % s->granule);
	s->cold = calloc(1, (size_t)(s->count / 8 + 1));
	r = s->cold ? 0 : -ENOMEM;
	if (r == 0 && s->count > 0)
		r = note(s, 0, s->count);
	if (r < 0) {
		fl_coldset_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void fl_coldset_drop(const struct fl_coldset *s, uint64_t off, uint64_t end)
{
	uint64_t i = fl_round_up(off, s->granule) / s->granule, first;
	uint64_t stop = end >= s->size ? s->count : end / s->granule;

	while (i < stop) {
		for (; i < stop && !is_cold(s, i); i++)
			;
		for (first = i; i < stop && is_cold(s, i); i++)
			;
		if (i > first)
			fl_drop_pages(s->file->fd, s->file->base_off + first * s->granule,
				      (i - first) * s->granule);
	}
}

uint64_t fl_coldset_cold_bytes(const struct fl_coldset *set)
{
	return set->cold_bytes;
}

void fl_coldset_free(struct fl_coldset *set)
{
	if (!set)
		return;
	free(set->cold);
	free(set);
}
