/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/parse_size.h"

#define UNTOUCHED UINT64_C(0x5a5a5a5a5a5a5a5a)

static void is_size(const char *text, uint64_t want)
{
	uint64_t got = UNTOUCHED;

	cr_assert_eq(faultline_parse_size(text, &got), 0, "%s", text);
	cr_assert_eq(got, want, "%s: %" PRIu64, text, got);
}

static void is_refused(const char *text, int code, const char *why)
{
	uint64_t got = UNTOUCHED;
	int r = faultline_parse_size(text, &got);

	cr_assert_eq(r, code, "'%s': %d", text, r);
	cr_assert_eq(got, UNTOUCHED, "'%s': the result is set on success only", text);
	cr_assert(strstr(faultline_size_problem(text, r), why), "'%s': %s", text,
		  faultline_size_problem(text, r));
}

Test(parse_size, every_suffix)
{
	static const char letters[] = "KMGT";
	char text[16];
	uint64_t iec = 1, si = 1;

	is_size("0", 0);
	is_size("7", 7);
	is_size("7B", 7);
	is_size("2k", 2048);
	is_size("2kB", 2000);
	is_size("00010K", 10240);
	for (size_t i = 0; letters[i]; i++) {
		iec *= 1024;
		si *= 1000;
		snprintf(text, sizeof(text), "3%c", letters[i]);
		is_size(text, 3 * iec);
		snprintf(text, sizeof(text), "3%ciB", letters[i]);
		is_size(text, 3 * iec);
		snprintf(text, sizeof(text), "3%cB", letters[i]);
		is_size(text, 3 * si);
	}
}

Test(parse_size, the_largest_ones)
{
	is_size("18446744073709551615", UINT64_MAX);
	is_size("16777215T", UINT64_C(16777215) << 40);
	is_size("18446744073709551KB", UINT64_C(18446744073709551000));
	is_refused("18446744073709551616", -ERANGE, "too large");
	is_refused("99999999999999999999999999", -ERANGE, "too large");
	is_refused("16777216T", -ERANGE, "too large");
	is_refused("18446744073709552KB", -ERANGE, "too large");
}

Test(parse_size, what_is_none)
{
	is_refused("", -EINVAL, "is empty");
	is_refused("-1", -EINVAL, "is negative");
	is_refused("K", -EINVAL, "not a number");
	is_refused(" 1", -EINVAL, "not a number");
	is_refused("+1", -EINVAL, "not a number");
	is_refused("1 K", -EINVAL, "suffix");
	is_refused("1.5K", -EINVAL, "suffix");
	is_refused("0x10", -EINVAL, "suffix");
	is_refused("1e3", -EINVAL, "suffix");
	is_refused("1Kb", -EINVAL, "suffix");
	is_refused("1kiB", -EINVAL, "suffix");
	is_refused("1m", -EINVAL, "suffix");
	is_refused("1P", -EINVAL, "suffix");
	is_refused("1KK", -EINVAL, "suffix");
	/* A wrong suffix is the clearer message. */
	is_refused("99999999999999999999x", -EINVAL, "suffix");
}
