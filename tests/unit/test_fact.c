/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <string.h>
#include <unistd.h>

#include "plat/fact.h"
#include "plat/file.h"

Test(fact, all_hold_here_and_say_what_they_saw)
{
	int fd = fl_file_temp();
	const struct fl_fact *facts;
	size_t n;

	cr_assert(fd >= 0);
	facts = fl_facts(&n);
	cr_assert(n >= 8);
	for (size_t i = 0; i < n; i++) {
		char seen[FL_FACT_SEEN_BYTES] = "";

		cr_assert_eq(facts[i].check(fd, seen), 1, "%s: %s", facts[i].claim, seen);
		cr_assert(*seen != '\0');
	}
	close(fd);
}

Test(fact, without_a_file_nothing_is_claimed)
{
	const struct fl_fact *facts;
	char seen[FL_FACT_SEEN_BYTES];
	size_t n;

	facts = fl_facts(&n);
	for (size_t i = 0; i + 1 < n; i++)
		cr_assert(facts[i].check(-1, seen) < 0, "%s", facts[i].claim);
}
