/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ops/transform/repeats.h"

/** struct text - what was written */
struct text {
	unsigned char *p;
	size_t len;
};

static int append(void *arg, const void *data, size_t len)
{
	struct text *t = arg;

	t->p = realloc(t->p, t->len + len);
	cr_assert_not_null(t->p);
	memcpy(t->p + t->len, data, len);
	t->len += len;
	return 0;
}

/* As uniq does, on the whole text. Return: records that go. */
static uint64_t plain(const char *in, size_t len, struct text *out)
{
	const char *last = NULL;
	size_t last_len = 0, n;
	uint64_t gone = 0;

	for (const char *p = in; p < in + len; p += n) {
		const char *end = memchr(p, '\n', (size_t)(in + len - p));
		size_t bare = (size_t)((end ? end : in + len) - p);

		n = bare + (end != NULL);
		if (last && bare == last_len && memcmp(p, last, bare) == 0) {
			gone++;
			continue;
		}
		append(out, p, n);
		last = p;
		last_len = bare;
	}
	return gone;
}

static void check(const char *in, size_t len, size_t piece)
{
	struct text want = {0}, got = {0};
	struct fl_repeats r = {.delimiter = '\n', .write = append, .arg = &got};
	uint64_t gone = plain(in, len, &want);

	fl_repeats_start(&r);
	for (size_t at = 0; at < len; at += piece) {
		size_t n = len - at < piece ? len - at : piece;
		/* What was handed over is gone afterwards. */
		unsigned char *copy = malloc(n);

		cr_assert_not_null(copy);
		memcpy(copy, in + at, n);
		cr_assert_eq(fl_repeats_put(&r, copy, n), 0);
		memset(copy, 'X', n);
		free(copy);
	}
	cr_assert_eq(fl_repeats_end(&r), 0);
	cr_assert(got.len == want.len && (got.len == 0 || memcmp(got.p, want.p, got.len) == 0),
		  "'%.*s' in pieces of %zu: '%.*s'", (int)len, in, piece, (int)got.len,
		  (const char *)got.p);
	cr_assert_eq(r.records, gone);
	cr_assert_eq(r.bytes, len - want.len);
	fl_repeats_done(&r);
	free(want.p);
	free(got.p);
}

Test(repeats, every_short_text_in_every_piece)
{
	static const char letters[] = "a\nb";
	char in[8];

	for (size_t len = 0; len <= 7; len++) {
		size_t texts = 1;

		for (size_t i = 0; i < len; i++)
			texts *= 3;
		for (size_t t = 0; t < texts; t++) {
			size_t rest = t;

			for (size_t i = 0; i < len; i++, rest /= 3)
				in[i] = letters[rest % 3];
			for (size_t piece = 1; piece <= len + (len == 0); piece++)
				check(in, len, piece);
		}
	}
}

Test(repeats, long_records_that_differ_at_their_ends)
{
	enum {
		LEN = 3 * 5001
	};
	char *in = malloc(LEN);

	cr_assert_not_null(in);
	memset(in, 'x', LEN);
	for (size_t i = 5000; i < LEN; i += 5001)
		in[i] = '\n';
	for (size_t piece = 1; piece < 12000; piece = 2 * piece + 1)
		check(in, LEN, piece);
	in[4999] = 'y';
	in[2 * 5001] = 'z';
	for (size_t piece = 1; piece < 12000; piece = 2 * piece + 1)
		check(in, LEN, piece);
	free(in);
}

/* Memory does not grow with a record: what is longer than is kept is no repeat. */
Test(repeats, a_giant_record_is_never_one)
{
	size_t len = FL_REPEATS_RECORD_MAX + 1, written = 0;
	unsigned char *in = malloc(len + 1);
	struct text got = {0};
	struct fl_repeats r = {.delimiter = '\n', .write = append, .arg = &got};

	cr_assert_not_null(in);
	memset(in, 'x', len);
	in[len] = '\n';
	fl_repeats_start(&r);
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(fl_repeats_put(&r, in, len / 2), 0);
		cr_assert_eq(fl_repeats_put(&r, in + len / 2, len + 1 - len / 2), 0);
		written += len + 1;
	}
	/* One byte less, and it is. */
	for (int i = 0; i < 3; i++) {
		cr_assert_eq(fl_repeats_put(&r, in + 1, len / 3), 0);
		cr_assert_eq(fl_repeats_put(&r, in + 1 + len / 3, len - len / 3), 0);
	}
	cr_assert_eq(fl_repeats_end(&r), 0);
	cr_assert_eq(got.len, written + len);
	cr_assert_eq(r.records, 2u);
	cr_assert(r.kept_size <= 2 * FL_REPEATS_RECORD_MAX);
	fl_repeats_done(&r);
	free(got.p);
	free(in);
}

static int fail_at_once(void *arg, const void *data, size_t len)
{
	(void)arg;
	(void)data;
	(void)len;
	return -ENOSPC;
}

Test(repeats, errors_of_writing_are_handed_on)
{
	struct fl_repeats r = {.delimiter = '\n', .write = fail_at_once};

	fl_repeats_start(&r);
	cr_assert_eq(fl_repeats_put(&r, (const unsigned char *)"a\na", 3), -ENOSPC);
	fl_repeats_start(&r);
	r.write = NULL;
	cr_assert_eq(fl_repeats_put(&r, (const unsigned char *)"a\nab", 4), 0);
	cr_assert_eq(fl_repeats_put(&r, (const unsigned char *)"\nab", 3), 0);
	cr_assert_eq(fl_repeats_end(&r), 0);
	cr_assert_eq(r.records, 1u);
	fl_repeats_done(&r);
}
