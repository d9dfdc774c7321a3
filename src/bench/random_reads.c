/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "bench/bench_impl.h"
#include "bench/rng.h"
#include "bench/sums.h"
#include "engine/pool.h"
#include "plat/aio.h"
#include "plat/file.h"
#include "plat/mapping.h"
#include "plat/supply.h"

/* In flight with io_uring, for each thread. */
#define DEPTH 16u

/**
 * struct shared - what the threads have in common
 * @map:     FL_BENCH_MMAP
 * @fd:      to read from
 * @result:  the last error, @error what was said of it; under @merging
 */
struct shared {
	struct fl_random *job;
	const unsigned char *map;
	int fd;
	uint64_t pages;
	atomic_flag merging;
	int result;
	struct fl_error error;
};

/* The place of read number i, the same for every method and number of threads. */
static uint64_t place(const struct shared *s, unsigned i)
{
	uint64_t state = s->job->seed + i;

	return fl_rng_below(&state, s->pages) * FL_RANDOM_BYTES;
}

static void merge(struct shared *s, uint64_t sum, const struct fl_histogram *h)
{
	while (atomic_flag_test_and_set(&s->merging))
		;
	s->job->checksum += sum;
	fl_histogram_merge(&s->job->latency, h);
	atomic_flag_clear(&s->merging);
}

static void give_up(struct shared *s, int r, const struct fl_error *error)
{
	while (atomic_flag_test_and_set(&s->merging))
		;
	s->result = r;
	s->error = *error;
	atomic_flag_clear(&s->merging);
}

/* One read at a time: from a mapping, or by a system call into @buf. */
static int read_one(struct shared *s, void *state, unsigned char *buf, uint64_t off,
		    uint64_t *ret_sum)
{
	size_t got = 0;
	int r;

	if (s->map) {
		*ret_sum = fl_sum_words(s->map + off, FL_RANDOM_BYTES);
		return 0;
	}
	off += s->job->target->src->file.base_off;
	r = state ? fl_supply_read.read(state, buf, FL_RANDOM_BYTES, off, &got)
		  : fl_file_pread(s->fd, buf, FL_RANDOM_BYTES, off, &got);
	*ret_sum = fl_sum_words(buf, got);
	return r;
}

static int one_by_one(struct shared *s, unsigned first, struct fl_histogram *h, uint64_t *ret_sum)
{
	unsigned char *buf = aligned_alloc(4096, FL_RANDOM_BYTES);
	uint64_t begin, one;
	void *state = NULL;
	unsigned i;
	int r = buf ? 0 : -ENOMEM;

	if (r == 0 && s->job->method == FL_BENCH_READ)
		r = fl_supply_read.open(s->fd, &state);
	for (i = first; r == 0 && i < FL_RANDOM_READS; i += s->job->threads) {
		begin = fl_clock_ns();
		r = read_one(s, state, buf, place(s, i), &one);
		fl_histogram_add(h, fl_clock_ns() - begin);
		*ret_sum += one;
	}
	if (state)
		fl_supply_read.close(state);
	free(buf);
	return r;
}

/* @slot: reads in flight, oldest first */
static int take_oldest(struct fl_aio *aio, unsigned slot, unsigned char *buf, uint64_t begin_ns,
		       struct fl_histogram *h, uint64_t *ret_sum)
{
	int64_t got = fl_aio_wait(aio, slot);

	if (got < 0)
		return (int)got;
	fl_histogram_add(h, fl_clock_ns() - begin_ns);
	*ret_sum += fl_sum_words(buf, (size_t)got);
	return 0;
}

static int queued(struct shared *s, unsigned first, struct fl_histogram *h, uint64_t *ret_sum,
		  struct fl_error *reterr)
{
	unsigned char *buf = aligned_alloc(4096, DEPTH * FL_RANDOM_BYTES);
	uint64_t begin[DEPTH], base = s->job->target->src->file.base_off;
	struct fl_aio *aio = NULL;
	unsigned i, n = 0, done = 0, slot;
	int r = buf ? fl_aio_new(s->fd, DEPTH, true, NULL, 0, &aio, reterr) : -ENOMEM;

	for (i = first; r == 0 && i < FL_RANDOM_READS; i += s->job->threads, n++) {
		slot = n % DEPTH;
		if (n >= DEPTH)
			r = take_oldest(aio, slot, buf + slot * FL_RANDOM_BYTES, begin[slot], h,
					ret_sum);
		done += n >= DEPTH;
		begin[slot] = fl_clock_ns();
		if (r == 0)
			r = fl_aio_submit(aio, slot, buf + slot * FL_RANDOM_BYTES, FL_RANDOM_BYTES,
					  base + place(s, i));
	}
	for (; r == 0 && done < n; done++) {
		slot = done % DEPTH;
		r = take_oldest(aio, slot, buf + slot * FL_RANDOM_BYTES, begin[slot], h, ret_sum);
	}
	fl_aio_free(aio);
	free(buf);
	return r;
}

static void work(void *arg, unsigned i)
{
	struct shared *s = arg;
	struct fl_histogram *h = calloc(1, sizeof(*h));
	bool uring = s->job->method == FL_BENCH_URING || s->job->method == FL_BENCH_URING_DIRECT;
	struct fl_error err = {.text = ""};
	uint64_t sum = 0;
	int r = -ENOMEM;

	if (h)
		r = uring ? queued(s, i, h, &sum, &err) : one_by_one(s, i, h, &sum);
	if (r == 0)
		merge(s, sum, h);
	else
		give_up(s, r, &err);
	free(h);
}

static int open_method(struct shared *s, struct fl_error *reterr)
{
	const struct fl_target *t = s->job->target;
	enum fl_bench_method m = s->job->method;
	uint32_t mem, off;
	int r = 0;

	s->fd = t->src->file.fd;
	if (m == FL_BENCH_MMAP) {
		s->map = fl_map_file(s->fd, t->src->file.base_off, (size_t)t->bytes, &r);
		return s->map ? 0 : fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	}
	if (m != FL_BENCH_DIRECT && m != FL_BENCH_URING_DIRECT)
		return 0;
	r = fl_file_open_direct(&t->src->file, &s->fd, &mem, &off);
	if (r == 0 && (mem > 4096 || off > FL_RANDOM_BYTES)) {
		fl_fd_close(s->fd);
		r = -FL_EUNSUPPORTED;
	}
	return r < 0 ? fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE,
				    "O_DIRECT cannot be used on this file")
		     : 0;
}

int fl_random_run(struct fl_random *job, struct fl_error *reterr)
{
	struct shared s = {.job = job,
			   .pages = job->target->bytes / FL_RANDOM_BYTES,
			   .merging = ATOMIC_FLAG_INIT};
	struct fl_pool *pool = NULL;
	int r;

	if (s.pages == 0)
		return fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE,
				    "the file is smaller than 4 KiB");
	r = open_method(&s, reterr);
	if (r < 0)
		return r;
	r = fl_pool_new(&pool);
	if (r == 0) {
		/* With fewer threads than asked for, some places would be left out. */
		if (fl_pool_run(pool, job->threads, work, &s) < job->threads)
			r = -EAGAIN;
		else
			r = s.result;
	}
	fl_pool_free(pool);
	if (s.map)
		fl_unmap((void *)(uintptr_t)s.map, (size_t)job->target->bytes);
	if (s.fd != job->target->src->file.fd)
		fl_fd_close(s.fd);
	if (r == 0)
		return 0;
	return fl_error_set(reterr, r, FL_OFF_NONE, "%s",
			    s.error.text[0] != '\0' ? s.error.text : fl_strerror(r));
}
