/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/error.h>

#include "store/journal_block.h"
#include "store/move_plan.h"

static unsigned state = 7;

static unsigned rnd(unsigned n)
{
	state = state * 1664525u + 1013904223u;
	return (state >> 8) % n;
}

/* Views of 1 to 50 bytes that grow, shrink or stay. */
static uint64_t make(struct fl_move_plan *p, unsigned kind, size_t views, size_t batch)
{
	uint64_t off = 0;

	cr_assert_eq(fl_move_plan_begin(p), 0);
	for (size_t v = 0; v < views; v++) {
		uint64_t len = 1 + rnd(50);
		int64_t growth = 0;

		if (kind != 1 && rnd(3) == 0)
			growth = rnd(60);
		if (kind != 0 && growth == 0 && rnd(3) == 0)
			growth = -(int64_t)rnd((unsigned)len + 1);
		cr_assert_eq(fl_move_plan_add(p, off, off + len, growth != 0 ? 9 : 0, growth,
					      rnd(99), batch),
			     0);
		off += len;
	}
	cr_assert_eq(fl_move_plan_end(p, off), 0);
	return off;
}

static int meet(uint64_t a, uint64_t a_end, uint64_t b, uint64_t b_end)
{
	return a < b_end && b < a_end;
}

/* The law of the order: nobody overwrites a source that has not been stored. */
Test(move_plan, no_batch_overwrites_what_is_still_needed)
{
	for (unsigned round = 0; round < 600; round++) {
		struct fl_move_plan p;
		uint64_t size = make(&p, round % 3, 1 + rnd(80), 1 + rnd(200));

		cr_assert_eq(fl_move_plan_old_size(&p), size);
		for (size_t i = 0; i < p.moves; i++) {
			const struct fl_batch *b = &p.batch[p.order[i]];

			for (size_t j = i + 1; j < p.moves; j++) {
				const struct fl_batch *later = &p.batch[p.order[j]];

				cr_assert(!meet(b->dst, b[1].dst, later->src, later[1].src),
					  "round %u", round);
			}
		}
		fl_move_plan_done(&p);
	}
}

Test(move_plan, what_stays_is_left_out)
{
	struct fl_move_plan p;

	cr_assert_eq(fl_move_plan_begin(&p), 0);
	cr_assert_eq(fl_move_plan_add(&p, 0, 10, 0, 0, 0, 10), 0);
	cr_assert_eq(fl_move_plan_add(&p, 10, 20, 5, -1, 0, 10), 0);
	cr_assert_eq(fl_move_plan_add(&p, 20, 30, 5, 1, 0, 10), 0);
	cr_assert_eq(fl_move_plan_add(&p, 30, 40, 0, 0, 0, 10), 0);
	cr_assert_eq(fl_move_plan_end(&p, 40), 0);
	cr_assert_eq(p.count, 4u);
	cr_assert_eq(p.moves, 2u);
	cr_assert(p.order[0] == 1 && p.order[1] == 2);
	fl_move_plan_done(&p);
}

Test(move_plan, comes_back_from_its_bytes)
{
	struct fl_move_plan p, q;
	unsigned char *row;
	size_t len;

	make(&p, 2, 60, 40);
	cr_assert_eq(fl_move_plan_save(&p, &row, &len), 0);
	cr_assert_eq(fl_move_plan_load(&q, row, len), 0);
	cr_assert(p.count == q.count && p.moves == q.moves);
	cr_assert_eq(memcmp(p.order, q.order, p.moves * sizeof(*p.order)), 0);
	fl_move_plan_done(&q);
	cr_assert_eq(fl_move_plan_load(&q, row, len - 1), -FL_ECORRUPT);
	row[28] = 0;
	memset(row + 28, 0, 8);
	cr_assert_eq(fl_move_plan_load(&q, row, len), -FL_ECORRUPT);
	fl_move_plan_done(&q);
	free(row);
	fl_move_plan_done(&p);
}

Test(move_plan, registers_join)
{
	unsigned char text[1000];

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (unsigned char)rnd(256);
	for (size_t cut = 0; cut < sizeof(text); cut += 37)
		cr_assert_eq(fl_crc_join(fl_crc_part(0, text, cut),
					 fl_crc_part(0, text + cut, sizeof(text) - cut),
					 sizeof(text) - cut),
			     fl_crc_part(0, text, sizeof(text)));
}
