/* SPDX-License-Identifier: MIT */
/* What an operator may rely on, and what happens when it breaks its side: worker.c and fold.c. */
#include <criterion/criterion.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <faultline/faultline.h>

#include "plat/file.h"

#include "../support/changetime.h"

#define SIZE ((size_t)1 << 20)
#define CHUNK 4096

/* Bytes that tell where they stand */
static unsigned char byte_at(uint64_t off)
{
	return (unsigned char)(off * 7 + (off >> 9));
}

static int the_file(void)
{
	unsigned char *text = malloc(SIZE);
	int fd = fl_file_temp();

	cr_assert(fd >= 0 && text);
	for (size_t i = 0; i < SIZE; i++)
		text[i] = byte_at(i);
	cr_assert_eq(fl_fd_pwrite(fd, text, SIZE, 0), 0);
	free(text);
	return fd;
}

/**
 * struct probe - what the operator of a test does, and what it saw
 * @fail_off: the map of the view that holds this offset fails
 * @pieces:   the map has its part flushed after each so many bytes
 * @inits_left: worker_init fails from then on
 */
struct probe {
	uint64_t fail_off;
	size_t pieces;
	int code;
	bool with_detail;
	_Atomic int inits_left;
	_Atomic int inits;
	_Atomic int dones;
	_Atomic int shared;
	_Atomic int nexts;
	struct fl_pipeline *cancel;
	uint64_t stop_at;
	uint64_t fail_fold_at;
	uint64_t folded;
	unsigned folds;
	unsigned finishes;
	bool wrong;
	uint64_t next_off;
};

struct scratch {
	_Atomic int users;
};

static int worker_init(const void *op, void **ret, struct fl_error *reterr)
{
	struct probe *p = (struct probe *)(uintptr_t)op;
	struct scratch *s;

	if (atomic_fetch_sub(&p->inits_left, 1) <= 0) {
		if (p->with_detail) {
			reterr->code = -ENOTSUP;
			reterr->off = FL_OFF_NONE;
			snprintf(reterr->text, sizeof(reterr->text), "no scratch");
		}
		return -ENOTSUP;
	}
	s = calloc(1, sizeof(*s));
	atomic_fetch_add(&p->inits, 1);
	*ret = s;
	return 0;
}

static void worker_done(const void *op, void *scratch)
{
	struct probe *p = (struct probe *)(uintptr_t)op;

	atomic_fetch_add(&p->dones, 1);
	free(scratch);
}

static int map_fails(const struct probe *p, struct fl_error *reterr)
{
	if (p->with_detail) {
		reterr->code = p->code;
		reterr->off = p->fail_off;
		snprintf(reterr->text, sizeof(reterr->text), "planted");
	}
	return p->code;
}

/* The part is a copy of the input. */
static int copy_map(const void *op, void *scratch, const struct fl_view *in, struct fl_part *part,
		    struct fl_error *reterr)
{
	struct probe *p = (struct probe *)(uintptr_t)op;
	struct scratch *s = scratch;
	size_t step = p->pieces ? p->pieces : in->len, n;
	int r = 0;

	if (s && atomic_fetch_add(&s->users, 1) != 0)
		atomic_store(&p->shared, 1);
	if (p->cancel)
		fl_pipeline_cancel(p->cancel);
	for (size_t i = 0; i < in->len && r == 0; i += n) {
		n = in->len - i < step ? in->len - i : step;
		if (in->off + i + n > p->fail_off && in->off + i <= p->fail_off) {
			n = (size_t)(p->fail_off - in->off - i);
			r = fl_part_append(part, in->data + i, n);
			r = r == 0 ? map_fails(p, reterr) : r;
			break;
		}
		r = fl_part_append(part, in->data + i, n);
		if (r == 0 && p->pieces)
			r = fl_part_flush(part, reterr);
	}
	if (s)
		atomic_fetch_sub(&s->users, 1);
	return r == FL_FOLD_STOP ? 0 : r;
}

/* In order, without gaps, and the right bytes. */
static int check_fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	struct probe *p = op;

	(void)reterr;
	for (size_t i = 0; i < part->len; i++)
		if (part->data[i] != byte_at(p->folded + i))
			p->wrong = true;
	p->folded += part->len;
	p->folds++;
	if (p->folded > p->fail_fold_at)
		return -EDOM;
	return p->folded > p->stop_at ? FL_FOLD_STOP : 0;
}

