/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <stdio.h>
#include <string.h>

#include "kern/kernels.h"
#include "kern/quads.h"

#include "../support/guardbuf.h"
#include "../support/nasty.h"
#include "../support/scale.h"

#define B "(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]?[0-9])"
#define QUAD "(?<![0-9])(?<![0-9]\\.)(?:" B "\\.){3}" B "(?![0-9])(?!\\.[0-9])"

/* Longer than three blocks of streams. */
#define TEXT_MAX (3 * FL_STREAM_BYTES + 1000)

static pcre2_code *rule;
static pcre2_match_data *data;

static void setup(void)
{
	PCRE2_SIZE off;
	int error;

	rule = pcre2_compile((PCRE2_SPTR)QUAD, PCRE2_ZERO_TERMINATED, 0, &error, &off, NULL);
	cr_assert(rule != NULL);
	cr_assert(pcre2_jit_compile(rule, PCRE2_JIT_COMPLETE) == 0);
	data = pcre2_match_data_create(1, NULL);
}

static void teardown(void)
{
	pcre2_match_data_free(data);
	pcre2_code_free(rule);
}

TestSuite(quads, .init = setup, .fini = teardown);

/* Return: how many there are. */
static size_t compare(const unsigned char *p, size_t len, size_t from)
{
	const PCRE2_SIZE *pair = pcre2_get_ovector_pointer(data);
	static struct fl_quads quads;
	size_t begin = 0, end = 0, count = 0;

	fl_quads_init(&quads, p, len, from);
	for (;; count++, from = pair[1]) {
		bool found = fl_quads_next(&quads, &begin, &end);
		int r = pcre2_match(rule, p, len, from, 0, data, NULL);

		cr_assert(found == (r > 0), "from %zu of %zu: %d", from, len, found);
		if (!found)
			break;
		cr_assert(begin == pair[0] && end == pair[1], "%zu-%zu, not %zu-%zu of %zu", begin,
			  end, pair[0], pair[1], len);
	}
	cr_assert(!fl_quads_next(&quads, &begin, &end));
	return count;
}

static size_t put_number(unsigned *seed, unsigned char *to)
{
	static const unsigned limits[] = {10, 100, 256, 300, 1000, 2000};
	size_t value = nasty_rnd(seed, limits[nasty_rnd(seed, 6)]);
	char text[16];
	int n = snprintf(text, sizeof(text), "%0*zu", (int)nasty_rnd(seed, 4), value);

	memcpy(to, text, (size_t)n);
	return (size_t)n;
}

/* Rows of numbers and dots, most of four, between other bytes. */
static void make_text(unsigned *seed, unsigned char *p, size_t len)
{
	static const char between[] = " .\n:/a9\0-.";
	unsigned char row[200];
	size_t at = 0;

	while (at < len) {
		size_t n = 0, numbers = nasty_rnd(seed, 4) ? 4 : 1 + nasty_rnd(seed, 9);

		for (size_t i = 0; i < numbers; i++) {
			n += put_number(seed, row + n);
			row[n++] = nasty_rnd(seed, 60) ? '.' : '9';
		}
		n -= nasty_rnd(seed, 6) > 0;
		for (size_t gap = nasty_rnd(seed, nasty_rnd(seed, 9) ? 4 : 90); gap > 0; gap--)
			row[n++] = (unsigned char)between[nasty_rnd(seed, sizeof(between) - 1)];
		n = n < len - at ? n : len - at;
		memcpy(p + at, row, n);
		at += n;
	}
}

Test(quads, the_places_of_the_regex)
{
	struct guardbuf buf = guardbuf_new(TEXT_MAX);
	unsigned seed = 11;
	size_t count = 0;

	for (double round = 0; round < 4000 * test_scale(); round++) {
		size_t len = nasty_rnd(&seed, nasty_rnd(&seed, 8) ? 1200 : TEXT_MAX);
		unsigned char *p = buf.end - len;

		make_text(&seed, p, len);
		count += compare(p, len, 0);
		count += compare(p, len, nasty_rnd(&seed, len + 1));
	}
	cr_assert((double)count > 10000 * test_scale(), "%zu", count);
	guardbuf_free(&buf);
}

/* Nothing but digits and dots. */
Test(quads, dense_texts)
{
	struct guardbuf buf = guardbuf_new(TEXT_MAX);
	unsigned seed = 12;
	size_t count = 0;

	for (double round = 0; round < 20000 * test_scale(); round++) {
		static const char bytes[] = "0125569....\n ";
		size_t len = nasty_rnd(&seed, 300);
		unsigned char *p = buf.end - len;

		for (size_t i = 0; i < len; i++)
			p[i] = (unsigned char)bytes[nasty_rnd(&seed, sizeof(bytes) - 1)];
		count += compare(p, len, nasty_rnd(&seed, 9) ? 0 : nasty_rnd(&seed, len + 1));
	}
	cr_assert((double)count > 500 * test_scale(), "%zu", count);
	guardbuf_free(&buf);
}

/* One address at each place of a text that is longer than a block, which ends anywhere. */
Test(quads, every_place)
{
	static const char address[] = "192.168.100.254";
	struct guardbuf buf = guardbuf_new(TEXT_MAX);
	size_t n = sizeof(address) - 1, step = test_scale() < 1 ? 7 : 1;

	for (size_t at = 0; at < FL_STREAM_BYTES + 1100; at += step) {
		size_t len = at + n + at % 3 * 515;
		unsigned char *p = buf.end - len;

		memset(p, at % 2 ? '.' : 'x', len);
		memcpy(p + at, address, n);
		cr_assert(compare(p, len, 0) == 1, "at %zu of %zu", at, len);
	}
	guardbuf_free(&buf);
}

Test(quads, every_instruction_set_computes_the_same)
{
	static uint64_t want[FL_QUAD_SLOTS * FL_STREAM_STRIDE],
		got[FL_QUAD_SLOTS * FL_STREAM_STRIDE];
	struct guardbuf buf = guardbuf_new(FL_STREAM_BYTES);
	size_t variants;
	const struct fl_kernels_variant *v = fl_kernels_variants(&variants);
	unsigned seed = 13;

	for (double round = 0; round < 300 * test_scale(); round++) {
		size_t words = 8 * (1 + nasty_rnd(&seed, FL_STREAM_WORDS / 8));
		unsigned char *p = buf.end - 64 * words;

		make_text(&seed, p, 64 * words);
		memset(want, 0, sizeof(want));
		v[variants - 1].kernels->quad_ends(p, words, want);
		for (size_t k = 0; k + 1 < variants; k++) {
			if (!v[k].supported())
				continue;
			memset(got, 0, sizeof(got));
			v[k].kernels->quad_ends(p, words, got);
			cr_assert(memcmp(got, want, sizeof(got)) == 0, "%s, %zu words",
				  v[k].kernels->name, words);
		}
	}
	guardbuf_free(&buf);
}
