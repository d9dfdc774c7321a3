/* SPDX-License-Identifier: MIT */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <stdlib.h>

#include "base/error.h"
#include "engine/chain.h"
#include "engine/exec.h"
#include "engine/stages.h"

#define MAX_MEMORY_MIN (UINT64_C(4) << 20)

#define RUN_FLAGS (FL_RUN_COLD | FL_RUN_AT_RECORD | FL_RUN_OWN_STORES)
/* A window of 8 MiB shows so much in addition. */
#define AHEAD_MAX (8u << 20)

static const char *const io_names[] = {"auto", "mmap", "read", "direct", "uring"};
static const char *const advise_names[] = {"normal",   "sequential", "random",
					   "willneed", "populate",   "hugepage"};

const char *fl_io_name(enum fl_io io)
{
	return (unsigned)io < sizeof(io_names) / sizeof(*io_names) ? io_names[io] : NULL;
}

const char *fl_advise_name(enum fl_advise advise)
{
	return (unsigned)advise < sizeof(advise_names) / sizeof(*advise_names)
		       ? advise_names[advise]
		       : NULL;
}

void fl_options_init(struct fl_options *opt)
{
	*opt = (struct fl_options){.size = sizeof(*opt),
				   .max_memory_bytes = FL_MAX_MEMORY_DEFAULT,
				   .range_len = FL_SIZE_UNKNOWN,
				   .delimiter = '\n'};
}

static int check_options(const struct fl_options *opt, struct fl_error *reterr)
{
	if (opt->size != sizeof(*opt))
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE,
				    "options of another library version");
	if (!fl_io_name(opt->io) || !fl_advise_name(opt->advise) || (opt->flags & ~RUN_FLAGS))
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, "option value out of range");
	if (opt->max_memory_bytes < MAX_MEMORY_MIN)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE,
				    "at least 4 MiB of memory are needed");
	if (opt->window_bytes > SIZE_MAX / 8 || opt->chunk_bytes > SIZE_MAX / 8)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE,
				    "window or chunk size out of range");
	return 0;
}

int fl_pipeline_new(const struct fl_options *opt, struct fl_pipeline **ret, struct fl_error *reterr)
{
	struct fl_options defaults;
	struct fl_pipeline *pl;
	int r;

	fl_options_init(&defaults);
	if (!opt)
		opt = &defaults;
	r = check_options(opt, reterr);
	if (r < 0)
		return r;
	pl = calloc(1, sizeof(*pl));
	if (!pl || fl_pool_new(&pl->pool) < 0) {
		free(pl);
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	}
	pl->opt = *opt;
	fl_stages_blame(pl, FL_OPERATOR_NONE, FL_OFF_NONE);
	*ret = pl;
	return 0;
}

static struct fl_pipeline *last_segment(struct fl_pipeline *pl)
{
	while (pl->next)
		pl = pl->next;
	return pl;
}

int fl_pipeline_add(struct fl_pipeline *pl, const struct fl_operator *ops, void *op)
{
	struct fl_stage *st;

	if (!ops)
		return -EINVAL;
	if (pl->running)
		return -EBUSY;
	pl = last_segment(pl);
	st = &pl->stages[pl->stage_count];
	if (pl->stage_count == FL_OPERATORS_MAX || ops->size != sizeof(*ops) || !ops->map ||
	    !ops->fold)
		return -EINVAL;
	if (ops->ahead_bytes > AHEAD_MAX || (ops->ahead_bytes > 0 && ops->cut != FL_CUT_RECORD))
		return -EINVAL;
	if ((ops->cut == FL_CUT_UNIT && ops->unit_bytes == 0) || ops->unit_bytes > FL_UNIT_MAX)
		return -EINVAL;
	st->ops = ops;
	st->op = op;
	pl->stage_count++;
	return 0;
}

