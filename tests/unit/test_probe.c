/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "bench/probe.h"

#define PART ((uint64_t)1 << 20)
#define PARTS 64

/* An operator that counts what it is asked to do. */
struct counter {
	unsigned started, inited, done, mapped, folded, finished;
	int refuses;
};

static int start(void *op, const struct fl_run *run, struct fl_error *reterr)
{
	struct counter *c = op;

	(void)run;
	(void)reterr;
	c->started++;
	return 0;
}

static int worker_init(const void *op, void **ret_scratch, struct fl_error *reterr)
{
	struct counter *c = (struct counter *)(uintptr_t)op;

	(void)reterr;
	if (c->refuses)
		return -ENOMEM;
	__atomic_add_fetch(&c->inited, 1, __ATOMIC_RELAXED);
	*ret_scratch = c;
	return 0;
}

static void worker_done(const void *op, void *scratch)
{
	struct counter *c = scratch;

	cr_assert_eq((const void *)c, op, "the inner scratch");
	__atomic_add_fetch(&c->done, 1, __ATOMIC_RELAXED);
}

static int map(const void *op, void *scratch, const struct fl_view *in, struct fl_part *part,
	       struct fl_error *reterr)
{
	struct counter *c = scratch;

	(void)in;
	(void)part;
	(void)reterr;
	cr_assert_eq((const void *)c, op);
	__atomic_add_fetch(&c->mapped, 1, __ATOMIC_RELAXED);
	return FL_MAP_FULL;
}

static int fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	struct counter *c = op;

	(void)part;
	(void)reterr;
	c->folded++;
	return FL_FOLD_STOP;
}

static int finish(void *op, struct fl_error *reterr)
{
	struct counter *c = op;

	(void)reterr;
	c->finished++;
	return -EIO;
}

static const struct fl_operator counting = {.size = sizeof(counting),
					    .name = "counting",
					    .cut = FL_CUT_UNIT,
					    .unit_bytes = 4096,
					    .flags = FL_OP_KEEP_VIEW,
					    .start = start,
					    .worker_init = worker_init,
					    .worker_done = worker_done,
					    .map = map,
					    .fold = fold,
					    .finish = finish};

static uint64_t noted(const struct fl_probe *p)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < FL_HISTOGRAM_BUCKETS; i++)
		n += p->latency.count[i];
	return n;
}

Test(probe, what_the_inner_operator_answers_is_the_answer)
{
	static struct fl_probe p;
	struct counter c = {0};
	struct fl_part part = {.end = PART};
	void *scratch = NULL;

	fl_probe_init(&p, &counting, &c, PARTS * PART);
	cr_assert(p.ops.cut == FL_CUT_UNIT && p.ops.unit_bytes == 4096 &&
		  p.ops.flags == FL_OP_KEEP_VIEW);
	cr_assert_eq(p.ops.start(&p, NULL, NULL), 0);
	cr_assert_eq(p.ops.worker_init(&p, &scratch, NULL), 0);
	cr_assert_eq(p.ops.map(&p, scratch, NULL, &part, NULL), FL_MAP_FULL);
	cr_assert_eq(p.ops.fold(&p, &part, NULL), FL_FOLD_STOP);
	p.ops.worker_done(&p, scratch);
	cr_assert_eq(p.ops.finish(&p, NULL), -EIO);
	cr_assert(c.started == 1 && c.inited == 1 && c.mapped == 1 && c.folded == 1 &&
		  c.done == 1 && c.finished == 1);
	c.refuses = 1;
	scratch = NULL;
	cr_assert_eq(p.ops.worker_init(&p, &scratch, NULL), -ENOMEM);
	cr_assert_null(scratch);
}

Test(probe, a_step_is_noted_when_all_before_it_is_folded)
{
	static struct fl_probe p;
	struct counter c = {0};
	struct fl_part part = {.end = 0};

	fl_probe_init(&p, &counting, &c, PARTS * PART);
	cr_assert_eq(p.ops.start(&p, NULL, NULL), 0);
	part.end = PART - 1;
	p.ops.fold(&p, &part, NULL);
	cr_assert_eq(p.steps, 0u);
	part.end = PART;
	p.ops.fold(&p, &part, NULL);
	cr_assert_eq(p.steps, 1u);
	/* A part of several steps ends them all. */
	part.end = 10 * PART + 5;
	p.ops.fold(&p, &part, NULL);
	cr_assert_eq(p.steps, 10u);
	p.ops.finish(&p, NULL);
	cr_assert_eq(p.steps, (unsigned)FL_BENCH_STEPS);
	for (unsigned i = 1; i < FL_BENCH_STEPS; i++)
		cr_assert(p.step_ns[i] >= p.step_ns[i - 1]);
	cr_assert(p.rss_anon_bytes > 0 && p.page_table_bytes > 0);
	/* Another run begins at the beginning. */
	cr_assert_eq(p.ops.start(&p, NULL, NULL), 0);
	cr_assert_eq(p.steps, 0u);
}

Test(probe, fewer_bytes_than_steps)
{
	static struct fl_probe p;
	struct counter c = {0};
	struct fl_part part = {.end = 7};

	fl_probe_init(&p, &counting, &c, 7);
	cr_assert_eq(p.ops.start(&p, NULL, NULL), 0);
	p.ops.fold(&p, &part, NULL);
	p.ops.finish(&p, NULL);
	cr_assert_eq(p.steps, (unsigned)FL_BENCH_STEPS);
}

/* An operator may have none of the functions that may be NULL. */
Test(probe, what_the_inner_operator_lacks_is_not_called)
{
	static struct fl_probe p;
	struct fl_operator bare = counting;
	struct counter c = {0};
	void *scratch = NULL;

	bare.start = NULL;
	bare.worker_init = NULL;
	bare.worker_done = NULL;
	bare.finish = NULL;
	fl_probe_init(&p, &bare, &c, PART);
	cr_assert_eq(p.ops.start(&p, NULL, NULL), 0);
	cr_assert_eq(p.ops.worker_init(&p, &scratch, NULL), 0);
	p.ops.worker_done(&p, scratch);
	cr_assert_eq(p.ops.finish(&p, NULL), 0);
}

static void *thread(void *arg)
{
	struct fl_probe *p = arg;
	struct fl_part part = {.end = 0};
	void *scratch = NULL;

	cr_assert_eq(p->ops.worker_init(p, &scratch, NULL), 0);
	for (unsigned i = 0; i < 100; i++)
		p->ops.map(p, scratch, NULL, &part, NULL);
	p->ops.worker_done(p, scratch);
	return NULL;
}

Test(probe, every_map_of_every_thread_is_in_the_histogram)
{
	static struct fl_probe p;
	struct counter c = {0};
	pthread_t threads[4];

	fl_probe_init(&p, &counting, &c, PART);
	for (unsigned i = 0; i < 4; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, thread, &p), 0);
	for (unsigned i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	cr_assert_eq(noted(&p), 400u);
	cr_assert_eq(c.mapped, 400u);
	cr_assert_eq(c.done, 4u);
}