static int count_finish(void *op, struct fl_error *reterr)
{
	(void)reterr;
	((struct probe *)op)->finishes++;
	return 0;
}

static const struct fl_operator copy_ops = {.size = sizeof(copy_ops),
					    .name = "copy",
					    .cut = FL_CUT_UNIT,
					    .unit_bytes = 1,
					    .worker_init = worker_init,
					    .worker_done = worker_done,
					    .map = copy_map,
					    .fold = check_fold,
					    .finish = count_finish};

static struct probe fresh(void)
{
	return (struct probe){.fail_off = UINT64_MAX,
			      .stop_at = UINT64_MAX,
			      .fail_fold_at = UINT64_MAX,
			      .inits_left = 1000};
}

/* Whose error the last run() returned. */
static struct fl_failure blamed;

/* @probes: as many as operators; @tune: may be NULL */
static int run(unsigned threads, const struct fl_operator *ops, struct probe *probes, unsigned n,
	       struct fl_error *err)
{
	struct fl_options opt;
	struct fl_pipeline *pl = NULL;
	struct fl_source *src = NULL;
	int fd = the_file(), r;

	fl_options_init(&opt);
	opt.threads = threads;
	opt.chunk_bytes = CHUNK;
	cr_assert_eq(fl_pipeline_new(&opt, &pl, NULL), 0);
	for (unsigned i = 0; i < n; i++) {
		cr_assert_eq(fl_pipeline_add(pl, &ops[i], &probes[i]), 0);
		if (probes[i].cancel)
			probes[i].cancel = pl;
	}
	cr_assert_eq(fl_source_open_fd(fd, "file", &src, NULL), 0);
	memset(err, 'x', sizeof(*err));
	r = fl_pipeline_run(pl, src, err);
	blamed.size = sizeof(blamed);
	cr_assert_eq(fl_pipeline_failure(pl, &blamed), 0);
	fl_source_close(src);
	fl_pipeline_free(pl);
	close(fd);
	for (unsigned i = 0; i < n; i++)
		cr_assert_eq(atomic_load(&probes[i].inits), atomic_load(&probes[i].dones));
	return r;
}

Test(worker, all_of_it_in_order_with_a_scratch_of_its_own)
{
	static const size_t pieces[] = {0, 1000, 4096};
	struct fl_error err;

	for (unsigned threads = 1; threads <= 7; threads += 3)
		for (size_t i = 0; i < 3; i++) {
			struct probe p = fresh();

			p.pieces = pieces[i];
			cr_assert_eq(run(threads, &copy_ops, &p, 1, &err), 0);
			cr_assert(p.folded == SIZE && !p.wrong && p.finishes == 1);
			cr_assert(!atomic_load(&p.shared));
			cr_assert(atomic_load(&p.inits) >= 1);
		}
}

Test(worker, an_error_of_map_has_its_place)
{
	static const uint64_t offs[] = {0, 1, CHUNK - 1, CHUNK, 300000, SIZE - 1};
	struct fl_error err;

	for (size_t i = 0; i < sizeof(offs) / sizeof(*offs); i++)
		for (unsigned threads = 1; threads <= 7; threads += 6) {
			struct probe p = fresh();

			p.fail_off = offs[i];
			p.code = -EPROTO;
			p.with_detail = true;
			cr_assert_eq(run(threads, &copy_ops, &p, 1, &err), -EPROTO);
			cr_assert(err.code == -EPROTO && err.off == offs[i]);
			cr_assert_str_eq(err.text, "planted");
			/* All chunks before, nothing of the one that failed, no finish. */
			cr_assert_eq(p.folded, offs[i] / CHUNK * CHUNK);
			cr_assert(!p.wrong && p.finishes == 0);
		}
}

Test(worker, an_error_without_detail_gets_some)
{
	struct probe p = fresh();
	struct fl_error err;

	p.fail_off = 300000;
	p.code = -EPROTO;
	cr_assert_eq(run(2, &copy_ops, &p, 1, &err), -EPROTO);
	cr_assert(err.code == -EPROTO && err.off == 300000 / CHUNK * CHUNK);
	cr_assert_str_eq(err.text, fl_strerror(-EPROTO));
}

