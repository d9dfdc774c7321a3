/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "shm/patience.h"

#define US UINT64_C(1000)
#define MS (1000 * US)

/* Waits of @spun_ns each, begun every @gap_ns. Return: nanoseconds spun in all. */
static uint64_t live(struct fl_patience *p, uint64_t *now, uint64_t need_ns, uint64_t gap_ns,
		     int waits)
{
	uint64_t total = 0;

	for (int i = 0; i < waits; i++, *now += gap_ns) {
		uint64_t limit = fl_patience_ns(p, *now);
		uint64_t spun = need_ns < limit ? need_ns : limit;

		if (limit == 0)
			continue;
		*now += spun;
		fl_patience_learn(p, *now, spun, need_ns < limit);
		total += spun;
	}
	return total;
}

Test(patience, answers_that_come_soon_are_always_waited_for)
{
	struct fl_patience p = {0};
	uint64_t now = MS;

	cr_assert_eq(live(&p, &now, 300, 100, 10000), 300 * 10000);
	/* And when they suddenly do not come, little is lost. */
	cr_assert(fl_patience_ns(&p, now) < 5 * US);
}

Test(patience, spinning_in_vain_costs_a_few_percent_at_most)
{
	struct fl_patience p = {0};
	uint64_t now = MS, begin = now;
	uint64_t spun = live(&p, &now, UINT64_MAX, 2 * US, 1000000);

	cr_assert(spun > 0);
	cr_assert((double)spun < 0.04 * (double)(now - begin), "%llu of %llu",
		  (unsigned long long)spun, (unsigned long long)(now - begin));
}

Test(patience, it_is_found_out_that_spinning_pays_again)
{
	struct fl_patience p = {0};
	uint64_t now = MS;

	live(&p, &now, UINT64_MAX, 2 * US, 100000);
	/* The other side takes 30 us to wake, until it spins, too. */
	for (int i = 0; i < 3000 && p.rest_ns > 0; i++)
		live(&p, &now, 30 * US, 2 * US, 1);
	cr_assert_eq(p.rest_ns, 0);
	cr_assert_eq(live(&p, &now, 300, 100, 1000), 300 * 1000);
}

Test(patience, it_is_never_longer_than_waking_a_processor_takes)
{
	struct fl_patience p = {0};
	uint64_t now = MS;

	for (int i = 0; i < 100; i++) {
		cr_assert(fl_patience_ns(&p, now) <= 60 * US);
		fl_patience_learn(&p, now, UINT64_MAX / 16, true);
	}
	cr_assert(fl_patience_ns(&p, now) <= 60 * US);
}
