/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <string.h>

#include "cli/bench_list.h"

static const char *letter(unsigned value)
{
	static const char *const names[] = {"a", "b", "c"};

	return value < 3 ? names[value] : NULL;
}

static const struct bench_list_kind names = {"--names", bench_list_name, letter, 0};
static const struct bench_list_kind twice = {"--twice", bench_list_name, letter, 1};
static const struct bench_list_kind sizes = {"--sizes", bench_list_size, NULL, 0};
static const struct bench_list_kind threads = {"-j", bench_list_threads, NULL, 0};

Test(bench_list, values_in_the_order_of_the_words)
{
	struct bench_list list = {.n = 0};

	bench_list_parse(&names, "c,a,c", &list);
	cr_assert(list.n == 2 && list.v[0] == 2 && list.v[1] == 0);
	bench_list_parse(&names, "all", &list);
	cr_assert(list.n == 3 && list.v[2] == 1);
	list.n = 0;
	bench_list_parse(&sizes, "0,1M,,3", &list);
	cr_assert(list.n == 3 && list.v[1] == 1u << 20 && list.v[2] == 3);
	list.n = 0;
	bench_list_parse(&threads, "3,1,3", &list);
	cr_assert(list.n == 2 && list.v[0] == 3 && list.v[1] == 1);
}

Test(bench_list, what_may_repeat_does)
{
	struct bench_list list = {.n = 0};

	bench_list_parse(&twice, "b,b", &list);
	bench_list_parse(&twice, "all", &list);
	cr_assert(list.n == 5 && list.v[0] == 1 && list.v[1] == 1 && list.v[4] == 2);
}

/* Each ends the program. */
#define REFUSED(test, kind, text)                                                                  \
	Test(bench_list, test, .exit_code = 2)                                                     \
	{                                                                                          \
		struct bench_list list = {.n = 0};                                                 \
                                                                                                   \
		bench_list_parse(kind, text, &list);                                               \
		cr_assert_fail("was taken");                                                       \
	}

REFUSED(an_empty_list_is_refused, &names, "")
REFUSED(a_list_of_commas_is_refused, &names, ",,")
REFUSED(an_unknown_name_is_refused, &names, "a,d")
REFUSED(a_size_that_is_none_is_refused, &sizes, "1X")
REFUSED(threads_that_are_no_number_are_refused, &threads, "x")
REFUSED(a_part_of_a_thread_is_refused, &threads, "1.5")
REFUSED(fewer_threads_than_none_are_refused, &threads, "-1")
REFUSED(threads_beyond_all_measure_are_refused, &threads, "99999")
REFUSED(more_values_than_there_is_room_are_refused, &sizes,
	"1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33")
