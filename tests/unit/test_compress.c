/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include <faultline/codec.h>

#include "../support/opharness.h"
#include "../support/scale.h"
#include "ops/codec/seek_table.h"

struct sink {
	unsigned char *data;
	size_t len;
	size_t fail_at; /* total bytes at which writing fails; 0 = never */
};

static int sink_write(void *arg, const void *data, size_t len)
{
	struct sink *s = arg;

	if (s->fail_at && s->len + len > s->fail_at)
		return -ENOSPC;
	s->data = realloc(s->data, s->len + len + 1);
	cr_assert(s->data != NULL);
	memcpy(s->data + s->len, data, len);
	s->len += len;
	return 0;
}

/* Words of a few letters, or noise that no compressor makes smaller. */
static unsigned char *make_text(size_t len, unsigned seed)
{
	unsigned char *buf = malloc(len + 1);
	uint32_t x = seed * 2654435761u + 1;
	size_t i;

	cr_assert(buf != NULL);
	for (i = 0; i < len; i++) {
		x = x * 1664525 + 1013904223;
		buf[i] = seed % 2 ? (unsigned char)(x >> 24)
				  : (unsigned char)"error: a\n"[(x >> 24) % 9];
	}
	return buf;
}

static struct fl_compress_options options(struct sink *sink, uint32_t frame)
{
	return (struct fl_compress_options){.size = sizeof(struct fl_compress_options),
					    .frame_bytes = frame,
					    .write = sink_write,
					    .arg = sink};
}

static int compress(const struct fl_compress_options *opt, const unsigned char *buf, size_t len,
		    const struct opharness *how, struct fl_compress_result *ret)
{
	struct fl_compress *c = NULL;
	int r = fl_compress_new(opt, &c, NULL);

	cr_assert(r == 0);
	r = opharness_run(fl_compress_operator(c), c, buf, len, how, NULL);
	fl_compress_result(c, ret);
	fl_compress_free(c);
	return r;
}

/* Each frame alone is what its row says; together they are the input. */
static void check(const struct sink *s, const unsigned char *buf, size_t len, uint32_t frame)
{
	const unsigned char *foot = s->data + s->len - 9;
	uint32_t count = fl_get_le32(foot), i;
	const unsigned char *row = foot - 12 * (size_t)count;
	unsigned char *out = malloc(len + 1);
	size_t at = 0, done = 0, n;

	cr_assert_eq(fl_get_le32(foot + 5), FL_SEEK_MAGIC);
	cr_assert_eq(count, len ? (len + frame - 1) / frame : 1);
	for (i = 0; i < count; i++, row += 12) {
		n = ZSTD_decompress(out + done, len - done, s->data + at, fl_get_le32(row));
		cr_assert(!ZSTD_isError(n), "frame %u: %s", i, ZSTD_getErrorName(n));
		cr_assert_eq(n, fl_get_le32(row + 4));
		cr_assert(i + 1 == count || n == frame);
		at += fl_get_le32(row);
		cr_assert(memcmp(s->data + at - 4, row + 8, 4) == 0);
		done += n;
	}
	cr_assert_eq(done, len);
	cr_assert_eq(at, s->len - 9 - 12 * (size_t)count - 8);
	cr_assert(memcmp(out, buf, len) == 0);
	free(out);
}

Test(compress, same_bytes_however_it_is_cut)
{
	static const size_t lens[] = {0, 1, 999, 1000, 1001, 65536, 200001};
	static const size_t chunks[] = {4096, 4099, 1000000};
	static const size_t limits[] = {1, 5000, 1000000};
	struct fl_compress_result result;
	size_t i, k, m;

	for (i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
		unsigned char *buf = make_text(lens[i], (unsigned)i);
		struct sink first = {0};

		for (k = 0; k < 3; k++) {
			for (m = 0; m < 3; m++) {
				struct opharness how = {.chunk = chunks[k],
							.slice = 4096,
							.part_limit = limits[m],
							.base_off = 12345,
							.delimiter = '\n',
							.seed = (unsigned)(i + k)};
				struct sink s = {0};
				struct fl_compress_options opt = options(&s, 1000);

				cr_assert(compress(&opt, buf, lens[i], &how, &result) == 0);
				check(&s, buf, lens[i], 1000);
				cr_assert_eq(result.bytes_in, lens[i]);
				cr_assert_eq(result.bytes_out, s.len);
				if (k + m > 0) {
					cr_assert(s.len == first.len);
					cr_assert(memcmp(s.data, first.data, s.len) == 0);
					free(s.data);
				} else {
					first = s;
				}
			}
		}
		free(first.data);
		free(buf);
	}
}

