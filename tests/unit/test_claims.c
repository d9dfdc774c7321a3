/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "cluster/mpi/claims.h"

Test(claims, begin_large_and_end_with_single_chunks)
{
	uint64_t left = 10000, last = 10000;
	unsigned steps = 0;

	while (left > 0) {
		uint64_t step = fl_claims_step(left, 4, 1, 64);

		cr_assert(step >= 1 && step <= 64 && step <= last);
		left -= step < left ? step : left;
		last = step;
		steps++;
	}
	cr_assert(last == 1);
	/* 10000 / 64 and then a sixteenth of what is left each time. */
	cr_assert(steps > 10000 / 64 && steps < 10000 / 64 + 100);
}

Test(claims, are_multiples_of_a_piece)
{
	for (uint64_t left = 0; left < 5000; left += 7)
		cr_assert(fl_claims_step(left, 3, 5, 64) % 5 == 0);
	cr_assert(fl_claims_step(0, 3, 5, 64) == 5);
	/* A piece may be more than what is wanted at most. */
	cr_assert(fl_claims_step(100000, 3, 16, 4) == 16);
}

Test(claims, a_slow_rank_is_not_waited_for)
{
	/* Two ranks, one four times as slow: when it takes its claim the other has four times as much left. */
	for (uint64_t left = 8; left < 4096; left++) {
		uint64_t step = fl_claims_step(left, 2, 1, UINT64_MAX);

		cr_assert(4 * step <= left - step + 3);
	}
}

Test(claims, chunks_in_order_of_claims)
{
	static struct fl_claims c;
	uint64_t seq = 0;

	for (uint64_t chunk = 0; chunk < 3000; chunk += 10)
		fl_claims_add(&c, chunk, 3);
	cr_assert(c.count == 300 && c.total == 900);
	for (uint64_t chunk = 0; chunk < 3000; chunk += 10) {
		for (uint64_t k = 0; k < 3; k++, seq++) {
			cr_assert(fl_claims_chunk(&c, seq) == chunk + k);
			cr_assert(fl_claims_ends(&c, seq) == (k == 2));
		}
		fl_claims_forget(&c);
	}
	cr_assert(c.count == 0 && c.total == 900);
}

Test(claims, neighbours_are_one)
{
	static struct fl_claims c;

	fl_claims_add(&c, 4, 2);
	fl_claims_add(&c, 6, 2);
	fl_claims_add(&c, 9, 1);
	cr_assert(c.count == 2);
	cr_assert(fl_claims_chunk(&c, 3) == 7);
	cr_assert(fl_claims_chunk(&c, 4) == 9);
	cr_assert(!fl_claims_ends(&c, 1) && fl_claims_ends(&c, 3));
}

Test(claims, full_and_around)
{
	static struct fl_claims c;
	uint64_t seq = 0;

	for (unsigned round = 0; round < 3; round++) {
		while (!fl_claims_full(&c))
			fl_claims_add(&c, 2 * c.total, 1);
		cr_assert(c.count == FL_CLAIMS_MAX);
		for (unsigned i = 0; i < FL_CLAIMS_MAX - 5 * round; i++, seq++) {
			cr_assert(fl_claims_chunk(&c, seq) == 2 * seq);
			fl_claims_forget(&c);
		}
	}
}
