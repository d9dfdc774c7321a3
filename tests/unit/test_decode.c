/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include <faultline/codec.h>
#include <faultline/count.h>
#include <faultline/pipeline.h>

#include "ops/codec/zstd_frames.h"
#include "window/source_impl.h"

#include "../support/scale.h"

static char path[64];
static unsigned char *text;
static size_t text_len;

static void set_up(void)
{
	int fd;

	snprintf(path, sizeof(path), "/tmp/fl_decode_XXXXXX");
	fd = mkstemp(path);
	cr_assert(fd >= 0);
	close(fd);
}

static void clean_up(void)
{
	unlink(path);
	free(text);
}

TestSuite(decode, .init = set_up, .fini = clean_up);

static void make_text(size_t len, unsigned seed)
{
	free(text);
	text = malloc(len + 1);
	text_len = len;
	srand(seed);
	for (size_t i = 0; i < len; i++)
		text[i] = (unsigned char)"lines of words\n"[rand() % (seed % 3 ? 15 : 14)];
}

/* Frames of random length; some without size, some empty, some skippable frames between. */
static void write_frames(unsigned seed, int sizes)
{
	FILE *f = fopen(path, "w");
	ZSTD_CCtx *cctx = ZSTD_createCCtx();
	unsigned char *out = malloc(ZSTD_compressBound(text_len) + 64);
	size_t at = 0, n, len;

	srand(seed);
	while (at < text_len || rand() % 4) {
		len = at < text_len ? (size_t)rand() % (1 + (text_len - at) * 2 / 3) : 0;
		if (at < text_len && rand() % 5 == 0)
			len = text_len - at;
		ZSTD_CCtx_setParameter(cctx, ZSTD_c_contentSizeFlag, sizes || rand() % 2);
		ZSTD_CCtx_setParameter(cctx, ZSTD_c_checksumFlag, rand() % 2);
		ZSTD_CCtx_setParameter(cctx, ZSTD_c_compressionLevel, 1 + rand() % 5);
		n = ZSTD_compress2(cctx, out, ZSTD_compressBound(text_len) + 64, text + at, len);
		cr_assert(!ZSTD_isError(n));
		cr_assert(fwrite(out, 1, n, f) == n);
		if (rand() % 4 == 0)
			cr_assert(fwrite("\x53\x2a\x4d\x18\3\0\0\0xyz", 1, 11, f) == 11);
		at += len;
	}
	free(out);
	ZSTD_freeCCtx(cctx);
	cr_assert(fclose(f) == 0);
}

static size_t got_len;

static int compare(void *arg, const void *data, size_t len)
{
	(void)arg;
	if (len > text_len - got_len || memcmp(text + got_len, data, len) != 0)
		return -EBADMSG;
	got_len += len;
	return 0;
}

static int run(const struct fl_options *opt, struct fl_error *err)
{
	struct fl_source *src = NULL;
	struct fl_pipeline *pl = NULL;
	struct fl_copy *copy = NULL;
	int r;

	got_len = 0;
	cr_assert(fl_source_open(path, &src, NULL) == 0);
	cr_assert(fl_source_decode(src, NULL, NULL) == 1);
	cr_assert(fl_source_decode(src, NULL, NULL) == -EBUSY);
	cr_assert(fl_pipeline_new(opt, &pl, NULL) == 0);
	cr_assert(fl_copy_new(compare, NULL, FL_SIZE_UNKNOWN, &copy) == 0);
	cr_assert(fl_pipeline_add(pl, fl_copy_operator(copy), copy) == 0);
	r = fl_pipeline_run(pl, src, err);
	if (r == 0)
		cr_assert_eq(fl_copy_bytes(copy), got_len);
	fl_pipeline_free(pl);
	fl_copy_free(copy);
	fl_source_close(src);
	return r;
}

