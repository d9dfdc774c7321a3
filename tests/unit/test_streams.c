/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kern/kernels.h"
#include "ops/regex/regex_streams.h"

#include "../support/guardbuf.h"

static const char *const patterns[] = {"a",
				       "[0-9]{1,3}\\.[0-9]",
				       "^\\w+ .*(b|c)$",
				       "\\bab\\B",
				       "[^a-c]x+[[:punct:]]",
				       "(ab|b*c){2}",
				       "\\Sa?",
				       ".{3}",
				       "x*"};

static void fill(unsigned char *p, size_t n, unsigned *seed)
{
	static const char letters[] = "aabbccx  19..__-\n\t\377\200";

	for (size_t i = 0; i < n; i++)
		p[i] = (unsigned char)letters[(size_t)rand_r(seed) % (sizeof(letters) - 1)];
}

/* The words of all slots that the program writes. */
static uint64_t *run(const struct fl_kernels *k, const struct fl_stream_program *prog,
		     const unsigned char *p, size_t words)
{
	uint64_t *slots = calloc(FL_STREAM_SLOTS_MAX * FL_STREAM_STRIDE, sizeof(*slots));

	cr_assert(slots != NULL);
	memset(fl_stream(slots, FL_STREAM_START), 0xff, words * sizeof(*slots));
	k->run_streams(prog, p, words, slots);
	return slots;
}

Test(streams, every_instruction_set_computes_the_same)
{
	struct guardbuf room = guardbuf_new(FL_STREAM_BYTES);
	const struct fl_kernels_variant *variants;
	size_t count;
	unsigned seed = 1;

	variants = fl_kernels_variants(&count);
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		struct fl_streams s;

		cr_assert(fl_streams_init(&s, patterns[i], strlen(patterns[i]), i % 2) == 0);
		for (size_t words = 8; words <= FL_STREAM_WORDS; words += 40) {
			unsigned char *p = room.end - 64 * words;
			uint64_t *want;

			fill(p, 64 * words, &seed);
			want = run(variants[count - 1].kernels, &s.text, p, words);
			for (size_t v = 0; v + 1 < count; v++) {
				uint64_t *got;

				if (!variants[v].supported())
					continue;
				got = run(variants[v].kernels, &s.text, p, words);
				cr_assert(memcmp(got, want,
						 FL_STREAM_SLOTS_MAX * FL_STREAM_STRIDE *
							 sizeof(*got)) == 0,
					  "%s: '%s'", variants[v].kernels->name, patterns[i]);
				free(got);
			}
			free(want);
		}
	}
	guardbuf_free(&room);
}

Test(streams, patterns_that_are_none)
{
	static const char *const no[] = {"(?=a)", "a\\1", "\\h",    "a{17}", "a{2,40}", "\xc3\xa9",
					 "a++",   "\\A",  "(*UTF)", "a**",   "[a-\\d]", "("};
	struct fl_streams s;

	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		cr_assert(fl_streams_init(&s, no[i], strlen(no[i]), false) < 0, "%s", no[i]);
}

static void expect_lines(const char *pattern, const char *text, size_t len, unsigned flags,
			 const char *want)
{
	struct fl_streams_lane lane;
	struct fl_streams s;
	char got[256] = "";

	cr_assert(fl_streams_init(&s, pattern, strlen(pattern), false) == 0);
	cr_assert(fl_streams_lane_init(&lane) == 0);
	cr_assert(fl_streams_find(&s, &lane, (const unsigned char *)text, len, flags) == 0);
	for (size_t i = 0; i < lane.count; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%zu-%zu%s ",
			 lane.lines[i].begin, lane.lines[i].end, lane.lines[i].sure ? "!" : "?");
	cr_assert(strcmp(got, want) == 0, "'%s': %s, not %s", pattern, got, want);
	fl_streams_lane_done(&lane);
}

Test(streams, lines)
{
	expect_lines("b", "ab\nc\nb", 6, 0, "0-2! 5-6! ");
	expect_lines("^$", "a\n\nb\n", 5, 0, "2-2! ");
	expect_lines("x*", "a\n\nb", 4, 0, "0-1! 2-2! 3-4! ");
	expect_lines("c$", "c\0c\nc", 5, 0, "0-3! 4-5! ");
	expect_lines("^c$", "c\0c\nc", 5, FL_STREAMS_SPLIT, "0-1! 2-3! 4-5! ");
	expect_lines("b", "a\xc3\xa9\nb\n", 6, FL_STREAMS_UTF, "0-3? 4-5! ");
	/* A group without an end: what follows may match. */
	expect_lines("a(bc)+d", "abcxd\nabcbcd\nbcd\n", 17, 0, "0-5? 6-12? ");
}

Test(streams, a_line_longer_than_a_block_is_proposed)
{
	size_t len = 3 * FL_STREAM_BYTES;
	char *text = malloc(len);
	char want[64];

	cr_assert(text != NULL);
	memset(text, 'a', len);
	text[1] = '\n';
	text[len - 3] = '\n';
	text[len - 2] = 'b';
	snprintf(want, sizeof(want), "2-%zu? %zu-%zu! ", len - 3, len - 2, len);
	expect_lines("b", text, len, 0, want);
	free(text);
}
