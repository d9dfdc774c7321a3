/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "engine/exec.h"
#include "plat/file.h"

/* A run without workers: slots are handed to the fold as the ring would. */
struct scene {
	struct fl_pipeline pl;
	struct fl_source src;
	struct fl_exec x;
	struct fl_part parts[2];
	struct fl_slot slot;
	unsigned folds[2];
	int answer[2];
	uint64_t told[64];
	unsigned tells;
};

static int fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	int **pair = op;

	(void)part;
	(*pair[0])++;
	if (*pair[1] < 0 && reterr)
		reterr->off = 77;
	return *pair[1];
}

static int finish(void *op, struct fl_error *reterr)
{
	(void)op;
	(void)reterr;
	return 0;
}

static struct fl_operator ops = {
	.size = sizeof(ops), .name = "fold", .fold = fold, .finish = finish};

static void on_progress(void *arg, const struct fl_progress *p)
{
	struct scene *s = arg;

	cr_assert(p->size == sizeof(*p) && strcmp(p->name, "file") == 0 && p->total == 1000);
	s->told[s->tells++ % 64] = p->bytes;
}

static int *pairs[2][2];
static char name[] = "file";

static struct scene *set_scene(uint64_t begin)
{
	struct scene *s = aligned_alloc(
		FL_CACHE_LINE_BYTES, (sizeof(*s) / FL_CACHE_LINE_BYTES + 1) * FL_CACHE_LINE_BYTES);

	memset(s, 0, sizeof(*s));
	for (unsigned k = 0; k < 2; k++) {
		pairs[k][0] = (int *)&s->folds[k];
		pairs[k][1] = &s->answer[k];
		s->pl.stages[k].ops = &ops;
		s->pl.stages[k].op = pairs[k];
		s->parts[k].end = 1;
	}
	s->pl.stage_count = 2;
	s->src.name = name;
	s->x.pl = &s->pl;
	s->x.src = &s->src;
	s->x.plan.begin = s->x.plan.from = begin;
	s->x.plan.end = s->x.plan.to = begin + 1000;
	s->x.start_ns = fl_clock_ns();
	s->slot.parts = s->parts;
	return s;
}

static int fold_to(struct scene *s, uint64_t end)
{
	s->slot.end = end;
	return fl_exec_fold(&s->x, &s->slot);
}

Test(fold, every_operator_that_has_something)
{
	struct scene *s = set_scene(0);

	cr_assert_eq(fold_to(s, 100), 0);
	cr_assert(s->folds[0] == 1 && s->folds[1] == 1 && s->x.folded == 100);
	/* A part that nothing was mapped into is not folded. */
	s->parts[0].end = 0;
	cr_assert_eq(fold_to(s, 200), 0);
	cr_assert(s->folds[0] == 1 && s->folds[1] == 2 && s->x.folded == 200);
	free(s);
}

Test(fold, stops_when_all_have_had_enough)
{
	struct scene *s = set_scene(0);

	s->answer[0] = FL_FOLD_STOP;
	cr_assert_eq(fold_to(s, 1), 0);
	cr_assert(!s->x.early);
	cr_assert_eq(fold_to(s, 2), 0);
	cr_assert(s->folds[0] == 1 && s->folds[1] == 2);
	s->answer[1] = FL_FOLD_STOP;
	cr_assert(fold_to(s, 3) != 0);
	cr_assert(s->x.early && s->x.result == 0);
	free(s);
}

Test(fold, the_first_error_is_the_runs)
{
	struct scene *s = set_scene(0);

	s->answer[0] = -EDOM;
	s->slot.result = -EIO;
	s->slot.sound = true;
	s->slot.error = (struct fl_error){.code = -EIO, .off = 5};
	/* Nothing of a chunk that failed, unless its operator wants it. */
	cr_assert_eq(fold_to(s, 100), -EIO);
	cr_assert(s->folds[0] == 0 && s->x.result == -EIO && s->x.error.off == 5);
	cr_assert_eq(s->x.folded, 0);
	ops.flags = FL_OP_UNTIL_ERROR;
	s->slot.sound = false;
	cr_assert_eq(fold_to(s, 100), -EIO);
	cr_assert_eq(s->folds[0], 0, "what cannot be trusted is not shown");
	s->slot.sound = true;
	cr_assert_eq(fold_to(s, 100), -EDOM);
	cr_assert(s->folds[0] == 1 && s->folds[1] == 0 && s->x.error.off == 77);
	cr_assert(s->pl.stages[0].failed && !s->pl.stages[1].failed);
	free(s);
}

Test(fold, cancelling_ends_the_run_between_chunks)
{
	struct scene *s = set_scene(0);

	atomic_store(&s->pl.cancel, 1);
	cr_assert_eq(fold_to(s, 100), -FL_ECANCELED);
	cr_assert(s->folds[0] == 1 && s->x.result == -FL_ECANCELED);
	free(s);
}

Test(fold, progress_counts_from_the_ranges_beginning)
{
	struct scene *s = set_scene(5000);

	s->pl.opt.progress = on_progress;
	s->pl.opt.progress_arg = s;
	for (uint64_t end = 5100; end <= 6000; end += 100)
		cr_assert_eq(fold_to(s, end), 0);
	cr_assert(s->tells == 10 && s->told[0] == 100 && s->told[9] == 1000);
	/* Not more often than was asked for */
	s->pl.opt.progress_interval_ns = UINT64_C(60000000000);
	for (uint64_t end = 5100; end <= 6000; end += 100)
		cr_assert_eq(fold_to(s, end), 0);
	cr_assert_eq(s->tells, 10);
	free(s);
}

Test(fold, memory_is_looked_at_now_and_then)
{
	struct scene *s = set_scene(0);

	s->x.rss_ns = fl_clock_ns() - UINT64_C(1000000000);
	cr_assert_eq(fold_to(s, 100), 0);
	cr_assert(s->x.peak.anon_bytes > 0 && s->x.peak.file_bytes > 0);
	s->x.peak = (struct fl_rss){0};
	s->x.rss_ns = fl_clock_ns() + UINT64_C(3600000000000);
	fl_exec_sample_rss(&s->x, s->x.rss_ns);
	cr_assert(s->x.peak.anon_bytes > 0);
	free(s);
}
