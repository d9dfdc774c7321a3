/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "kern/byte_freq.h"

/* Each of 256 numbers is rounded. */
Test(byte_freq, all_bytes_together_are_a_million)
{
	uint64_t sum = 0;

	for (int i = 0; i < 256; i++)
		sum += fl_bytes_per_million[i];
	cr_assert(sum >= 1000000 - 128 && sum <= 1000000 + 128, "%llu", (unsigned long long)sum);
}

/* A table that was shifted or sorted would fail here. */
Test(byte_freq, looks_like_text)
{
	const uint32_t *f = fl_bytes_per_million;

	for (int i = 0; i < 256; i++)
		cr_assert(f[' '] >= f[i], "byte %d", i);
	for (const char *p = "etaoinsr"; *p; p++)
		for (const char *q = "QXZ~`^"; *q; q++)
			cr_assert(f[(unsigned char)*p] > 10 * f[(unsigned char)*q], "%c %c", *p,
				  *q);
	for (int digit = '0'; digit <= '9'; digit++)
		cr_assert(f[digit] > f['Z']);
	cr_assert(f['\n'] > f['\r'] && f['\0'] > f[1]);
}
