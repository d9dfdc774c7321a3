/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "bench/histogram.h"

static void near(uint64_t got, uint64_t want)
{
	uint64_t off = got > want ? got - want : want - got;

	cr_assert(off * 16 <= want, "%lu, not %lu", (unsigned long)got, (unsigned long)want);
}

Test(histogram, percentiles_of_a_ramp)
{
	static struct fl_histogram h, half, other;
	uint64_t ns[5];

	for (uint64_t i = 1; i <= 100000; i++) {
		fl_histogram_add(&h, i * 1000);
		fl_histogram_add(i % 2 ? &half : &other, i * 1000);
	}
	fl_histogram_report(&h, ns);
	near(ns[0], 50000000);
	near(ns[1], 90000000);
	near(ns[2], 99000000);
	near(ns[3], 99900000);
	cr_assert_eq(ns[4], 100000000u);
	fl_histogram_merge(&half, &other);
	for (unsigned i = 0; i < FL_HISTOGRAM_BUCKETS; i++)
		cr_assert_eq(half.count[i], h.count[i]);
	cr_assert_eq(half.max_ns, h.max_ns);
}

Test(histogram, every_duration_has_a_place)
{
	static struct fl_histogram h;
	uint64_t ns[5], sum = 0;

	fl_histogram_report(&h, ns);
	cr_assert(ns[0] == 0 && ns[4] == 0);
	fl_histogram_add(&h, 0);
	for (unsigned shift = 0; shift < 64; shift++)
		fl_histogram_add(&h, UINT64_C(1) << shift);
	fl_histogram_add(&h, UINT64_MAX);
	for (unsigned i = 0; i < FL_HISTOGRAM_BUCKETS; i++)
		sum += h.count[i];
	cr_assert_eq(sum, 66u);
	fl_histogram_report(&h, ns);
	cr_assert_eq(ns[4], UINT64_MAX);
	near(ns[0], UINT64_C(1) << 31);
}

Test(histogram, one_duration_is_all_percentiles)
{
	static struct fl_histogram h;
	uint64_t ns[5];

	fl_histogram_add(&h, 12345);
	fl_histogram_report(&h, ns);
	for (unsigned i = 0; i < 5; i++)
		near(ns[i], 12345);
}
