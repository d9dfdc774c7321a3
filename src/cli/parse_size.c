/* SPDX-License-Identifier: MIT */
#include "cli/parse_size.h"

#include <errno.h>
#include <string.h>

/* SI prefixes are powers of 1000, IEC 80000-13 prefixes powers of 1024; a bare letter is IEC. */
static const struct {
	const char *suffix;
	uint64_t factor;
} units[] = {
	{"", 1},
	{"B", 1},
	{"K", UINT64_C(1) << 10},
	{"k", UINT64_C(1) << 10},
	{"KiB", UINT64_C(1) << 10},
	{"M", UINT64_C(1) << 20},
	{"MiB", UINT64_C(1) << 20},
	{"G", UINT64_C(1) << 30},
	{"GiB", UINT64_C(1) << 30},
	{"T", UINT64_C(1) << 40},
	{"TiB", UINT64_C(1) << 40},
	{"KB", UINT64_C(1000)},
	{"kB", UINT64_C(1000)},
	{"MB", UINT64_C(1000000)},
	{"GB", UINT64_C(1000000000)},
	{"TB", UINT64_C(1000000000000)},
};

static uint64_t factor_of(const char *suffix)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(suffix, units[i].suffix) == 0)
			return units[i].factor;
	return 0;
}

int faultline_parse_size(const char *text, uint64_t *ret)
{
	const char *p = text;
	uint64_t value = 0, factor;
	int overflow = 0;

	for (; *p >= '0' && *p <= '9'; p++) {
		overflow |= __builtin_mul_overflow(value, UINT64_C(10), &value);
		overflow |= __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value);
	}
	if (p == text)
		return -EINVAL;
	factor = factor_of(p);
	if (factor == 0)
		return -EINVAL;
	overflow |= __builtin_mul_overflow(value, factor, &value);
	if (overflow)
		return -ERANGE;
	*ret = value;
	return 0;
}

const char *faultline_size_problem(const char *text, int code)
{
	if (code == -ERANGE)
		return "is too large";
	if (*text == '\0')
		return "is empty";
	if (*text == '-')
		return "is negative";
	if (*text < '0' || *text > '9')
		return "is not a number of bytes";
	return "has an unknown suffix (K, KiB, KB, M, MiB, MB, G, GiB, GB, T, TiB, TB)";
}
