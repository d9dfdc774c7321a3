/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "plat/holes.h"

#include "../support/drawn.h"
#include "../support/scale.h"

#define BYTES ((size_t)200000)

static size_t span(const unsigned char *data, size_t len, uint64_t off, bool *ret_hole)
{
	size_t n = fl_holes_span(data, len, off, ret_hole);

	cr_assert(n >= 1 && n <= len);
	if (!*ret_hole)
		return n;
	cr_assert(off % FL_HOLE_BLOCK == 0 && n % FL_HOLE_BLOCK == 0 && n >= FL_HOLE_LEAST);
	for (size_t i = 0; i < n; i++)
		cr_assert(data[i] == 0, "a byte that is not zero is in a hole");
	return n;
}

Test(holes, whole_blocks_of_zeros_of_some_length)
{
	unsigned char *data = calloc(1, BYTES);
	bool hole;

	cr_assert(data != NULL);
	cr_assert(span(data, BYTES, 0, &hole) == BYTES / FL_HOLE_BLOCK * FL_HOLE_BLOCK && hole);
	cr_assert(span(data, FL_HOLE_LEAST, 1 << 20, &hole) == FL_HOLE_LEAST && hole);
	cr_assert(span(data, FL_HOLE_LEAST - 1, 0, &hole) == FL_HOLE_LEAST - 1 && !hole);
	/* Up to where a block begins it is written. */
	cr_assert(span(data, BYTES, 4095, &hole) == 1 && !hole);
	cr_assert(span(data, BYTES, 1, &hole) == 4095 && !hole);
	data[4096] = 1;
	cr_assert(span(data, BYTES, 0, &hole) == 8192 && !hole);
	memset(data, 1, 2 * FL_HOLE_LEAST);
	cr_assert(span(data, BYTES, 0, &hole) == 2 * FL_HOLE_LEAST && !hole);
	/* A byte at the end of a block that begins with zeros. */
	memset(data, 0, BYTES);
	data[FL_HOLE_LEAST + 4095] = 1;
	cr_assert(span(data, BYTES, 0, &hole) == FL_HOLE_LEAST && hole);
	data[4095] = 1;
	cr_assert(span(data, FL_HOLE_LEAST, 0, &hole) == FL_HOLE_LEAST && !hole);
	free(data);
}

Test(holes, all_of_drawn_data_is_said_something_of)
{
	unsigned char *data = calloc(1, BYTES);

	cr_assert(data != NULL);
	rnd_seed(35);
	for (unsigned round = 0; round < test_rounds(200, 10); round++) {
		uint64_t off = rnd(1 << 16);
		size_t at = 0;
		bool hole;

		memset(data, 0, BYTES);
		for (unsigned i = rnd(6); i > 0; i--)
			data[rnd(BYTES)] = 1;
		while (at < BYTES)
			at += span(data + at, BYTES - at, off + at, &hole);
		cr_assert(at == BYTES);
	}
	free(data);
}

Test(holes, a_run_of_zeros_is_a_hole_where_the_same_bytes_are)
{
	unsigned char *data = calloc(1, BYTES);
	struct fl_holes_run run;

	cr_assert(data != NULL);
	rnd_seed(37);
	for (unsigned round = 0; round < test_rounds(200, 10); round++) {
		uint64_t off = rnd(1 << 16);
		size_t len = rnd(round % 2 ? 50000 : BYTES), at = 0;
		uint64_t holes = 0;
		bool hole;

		while (at < len) {
			size_t n = span(data + at, len - at, off + at, &hole);

			holes += hole ? n : 0;
			at += n;
		}
		run = fl_holes_run(len, off);
		cr_assert(run.before + run.hole + run.after == len && run.hole == holes);
		cr_assert(run.hole == 0 || (off + run.before) % FL_HOLE_BLOCK == 0);
	}
	free(data);
}

Test(holes, zeros_at_the_ends)
{
	unsigned char data[100] = {0};

	for (size_t len = 0; len <= sizeof(data); len++) {
		cr_assert(fl_zeros_leading(data, len) == len);
		cr_assert(fl_zeros_trailing(data, len) == len);
		for (size_t i = 0; i < len; i++) {
			data[i] = 1;
			cr_assert(fl_zeros_leading(data, len) == i);
			cr_assert(fl_zeros_trailing(data, len) == len - 1 - i);
			data[i] = 0;
		}
	}
}