void fl_pipeline_set_range(struct fl_pipeline *pl, uint64_t off, uint64_t len, bool at_record)
{
	pl->opt.range_off = off;
	pl->opt.range_len = len;
	pl->opt.flags &= ~FL_RUN_AT_RECORD;
	if (at_record)
		pl->opt.flags |= FL_RUN_AT_RECORD;
}

/* What belongs to the source of the first segment. */
static void forget_source_options(struct fl_options *opt)
{
	opt->flags &= ~RUN_FLAGS;
	opt->range_off = 0;
	opt->range_len = FL_SIZE_UNKNOWN;
	opt->max_record_bytes = 0;
	opt->progress = NULL;
}

int fl_pipeline_then(struct fl_pipeline *pl, struct fl_stream **ret, struct fl_error *reterr)
{
	struct fl_pipeline *last = pl, *next;
	struct fl_options opt = pl->opt;
	unsigned n = 1;
	int r;

	if (pl->running)
		return fl_error_set(reterr, -EBUSY, FL_OFF_NONE, NULL);
	for (; last->next; last = last->next)
		n++;
	if (last->stage_count == 0 || n == FL_SEGMENTS_MAX)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE,
				    n > 1 ? "too many segments in a pipeline"
					  : "a segment without operators");
	forget_source_options(&opt);
	r = fl_pipeline_new(&opt, &next, reterr);
	if (r < 0)
		return r;
	r = fl_stream_new(0, "(pipeline)", &last->stream, reterr);
	if (r < 0) {
		fl_pipeline_free(next);
		return r;
	}
	last->next = next;
	*ret = last->stream;
	return 0;
}

void fl_pipeline_cancel(struct fl_pipeline *pl)
{
	for (; pl; pl = pl->next)
		atomic_store_explicit(&pl->cancel, FL_CANCEL_USER, memory_order_relaxed);
}

int fl_pipeline_segment_stats(const struct fl_pipeline *pl, unsigned segment, struct fl_stats *ret)
{
	for (; pl && segment > 0; segment--)
		pl = pl->next;
	if (!pl || ret->size != sizeof(*ret))
		return -EINVAL;
	*ret = pl->stats;
	ret->size = sizeof(*ret);
	return 0;
}

int fl_pipeline_stats(const struct fl_pipeline *pl, struct fl_stats *ret)
{
	return fl_pipeline_segment_stats(pl, 0, ret);
}

int fl_pipeline_operator_stats(const struct fl_pipeline *pl, unsigned segment, unsigned i,
			       struct fl_operator_stats *ret)
{
	const struct fl_stage *st;

	for (; pl && segment > 0; segment--)
		pl = pl->next;
	if (!pl || i >= pl->stage_count || ret->size != sizeof(*ret))
		return -EINVAL;
	st = &pl->stages[i];
	ret->ns = atomic_load_explicit(&st->ns, memory_order_relaxed);
	ret->ended_early = atomic_load_explicit(&st->stopped, memory_order_relaxed) && !st->failed;
	return 0;
}

int fl_pipeline_failure(const struct fl_pipeline *pl, struct fl_failure *ret)
{
	if (ret->size != sizeof(*ret))
		return -EINVAL;
	*ret = pl->failure;
	ret->size = sizeof(*ret);
	return 0;
}

void fl_pipeline_free(struct fl_pipeline *pl)
{
	struct fl_pipeline *next;

	for (; pl; pl = next) {
		next = pl->next;
		fl_stream_free(pl->stream);
		fl_pool_free(pl->pool);
		free(pl->small);
		free(pl);
	}
}

int fl_pipeline_run(struct fl_pipeline *pl, struct fl_source *src, struct fl_error *reterr)
{
	fl_stages_blame(pl, FL_OPERATOR_NONE, FL_OFF_NONE);
	if (pl->shard.count > 0 || (pl->crew && !pl->crew->leads))
		return fl_exec_run(pl, src, reterr);
	return pl->next ? fl_chain_run(pl, src, reterr) : fl_exec_run(pl, src, reterr);
}
