/* SPDX-License-Identifier: MIT */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <criterion/criterion.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef HAVE_BZIP2
#include <bzlib.h>
#endif
#ifdef HAVE_LZ4
#include <lz4frame.h>
#endif
#ifdef HAVE_LZMA
#include <lzma.h>
#endif
#ifdef HAVE_ZLIB
#include <zlib.h>
#endif

#include <faultline/codec.h>
#include <faultline/pipeline.h>

#include "ops/codec/apart.h"
#include "window/source_impl.h"

#include "../support/scale.h"

/* Files of several pieces, by the formats' own libraries; what several threads make of them. */

static char path[64];
static unsigned char *text, *out;
static size_t text_len, out_len;

#define OUT_MAX ((size_t)16 << 20)

static void set_up(void)
{
	int fd;

	snprintf(path, sizeof(path), "/tmp/fl_apart_XXXXXX");
	fd = mkstemp(path);
	cr_assert(fd >= 0);
	close(fd);
	out = malloc(OUT_MAX);
}

static void clean_up(void)
{
	unlink(path);
	free(text);
	free(out);
}

TestSuite(apart, .init = set_up, .fini = clean_up);

static unsigned long rounds(unsigned long n)
{
	return test_rounds((double)n, 2);
}

static size_t below(size_t n)
{
	return (size_t)rand() % n;
}

/* Words, now and then a row of one byte, which bzip2 counts before it makes blocks. */
static void make_text(size_t len, unsigned seed)
{
	free(text);
	text = malloc(len + 1);
	text_len = len;
	srand(seed);
	for (size_t i = 0; i < len; i++)
		text[i] = (unsigned char)"lines of words\n"[below(15)];
	for (size_t at = 0; len > 0 && at < len; at += 1 + below(len)) {
		size_t n = below(1 + (len - at) / 2);

		memset(text + at, 'x', n);
		at += n;
	}
}

static void put(FILE *f, const void *data, size_t n)
{
	cr_assert(fwrite(data, 1, n, f) == n);
}

#ifdef HAVE_ZLIB
static size_t deflate_to(unsigned char *to, size_t room, const unsigned char *data, size_t n,
			 int bits)
{
	z_stream z = {0};

	cr_assert(deflateInit2(&z, (int)below(10), Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY) ==
		  Z_OK);
	z.next_in = (Bytef *)(uintptr_t)data;
	z.avail_in = (uInt)n;
	z.next_out = to;
	z.avail_out = (uInt)room;
	cr_assert(deflate(&z, Z_FINISH) == Z_STREAM_END);
	room -= z.avail_out;
	deflateEnd(&z);
	return room;
}

static void put_le(FILE *f, unsigned long v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		fputc((int)(v >> 8 * i & 0xFF), f);
}

static void put_bgzf_member(FILE *f, const unsigned char *data, size_t n)
{
	static unsigned char packed[1 << 17];
	size_t len = deflate_to(packed, sizeof(packed), data, n, -15);

	put(f, "\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0", 16);
	put_le(f, 18 + len + 8 - 1, 2);
	put(f, packed, len);
	put_le(f, crc32(0, data, (uInt)n), 4);
	put_le(f, n, 4);
}

/* BGZF with and without its empty end; a member of another kind may follow, or zeros. */
static void write_gzip(FILE *f, size_t each)
{
	static unsigned char packed[1 << 16];
	size_t plain = below(4) == 0 && text_len > 100 ? 100 : 0, n;

	for (size_t at = 0; at < text_len - plain; at += n) {
		n = 1 + below(each < 60000 ? each : 60000);
		n = n < text_len - plain - at ? n : text_len - plain - at;
		put_bgzf_member(f, text + at, n);
	}
	if (below(2))
		put_bgzf_member(f, text, 0);
	if (plain)
		put(f, packed,
		    deflate_to(packed, sizeof(packed), text + text_len - plain, plain, 31));
	if (below(3) == 0)
		put(f, "\0\0\0\0\0", 5);
}
#endif

