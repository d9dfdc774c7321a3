/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kern/byte_freq.h"
#include "kern/kernels.h"

#include "../support/guardbuf.h"
#include "../support/scale.h"

static struct fl_literal literal(const char *text, bool icase)
{
	struct fl_literal lit;

	fl_literal_init(&lit, (const unsigned char *)text, strlen(text), icase);
	return lit;
}

/* Are the bytes at exactly these offsets chosen? */
static bool chosen(const char *text, bool icase, size_t rare1, size_t rare2)
{
	struct fl_literal lit = literal(text, icase);

	return lit.rare1 == rare1 && lit.rare2 == rare2;
}

Test(rare_bytes, what_is_rare_in_text)
{
	cr_assert(chosen("the Queen", false, 1, 4));
	cr_assert(chosen("e~e e#", false, 1, 5));
	cr_assert(chosen("as seen on {the} site", false, 11, 15));
	cr_assert(chosen("as seen on {the} site", true, 11, 15));
	cr_assert(chosen(" e\x80\xC3 e", false, 2, 3));
}

Test(rare_bytes, short_literals)
{
	cr_assert(chosen("x", false, 0, 0));
	cr_assert(chosen("ab", false, 0, 1));
	cr_assert(chosen("ba", false, 0, 1));
	cr_assert(chosen("aa", true, 0, 1));
}

/* j is rarer than a semicolon, j and J together are not. */
Test(rare_bytes, icase_counts_both_cases)
{
	uint32_t j = fl_bytes_per_million['j'], both = j + fl_bytes_per_million['J'];

	cr_assert(j < fl_bytes_per_million[';'] && both > fl_bytes_per_million[';']);
	cr_assert(chosen("je;e;", false, 0, 2));
	cr_assert(chosen("je;e;", true, 2, 4));
	cr_assert(chosen("eje;e", true, 1, 3));
}

static uint32_t frequency(const struct fl_literal *lit, size_t at)
{
	unsigned char c = lit->bytes[at];
	uint32_t n = fl_bytes_per_million[c];

	return lit->icase && c >= 'a' && c <= 'z' ? n + fl_bytes_per_million[c - 'a' + 'A'] : n;
}

/* "E" and "x" are the rarest, and usual neighbours. */
Test(rare_bytes, neighbours_only_where_they_are_much_rarer)
{
	cr_assert(chosen("Exception", false, 0, 4));
	cr_assert(chosen("E~ception", false, 1, 4));
	cr_assert(chosen("ee~#ee", false, 2, 3));
}

/* Of the byte at @at, as the second one beside the one at @best. */
static uint32_t cost(const struct fl_literal *lit, size_t at, size_t best)
{
	return frequency(lit, at) * (at + 1 == best || best + 1 == at ? 4 : 1);
}

static void check_second(const struct fl_literal *lit)
{
	bool first = frequency(lit, lit->rare1) <= frequency(lit, lit->rare2);
	size_t best = first ? lit->rare1 : lit->rare2, second = first ? lit->rare2 : lit->rare1;

	for (size_t k = 0; k < lit->len; k++)
		cr_assert(k == best || k == second ||
			  (frequency(lit, k) >= frequency(lit, best) &&
			   cost(lit, k, best) >= cost(lit, second, best)));
}

/* Two offsets in order, and no byte elsewhere is rarer than the first, or does better beside it. */
Test(rare_bytes, nothing_rarer_is_left)
{
	unsigned char bytes[40];
	unsigned seed = 1;

	for (double i = 0; i < 5000 * test_scale(); i++) {
		size_t len = 2 + (size_t)rand_r(&seed) % (sizeof(bytes) - 1);
		struct fl_literal lit;

		for (size_t k = 0; k < len; k++) {
			unsigned char c = (unsigned char)(rand_r(&seed) >> 7);

			bytes[k] = c >= 'A' && c <= 'Z' ? '.' : c;
		}
		fl_literal_init(&lit, bytes, len, rand_r(&seed) % 2);
		cr_assert(lit.bytes == bytes && lit.len == len);
		cr_assert(lit.rare1 < lit.rare2 && lit.rare2 < len);
		check_second(&lit);
	}
}

Test(rare_bytes, table_is_a_distribution)
{
	uint64_t sum = 0;

	for (unsigned c = 0; c < 256; c++) {
		sum += fl_bytes_per_million[c];
		cr_assert(fl_bytes_per_million[c] <= fl_bytes_per_million[' ']);
	}
	/* Each of 256 numbers is rounded by a half at most. */
	cr_assert(sum >= 1000000 - 128 && sum <= 1000000 + 128, "%llu", (unsigned long long)sum);
}

/* Two files, one four times the other: each counts as one half. */
Test(rare_bytes, the_generator_counts)
{
	static char output[20000];
	const char *top = getenv("abs_top_srcdir");
	char command[4096];
	const char *table;
	size_t n;
	FILE *f;

	if (!top)
		cr_skip("abs_top_srcdir is not set: where is scripts/gen_byte_freq.sh?");
	snprintf(command, sizeof(command),
		 "d=$(mktemp -d) && printf 'ab' >$d/1 && printf 'aa\\377\\000acaa' >$d/2 && "
		 "'%s/scripts/gen_byte_freq.sh' 'two files' $d/1 $d/2; rm -r $d",
		 top);
	f = popen(command, "re");
	cr_assert(f != NULL);
	n = fread(output, 1, sizeof(output) - 1, f);
	output[n] = '\0';
	cr_assert(pclose(f) == 0);
	cr_assert(strstr(output, "from: two files.\n"));

	table = strstr(output, "= {\n");
	cr_assert(table != NULL);
	table += strlen("= {\n");
	for (unsigned c = 0; c < 256; c++) {
		char *after;
		unsigned long want = c == 'a' ? 562500 : c == 'b' ? 250000 : 0;

		want = c == 'c' || c == 0 || c == 255 ? 62500 : want;
		cr_assert(strtoul(table, &after, 10) == want, "byte %u", c);
		cr_assert(*after == ',');
		table = after + 1;
	}
	cr_assert_str_eq(table, "\n};\n");
}