Test(decode, same_bytes_for_all_frames_threads_and_chunks)
{
	static const unsigned threads[] = {1, 2, 7};
	static const size_t chunks[] = {0, 4099, 1, 1 << 20};
	unsigned long rounds = 30 * test_rounds(1, 1), i;
	struct fl_options opt;
	struct fl_error err = {0};

	for (i = 0; i < rounds; i++) {
		fl_zstd_frames_alone = i % 2;
		make_text(i % 7 ? (size_t)(i * 7919 % 400000) : i, (unsigned)i);
		write_frames((unsigned)i, i % 3 != 0);
		fl_options_init(&opt);
		opt.threads = threads[i % 3];
		opt.chunk_bytes = text_len > 10000 && chunks[i % 4] == 1 ? 777 : chunks[i % 4];
		cr_assert(run(&opt, &err) == 0, "round %lu: %s", i, err.text);
		cr_assert_eq(got_len, text_len, "round %lu: %zu of %zu bytes", i, got_len,
			     text_len);
	}
}

Test(decode, lines_over_the_seams)
{
	unsigned long rounds = 20 * test_rounds(1, 1), i;
	struct fl_count_result result;
	size_t lines, k;

	for (i = 0; i < rounds; i++) {
		struct fl_source *src = NULL;
		struct fl_pipeline *pl = NULL;
		struct fl_count *count = NULL;
		struct fl_options opt;

		fl_zstd_frames_alone = i / 4 % 2;
		make_text(i * 9973 % 200000, (unsigned)i);
		write_frames((unsigned)i, i % 3 != 0);
		for (k = lines = 0; k < text_len; k++)
			lines += text[k] == '\n';
		fl_options_init(&opt);
		opt.threads = 1 + (unsigned)(i % 4);
		opt.chunk_bytes = i % 2 ? 4099 : 0;
		cr_assert(fl_source_open(path, &src, NULL) == 0);
		cr_assert(fl_source_decode(src, NULL, NULL) == 1);
		cr_assert(fl_count_new(FL_COUNT_LINES | FL_COUNT_BYTES | FL_COUNT_RECORDS,
				       &count) == 0);
		cr_assert(fl_pipeline_new(&opt, &pl, NULL) == 0);
		cr_assert(fl_pipeline_add(pl, fl_count_operator(count), count) == 0);
		/* Twice: a file can be decoded again. */
		cr_assert(fl_pipeline_run(pl, src, NULL) == 0);
		cr_assert(fl_pipeline_run(pl, src, NULL) == 0);
		fl_count_result(count, &result);
		cr_assert_eq(result.lines, lines, "round %lu", i);
		cr_assert_eq(result.bytes, text_len);
		fl_pipeline_free(pl);
		fl_count_free(count);
		fl_source_close(src);
	}
}

Test(decode, frames_are_found_where_they_tell_their_sizes)
{
	struct fl_zstd_frames f = {0};
	struct fl_source *src = NULL;

	make_text(50000, 1);
	write_frames(5, 1);
	cr_assert(fl_source_open(path, &src, NULL) == 0);
	cr_assert(fl_zstd_frames_read(src, &f, NULL) == 1);
	cr_assert(f.frames.count >= 1 && f.most_packed > 0);
	cr_assert_eq(f.ends[f.frames.count - 1], text_len);
	fl_zstd_frames_done(&f);
	fl_source_close(src);
	cr_assert(truncate(path, 30) == 0);
	cr_assert(fl_source_open(path, &src, NULL) == 0);
	cr_assert(fl_zstd_frames_read(src, &f, NULL) == 0);
	fl_source_close(src);
}

/* @ret_off: where frame @which begins */
static void write_short_frames(size_t each, unsigned which, uint64_t *ret_off)
{
	FILE *f = fopen(path, "w");
	char out[4096];

	for (size_t at = 0, k = 0; at < text_len; at += each, k++) {
		size_t len = text_len - at < each ? text_len - at : each;
		size_t n = ZSTD_compress(out, sizeof(out), text + at, len, 1);

		cr_assert(!ZSTD_isError(n));
		if (k == which)
			*ret_off = (uint64_t)ftell(f);
		cr_assert(fwrite(out, 1, n, f) == n);
	}
	cr_assert(fclose(f) == 0);
}

Test(decode, short_frames_are_taken_for_one)
{
	struct fl_zstd_frames f = {0};
	struct fl_source *src = NULL;
	struct fl_options opt;
	uint64_t off = 0;

	make_text(1000000, 1);
	write_short_frames(500, 0, &off);
	cr_assert(fl_source_open(path, &src, NULL) == 0);
	cr_assert(fl_zstd_frames_read(src, &f, NULL) == 1);
	/* 2000 of them; each would be looked for as far as a view reaches. */
	cr_assert(f.frames.count <= 8, "%llu", (unsigned long long)f.frames.count);
	cr_assert(f.ends[f.frames.count - 1] == 1000000 && f.frames.most_bytes <= 256 << 10);
	fl_zstd_frames_done(&f);
	fl_source_close(src);
	fl_options_init(&opt);
	cr_assert(run(&opt, NULL) == 0 && got_len == text_len);
}

