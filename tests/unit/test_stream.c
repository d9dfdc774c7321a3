/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <faultline/operator.h>
#include <faultline/stream.h>

#include "base/clock.h"
#include "window/source_impl.h"
#include "window/stream_impl.h"

static struct fl_stream *make(size_t capacity)
{
	struct fl_stream *st = NULL;

	cr_assert_eq(fl_stream_new(capacity, "a stream", &st, NULL), 0);
	return st;
}

static int64_t take(struct fl_stream *st, void *buf, size_t n)
{
	struct fl_source *src = fl_stream_source(st);

	return src->ops->read(src, buf, n);
}

Test(stream, what_its_source_is)
{
	struct fl_source_info info = {.size = sizeof(info)};
	struct fl_stream *st = make(0);

	cr_assert_eq(fl_source_info(fl_stream_source(st), &info), 0);
	cr_assert(info.kind == FL_SOURCE_STREAM && info.size_bytes == FL_SIZE_UNKNOWN);
	cr_assert_str_eq(info.name, "a stream");
	cr_assert_not(fl_source_seekable(fl_stream_source(st)));
	fl_stream_free(st);
}

Test(stream, no_stream_of_more_than_a_gibibyte)
{
	struct fl_stream *st = (void *)1;
	struct fl_error err;

	cr_assert_eq(fl_stream_new(((size_t)1 << 30) + 1, "x", &st, &err), -EINVAL);
	cr_assert_eq(st, (void *)1);
	cr_assert_eq(err.code, -EINVAL);
}

Test(stream, bytes_come_out_in_order_round_the_end_of_the_ring)
{
	struct fl_stream *st = make(7);
	char buf[16];

	cr_assert_eq(fl_stream_write(st, "abcde", 5), 0);
	cr_assert_eq(take(st, buf, 3), 3);
	cr_assert(memcmp(buf, "abc", 3) == 0);
	cr_assert_eq(fl_stream_write(st, "fghij", 5), 0);
	cr_assert_eq(take(st, buf, sizeof(buf)), 7);
	cr_assert(memcmp(buf, "defghij", 7) == 0);
	fl_stream_free(st);
}

Test(stream, an_empty_one_says_ask_again_and_then_ends)
{
	struct fl_stream *st = make(8);
	struct fl_source *src = fl_stream_source(st);
	uint64_t start = fl_clock_ns();
	char c;

	cr_assert_not(src->ops->ready(src));
	cr_assert_eq(take(st, &c, 1), -EAGAIN);
	cr_assert(fl_clock_ns() - start > 20000000, "it waited for a writer first");
	fl_stream_end(st, 0);
	cr_assert(src->ops->ready(src));
	cr_assert_eq(take(st, &c, 1), 0);
	fl_stream_free(st);
}

Test(stream, an_error_comes_after_the_bytes_before_it)
{
	struct fl_stream *st = make(8);
	char c;

	fl_stream_write(st, "x", 1);
	fl_stream_end(st, -EIO);
	fl_stream_end(st, 0);
	cr_assert_eq(take(st, &c, 1), 1);
	cr_assert_eq(take(st, &c, 1), -EIO, "the first end counts");
	fl_stream_free(st);
}

Test(stream, nobody_reads_any_more)
{
	struct fl_stream *st = make(8);

	fl_stream_close(st);
	cr_assert_eq(fl_stream_write(st, "x", 1), FL_FOLD_STOP);
	cr_assert_eq(fl_stream_reopen(st, 16), 0);
	cr_assert_eq(fl_stream_write(st, "x", 1), 0);
	fl_stream_free(st);
}

static void *write_much(void *arg)
{
	return fl_stream_write(arg, "0123456789abcdef", 16) == FL_FOLD_STOP ? arg : NULL;
}

Test(stream, closing_wakes_a_writer_that_waits_for_room)
{
	struct fl_stream *st = make(4);
	pthread_t thread;
	void *stopped;

	cr_assert_eq(pthread_create(&thread, NULL, write_much, st), 0);
	while (!fl_stream_source(st)->ops->ready(fl_stream_source(st)))
		;
	fl_stream_close(st);
	pthread_join(thread, &stopped);
	cr_assert_eq(stopped, st);
	fl_stream_free(st);
}

#define MUCH 3000000u

static unsigned char nth(size_t i)
{
	return (unsigned char)(i * 2654435761u >> 11);
}

static void *write_numbers(void *arg)
{
	unsigned char buf[5003];
	size_t at = 0, n;

	while (at < MUCH) {
		n = 1 + at * 7 % sizeof(buf);
		if (n > MUCH - at)
			n = MUCH - at;
		for (size_t i = 0; i < n; i++)
			buf[i] = nth(at + i);
		fl_stream_write(arg, buf, n);
		at += n;
	}
	fl_stream_end(arg, 0);
	return NULL;
}

Test(stream, two_threads_and_a_small_ring_lose_nothing)
{
	static const size_t capacities[] = {1, 2, 4096, 4099, 1 << 20};
	unsigned char buf[3001];

	for (size_t k = 0; k < sizeof(capacities) / sizeof(*capacities); k++) {
		struct fl_stream *st = make(capacities[k]);
		size_t most = capacities[k] < 3 ? 20000 : MUCH, at = 0;
		pthread_t thread;
		int64_t got;

		cr_assert_eq(pthread_create(&thread, NULL, write_numbers, st), 0);
		while (at < most && (got = take(st, buf, 1 + at % sizeof(buf))) != 0) {
			if (got == -EAGAIN)
				continue;
			cr_assert(got > 0);
			for (int64_t i = 0; i < got; i++)
				cr_assert_eq(buf[i], nth(at + (size_t)i));
			at += (size_t)got;
		}
		fl_stream_close(st);
		pthread_join(thread, NULL);
		cr_assert(at >= most);
		fl_stream_free(st);
	}
}
