/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <string.h>

#include "cli/order_sum.h"

/* Of the letters of a text, one by one. */
static uint64_t sum_of(const char *text)
{
	uint64_t sum = 0;

	for (; *text != '\0'; text++)
		sum = order_sum_add(sum, text, 1);
	return sum;
}

Test(order_sum, order_and_number_count)
{
	static const char *const rows[] = {"", "a", "b", "ab", "ba", "aab", "aba", "abb", "abab"};
	const size_t n = sizeof(rows) / sizeof(rows[0]);

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++)
			cr_assert((sum_of(rows[i]) == sum_of(rows[j])) == (i == j), "%s %s",
				  rows[i], rows[j]);
}

Test(order_sum, things_do_not_flow_together)
{
	uint64_t apart = order_sum_add(order_sum_add(0, "ab", 2), "c", 1);
	uint64_t other = order_sum_add(order_sum_add(0, "a", 1), "bc", 2);

	cr_assert(apart != other);
	cr_assert(order_sum_add(0, "", 0) != 0);
}

Test(order_sum, every_bit_counts)
{
	unsigned char row[8][16];
	uint64_t right = 0, sum;

	memset(row, 7, sizeof(row));
	for (size_t i = 0; i < 8; i++)
		right = order_sum_add(right, row[i], sizeof(row[i]));
	for (size_t bit = 0; bit < 8 * sizeof(row); bit++) {
		unsigned char *byte = &row[bit / 128][bit / 8 % 16];

		*byte = (unsigned char)(*byte ^ 1u << bit % 8);
		sum = 0;
		for (size_t i = 0; i < 8; i++)
			sum = order_sum_add(sum, row[i], sizeof(row[i]));
		cr_assert(sum != right, "bit %zu", bit);
		*byte = (unsigned char)(*byte ^ 1u << bit % 8);
	}
}
