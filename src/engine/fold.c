/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "base/error.h"
#include "engine/exec.h"
#include "engine/shard_impl.h"
#include "engine/stages.h"

/* Reading /proc/self/status takes 20 us; every 10 ms is 0.2 % of one thread. */
#define RSS_PERIOD_NS UINT64_C(10000000)

int fl_exec_fold_here(struct fl_exec *x, unsigned k, struct fl_part *part, struct fl_error *err)
{
	struct fl_stage *st = &x->pl->stages[k];
	uint64_t start;
	int r;

	if (atomic_load_explicit(&st->stopped, memory_order_relaxed))
		return 0;
	start = fl_clock_ns();
	if (x->pl->shard.count > 0)
		r = fl_shard_put(x->pl, k, part, err);
	else
		r = st->ops->fold(st->op, part, err);
	atomic_fetch_add_explicit(&st->ns, fl_clock_ns() - start, memory_order_relaxed);
	st->failed = r < 0;
	if (st->failed && x->pl->shard.count == 0)
		fl_stages_blame(x->pl, k, part->off);
	if (r < 0 || r == FL_FOLD_STOP)
		atomic_store_explicit(&st->stopped, true, memory_order_relaxed);
	return r < 0 ? r : 0;
}

int fl_exec_fold_part(struct fl_exec *x, unsigned k, struct fl_part *part, struct fl_error *err)
{
	struct fl_stage *st = &x->pl->stages[k];
	int r;

	if (!x->remote)
		return fl_exec_fold_here(x, k, part, err);
	if (atomic_load_explicit(&st->stopped, memory_order_relaxed))
		return 0;
	r = x->remote->part(x->remote->arg, k, part);
	if (r == FL_FOLD_STOP)
		atomic_store_explicit(&st->stopped, true, memory_order_relaxed);
	return r < 0 ? fl_error_set(err, r, FL_OFF_NONE, NULL) : 0;
}

void fl_exec_sample_rss(struct fl_exec *x, uint64_t now)
{
	struct fl_rss rss;

	x->rss_ns = now;
	fl_rss_now(&rss);
	if (rss.anon_bytes > x->peak.anon_bytes)
		x->peak.anon_bytes = rss.anon_bytes;
	if (rss.file_bytes > x->peak.file_bytes)
		x->peak.file_bytes = rss.file_bytes;
}

static void tell_progress(struct fl_exec *x, uint64_t now)
{
	const struct fl_options *opt = &x->pl->opt;
	struct fl_progress p = {.size = sizeof(p),
				.name = x->src->name,
				.bytes = x->folded,
				.total = x->plan.to == FL_SIZE_UNKNOWN ? FL_SIZE_UNKNOWN
								       : x->plan.to - x->plan.from,
				.ns = now - x->start_ns};

	if (!opt->progress || now - x->progress_ns < opt->progress_interval_ns)
		return;
	x->progress_ns = now;
	opt->progress(opt->progress_arg, &p);
}

/* Of a chunk that failed, only what its operator wants to keep. */
static bool is_wanted(const struct fl_exec *x, const struct fl_slot *slot, unsigned k)
{
	if (slot->parts[k].end == 0)
		return false;
	return slot->result == 0 ||
	       (slot->sound && (x->pl->stages[k].ops->flags & FL_OP_UNTIL_ERROR));
}

static int fold_parts(struct fl_exec *x, struct fl_slot *slot, struct fl_error *err)
{
	unsigned k;
	int r = 0;

	for (k = 0; r == 0 && k < x->pl->stage_count; k++)
		if (is_wanted(x, slot, k))
			r = fl_exec_fold_part(x, k, &slot->parts[k], err);
	return r;
}

static void done_with(struct fl_exec *x, uint64_t end)
{
	uint64_t from = x->plan.from + x->folded;
	uint64_t now = fl_clock_ns();

	x->folded = end - x->plan.from;
	if (x->readahead)
		fl_readahead_consumed(x->readahead, end);
	if (x->coldset)
		fl_coldset_drop(x->coldset, from, end);
	if (now - x->rss_ns > RSS_PERIOD_NS)
		fl_exec_sample_rss(x, now);
	tell_progress(x, now);
}

int fl_exec_fold_end(struct fl_exec *x, const struct fl_slot *slot)
{
	if (slot->result < 0) {
		x->error = slot->error;
		fl_stages_blame(x->pl, slot->failed_op, slot->failed_off);
		x->result = slot->result;
		return x->result;
	}
	done_with(x, slot->end);
	x->early = fl_stages_stopped(x->pl);
	if (atomic_load_explicit(&x->pl->cancel, memory_order_relaxed)) {
		x->result = fl_error_set(&x->error, -FL_ECANCELED, FL_OFF_NONE, NULL);
		return x->result;
	}
	return x->early;
}

/* In a worker: whoever folds is in another process, or on another thread. */
static int hand_on(struct fl_exec *x, struct fl_slot *slot)
{
	struct fl_error err;
	int r = fold_parts(x, slot, &err), sent;

	if (r == 0 && slot->result < 0) {
		r = slot->result;
		err = slot->error;
	}
	sent = x->remote->end(x->remote->arg, slot, r, &err);
	return r < 0 ? r : sent < 0 ? sent : fl_stages_stopped(x->pl);
}

int fl_exec_fold(void *arg, struct fl_slot *slot)
{
	struct fl_exec *x = arg;
	int r;

	if (x->remote)
		return hand_on(x, slot);
	r = fold_parts(x, slot, &x->error);
	if (r < 0) {
		x->result = r;
		return r;
	}
	return fl_exec_fold_end(x, slot);
}
