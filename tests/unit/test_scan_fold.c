/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/scan.h>

#include "../support/opharness.h"
#include "ops/scan/scan_fold.h"

#define LONG_BYTES 500000u
#define BLOCK ((size_t)FL_SCAN_BINARY_BLOCK_BYTES)

struct text {
	unsigned char *data;
	size_t len, size;
};

static void text_add(struct text *t, const void *data, size_t len)
{
	/* Not byte by byte: a sanitizer's realloc copies each time. */
	if (t->len + len >= t->size) {
		t->size = 2 * (t->len + len + 1);
		t->data = realloc(t->data, t->size);
		cr_assert(t->data != NULL);
	}
	memcpy(t->data + t->len, data, len);
	t->len += len;
}

static void text_fill(struct text *t, size_t len)
{
	unsigned char c;

	for (size_t i = 0; i < len; i++) {
		c = (unsigned char)(i % 1000 == 7 ? 'X' : 'a' + i * 7 % 19);
		text_add(t, &c, 1);
	}
}

static int collect(void *arg, const void *data, size_t len)
{
	text_add(arg, data, len);
	return 0;
}

struct outcome {
	struct text out;
	struct fl_scan_result result;
	struct fl_error error;
	int code;
};

static void scan(const char *pattern, unsigned flags, const struct text *in,
		 const struct opharness *how, struct outcome *ret)
{
	struct fl_scan_options opt = {.size = sizeof(opt),
				      .pattern = pattern,
				      .pattern_len = strlen(pattern),
				      .flags = flags,
				      .prefix = "p",
				      .write = collect,
				      .arg = &ret->out};
	struct fl_scan *sc = NULL;

	*ret = (struct outcome){.code = fl_scan_new(&opt, &sc, &ret->error)};
	cr_assert(ret->code == 0, "%s", ret->error.text);
	ret->code = opharness_run(fl_scan_operator(sc), sc, in->data, in->len, how, &ret->error);
	fl_scan_result(sc, &ret->result);
	fl_scan_free(sc);
}

static const size_t cuts[] = {1, 100, 4096, 50000, BLOCK, 1000000};
static const size_t limits[] = {1, 1000, 5000, 70000, 10000000};

static void check_ways(const char *pattern, unsigned flags, const struct text *in,
		       const struct text *want, bool binary)
{
	for (unsigned i = 0; i < 30; i++) {
		struct opharness how = {.chunk = cuts[i % 6] < 4096 ? 3001 : cuts[i % 6],
					.slice = cuts[(i + i / 6) % 6],
					.part_limit = limits[i % 5],
					.delimiter = '\n',
					.seed = i};
		struct outcome got;

		scan(pattern, flags, in, &how, &got);
		cr_assert(got.code >= 0, "%s", got.error.text);
		cr_assert(got.out.len == want->len, "%zu bytes, not %zu: chunk %zu limit %zu",
			  got.out.len, want->len, how.chunk, how.part_limit);
		cr_assert(want->len == 0 || memcmp(got.out.data, want->data, want->len) == 0);
		cr_assert(got.result.binary == binary);
		free(got.out.data);
	}
}

static struct text file_with_long_line(void)
{
	struct text t = {0};

	text_add(&t, "short X\nnone\n", 13);
	text_fill(&t, LONG_BYTES);
	text_add(&t, "\nlast X\n", 8);
	return t;
}

/* A line that no part can hold is printed as if it were short. */
Test(scan_fold, long_line_in_pieces)
{
	struct text in = file_with_long_line(), want = {0};

	text_add(&want, "p:1:0:short X\np:3:13:", 21);
	text_add(&want, in.data + 13, LONG_BYTES);
	text_add(&want, "\np:4:500014:last X\n", 19);
	check_ways("X", FL_SCAN_LINE_NUMBER | FL_SCAN_BYTE_OFFSET, &in, &want, false);
	free(want.data);
	free(in.data);
}

Test(scan_fold, long_line_has_more_matches_than_a_part_holds)
{
	struct text in = file_with_long_line(), want = {0};
	char line[64];

	text_add(&want, "p:1:6:X\n", 8);
	for (size_t i = 7; i < LONG_BYTES; i += 1000)
		text_add(&want, line, (size_t)snprintf(line, sizeof(line), "p:3:%zu:X\n", i + 13));
	text_add(&want, "p:4:500019:X\n", 13);
	check_ways("X", FL_SCAN_ONLY_MATCHING | FL_SCAN_LINE_NUMBER | FL_SCAN_BYTE_OFFSET, &in,
		   &want, false);
	free(want.data);
	free(in.data);
}