#ifdef HAVE_BZIP2
static void write_bzip2(FILE *f, size_t each)
{
	size_t n = 0;

	for (size_t at = 0; at < text_len || below(3) == 0; at += n) {
		unsigned len = OUT_MAX;

		n = at < text_len ? below(text_len - at + 1) : 0;
		n = n < each ? n : each;
		cr_assert(BZ2_bzBuffToBuffCompress((char *)out, &len, (char *)text + at,
						   (unsigned)n, 1 + (int)below(9), 0, 0) == BZ_OK);
		put(f, out, len);
	}
}
#endif

#ifdef HAVE_LZMA
static void put_xz_stream(FILE *f, const unsigned char *data, size_t n, size_t each)
{
	static const lzma_check checks[] = {LZMA_CHECK_NONE, LZMA_CHECK_CRC32, LZMA_CHECK_CRC64,
					    LZMA_CHECK_SHA256};
	lzma_stream z = LZMA_STREAM_INIT;
	size_t step;

	cr_assert(lzma_easy_encoder(&z, 0, checks[below(4)]) == LZMA_OK);
	z.next_out = out;
	z.avail_out = OUT_MAX;
	for (; n > 0; data += step, n -= step) {
		step = 1 + below(each < n ? each : n);
		z.next_in = data;
		z.avail_in = step;
		cr_assert(lzma_code(&z, LZMA_FULL_FLUSH) == LZMA_STREAM_END);
	}
	cr_assert(lzma_code(&z, LZMA_FINISH) == LZMA_STREAM_END);
	put(f, out, OUT_MAX - z.avail_out);
	lzma_end(&z);
}

static void write_xz(FILE *f, size_t each)
{
	size_t n = 0, at = 0;

	do {
		n = below(3) ? text_len - at : below(text_len - at + 1);
		put_xz_stream(f, text + at, n, each);
		if (below(3) == 0)
			put(f, "\0\0\0\0", 4);
		at += n;
	} while (at < text_len);
}
#endif

#ifdef HAVE_LZ4
/* Some frames cannot be cut, some are skipped. */
static void write_lz4(FILE *f, size_t each)
{
	size_t n = 0, at = 0;

	do {
		LZ4F_preferences_t p = {0};

		n = below(text_len - at + 1);
		n = n < each ? n : below(3) ? text_len - at : each;
		p.frameInfo.blockSizeID = (LZ4F_blockSizeID_t)(LZ4F_max64KB + below(4));
		p.frameInfo.blockMode = below(6) ? LZ4F_blockIndependent : LZ4F_blockLinked;
		p.frameInfo.contentChecksumFlag = (LZ4F_contentChecksum_t)below(2);
		p.frameInfo.blockChecksumFlag = (LZ4F_blockChecksum_t)below(2);
		p.frameInfo.contentSize = below(2) ? n : 0;
		put(f, out, LZ4F_compressFrame(out, OUT_MAX, text + at, n, &p));
		if (below(8) == 0)
			put(f, "\x53\x2a\x4d\x18\3\0\0\0xyz", 11);
		at += n;
	} while (at < text_len);
}
#endif

static const struct {
	const char *name;
	void (*write)(FILE *f, size_t each);
} formats[] = {
#ifdef HAVE_ZLIB
	{"gzip", write_gzip},
#endif
#ifdef HAVE_BZIP2
	{"bzip2", write_bzip2},
#endif
#ifdef HAVE_LZMA
	{"xz", write_xz},
#endif
#ifdef HAVE_LZ4
	{"lz4", write_lz4},
#endif
	{NULL, NULL}};

static void write_file(size_t format, size_t each)
{
	FILE *f = fopen(path, "w");

	formats[format].write(f, each);
	cr_assert(fclose(f) == 0);
}

static int keep(void *arg, const void *data, size_t len)
{
	(void)arg;
	cr_assert(len <= OUT_MAX - out_len);
	memcpy(out + out_len, data, len);
	out_len += len;
	return 0;
}

