/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <faultline/faultline.h>

#include "engine/part_impl.h"

Test(part, append_and_reserve)
{
	struct fl_part part = {.limit = 1000};
	unsigned char want[5000];

	for (size_t i = 0; i < sizeof(want); i++)
		want[i] = (unsigned char)(i * 7);
	for (size_t at = 0, n = 0; at < sizeof(want); at += n, n = (n + 37) % 300) {
		n = n > sizeof(want) - at ? sizeof(want) - at : n;
		cr_assert(fl_part_append(&part, want + at, n) == 0);
		cr_assert(part.len == at + n && part.capacity >= part.len);
	}
	cr_assert(memcmp(part.data, want, sizeof(want)) == 0);
	cr_assert(fl_part_reserve(&part, 100000) == 0);
	memset(part.data + part.len, 1, 100000);
	cr_assert(part.len == sizeof(want));
	cr_assert(memcmp(part.data, want, sizeof(want)) == 0);
	fl_part_free(&part);
	cr_assert(part.data == NULL && part.len == 0 && part.capacity == 0);
}

Test(part, nothing_may_be_appended)
{
	struct fl_part part = {0};

	cr_assert(fl_part_append(&part, NULL, 0) == 0);
	cr_assert(part.len == 0 && part.data != NULL);
	fl_part_free(&part);
}

Test(part, too_much_leaves_it_unchanged)
{
	struct fl_part part = {0};

	cr_assert(fl_part_append(&part, "abc", 3) == 0);
	cr_assert(fl_part_reserve(&part, SIZE_MAX) == -ENOMEM);
	cr_assert(fl_part_reserve(&part, SIZE_MAX / 8) == -ENOMEM);
	cr_assert(part.len == 3 && memcmp(part.data, "abc", 3) == 0);
	fl_part_free(&part);
}

Test(part, reset_gives_back_what_one_giant_needed)
{
	struct fl_part part = {.limit = 1024};

	cr_assert(fl_part_reserve(&part, 1500) == 0);
	part.off = part.end = part.next_off = 7;
	part.len = 9;
	fl_part_reset(&part);
	cr_assert(part.capacity == 2048 && part.len == 0);
	cr_assert(part.off == 0 && part.end == 0 && part.next_off == 0);
	cr_assert(fl_part_reserve(&part, 100000) == 0);
	fl_part_reset(&part);
	cr_assert(part.capacity == 0 && part.data == NULL && part.limit == 1024);
	fl_part_free(&part);
}

Test(part, flush_outside_of_a_map)
{
	struct fl_part part = {.off = 5};
	struct fl_error err;

	cr_assert(fl_part_flush(&part, &err) == -EINVAL && err.code == -EINVAL);
}

/*
 * An operator that says each byte of its input, in parts of a few bytes: most are folded before
 * their map returns. It can fail at a byte, stop at one, or refuse one in its fold.
 */
struct speaker {
	unsigned char *said;
	size_t said_len;
	uint64_t fail_at;
	uint64_t stop_at;
	uint64_t refuse_at;
	unsigned finished;
	bool bad;
};

static int speak(const void *op, void *scratch, const struct fl_view *in, struct fl_part *part,
		 struct fl_error *reterr)
{
	const struct speaker *sp = op;
	uint64_t off = part->off, end = part->end;

