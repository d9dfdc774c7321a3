/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ops/transform/delta.h"

#include "../support/guardbuf.h"
#include "../support/nasty.h"
#include "../support/scale.h"

static void random_text(unsigned *seed, unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (unsigned char)('a' + nasty_rnd(seed, 26));
}

/* Random deltas over a text of @len bytes that stands at @off: many touch, many are empty. */
static void random_deltas(unsigned *seed, uint64_t off, size_t len, struct fl_deltas *d)
{
	size_t pos = 0, count = nasty_rnd(seed, 6);

	for (; count > 0; count--) {
		unsigned char bytes[8];
		struct fl_delta delta;

		pos += nasty_rnd(seed, 3) == 0 ? 0 : nasty_rnd(seed, 6);
		if (pos > len)
			break;
		delta = (struct fl_delta){.off = off + pos, .new_bytes = bytes};
		delta.old_len = nasty_rnd(seed, len - pos < 5 ? len - pos + 1 : 5);
		delta.new_len = nasty_rnd(seed, 6);
		random_text(seed, bytes, delta.new_len);
		cr_assert(fl_deltas_add(d, &delta) == 0);
		pos += delta.old_len;
	}
}

static size_t result_len(const struct fl_deltas *d, size_t len)
{
	return (size_t)((int64_t)len + fl_deltas_growth(d));
}

static void check_order(const struct fl_deltas *d)
{
	for (size_t i = 1; i < d->count; i++)
		cr_assert(d->list[i].off >= d->list[i - 1].off + d->list[i - 1].old_len);
}

/* compose(a, b) applied == b applied to a applied; several lists in a row, too. */
Test(delta, compose_is_one_after_the_other)
{
	const uint64_t off = UINT64_C(1) << 40;
	unsigned seed = 7;

	for (double round = 0; round < 100000 * test_scale(); round++) {
		struct fl_deltas sum, next, both;
		unsigned char text[40], step[400], result[400], direct[400];
		size_t len = nasty_rnd(&seed, 40), step_len;

		fl_deltas_init(&sum, SIZE_MAX);
		fl_deltas_init(&next, SIZE_MAX);
		fl_deltas_init(&both, SIZE_MAX);
		random_text(&seed, text, len);
		random_deltas(&seed, off, len, &sum);
		for (int k = 0; k < 3; k++) {
			fl_deltas_apply(&sum, off, text, len, step);
			step_len = result_len(&sum, len);
			fl_deltas_reset(&next);
			random_deltas(&seed, off, step_len, &next);
			fl_deltas_apply(&next, off, step, step_len, result);
			fl_deltas_reset(&both);
			cr_assert(fl_deltas_compose(&sum, &next, &both) == 0);
			check_order(&both);
			fl_deltas_apply(&both, off, text, len, direct);
			cr_assert(result_len(&both, len) == result_len(&next, step_len));
			cr_assert(memcmp(direct, result, result_len(&both, len)) == 0);
			fl_deltas_swap(&sum, &both);
		}
		fl_deltas_done(&sum);
		fl_deltas_done(&next);
		fl_deltas_done(&both);
	}
}

Test(delta, limit_and_order)
{
	unsigned char bytes[1000] = {0};
	struct fl_deltas d;
	uint64_t off = 0;
	int r = 0;

	fl_deltas_init(&d, 200000);
	while (r == 0) {
		r = fl_deltas_add(&d, &(struct fl_delta){.off = off++,
							 .new_len = sizeof(bytes),
							 .new_bytes = bytes});
	}
	cr_assert(r == -FL_ELIMIT && d.count > 100 && d.count < 200);
	cr_assert(fl_deltas_growth(&d) == (int64_t)(1000 * d.count));
	fl_deltas_reset(&d);
	cr_assert(d.count == 0 && fl_deltas_put(&d, 10, 5, 0) == 0);
	cr_assert(fl_deltas_put(&d, 14, 1, 0) == -EINVAL);
	cr_assert(fl_deltas_put(&d, 15, 1, 0) == 0 && d.count == 2);
	cr_assert(fl_deltas_growth(&d) == -6);
	fl_deltas_done(&d);
}

/* What was written to a room that turned out too small is there in the next one. */
Test(delta, room_grows)
{
	unsigned char *room;
	struct fl_deltas d;

	fl_deltas_init(&d, SIZE_MAX);
	for (size_t i = 0; i < 100; i++) {
		size_t n = 1000 * i + 1;

		cr_assert(fl_deltas_room(&d, n, 0, &room) == 0);
		memset(room, (int)i, n);
		cr_assert(fl_deltas_room(&d, 3 * n, n, &room) == 0);
		for (size_t k = 0; k < n; k++)
			cr_assert(room[k] == i);
		cr_assert(fl_deltas_put(&d, i, 1, n) == 0);
	}
	for (size_t i = 0; i < d.count; i++)
		for (size_t k = 0; k < d.list[i].new_len; k++)
			cr_assert(d.list[i].new_bytes[k] == i);
	fl_deltas_done(&d);
}