Test(decode, damage_among_short_frames_has_the_offset_of_its_frame)
{
	struct fl_options opt;
	struct fl_error err;
	uint64_t off = 0;
	FILE *f;

	make_text(1000000, 1);
	write_short_frames(500, 777, &off);
	f = fopen(path, "r+");
	cr_assert(off > 0 && fseek(f, (long)off + 20, SEEK_SET) == 0);
	cr_assert(fwrite("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 1, 10, f) == 10);
	cr_assert(fclose(f) == 0);
	fl_options_init(&opt);
	cr_assert(run(&opt, &err) == -FL_ECORRUPT);
	cr_assert_eq(err.off, off, "%llu, not %llu", (unsigned long long)err.off,
		     (unsigned long long)off);
}

Test(decode, plain_files_stay_as_they_are)
{
	struct fl_decode_options opt = {.size = sizeof(opt), .flags = FL_DECODE_ALWAYS};
	struct fl_source_info info = {.size = sizeof(info)};
	struct fl_source *src = NULL;
	struct fl_error err;
	FILE *f = fopen(path, "w");

	fputs("plain text", f);
	fclose(f);
	cr_assert(fl_source_open(path, &src, NULL) == 0);
	cr_assert(fl_source_decode(src, NULL, NULL) == 0);
	cr_assert(fl_source_info(src, &info) == 0);
	cr_assert(info.kind == FL_SOURCE_REGULAR && info.size_bytes == 10);
	cr_assert(fl_source_decode(src, &opt, &err) == -FL_EUNSUPPORTED);
	opt.flags = 8;
	cr_assert(fl_source_decode(src, &opt, &err) == -EINVAL);
	fl_source_close(src);
}

Test(decode, what_the_source_looks_like)
{
	struct fl_source_info info = {.size = sizeof(info)};
	struct fl_source *src = NULL;

	make_text(1000, 1);
	write_frames(1, 1);
	cr_assert(fl_source_open(path, &src, NULL) == 0);
	cr_assert(fl_source_decode(src, NULL, NULL) == 1);
	cr_assert(fl_source_info(src, &info) == 0);
	cr_assert_eq(info.kind, FL_SOURCE_DECODED);
	cr_assert_eq(info.size_bytes, 1000u);
	fl_source_close(src);
}

Test(decode, damage_is_an_error_with_its_offset)
{
	struct fl_options opt;
	struct fl_error err;
	FILE *f;
	long len;

	make_text(100000, 1);
	write_frames(9, 1);
	f = fopen(path, "r+");
	fseek(f, 0, SEEK_END);
	len = ftell(f);
	fseek(f, len / 2, SEEK_SET);
	fputs("damage damage damage", f);
	fclose(f);
	fl_options_init(&opt);
	cr_assert(run(&opt, &err) == -FL_ECORRUPT);
	cr_assert(err.off < (uint64_t)len);
}

Test(copy, stops_at_its_limit)
{
	struct fl_copy *copy = NULL;
	struct fl_pipeline *pl = NULL;
	struct fl_source *src = NULL;
	struct fl_error err;
	int fd[2];

	cr_assert(pipe(fd) == 0 && write(fd[1], "0123456789", 10) == 10);
	close(fd[1]);
	cr_assert(fl_source_open_fd(fd[0], "pipe", &src, NULL) == 0);
	cr_assert(fl_copy_new(NULL, NULL, 9, &copy) == 0);
	cr_assert(fl_pipeline_new(NULL, &pl, NULL) == 0);
	cr_assert(fl_pipeline_add(pl, fl_copy_operator(copy), copy) == 0);
	cr_assert(fl_pipeline_run(pl, src, &err) == -FL_ELIMIT);
	fl_pipeline_free(pl);
	fl_copy_free(copy);
	fl_copy_free(NULL);
	fl_source_close(src);
}