static int run(unsigned threads, struct fl_error *err)
{
	struct fl_source *src = NULL;
	struct fl_pipeline *pl = NULL;
	struct fl_copy *copy = NULL;
	struct fl_options opt;
	int r;

	fl_options_init(&opt);
	opt.threads = threads;
	out_len = 0;
	cr_assert(fl_source_open(path, &src, NULL) == 0);
	r = fl_source_decode(src, NULL, err);
	cr_assert(fl_pipeline_new(&opt, &pl, NULL) == 0);
	cr_assert(fl_copy_new(keep, NULL, FL_SIZE_UNKNOWN, &copy) == 0);
	cr_assert(fl_pipeline_add(pl, fl_copy_operator(copy), copy) == 0);
	if (r >= 0)
		r = fl_pipeline_run(pl, src, err);
	fl_pipeline_free(pl);
	fl_copy_free(copy);
	fl_source_close(src);
	return r;
}

Test(apart, same_bytes_for_all_shapes_and_threads)
{
	static const unsigned threads[] = {1, 2, 7};
	static const size_t each[] = {50, 5000, 200000, SIZE_MAX / 2};

	for (unsigned long i = 0; i < rounds(40); i++)
		for (size_t k = 0; formats[k].name; k++) {
			struct fl_error err = {0};

			make_text(1 + (i % 7 ? below(300000) : i), (unsigned)i);
			write_file(k, text_len > 20000 ? each[1 + i % 3] : each[i % 4]);
			cr_assert(run(threads[i % 3], &err) == 0, "%s, round %lu: %s",
				  formats[k].name, i, err.text);
			cr_assert(out_len == text_len && memcmp(out, text, text_len) == 0,
				  "%s, round %lu: %zu of %zu", formats[k].name, i, out_len,
				  text_len);
		}
}

/* More than pieces may keep, and more than one piece of lz4's. */
Test(apart, long_pieces)
{
	for (size_t k = 0; formats[k].name; k++) {
		struct fl_error err = {0};

		make_text(6 << 20, (unsigned)k);
		memset(text, 'x', 4 << 20);
		write_file(k, SIZE_MAX / 2);
		cr_assert(run(3, &err) == 0, "%s: %s", formats[k].name, err.text);
		cr_assert(out_len == text_len && memcmp(out, text, text_len) == 0, "%s",
			  formats[k].name);
	}
}

static bool is_cut(const char *format)
{
	struct fl_source *src = NULL;
	struct fl_apart *a = NULL;
	unsigned char magic[FL_UNPACK_MAGIC_BYTES];
	const struct fl_unpack *how;
	size_t got;

	cr_assert(fl_source_open(path, &src, NULL) == 0);
	cr_assert(fl_source_raw_peek(src, magic, sizeof(magic), &got) == 0);
	how = fl_unpack_of(magic, got);
	cr_assert(how && strcmp(how->name, format) == 0);
	cr_assert(fl_apart_new(src, how, 1, 27, &a) == 0);
	cr_assert(fl_apart_new(src, how, 3, 27, &a) >= 0);
	fl_apart_free(a);
	fl_source_close(src);
	return a != NULL;
}

Test(apart, files_of_several_pieces_are_cut)
{
	for (size_t k = 0; formats[k].name; k++) {
		unsigned long cut = 0;

		for (unsigned i = 0; i < 20; i++) {
			make_text(20000, i);
			write_file(k, 3000);
			cut += is_cut(formats[k].name);
		}
		cr_assert(cut >= 10, "%s: %lu", formats[k].name, cut);
	}
}

static void change(long at, int mask)
{
	FILE *f = fopen(path, "r+");
	int c;

	cr_assert(f && fseek(f, at, SEEK_SET) == 0);
	c = fgetc(f);
	cr_assert(c != EOF && fseek(f, at, SEEK_SET) == 0);
	fputc(c ^ mask, f);
	cr_assert(fclose(f) == 0);
}

static long file_bytes(void)
{
	FILE *f = fopen(path, "r");
	long n;

	cr_assert(f && fseek(f, 0, SEEK_END) == 0);
	n = ftell(f);
	fclose(f);
	return n;
}

/* What one thread, reading in order, says is what is said: bytes, or the error. */
static void compare(const char *format, long at)
{
	struct fl_error one = {0}, three = {0};
	unsigned char *bytes;
	size_t len;
	int r = run(1, &one), r3;

	len = out_len;
	bytes = malloc(len + 1);
	memcpy(bytes, out, len);
	r3 = run(3, &three);
	cr_assert(r3 == r && strcmp(one.text, three.text) == 0, "%s, %ld: %d %s, not %d %s", format,
		  at, r3, three.text, r, one.text);
	cr_assert(r < 0 || (out_len == len && memcmp(out, bytes, len) == 0), "%s, %ld", format, at);
	free(bytes);
}

