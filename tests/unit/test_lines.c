/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/lines.h>

#include "../support/opharness.h"

struct got {
	char *data;
	size_t len;
	int dones;
	int fail;
};

static int take(void *arg, const void *data, size_t len)
{
	struct got *g = arg;

	if (g->fail)
		return g->fail;
	g->data = realloc(g->data, g->len + len + 1);
	memcpy(g->data + g->len, data, len);
	g->len += len;
	return 0;
}

static int done(void *arg)
{
	((struct got *)arg)->dones++;
	return 0;
}

static uint64_t random_state = 1;

static unsigned pick(unsigned n)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(random_state >> 33) % n;
}

/* Short and empty lines, a few long ones; every other text lacks the last newline. */
static size_t make_text(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		text[i] =
			pick(30) == 0 || (i > 200 && pick(3) == 0) ? '\n' : (char)('a' + pick(26));
	if (len > 3000)
		memset(text + 1000, 'L', 2000);
	return len;
}

static int is_in(const struct fl_lines_options *opt, uint64_t line, uint64_t lines)
{
	switch (opt->mode) {
	case FL_LINES_SLICE:
		return line >= opt->from && line < opt->to;
	case FL_LINES_LAST:
		return line + opt->to >= lines;
	case FL_LINES_EVERY:
		return line >= opt->from && (line - opt->from) % opt->every == 0;
	default:
		return 1;
	}
}

static size_t naive(const struct fl_lines_options *opt, const char *text, size_t len, char *out)
{
	uint64_t line = 0, lines = 0;
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n' || i + 1 == len;
	for (size_t i = 0; i < len; i++) {
		if (opt->mode == FL_LINES_BYTES ? i >= opt->from && i < opt->to
						: is_in(opt, line, lines))
			out[n++] = text[i];
		line += text[i] == '\n';
	}
	return n;
}

static struct got run(const struct fl_lines_options *opt, const char *text, size_t len,
		      const struct opharness *how, int *ret)
{
	struct fl_lines_options with = *opt;
	struct fl_lines *lines = NULL;
	struct got got = {0};
	struct fl_error err = {0};

	with.size = sizeof(with);
	with.write = take;
	with.done = done;
	with.arg = &got;
	cr_assert_eq(fl_lines_new(&with, &lines, &err), 0, "%s", err.text);
	*ret = opharness_run(fl_lines_operator(lines), lines, (const unsigned char *)text, len, how,
			     &err);
	fl_lines_free(lines);
	return got;
}

static const struct fl_lines_options modes[] = {
	{.mode = FL_LINES_ALL, .to = UINT64_MAX},
	{.mode = FL_LINES_SLICE, .from = 0, .to = 0},
	{.mode = FL_LINES_SLICE, .from = 0, .to = 1},
	{.mode = FL_LINES_SLICE, .from = 0, .to = 10},
	{.mode = FL_LINES_SLICE, .from = 7, .to = 8},
	{.mode = FL_LINES_SLICE, .from = 100, .to = UINT64_MAX},
	{.mode = FL_LINES_SLICE, .from = 50, .to = 400},
	{.mode = FL_LINES_BYTES, .from = 0, .to = 1},
	{.mode = FL_LINES_BYTES, .from = 1234, .to = 4321},
	{.mode = FL_LINES_BYTES, .from = 1234, .to = UINT64_MAX},
	{.mode = FL_LINES_LAST, .to = 0},
	{.mode = FL_LINES_LAST, .to = 1},
	{.mode = FL_LINES_LAST, .to = 10},
	{.mode = FL_LINES_LAST, .to = 1000000},
	{.mode = FL_LINES_EVERY, .every = 1},
	{.mode = FL_LINES_EVERY, .every = 7},
	{.mode = FL_LINES_EVERY, .from = 3, .every = 100},
};

Test(lines, the_same_as_a_plain_loop_however_it_is_cut)
{
	static const size_t lens[] = {0, 1, 2, 1000, 20000};
	static const size_t chunks[] = {1, 17, 4096, 4099, 1 << 20};
	char *text = malloc(20001), *expected = malloc(20001);
	int r;

	for (size_t i = 0; i < 400; i++) {
		const struct fl_lines_options *opt = &modes[i % (sizeof(modes) / sizeof(*modes))];
		size_t len = make_text(text, lens[pick(5)]), want;
		struct opharness how = {.chunk = chunks[pick(5)],
					.slice = 1 + pick(5000),
					.part_limit = 1 + pick(100000),
					.delimiter = '\n',
					.seed = pick(1000)};
		struct got got;

		if (len > 0 && pick(2))
			text[len - 1] = '\n';
		want = naive(opt, text, len, expected);
		got = run(opt, text, len, &how, &r);
		cr_assert_eq(r, 0);
		cr_assert(got.len == want && (want == 0 || memcmp(got.data, expected, want) == 0),
			  "case %zu, mode %d: %zu bytes, not %zu", i, (int)opt->mode, got.len,
			  want);
		cr_assert_eq(got.dones, 1);
		free(got.data);
	}
	free(text);
	free(expected);
}