	(void)scratch;
	for (size_t i = 0; i < in->len; i++) {
		int r = part->len >= 100 ? fl_part_flush(part, reterr) : 0;

		if (r != 0)
			return r < 0 ? r : 0;
		if (part->off != off || part->end != end)
			return -EPROTO;
		if (in->off + i == sp->fail_at) {
			if (reterr)
				reterr->off = in->off + i;
			return -EDOM;
		}
		if (fl_part_append(part, in->data + i, 1) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int listen(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	struct speaker *sp = op;

	(void)reterr;
	sp->bad |= part->len > 100 + (256 << 10);
	memcpy(sp->said + sp->said_len, part->data, part->len);
	sp->said_len += part->len;
	if (sp->said_len > sp->refuse_at)
		return -ENOSPC;
	return sp->said_len > sp->stop_at ? FL_FOLD_STOP : 0;
}

static int finish(void *op, struct fl_error *reterr)
{
	struct speaker *sp = op;

	(void)reterr;
	sp->finished++;
	return 0;
}

static const struct fl_operator until_error = {.size = sizeof(until_error),
					       .name = "until error",
					       .cut = FL_CUT_RECORD,
					       .flags = FL_OP_UNTIL_ERROR,
					       .map = speak,
					       .fold = listen,
					       .finish = finish};
static const struct fl_operator all_or_nothing = {.size = sizeof(all_or_nothing),
						  .name = "all or nothing",
						  .cut = FL_CUT_RECORD,
						  .map = speak,
						  .fold = listen,
						  .finish = finish};

#define TEXT_BYTES 300000u

static char *make_text(unsigned char *text)
{
	char *path = strdup("/tmp/fl-part-XXXXXX");
	int fd = mkstemp(path);

	for (size_t i = 0; i < TEXT_BYTES; i++)
		text[i] = i % 97 == 96 || i % 5000 == 0 ? '\n' : (unsigned char)('a' + i % 26);
	cr_assert(fd >= 0 && write(fd, text, TEXT_BYTES) == (ssize_t)TEXT_BYTES);
	close(fd);
	return path;
}

static int run(const char *path, const struct fl_operator *ops, struct speaker *sp,
	       const struct fl_options *opt, struct fl_error *err)
{
	struct fl_pipeline *pl;
	struct fl_source *src;
	int r;

	sp->said = calloc(1, TEXT_BYTES + 1);
	sp->said_len = sp->finished = 0;
	cr_assert(sp->said != NULL && fl_pipeline_new(opt, &pl, NULL) == 0);
	cr_assert(fl_pipeline_add(pl, ops, sp) == 0);
	cr_assert(fl_source_open(path, &src, NULL) == 0);
	r = fl_pipeline_run(pl, src, err);
	fl_source_close(src);
	fl_pipeline_free(pl);
	return r;
}

static const uint64_t never = UINT64_MAX;
static const size_t chunks[] = {1, 100, 4099, 65536, 1 << 20};

/* Calls check with every chunk size, loader and number of threads that matters here. */
static void each_way(void (*check)(const char *path, const unsigned char *text,
				   const struct fl_options *opt))
{
	static const enum fl_io ios[] = {FL_IO_MMAP, FL_IO_READ, FL_IO_DIRECT};
	static unsigned char text[TEXT_BYTES];
	char *path = make_text(text);

	for (unsigned i = 0; i < 30; i++) {
		struct fl_options opt;

		fl_options_init(&opt);
		opt.chunk_bytes = chunks[i % 5] < 100 ? 37 : chunks[i % 5];
		opt.io = ios[i % 3];
		opt.threads = 1 + i % 4;
		check(path, text, &opt);
	}
	unlink(path);
	free(path);
}

static void says_everything(const char *path, const unsigned char *text,
			    const struct fl_options *opt)
{
	struct speaker sp = {.fail_at = never, .stop_at = never, .refuse_at = never};

	cr_assert(run(path, &all_or_nothing, &sp, opt, NULL) == 0);
	cr_assert(!sp.bad && sp.finished == 1 && sp.said_len == TEXT_BYTES);
	cr_assert(memcmp(sp.said, text, TEXT_BYTES) == 0);
	free(sp.said);
}

Test(part, flushed_parts_are_folded_in_order)
{
	each_way(says_everything);
}

static void says_what_precedes(const char *path, const unsigned char *text,
			       const struct fl_options *opt)
{
	struct speaker sp = {.fail_at = 200017, .stop_at = never, .refuse_at = never};
	struct fl_error err = {0};

	cr_assert(run(path, &until_error, &sp, opt, &err) == -EDOM);
	cr_assert(sp.said_len == 200017 && sp.finished == 1, "chunk %zu: %zu", opt->chunk_bytes,
		  sp.said_len);
	cr_assert(memcmp(sp.said, text, sp.said_len) == 0);
	free(sp.said);
	cr_assert(run(path, &all_or_nothing, &sp, opt, &err) == -EDOM);
	cr_assert(sp.said_len <= 200017 && sp.finished == 0);
	free(sp.said);
}

/* Whatever the chunk size: what stands before the error is folded, and nothing behind it. */
Test(part, what_precedes_an_error_is_kept)
{
	each_way(says_what_precedes);
}

static void stops_or_fails_in_fold(const char *path, const unsigned char *text,
				   const struct fl_options *opt)
{
	struct speaker sp = {.fail_at = never, .stop_at = 1000, .refuse_at = never};
	struct fl_error err = {0};

	cr_assert(run(path, &until_error, &sp, opt, &err) == 0);
	cr_assert(sp.said_len > 1000 && sp.said_len <= 1101 && sp.finished == 1);
	cr_assert(memcmp(sp.said, text, sp.said_len) == 0);
	free(sp.said);
	sp.refuse_at = 700;
	cr_assert(run(path, &until_error, &sp, opt, &err) == -ENOSPC);
	cr_assert(sp.said_len > 700 && sp.said_len <= 801 && sp.finished == 0);
	free(sp.said);
}

Test(part, a_fold_that_stops_or_fails_is_asked_no_more)
{
	each_way(stops_or_fails_in_fold);
}