Test(worker, what_was_found_before_an_error_may_count)
{
	struct fl_operator ops = copy_ops;
	struct fl_error err;

	ops.flags = FL_OP_UNTIL_ERROR;
	for (unsigned threads = 1; threads <= 7; threads += 6) {
		struct probe p = fresh();

		p.fail_off = 300001;
		p.code = -EPROTO;
		p.with_detail = true;
		cr_assert_eq(run(threads, &ops, &p, 1, &err), -EPROTO);
		cr_assert_eq(p.folded, 300001);
		cr_assert(!p.wrong && p.finishes == 1);
	}
}

Test(worker, no_scratch_no_run)
{
	struct fl_error err;

	for (int good = 0; good < 3; good++)
		for (int detail = 0; detail < 2; detail++) {
			struct probe p = fresh();

			atomic_store(&p.inits_left, good);
			p.with_detail = detail;
			cr_assert_eq(run(7, &copy_ops, &p, 1, &err), -ENOTSUP);
			cr_assert_eq(err.code, -ENOTSUP);
			cr_assert_str_eq(err.text, detail ? "no scratch" : fl_strerror(-ENOTSUP));
			cr_assert_str_eq(blamed.name, "copy");
			cr_assert(!p.wrong && p.finishes == 0);
		}
}

Test(worker, an_error_of_fold_ends_the_run)
{
	struct fl_operator ops = copy_ops;
	struct fl_error err;

	for (unsigned flags = 0; flags <= FL_OP_UNTIL_ERROR; flags += FL_OP_UNTIL_ERROR)
		for (size_t pieces = 0; pieces <= 1000; pieces += 1000) {
			struct probe p = fresh();

			ops.flags = flags;
			p.pieces = pieces;
			p.fail_fold_at = 100000;
			cr_assert_eq(run(7, &ops, &p, 1, &err), -EDOM);
			cr_assert(p.folded > 100000 && p.folded <= 100000 + CHUNK && !p.wrong);
			/* Whose fold failed is not asked for more. */
			cr_assert_eq(p.finishes, 0);
			cr_assert_eq(err.code, -EDOM);
			cr_assert_str_eq(err.text, fl_strerror(-EDOM));
			cr_assert_str_eq(blamed.name, "copy");
			cr_assert(blamed.off >= 98304 && blamed.off <= 100000);
		}
}

Test(worker, one_operator_stops_the_other_goes_on)
{
	struct fl_operator ops[2] = {copy_ops, copy_ops};
	struct fl_error err;

	for (size_t pieces = 0; pieces <= 500; pieces += 500) {
		struct probe p[2] = {fresh(), fresh()};

		p[0].pieces = pieces;
		p[0].stop_at = 50000;
		cr_assert_eq(run(7, ops, p, 2, &err), 0);
		cr_assert(p[0].folded > 50000 && p[0].folded <= 50000 + CHUNK && !p[0].wrong);
		cr_assert(p[1].folded == SIZE && !p[1].wrong);
		cr_assert(p[0].finishes == 1 && p[1].finishes == 1);
	}
}

Test(worker, cancelled_in_the_middle)
{
	struct fl_error err;
	struct probe p = fresh();

	p.cancel = (void *)1;
	cr_assert_eq(run(2, &copy_ops, &p, 1, &err), -FL_ECANCELED);
	cr_assert(p.folded < SIZE && !p.wrong && p.finishes == 0);
	cr_assert_eq(err.code, -FL_ECANCELED);
}

/* @op: by how much next_off is wrong */
static int lazy_map(const void *op, void *scratch, const struct fl_view *in, struct fl_part *part,
		    struct fl_error *reterr)
{
	const struct probe *p = op;

	(void)scratch;
	(void)reterr;
	part->next_off = in->off + p->pieces;
	return in->off < 100000 ? 0 : FL_MAP_FULL;
}

/* Without an end it would map the same bytes for ever. */
Test(worker, an_operator_that_makes_no_progress)
{
	static const size_t steps[] = {0, CHUNK + 1, SIZE_MAX};
	struct fl_operator ops = copy_ops;
	struct fl_error err;

	ops.map = lazy_map;
	for (size_t i = 0; i < 3; i++) {
		struct probe p = fresh();

		p.pieces = steps[i];
		cr_assert_eq(run(2, &ops, &p, 1, &err), -EINVAL);
		cr_assert(strstr(err.text, "copy makes no progress"), "%s", err.text);
	}
}