Test(apart, every_byte_wrong)
{
	for (size_t k = 0; formats[k].name; k++) {
		long bytes, step = 1;

		make_text(1200, 5);
		write_file(k, 400);
		bytes = file_bytes();
		step = 1 + bytes / (long)rounds(600);
		for (long at = (long)k % step; at < bytes; at += step) {
			change(at, 1 << at % 8);
			compare(formats[k].name, at);
			change(at, 1 << at % 8);
		}
	}
}

Test(apart, every_early_end)
{
	for (size_t k = 0; formats[k].name; k++) {
		long bytes, step;

		make_text(1200, 6);
		write_file(k, 400);
		bytes = file_bytes();
		step = 1 + bytes / (long)rounds(400);
		for (long len = bytes - 1; len > FL_UNPACK_MAGIC_BYTES; len -= step) {
			cr_assert(truncate(path, len) == 0);
			compare(formats[k].name, len);
		}
	}
}

/* A reader who has had enough does not wait for long. */
Test(apart, an_early_end_of_the_reading)
{
	for (size_t k = 0; formats[k].name; k++) {
		struct fl_source *src = NULL;
		unsigned char some[100];

		make_text(400000, 7);
		write_file(k, 30000);
		cr_assert(fl_source_open(path, &src, NULL) == 0);
		cr_assert(fl_source_decode(src, NULL, NULL) == 1);
		src->threads = 4;
		for (int i = 0; i < 3; i++) {
			cr_assert(src->ops->read(src, some, sizeof(some)) > 0);
			cr_assert(some[0] == text[0]);
			src->ops->rewind(src);
		}
		cr_assert(src->ops->read(src, some, sizeof(some)) > 0);
		fl_source_close(src);
	}
}

/* What a map waits for, and whether it came. */
static _Atomic bool second_seen, first_done;

/* The first view is not done with before one of a later chunk has been decoded, and is mapped. */
static int wait_for_second(const void *op, void *scratch, const struct fl_view *in,
			   struct fl_part *part, struct fl_error *reterr)
{
	(void)op;
	(void)scratch;
	(void)part;
	(void)reterr;
	if (in->off + in->len > 2 << 20)
		second_seen = true;
	for (int ms = 0; in->off == 0 && ms < 60000 && !second_seen; ms++)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	if (in->off == 0)
		first_done = second_seen;
	return 0;
}

static int fold_nothing(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	(void)op;
	(void)part;
	(void)reterr;
	return 0;
}

static const struct fl_operator waiter = {.size = sizeof(waiter),
					  .name = "waiter",
					  .cut = FL_CUT_RECORD,
					  .map = wait_for_second,
					  .fold = fold_nothing};

/* As one piece, which no helper decodes, and as several. */
Test(apart, decoding_goes_on_while_others_map)
{
	for (size_t k = 0; formats[k].name; k++)
		for (size_t each = 300000; each != 0; each = each == 300000 ? SIZE_MAX / 2 : 0) {
			struct fl_source *src = NULL;
			struct fl_pipeline *pl = NULL;
			struct fl_options opt;

			make_text(5 << 19, 3);
			for (size_t i = 100; i < text_len; i += 100)
				text[i] = '\n';
			write_file(k, each);
			fl_options_init(&opt);
			opt.threads = 2;
			second_seen = first_done = false;
			cr_assert(fl_source_open(path, &src, NULL) == 0);
			cr_assert(fl_source_decode(src, NULL, NULL) == 1);
			cr_assert(fl_pipeline_new(&opt, &pl, NULL) == 0);
			cr_assert(fl_pipeline_add(pl, &waiter, pl) == 0);
			cr_assert(fl_pipeline_run(pl, src, NULL) == 0);
			cr_assert(first_done, "%s", formats[k].name);
			fl_pipeline_free(pl);
			fl_source_close(src);
		}
}
