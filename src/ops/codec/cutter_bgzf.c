/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "ops/codec/cutter.h"

/*
 * BGZF (the SAM/BAM format specification, section 4.1): gzip's members of up to 64 KiB, whose extra
 * field BC tells their length. Sixteen of them make a piece: a MiB is worth a helper's while.
 */
#define MEMBERS 16
#define MEMBER_BYTES FL_KIB(64)
#define HEAD_BYTES 18
#define LEAST_BYTES (HEAD_BYTES + 8)

/* Magic, deflate, FEXTRA alone; at 10: six bytes of extra fields, BC of two bytes. */
static const unsigned char first[] = {0x1f, 0x8b, 8, 4}, extra[] = {6, 0, 'B', 'C', 2, 0};

/** struct bgzf - @off: where the next member begins */
struct bgzf {
	struct fl_look *look;
	uint64_t off;
};

/* Return: its bytes; 0: no such member is there, or not all of it; -EIO ... */
static int64_t member(struct bgzf *b)
{
	const unsigned char *p;
	int64_t got = fl_look_at(b->look, b->off, HEAD_BYTES, &p);
	uint32_t bytes;

	if (got < HEAD_BYTES)
		return got < 0 ? got : 0;
	if (memcmp(p, first, sizeof(first)) != 0 || memcmp(p + 10, extra, sizeof(extra)) != 0)
		return 0;
	bytes = (uint32_t)(p[16] | p[17] << 8) + 1;
	return bytes < LEAST_BYTES || bytes > b->look->size - b->off ? 0 : bytes;
}

static void bgzf_close(void *cutter)
{
	struct bgzf *b = cutter;

	free(b->look);
	free(b);
}

static int bgzf_open(const struct fl_source *src, void **ret, struct fl_cut_limits *ret_limits)
{
	struct bgzf *b = calloc(1, sizeof(*b));
	int64_t r = -ENOMEM;

	if (b)
		b->look = fl_look_new(src);
	if (b && b->look)
		r = member(b);
	if (r <= 0) {
		if (b)
			bgzf_close(b);
		return (int)r;
	}
	*ret = b;
	*ret_limits = (struct fl_cut_limits){.bytes = MEMBERS * MEMBER_BYTES,
					     .room = MEMBERS * MEMBER_BYTES};
	return 1;
}

static int bgzf_next(void *cutter, struct fl_cut *ret, uint64_t *ret_rest)
{
	struct bgzf *b = cutter;
	int64_t bytes = 1;

	*ret = (struct fl_cut){.off = b->off};
	for (unsigned i = 0; i < MEMBERS && (bytes = member(b)) > 0; i++)
		b->off += (uint64_t)bytes;
	ret->bytes = (size_t)(b->off - ret->off);
	*ret_rest = b->off;
	return bytes < 0 ? (int)bytes : ret->bytes > 0;
}

const struct fl_cutter fl_cutter_bgzf = {.open = bgzf_open, .next = bgzf_next, .close = bgzf_close};