/* FULL parts: the map goes on where it said. */
static int full_map(const void *op, void *scratch, const struct fl_view *in, struct fl_part *part,
		    struct fl_error *reterr)
{
	size_t n = in->len < 777 ? in->len : 777;

	(void)op;
	(void)scratch;
	(void)reterr;
	if (fl_part_append(part, in->data, n) < 0)
		return -ENOMEM;
	part->next_off = in->off + n;
	return n < in->len ? FL_MAP_FULL : 0;
}

Test(worker, full_parts_are_folded_before_their_chunk_ends)
{
	struct fl_operator ops = copy_ops;
	struct fl_error err;

	ops.map = full_map;
	for (unsigned threads = 1; threads <= 7; threads += 3) {
		struct probe p = fresh();

		cr_assert_eq(run(threads, &ops, &p, 1, &err), 0);
		cr_assert(p.folded == SIZE && !p.wrong);
		cr_assert_eq(p.folds, SIZE / CHUNK * ((CHUNK + 776) / 777));
	}
}

/* Where the part is next, all before it has been folded, and nothing is while the map runs. */
static int next_map(const void *op, void *scratch, const struct fl_view *in, struct fl_part *part,
		    struct fl_error *reterr)
{
	struct probe *p = (struct probe *)(uintptr_t)op;
	bool next = fl_part_is_next(part);
	int r;

	if (next && p->folded != part->off)
		atomic_store(&p->shared, 1);
	r = copy_map(op, scratch, in, part, reterr);
	if (in->off % 3 == 0)
		sched_yield();
	if (next && (p->folded != part->off || !fl_part_is_next(part)))
		atomic_store(&p->shared, 1);
	if (next)
		atomic_fetch_add(&p->nexts, 1);
	return r;
}

Test(worker, a_map_is_told_when_all_before_it_is_folded)
{
	struct fl_operator ops = copy_ops;
	struct fl_error err;

	ops.map = next_map;
	for (unsigned threads = 1; threads <= 7; threads += 3) {
		struct probe p = fresh();

		cr_assert_eq(run(threads, &ops, &p, 1, &err), 0);
		cr_assert(p.folded == SIZE && !p.wrong && !atomic_load(&p.shared));
		/* The first chunk's map is next, whatever the others do. */
		cr_assert(atomic_load(&p.nexts) >= (threads == 1 ? (int)(SIZE / CHUNK) : 1));
	}
}

/* The input itself, in the fold */
static int no_map(const void *op, void *scratch, const struct fl_view *in, struct fl_part *part,
		  struct fl_error *reterr)
{
	(void)op;
	(void)scratch;
	(void)in;
	(void)part;
	(void)reterr;
	return 0;
}

static int view_fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	struct probe *p = op;

	(void)reterr;
	for (size_t k = 0; k < part->view_count; k++) {
		const struct fl_view *v = &part->view[k];

		p->wrong |= v->off != p->folded || part->end != v->off + v->len;
		for (size_t i = 0; i < v->len; i++)
			p->wrong |= v->data[i] != byte_at(v->off + i);
		p->folded += v->len;
	}
	return p->folded > p->fail_fold_at ? -EDOM : 0;
}

Test(worker, views_that_are_kept)
{
	struct fl_operator ops = copy_ops;
	struct fl_error err;

	ops.map = no_map;
	ops.fold = view_fold;
	ops.flags = FL_OP_KEEP_VIEW;
	for (unsigned threads = 1; threads <= 7; threads += 3) {
		struct probe p = fresh();

		cr_assert_eq(run(threads, &ops, &p, 1, &err), 0);
		cr_assert(p.folded == SIZE && !p.wrong && p.finishes == 1);

		p = fresh();
		p.fail_fold_at = 500000;
		cr_assert_eq(run(threads, &ops, &p, 1, &err), -EDOM);
		cr_assert_eq(blamed.op, 0, "a fold in the middle of a chunk");
		cr_assert(blamed.off > 500000 - 262144 && blamed.off <= 500000);
	}
}

/* Two maps meet: each waits for the other, 60 s at most. @together: they met. */
struct meeting {
	pthread_mutex_t lock;
	pthread_cond_t came;
	unsigned inside;
	bool together;
};

static int meet_map(const void *op, void *scratch, const struct fl_view *in, struct fl_part *part,
		    struct fl_error *reterr)
{
	struct meeting *m = (struct meeting *)(uintptr_t)op;
	struct timespec until;

