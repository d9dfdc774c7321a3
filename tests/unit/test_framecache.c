/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "window/framecache.h"
#include "window/window.h"

#define FRAMES 40u

static uint64_t ends[FRAMES];
static _Atomic unsigned decoded, states;
static uint64_t bad = UINT64_MAX;

/* Byte i of the stream. */
static unsigned char byte_at(uint64_t i)
{
	return (unsigned char)(i * 7 + i / 251);
}

static int begin(struct fl_source *src, void **ret, struct fl_error *reterr)
{
	(void)src;
	(void)reterr;
	*ret = malloc(1);
	states++;
	return 0;
}

static void end(void *state)
{
	free(state);
	states--;
}

static int decode(struct fl_source *src, void *state, uint64_t k, unsigned char *to,
		  struct fl_error *reterr)
{
	uint64_t off = k ? ends[k - 1] : 0;

	(void)src;
	(void)state;
	decoded++;
	if (k == bad)
		return fl_error_set(reterr, -FL_ECORRUPT, 77, "bad frame");
	for (; off < ends[k]; off++)
		*to++ = byte_at(off);
	return 0;
}

static struct fl_frames frames = {
	.count = FRAMES, .ends = ends, .begin = begin, .end = end, .decode = decode};
static struct fl_source source = {.frames = &frames};

static void set_up(void)
{
	uint64_t at = 0;

	for (unsigned k = 0; k < FRAMES; k++) {
		uint64_t len = 1 + (k * k * 37) % 900;

		at += len;
		ends[k] = at;
		if (len > frames.most_bytes)
			frames.most_bytes = len;
	}
}

TestSuite(framecache, .init = set_up);

Test(framecache, slots_follow_memory_and_threads)
{
	unsigned threads = 2;

	cr_assert_eq(fl_framecache_slots(1, 1000, &threads), 6u);
	cr_assert_eq(threads, 2u);
	cr_assert_eq(fl_framecache_slots(300, 1000, &threads), 3u);
	cr_assert_eq(threads, 2u);
	threads = 8;
	cr_assert_eq(fl_framecache_slots(300, 1000, &threads), 3u);
	cr_assert_eq(threads, 2u);
	cr_assert_eq(fl_framecache_slots(400, 1000, &threads), 0u);
	threads = 1;
	cr_assert_eq(fl_framecache_slots(400, 1000, &threads), 2u);
	cr_assert_eq(fl_framecache_slots(600, 1000, &threads), 0u);
	cr_assert_eq(fl_framecache_slots(0, 1000, &threads), 4u);
	cr_assert_eq(fl_framecache_slots(UINT64_MAX, 1000, &threads), 0u);
}

Test(framecache, frames_are_found_and_decoded_once)
{
	struct fl_framecache *fc = NULL;
	const struct fl_frame *f;
	void *decoder = NULL;
	uint64_t k, off;

	cr_assert(fl_framecache_new(&source, FRAMES, &fc) == 0);
	for (off = 0; off < ends[FRAMES - 1]; off++) {
		k = fl_framecache_find(fc, off);
		cr_assert(off < ends[k] && (k == 0 || off >= ends[k - 1]));
		cr_assert(fl_framecache_get(fc, &decoder, k, &f, NULL) == 0);
		cr_assert(f->data[off - f->off] == byte_at(off));
		fl_framecache_put(fc, f);
	}
	cr_assert_eq(decoded, FRAMES);
	fl_framecache_leave(fc, decoder);
	fl_framecache_free(fc);
	fl_framecache_free(NULL);
	cr_assert_eq(states, 0u);
}

Test(framecache, the_longest_unused_goes_first)
{
	static const uint64_t asked[] = {0, 1, 2, 0, 3, 0, 2, 1};
	static const unsigned count[] = {1, 2, 3, 3, 4, 4, 4, 5};
	struct fl_framecache *fc = NULL;
	const struct fl_frame *f;
	void *decoder = NULL;

	cr_assert(fl_framecache_new(&source, 3, &fc) == 0);
	for (unsigned i = 0; i < 8; i++) {
		cr_assert(fl_framecache_get(fc, &decoder, asked[i], &f, NULL) == 0);
		fl_framecache_put(fc, f);
		cr_assert_eq(decoded, count[i], "%u decoded after request %u", decoded, i);
	}
	fl_framecache_leave(fc, decoder);
	fl_framecache_free(fc);
}

Test(framecache, errors_reach_each_who_asks)
{
	struct fl_framecache *fc = NULL;
	const struct fl_frame *f = NULL;
	struct fl_error err;
	void *decoder = NULL;

	bad = 3;
	cr_assert(fl_framecache_new(&source, 3, &fc) == 0);
	for (unsigned i = 0; i < 5; i++) {
		cr_assert(fl_framecache_get(fc, &decoder, 3, &f, &err) == -FL_ECORRUPT);
		cr_assert(err.off == 77);
	}
	cr_assert(fl_framecache_get(fc, &decoder, 4, &f, &err) == 0);
	fl_framecache_put(fc, f);
	fl_framecache_leave(fc, decoder);
	fl_framecache_free(fc);
}

static struct fl_window_env env;

/* Each thread walks the stream in its own steps, through a window. */
static void *walk(void *arg)
{
	size_t step = 1 + (size_t)(uintptr_t)arg * 97, want = step + 300;
	uint64_t off, size = ends[FRAMES - 1];
	struct fl_window w;
	struct fl_span s;
	size_t i;

	fl_window_init(&w, &env);
	for (off = 0; off < size; off += step) {
		if (fl_window_show(&w, off, want, &s, NULL) != 0 || s.off != off ||
		    (s.len < want && s.off + s.len != size))
			return (void *)1;
		for (i = 0; i < s.len; i++)
			if (s.data[i] != byte_at(off + i))
				return (void *)1;
		if (fl_window_check(&w, NULL) != 0)
			return (void *)1;
	}
	fl_window_done(&w);
	return NULL;
}

Test(framecache, windows_over_the_seams_on_many_threads)
{
	pthread_t threads[5];
	void *result;

	env = (struct fl_window_env){.size = ends[FRAMES - 1],
				     .slice_bytes = 256,
				     .window_bytes = 4096,
				     .buffer_limit = 65536};
	cr_assert(fl_framecache_new(&source, 6, &env.frames) == 0);
	for (uintptr_t i = 0; i < 5; i++)
		cr_assert(pthread_create(&threads[i], NULL, walk, (void *)i) == 0);
	for (unsigned i = 0; i < 5; i++) {
		pthread_join(threads[i], &result);
		cr_assert(result == NULL);
	}
	fl_framecache_free(env.frames);
	cr_assert_eq(states, 0u);
}

Test(framecache, a_byte_is_found_across_frames)
{
	struct fl_window w;
	uint64_t hit, off;

	env = (struct fl_window_env){.size = ends[FRAMES - 1],
				     .slice_bytes = 100,
				     .window_bytes = 4096,
				     .buffer_limit = 65536};
	cr_assert(fl_framecache_new(&source, 3, &env.frames) == 0);
	fl_window_init(&w, &env);
	for (off = 0; off + 2000 < env.size; off += 331) {
		unsigned char c = byte_at(off + 150);

		cr_assert(fl_window_find(&w, off, env.size, c, &hit, NULL) == 0);
		cr_assert(hit >= off && hit <= off + 150 && byte_at(hit) == c);
	}
	fl_window_done(&w);
	fl_framecache_free(env.frames);
}