/* Pieces of whole frames, each compressed by itself, and a table of all of their rows. */
Test(compress, pieces_and_their_joined_table_are_the_whole)
{
	static const size_t lens[] = {0, 1, 2999, 3000, 200001};
	struct opharness how = {
		.chunk = 4096, .slice = 4096, .part_limit = 5000, .delimiter = '\n', .seed = 5};
	struct fl_compress_result one, all;

	for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
		unsigned char *buf = make_text(lens[i], (unsigned)i);
		struct sink whole = {0}, parts = {0};
		struct fl_compress_options opt = options(&whole, 1000);
		struct fl_compress *c, *table;
		const void *rows;
		size_t len;

		cr_assert(compress(&opt, buf, lens[i], &how, &one) == 0);
		opt.arg = &parts;
		cr_assert(fl_compress_new(&opt, &table, NULL) == 0);
		opt.flags |= FL_COMPRESS_PIECE;
		cr_assert(fl_compress_new(&opt, &c, NULL) == 0);
		for (size_t at = 0; at <= lens[i]; at += 3000) {
			size_t n = lens[i] - at < 3000 ? lens[i] - at : 3000;

			cr_assert(opharness_run(fl_compress_operator(c), c, buf + at, n, &how,
						NULL) == 0);
			len = fl_compress_rows(c, &rows);
			cr_assert_eq(len, (n + 999) / 1000 * sizeof(struct fl_seek_row));
			cr_assert(fl_compress_join(table, rows, len) == 0);
		}
		cr_assert(fl_compress_join(table, buf, 7) == -EINVAL);
		cr_assert(fl_compress_end(table, NULL) == 0);
		fl_compress_result(table, &all);
		cr_assert(parts.len == whole.len && memcmp(parts.data, whole.data, whole.len) == 0);
		cr_assert(all.frames == one.frames && all.bytes_in == one.bytes_in &&
			  all.bytes_out == one.bytes_out);
		fl_compress_free(c);
		fl_compress_free(table);
		free(parts.data);
		free(whole.data);
		free(buf);
	}
}

Test(compress, levels_windows_and_random_frames)
{
	unsigned long rounds = test_rounds(1, 1) * 40, i;
	struct opharness how = {.chunk = 70000, .slice = 65536, .part_limit = 100000, .seed = 3};
	struct fl_compress_result result;

	srand(7);
	for (i = 0; i < rounds; i++) {
		size_t len = (size_t)rand() % 150000;
		uint32_t frame = 1 + (uint32_t)rand() % (i % 3 ? 200000 : 3000);
		unsigned char *buf = make_text(len, (unsigned)i);
		struct sink s = {0};
		struct fl_compress_options opt = options(&s, frame);

		opt.level = (int)(i % 9) - 2;
		opt.window_log = i % 4 ? 0 : 10 + (unsigned)(i % 12);
		cr_assert(compress(&opt, buf, len, &how, &result) == 0);
		check(&s, buf, len, frame);
		free(s.data);
		free(buf);
	}
}

Test(compress, a_write_that_fails_ends_the_run)
{
	struct opharness how = {.chunk = 4096, .slice = 4096, .part_limit = 65536, .seed = 1};
	unsigned char *buf = make_text(50000, 1);
	struct fl_compress_result result;
	size_t at;

	for (at = 1; at < 50000; at += 9973) {
		struct sink s = {.fail_at = at};
		struct fl_compress_options opt = options(&s, 4096);

		cr_assert(compress(&opt, buf, 50000, &how, &result) == -ENOSPC);
		free(s.data);
	}
	free(buf);
}

Test(compress, a_dictionary_is_needed_again)
{
	struct opharness how = {.chunk = 4096, .slice = 4096, .part_limit = 65536};
	unsigned char *buf = make_text(3000, 0);
	struct fl_compress_result result;
	struct sink with = {0}, without = {0};
	struct fl_compress_options opt = options(&with, 4096);
	unsigned char out[3000];
	ZSTD_DCtx *dctx = ZSTD_createDCtx();
	size_t n;

	opt.dict = buf;
	opt.dict_bytes = 3000;
	cr_assert(compress(&opt, buf, 3000, &how, &result) == 0);
	opt = options(&without, 4096);
	cr_assert(compress(&opt, buf, 3000, &how, &result) == 0);
	cr_assert(with.len < without.len / 2);
	n = ZSTD_decompress_usingDict(dctx, out, sizeof(out), with.data, with.len - 8 - 12 - 9, buf,
				      3000);
	cr_assert_eq(n, 3000u);
	cr_assert(memcmp(out, buf, 3000) == 0);
	ZSTD_freeDCtx(dctx);
	free(with.data);
	free(without.data);
	free(buf);
}

Test(compress, options_out_of_range)
{
	struct sink s = {0};
	struct fl_compress *c = NULL;
	struct fl_error err;
	struct fl_compress_options opt = options(&s, 0);

	opt.level = 23;
	cr_assert(fl_compress_new(&opt, &c, &err) == -EINVAL);
	cr_assert(strstr(err.text, "level 23") != NULL);
	opt = options(&s, FL_COMPRESS_FRAME_BYTES_MAX + 1);
	cr_assert(fl_compress_new(&opt, &c, &err) == -EINVAL);
	opt = options(&s, 0);
	opt.window_log = 9;
	cr_assert(fl_compress_new(&opt, &c, &err) == -EINVAL);
	opt.window_log = 32;
	cr_assert(fl_compress_new(&opt, &c, &err) == -EINVAL);
	opt = options(&s, 0);
	opt.write = NULL;
	cr_assert(fl_compress_new(&opt, &c, &err) == -EINVAL);
	opt = options(&s, 0);
	opt.size = 3;
	cr_assert(fl_compress_new(&opt, &c, &err) == -EINVAL);
	cr_assert(c == NULL);
	fl_compress_free(NULL);
}