	(void)scratch;
	(void)in;
	(void)part;
	(void)reterr;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 60;
	pthread_mutex_lock(&m->lock);
	m->together |= ++m->inside == 2;
	pthread_cond_broadcast(&m->came);
	while (!m->together && pthread_cond_timedwait(&m->came, &m->lock, &until) == 0)
		;
	m->inside--;
	pthread_mutex_unlock(&m->lock);
	return m->together ? 0 : -ETIMEDOUT;
}

static int no_fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	(void)op;
	(void)part;
	(void)reterr;
	return 0;
}

/* An operator that is folded slice by slice, though it was added first, holds up no other's maps. */
Test(worker, maps_run_beside_one_that_keeps_its_view)
{
	static const struct fl_operator ops[] = {
		{.size = sizeof(ops[0]),
		 .name = "keeps",
		 .cut = FL_CUT_UNIT,
		 .unit_bytes = 1,
		 .flags = FL_OP_KEEP_VIEW,
		 .map = no_map,
		 .fold = no_fold},
		{.size = sizeof(ops[0]),
		 .name = "meets",
		 .cut = FL_CUT_UNIT,
		 .unit_bytes = 1,
		 .map = meet_map,
		 .fold = no_fold},
	};
	struct meeting m = {.lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER};
	struct fl_options opt;
	struct fl_pipeline *pl = NULL;
	struct fl_source *src = NULL;
	int fd = the_file();

	fl_options_init(&opt);
	opt.threads = 2;
	opt.chunk_bytes = SIZE / 4;
	cr_assert_eq(fl_pipeline_new(&opt, &pl, NULL), 0);
	cr_assert_eq(fl_pipeline_add(pl, &ops[0], &m), 0);
	cr_assert_eq(fl_pipeline_add(pl, &ops[1], &m), 0);
	cr_assert_eq(fl_source_open_fd(fd, "file", &src, NULL), 0);
	cr_assert_eq(fl_pipeline_run(pl, src, NULL), 0);
	cr_assert(m.together);
	fl_source_close(src);
	fl_pipeline_free(pl);
	close(fd);
}

/* Where faults are dear, mapping is looked at every 32 MiB, and the first look does not count. */
#define CACHED_BYTES ((size_t)128 << 20)

/* An eighth of the input goes into the part, in memory that nobody has touched before. */
static int fill_map(const void *op, void *scratch, const struct fl_view *in, struct fl_part *part,
		    struct fl_error *reterr)
{
	const bool *fills = op;
	static _Atomic unsigned seen;
	int r;

	(void)scratch, (void)reterr;
	for (size_t i = 0; i < in->len; i += 4096)
		atomic_fetch_add(&seen, in->data[i]);
	if (!*fills)
		return 0;
	/* At once: how memory moves when it grows is the allocator's business. */
	r = part->len > 0 ? 0 : fl_part_reserve(part, CACHED_BYTES / 4 / 8);
	if (r == 0) {
		memset(part->data + part->len, 1, in->len / 8);
		part->len += in->len / 8;
	}
	return r;
}

/* Faults per MiB that --io=auto saw; <0: it did not look. */
static double faults_seen(int fd, bool fills)
{
	static const struct fl_operator ops = {.size = sizeof(ops),
					       .name = "fill",
					       .cut = FL_CUT_UNIT,
					       .unit_bytes = 1,
					       .map = fill_map,
					       .fold = no_fold};
	struct fl_stats stats = {.size = sizeof(stats)};
	struct fl_options opt;
	struct fl_pipeline *pl = NULL;
	struct fl_source *src = NULL;
	double seen = -1;
	const char *at;

	fl_options_init(&opt);
	opt.threads = 1;
	opt.chunk_bytes = CACHED_BYTES / 4;
	cr_assert_eq(fl_pipeline_new(&opt, &pl, NULL), 0);
	cr_assert_eq(fl_pipeline_add(pl, &ops, &fills), 0);
	cr_assert_eq(fl_source_open_fd(fd, "file", &src, NULL), 0);
	cr_assert_eq(fl_pipeline_run(pl, src, NULL), 0);
	cr_assert_eq(fl_pipeline_stats(pl, &stats), 0);
	at = strstr(stats.io_reason, "folios: ");
	if (at)
		cr_assert_eq(sscanf(at, "folios: %lf faults", &seen), 1);
	fl_source_close(src);
	fl_pipeline_free(pl);
	return seen;
}