/* The draw depends on the seed and on where the line stands, and on nothing else. */
Test(lines, a_fraction_is_drawn)
{
	static const size_t chunks[] = {1 << 20, 100, 4099};
	struct fl_lines_options opt = {
		.mode = FL_LINES_FRACTION, .fraction = 0.25, .to = UINT64_MAX};
	size_t len = 100000;
	char *text = malloc(len);
	struct got first = {0}, other;
	int r;

	for (size_t i = 0; i < len; i++)
		text[i] = i % 10 == 9 ? '\n' : (char)('a' + i % 26);
	for (size_t k = 0; k < 3; k++) {
		struct opharness how = {
			.chunk = chunks[k], .slice = 5000, .part_limit = 70000, .delimiter = '\n'};
		struct got got = run(&opt, text, len, &how, &r);

		/* 10,000 draws: four standard deviations are 173 lines. */
		cr_assert(got.len > 10 * 2327 && got.len < 10 * 2673, "%zu", got.len);
		if (k == 0)
			first = got;
		else
			cr_assert(got.len == first.len &&
				  memcmp(got.data, first.data, got.len) == 0);
		if (k > 0)
			free(got.data);
	}
	opt.seed = 1;
	other = run(&opt, text, len,
		    &(struct opharness){
			    .chunk = 4096, .slice = 4096, .part_limit = 70000, .delimiter = '\n'},
		    &r);
	cr_assert(other.len != first.len || memcmp(other.data, first.data, first.len) != 0);
	free(other.data);
	free(first.data);
	opt.fraction = 1;
	first = run(&opt, text, len,
		    &(struct opharness){
			    .chunk = 4096, .slice = 4096, .part_limit = 70000, .delimiter = '\n'},
		    &r);
	cr_assert_eq(first.len, len);
	free(first.data);
	free(text);
}

Test(lines, what_write_says)
{
	struct fl_lines_options opt = {.size = sizeof(opt), .to = UINT64_MAX, .write = take};
	struct opharness how = {.chunk = 10, .slice = 10, .part_limit = 70000, .delimiter = '\n'};
	struct got got = {.fail = -ENOSPC};
	struct fl_lines *lines = NULL;
	struct fl_error err;

	opt.arg = &got;
	cr_assert_eq(fl_lines_new(&opt, &lines, NULL), 0);
	cr_assert_eq(opharness_run(fl_lines_operator(lines), lines,
				   (const unsigned char *)"some\nlines\nof\ntext\n", 19, &how,
				   &err),
		     -ENOSPC);
	fl_lines_free(lines);
}

Test(lines, the_last_lines_have_a_limit)
{
	struct fl_lines_options opt = {.mode = FL_LINES_LAST, .to = 2, .max_bytes = 100};
	struct opharness how = {.chunk = 50, .slice = 50, .part_limit = 70000, .delimiter = '\n'};
	char text[300];
	struct got got;
	int r;

	memset(text, 'x', sizeof(text));
	text[40] = text[99] = text[250] = '\n';
	got = run(&opt, text, sizeof(text), &how, &r);
	cr_assert_eq(r, -FL_ELIMIT);
	free(got.data);
	opt.max_bytes = 300;
	got = run(&opt, text, sizeof(text), &how, &r);
	cr_assert(r == 0 && got.len == 200);
	free(got.data);
}

Test(lines, options_out_of_range)
{
	struct fl_lines_options ok = {.size = sizeof(ok), .to = UINT64_MAX, .write = take}, bad;
	struct fl_lines *lines = (void *)1;

	bad = ok;
	bad.write = NULL;
	cr_assert_eq(fl_lines_new(&bad, &lines, NULL), -EINVAL);
	bad = ok;
	bad.mode = FL_LINES_EVERY;
	cr_assert_eq(fl_lines_new(&bad, &lines, NULL), -EINVAL);
	bad = ok;
	bad.mode = FL_LINES_FRACTION;
	bad.fraction = 1.5;
	cr_assert_eq(fl_lines_new(&bad, &lines, NULL), -EINVAL);
	bad = ok;
	bad.mode = FL_LINES_SLICE;
	bad.from = 2;
	bad.to = 1;
	cr_assert_eq(fl_lines_new(&bad, &lines, NULL), -EINVAL);
	cr_assert_eq(lines, (void *)1);
}
