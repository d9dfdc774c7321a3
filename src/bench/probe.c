/* SPDX-License-Identifier: MIT */
#include "bench/probe.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "plat/counters.h"
#include "plat/usage.h"

/* A thread's own. */
struct scratch {
	void *inner;
	uint64_t last_ns;
	struct fl_histogram latency;
};

static int probe_start(void *op, const struct fl_run *run, struct fl_error *reterr)
{
	struct fl_probe *p = op;

	p->begin_ns = fl_clock_ns();
	p->steps = 0;
	return p->inner->start ? p->inner->start(p->inner_op, run, reterr) : 0;
}

static int probe_worker_init(const void *op, void **ret_scratch, struct fl_error *reterr)
{
	const struct fl_probe *p = op;
	struct scratch *s = calloc(1, sizeof(*s));
	int r = 0;

	if (!s)
		return -ENOMEM;
	if (p->inner->worker_init)
		r = p->inner->worker_init(p->inner_op, &s->inner, reterr);
	if (r < 0) {
		free(s);
		return r;
	}
	s->last_ns = fl_clock_ns();
	*ret_scratch = s;
	return 0;
}

static void probe_worker_done(const void *op, void *scratch)
{
	/* The histograms of the threads meet in the probe, which only this changes. */
	struct fl_probe *p = (struct fl_probe *)(uintptr_t)op;
	struct scratch *s = scratch;

	if (p->inner->worker_done && s->inner)
		p->inner->worker_done(p->inner_op, s->inner);
	while (atomic_flag_test_and_set(&p->merging))
		;
	fl_histogram_merge(&p->latency, &s->latency);
	atomic_flag_clear(&p->merging);
	free(s);
}

static int probe_map(const void *op, void *scratch, const struct fl_view *in, struct fl_part *part,
		     struct fl_error *reterr)
{
	const struct fl_probe *p = op;
	struct scratch *s = scratch;
	int r = p->inner->map(p->inner_op, s->inner, in, part, reterr);
	uint64_t now = fl_clock_ns();

	fl_histogram_add(&s->latency, now - s->last_ns);
	s->last_ns = now;
	return r;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* The engine looks every 10 ms; a short run would end between two looks. */
static void note_memory(struct fl_probe *p)
{
	struct fl_rss now;

	fl_rss_now(&now);
	p->rss_anon_bytes = larger(p->rss_anon_bytes, now.anon_bytes);
	p->rss_file_bytes = larger(p->rss_file_bytes, now.file_bytes);
	if (p->steps % (FL_BENCH_STEPS / 4) == 0)
		p->page_table_bytes = larger(p->page_table_bytes, fl_usage_page_tables());
}

static void note_progress(struct fl_probe *p, uint64_t done)
{
	while (p->steps < FL_BENCH_STEPS && done >= p->bytes / FL_BENCH_STEPS * (p->steps + 1)) {
		p->step_ns[p->steps++] = fl_clock_ns() - p->begin_ns;
		note_memory(p);
	}
}

static int probe_fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	struct fl_probe *p = op;
	int r = p->inner->fold(p->inner_op, part, reterr);

	note_progress(p, part->end);
	return r;
}

static int probe_finish(void *op, struct fl_error *reterr)
{
	struct fl_probe *p = op;

	note_progress(p, p->bytes);
	return p->inner->finish ? p->inner->finish(p->inner_op, reterr) : 0;
}

void fl_probe_init(struct fl_probe *p, const struct fl_operator *inner, void *inner_op,
		   uint64_t bytes)
{
	*p = (struct fl_probe){.ops = *inner,
			       .inner = inner,
			       .inner_op = inner_op,
			       .bytes = bytes,
			       .merging = ATOMIC_FLAG_INIT};
	p->ops.start = probe_start;
	p->ops.worker_init = probe_worker_init;
	p->ops.worker_done = probe_worker_done;
	p->ops.map = probe_map;
	p->ops.fold = probe_fold;
	p->ops.finish = probe_finish;
}