/* Memory for parts is not the loader's doing: it made large folios look small. */
Test(worker, faults_of_parts_are_not_counted_as_those_of_the_file)
{
	static unsigned char text[1 << 20];
	int fd = fl_file_temp();
	double without, with, least = 1e9;

	for (size_t off = 0; off < CACHED_BYTES; off += sizeof(text))
		cr_assert_eq(fl_fd_pwrite(fd, text, sizeof(text), off), 0);
	without = faults_seen(fd, false);
	if (without < 0)
		cr_skip_test("nothing was mapped: page faults are dear here, the file is not in "
			     "the page cache, or this build has windows of a page");
	/* The kernel may take pages away meanwhile: once without that is enough. */
	for (unsigned i = 0; i < 5; i++) {
		with = faults_seen(fd, true);
		if (with >= 0 && with < least)
			least = with;
	}
	/* There were 32 more. */
	cr_assert(least < without + 16, "%.1f faults per MiB, %.1f without parts", least, without);
	close(fd);
}

/**
 * struct restless - a map that changes the file it looks at, in no byte
 * @most:   so many times
 * @seen:   views, each time they were looked at
 * @folded: bytes
 */
struct restless {
	int fd;
	unsigned most;
	_Atomic unsigned times;
	_Atomic unsigned seen;
	uint64_t folded;
};

static int restless_map(const void *op, void *scratch, const struct fl_view *in,
			struct fl_part *part, struct fl_error *reterr)
{
	struct restless *x = (void *)(uintptr_t)op;
	uint64_t n = in->len;

	(void)scratch, (void)reterr;
	x->seen++;
	if (x->times++ < x->most)
		move_change_time(x->fd);
	return fl_part_append(part, &n, sizeof(n));
}

static int restless_fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	struct restless *x = op;
	uint64_t n;

	(void)reterr;
	for (size_t at = 0; at < part->len; at += sizeof(n)) {
		memcpy(&n, part->data + at, sizeof(n));
		x->folded += n;
	}
	return 0;
}

/* Return: how often a view was looked at. */
static unsigned run_restless(unsigned most, uint32_t flags, enum fl_io io)
{
	struct fl_operator ops = {.size = sizeof(ops),
				  .name = "restless",
				  .cut = FL_CUT_UNIT,
				  .unit_bytes = 1024,
				  .flags = flags,
				  .map = restless_map,
				  .fold = restless_fold};
	static unsigned char text[256 << 10];
	struct restless x = {.fd = fl_file_temp(), .most = most};
	struct fl_pipeline *pl = NULL;
	struct fl_source *src = NULL;
	struct fl_options opt;
	struct fl_error err = {0};

	/* Zeros, as the kernel would have invented them. */
	for (unsigned i = 0; i < 16; i++)
		cr_assert_eq(fl_fd_pwrite(x.fd, text, sizeof(text), i * sizeof(text)), 0);
	fl_options_init(&opt);
	opt.threads = 1;
	opt.io = io;
	opt.chunk_bytes = sizeof(text) * 4;
	cr_assert_eq(fl_pipeline_new(&opt, &pl, NULL), 0);
	cr_assert_eq(fl_pipeline_add(pl, &ops, &x), 0);
	cr_assert_eq(fl_source_open_fd(x.fd, "file", &src, NULL), 0);
	cr_assert_eq(fl_pipeline_run(pl, src, &err), 0, "%s", err.text);
	cr_assert_eq(x.folded, 16 * sizeof(text));
	fl_source_close(src);
	fl_pipeline_free(pl);
	close(x.fd);
	return x.seen;
}

Test(worker, a_chunk_that_was_read_while_the_file_changed_is_done_again_once)
{
	unsigned quiet = run_restless(0, 0, FL_IO_READ),
		 folded = run_restless(0, FL_OP_KEEP_VIEW, FL_IO_READ);

	/* The first of four chunks; from then on each read looks for itself. */
	cr_assert_eq(run_restless(1, 0, FL_IO_READ), quiet + quiet / 4);
	cr_assert_eq(run_restless(1000, 0, FL_IO_READ), quiet + quiet / 4);
	/* Where it is folded view by view, the first is done again, and behind it nothing could be. */
	cr_assert_eq(run_restless(1000, FL_OP_KEEP_VIEW, FL_IO_READ), folded + 1);
}