/* Without text for what is selected: records alone must not pile up, or be lost. */
Test(scan_fold, inverted_matches_have_no_text)
{
	struct text in = {0}, want = {0};

	for (unsigned i = 0; i < 3000; i++)
		text_add(&in, i % 3 ? "abc\n" : "abX\n", 4);
	check_ways("X", FL_SCAN_ONLY_MATCHING | FL_SCAN_INVERT, &in, &want, false);
	free(in.data);
}

/* Behind the end of a long line, in its last block: it is printed, what follows is not. */
Test(scan_fold, nul_behind_a_long_line)
{
	struct text in = file_with_long_line(), want = {0};

	in.data[in.len - 3] = '\0';
	text_add(&want, "p:short X\np:", 12);
	text_add(&want, in.data + 13, LONG_BYTES + 1);
	cr_assert((in.len - 3) / BLOCK == (LONG_BYTES + 13) / BLOCK);
	check_ways("X|last", 0, &in, &want, true);
	free(want.data);
	free(in.data);
}

Test(scan_fold, nul_in_a_long_line)
{
	struct text in = file_with_long_line(), want = {0};

	in.data[300000] = '\0';
	text_add(&want, "p:short X\n", 10);
	/* In a first block that is known to be text stands the first line. */
	check_ways("X", 0, &in, &want, true);
	in.data[5000] = '\0';
	want.len = 0;
	check_ways("X", 0, &in, &want, true);
	free(want.data);
	free(in.data);
}

/* A line as long as a block waits for its last block to be seen; one byte more, and it does not. */
Test(scan_fold, the_longest_line_that_waits)
{
	for (size_t extra = 0; extra < 2; extra++) {
		struct text in = {0}, want = {0};

		text_fill(&in, BLOCK + extra);
		text_add(&in, "\nX\0\n", 4);
		if (extra) {
			text_add(&want, "p:", 2);
			text_add(&want, in.data, BLOCK + extra + 1);
		}
		check_ways("X", 0, &in, &want, true);
		free(want.data);
		free(in.data);
	}
}

/* PCRE2 gives up on a line: what was found before it is printed, wherever chunks end. */
Test(scan_fold, lines_before_an_error_are_printed)
{
	static const char hard[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\n";
	struct text in = {0};

	text_add(&in, "a\nbbb\naa\n", 9);
	text_add(&in, hard, sizeof(hard) - 1);
	text_add(&in, "aaa\n", 4);
	for (unsigned i = 0; i < 6; i++) {
		struct opharness how = {.chunk = cuts[i % 6],
					.slice = cuts[(i + i / 6) % 6],
					.part_limit = limits[i % 5],
					.delimiter = '\n',
					.seed = i};
		struct outcome got;

		scan("(?=a)(a+)+$", 0, &in, &how, &got);
		cr_assert(got.code == -FL_ELIMIT && got.error.off == 9);
		cr_assert(got.out.len == 9 && memcmp(got.out.data, "p:a\np:aa\n", 9) == 0);
		free(got.out.data);
		scan("(?=a)(a+)+$", FL_SCAN_INVERT, &in, &how, &got);
		cr_assert(got.code == -FL_ELIMIT && got.error.off == 9);
		cr_assert(got.out.len == 6 && memcmp(got.out.data, "p:bbb\n", 6) == 0);
		free(got.out.data);
		scan("(?=a)(a+)+$", FL_SCAN_COUNT, &in, &how, &got);
		cr_assert(got.code == -FL_ELIMIT && got.result.selected == 2);
		scan("(?=a)(a+)+$", FL_SCAN_COUNT | FL_SCAN_INVERT, &in, &how, &got);
		cr_assert(got.code == -FL_ELIMIT && got.result.selected == 1);
	}
	free(in.data);
}

Test(scan_fold, what_is_no_part_is_refused)
{
	struct fl_scan_sum sum = {0};
	unsigned char bytes[200] = {99};
	struct fl_part part = {.data = bytes, .len = 3};
	struct fl_scan_head head = {.version = FL_SCAN_PART_VERSION, .nul_off = FL_OFF_NONE};
	struct fl_scan_record rec = {.len = 1000, .flags = FL_SCAN_RECORD_TEXT};

	fl_scan_sum_start(&sum, 0);
	cr_assert(fl_scan_sum_fold(&sum, &part) < 0);
	part.len = sizeof(bytes);
	cr_assert(fl_scan_sum_fold(&sum, &part) < 0);
	memcpy(bytes, &head, sizeof(head));
	memcpy(bytes + sizeof(head), &rec, sizeof(rec));
	cr_assert(fl_scan_sum_fold(&sum, &part) < 0);
	part.len = sizeof(head) + 1;
	cr_assert(fl_scan_sum_fold(&sum, &part) < 0);
	part.len = 0;
	cr_assert(fl_scan_sum_fold(&sum, &part) == 0);
	fl_scan_sum_done(&sum);
}
