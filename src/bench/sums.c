/* SPDX-License-Identifier: MIT */
#include "bench/sums.h"

#include <string.h>

/* Of a file, whatever the machine: both sums are over the same places. */
#define PAGE_BYTES 4096u

static uint64_t word(const unsigned char *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

/* Four sums side by side: additions of one do not wait for those of another. */
uint64_t fl_sum_words(const unsigned char *p, size_t n)
{
	uint64_t a = 0, b = 0, c = 0, d = 0, rest = 0;

	for (; n >= 32; n -= 32, p += 32) {
		a += word(p);
		b += word(p + 8);
		c += word(p + 16);
		d += word(p + 24);
	}
	for (; n >= 8; n -= 8, p += 8)
		a += word(p);
	if (n > 0)
		memcpy(&rest, p, n);
	return a + b + c + d + rest;
}

static int sum_start(void *op, const struct fl_run *run, struct fl_error *reterr)
{
	(void)run;
	(void)reterr;
	*(uint64_t *)op = 0;
	return 0;
}

static int add_to_part(struct fl_part *part, uint64_t sum)
{
	uint64_t before;

	if (part->len == 0)
		return fl_part_append(part, &sum, sizeof(sum));
	memcpy(&before, part->data, sizeof(before));
	before += sum;
	memcpy(part->data, &before, sizeof(before));
	return 0;
}

static int sum_map(const void *op, void *scratch, const struct fl_view *in, struct fl_part *part,
		   struct fl_error *reterr)
{
	(void)op;
	(void)scratch;
	(void)reterr;
	return add_to_part(part, fl_sum_words(in->data, in->len));
}

static int touch_map(const void *op, void *scratch, const struct fl_view *in, struct fl_part *part,
		     struct fl_error *reterr)
{
	uint64_t sum = 0;
	size_t i;

	(void)op;
	(void)scratch;
	(void)reterr;
	for (i = 0; i < in->len; i += PAGE_BYTES)
		sum += in->data[i];
	return add_to_part(part, sum);
}

static int sum_fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	uint64_t sum = 0;

	(void)reterr;
	if (part->len == sizeof(sum))
		memcpy(&sum, part->data, sizeof(sum));
	*(uint64_t *)op += sum;
	return 0;
}

const struct fl_operator fl_touch_operator = {.size = sizeof(struct fl_operator),
					      .name = "touch",
					      .cut = FL_CUT_UNIT,
					      .unit_bytes = PAGE_BYTES,
					      .start = sum_start,
					      .map = touch_map,
					      .fold = sum_fold};

const struct fl_operator fl_sum_operator = {.size = sizeof(struct fl_operator),
					    .name = "sum",
					    .cut = FL_CUT_UNIT,
					    .unit_bytes = PAGE_BYTES,
					    .start = sum_start,
					    .map = sum_map,
					    .fold = sum_fold};
