/* SPDX-License-Identifier: MIT */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "engine/exec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/size.h"
#include "engine/shard_impl.h"
#include "engine/small.h"
#include "engine/stages.h"
#include "kern/kernels.h"
#include "plat/residency.h"
#include "plat/thread.h"

/* Beside groups: chunks of a stream end where a group begins and all units in sight are whole. */
#define GROUPS_UNIT_MAX (UINT64_C(1) << 16)

static uint64_t gcd(uint64_t a, uint64_t b)
{
	while (b != 0) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static uint64_t lcm(uint64_t a, uint64_t b)
{
	return a / gcd(a, b) * b;
}

/* Whoever looks ahead asks in a map for what was folded before, from the beginning on. */
static int check_ahead(const struct fl_exec *x, struct fl_error *reterr)
{
	const struct fl_options *opt = &x->pl->opt;

	if (x->needs.ahead_bytes == 0)
		return 0;
	if (x->needs.group_bytes > 0)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE,
				    "matches across lines are not looked for in groups of lines");
	if (opt->range_off != 0 || opt->range_len != FL_SIZE_UNKNOWN || x->pl->shard.count > 0 ||
	    x->pl->processes > 0)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE,
				    "matches across lines are not looked for in a part of a file, "
				    "nor by processes");
	return 0;
}

static int collect_needs(struct fl_exec *x, struct fl_error *reterr)
{
	struct fl_needs *n = &x->needs;
	unsigned k;

	*n = (struct fl_needs){.unit_bytes = 1,
			       .delimiter = x->pl->opt.delimiter,
			       .max_record_bytes = x->pl->opt.max_record_bytes,
			       .short_parts = true,
			       .at_record = x->pl->opt.flags & FL_RUN_AT_RECORD};
	for (k = 0; k < x->pl->stage_count; k++) {
		const struct fl_operator *ops = x->pl->stages[k].ops;

		n->keep_view |= ops->flags & FL_OP_KEEP_VIEW;
		n->plain_view |= !(ops->flags & FL_OP_KEEP_VIEW);
		n->short_parts &= !!(ops->flags & FL_OP_SHORT_PARTS);
		n->ahead_bytes = fl_max_size(n->ahead_bytes, ops->ahead_bytes);
		if (ops->cut == FL_CUT_RECORD) {
			n->records = true;
			if (ops->unit_bytes > 0)
				n->group_bytes = n->group_bytes > 0
							 ? lcm(n->group_bytes, ops->unit_bytes)
							 : ops->unit_bytes;
			continue;
		}
		n->units = true;
		n->unit_bytes = lcm(n->unit_bytes, ops->unit_bytes);
	}
	if (n->unit_bytes > FL_UNIT_MAX || n->group_bytes > FL_UNIT_MAX ||
	    (n->group_bytes > 0 && n->unit_bytes > GROUPS_UNIT_MAX))
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE,
				    "the operators' units do not go together");
	return check_ahead(x, reterr);
}

int fl_exec_start_operators(struct fl_exec *x, struct fl_error *reterr)
{
	struct fl_run run = {.size = sizeof(run),
			     .name = x->src->name,
			     .off = x->plan.begin,
			     .len = x->plan.end == FL_SIZE_UNKNOWN ? FL_SIZE_UNKNOWN
								   : x->plan.end - x->plan.begin,
			     .file_bytes = x->plan.size == FL_SIZE_UNKNOWN
						   ? FL_SIZE_UNKNOWN
						   : x->src->file.base_off + x->plan.size,
			     .delimiter = x->pl->opt.delimiter,
			     .threads = x->plan.threads};

	if (x->plan.size == FL_SIZE_UNKNOWN && x->plan.begin > 0 && x->needs.records)
		run.records_before = &x->src->records_before;
	return fl_stages_start(x->pl, &run, reterr);
}

/* io_uring, else direct, else read: "unavailable" is said, never a failure of the job. */
static int start_feeder(struct fl_exec *x, struct fl_error *reterr)
{
	enum fl_io io = x->choice.io;
	struct fl_error why;
	char before[sizeof(x->choice.reason)];
	int r;

	/* What is fed comes in order, from the range's first byte on. */
	if (x->pl->shard.count > 0 || x->crewed) {
		x->choice.io = FL_IO_READ;
		x->choice.fed = false;
		snprintf(x->choice.reason, sizeof(x->choice.reason), "a share of the file");
		return 0;
	}
	for (;;) {
		r = fl_feeder_new(x->src, &x->plan, &x->needs, io, &x->feeder, &why);
		if (r == 0) {
			x->choice.io = io;
			fl_feeder_attach(x->feeder, &x->pl->cancel, &x->env);
			return 0;
		}
		if (io == FL_IO_READ) {
			if (reterr)
				*reterr = why;
			return r;
		}
		memcpy(before, x->choice.reason, sizeof(before));
		snprintf(x->choice.reason, sizeof(x->choice.reason),
			 "%s unavailable (%.60s); %.60s", fl_io_name(io), why.text, before);
		if (io == FL_IO_DIRECT) {
			x->choice.io = FL_IO_READ;
			x->choice.fed = false;
			return 0;
		}
		io = FL_IO_DIRECT;
	}
}

/* What memory there is for read buffers (plan.c) is for decoded frames. */
#define FRAMES_SHARE(memory) ((memory) / 8 * 3)

/* Whoever reads in order, or waits in a map for what was folded, does so in one process. */
static bool is_for_crew(const struct fl_exec *x, unsigned frames)
{
	unsigned k;

	if (!fl_source_seekable(x->src) || x->src->decoder || frames || x->needs.keep_view ||
	    x->needs.ahead_bytes > 0 || x->plan.end == FL_SIZE_UNKNOWN || x->pl->shard.count > 0)
		return false;
	for (k = 0; k < x->pl->stage_count; k++)
		if (x->pl->stages[k].ops->flags & FL_OP_LIVE)
			return false;
	return true;
}

/* The leader decides on the chunks: eight for each thread of each process, as for threads. */
static void fit_to_crew(struct fl_exec *x, unsigned frames)
{
	const struct fl_crew *crew = x->pl->crew;
	struct fl_plan *p = &x->plan;
	uint64_t len = p->end - p->begin, share;

	x->crewed = is_for_crew(x, frames);
	if (!x->crewed)
		return;
	share = fl_round_up(len / (8 * (uint64_t)p->threads * crew->ranks) + 1, FL_SLICE_BYTES);
	if (crew->leads && x->pl->opt.chunk_bytes == 0)
		p->chunk_bytes = (size_t)fl_min_u64(p->chunk_bytes, share);
	if (!crew->leads)
		p->chunk_bytes = (size_t)crew->chunk_bytes;
	p->chunks = len / p->chunk_bytes + !!(len % p->chunk_bytes);
	x->crewed = p->chunks > 1 || !crew->leads;
}

static void make_plan(struct fl_exec *x, unsigned *ret_frames)
{
	struct fl_options opt = x->pl->opt;
	const struct fl_frames *frames = x->src->frames;
	unsigned cpus = opt.threads ? opt.threads : fl_cpu_count(), threads;
	uint64_t size = x->src->file.size_bytes;

	*ret_frames = 0;
	fl_plan_fit(&opt, &cpus, fl_address_space_left());
	threads = cpus;
	if (frames)
		*ret_frames = fl_framecache_slots(frames->most_bytes,
						  FRAMES_SHARE(opt.max_memory_bytes), &threads);
	if (frames && !*ret_frames)
		size = FL_SIZE_UNKNOWN;
	fl_plan_make(&opt, &x->needs, size, x->pl->stage_count, cpus, &x->plan);
	if (x->pl->crew)
		fit_to_crew(x, *ret_frames);
	if (x->pl->shard.count > 0)
		fl_plan_share(&x->plan, x->pl->shard.index, x->pl->shard.count);
	if (!*ret_frames)
		return;
	if (x->plan.threads > threads)
		x->plan.threads = threads;
	if (opt.chunk_bytes == 0)
		fl_plan_cut(&x->plan, &x->needs, frames->ends, frames->count);
}

static int choose_loader(struct fl_exec *x, unsigned frames)
{
	bool large = x->src->file.can_map && x->plan.to - x->plan.from > FL_WINDOW_BYTES;
	/* Not for a few chunks: it takes four faults. */
	bool asks = large && x->pl->opt.io == FL_IO_AUTO;

	if (!frames) {
		fl_auto_choose(&x->pl->opt, &x->src->file, &x->plan, asks ? fl_fault_ns() : 0,
			       &x->choice);
		/* The processes of a crew agreed on chunks before. */
		if (x->choice.adaptive && !x->crewed && large)
			fl_plan_widen(&x->plan, &x->pl->opt, &x->needs, fl_address_space_left(),
				      fl_memory_available());
		return 0;
	}
	x->choice = (struct fl_choice){.io = FL_IO_READ};
	snprintf(x->choice.reason, sizeof(x->choice.reason),
		 "compressed: frames are decoded side by side, %u are kept", frames);
	return fl_framecache_new(x->src, frames, &x->env.frames);
}

/* Everything a run needs beside its operators. */
static int set_up(struct fl_exec *x, struct fl_error *reterr)
{
	struct fl_pipeline *pl = x->pl;
	unsigned frames;
	int r;

	make_plan(x, &frames);
	r = choose_loader(x, frames);
	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	x->env.file = &x->src->file;
	x->env.size = x->plan.size;
	x->env.window_bytes = x->plan.window_bytes;
	x->env.slice_bytes = x->plan.slice_bytes;
	x->env.buffer_limit = x->plan.buffer_limit;
	x->env.advise = pl->opt.advise;
	x->env.own_stores = pl->opt.flags & FL_RUN_OWN_STORES;
#ifdef FL_TINY_WINDOWS
	x->env.tiny = true;
#endif
	if ((pl->opt.flags & FL_RUN_COLD) && fl_source_seekable(x->src) &&
	    !(x->choice.fed && !fl_resident_is_exact(x->src->file.fd)))
		(void)fl_coldset_new(&x->src->file, x->plan.size, &x->coldset);
	x->src->threads = x->plan.threads;
	x->src->decoding = 0;
	if (x->choice.fed) {
		r = start_feeder(x, reterr);
		if (r < 0)
			return r;
	}
	/* Each process of a crew would load all of the file. */
	if (x->crewed)
		x->choice.readahead = 0;
	if (x->choice.readahead &&
	    fl_readahead_new(&x->src->file, &x->plan, x->choice.readahead, &x->readahead) < 0)
		x->choice.readahead = 0;
	fl_auto_init(&x->adapt, &x->choice, x->plan.window_bytes / x->plan.threads);
	x->ring.fold = fl_exec_fold;
	x->ring.arg = x;
	return 0;
}

/* A file that is shorter now, or another one under its name: what was read is not what is there. */
int fl_exec_check_source(struct fl_source *src, struct fl_error *reterr)
{
	const struct fl_file *file = fl_source_raw_file(src);
	struct fl_file_state now;
	uint64_t seen;

	if (file->kind != FL_SOURCE_REGULAR && file->kind != FL_SOURCE_BLOCK)
		return 0;
	if (fl_file_state(file, &now) == 0 && now.size_bytes < file->base_off + file->size_bytes) {
		seen = now.size_bytes > file->base_off ? now.size_bytes - file->base_off : 0;
		return fl_error_set(reterr, -FL_ETRUNCATED, seen, NULL);
	}
	if (fl_file_replaced(file))
		return fl_error_set(reterr, -FL_ECHANGED, FL_OFF_NONE, NULL);
	return 0;
}

/* How many decoded turns out only when the first piece has been cut. */
static void say_decoded(unsigned threads, struct fl_stats *s)
{
	if (threads > 1)
		snprintf(s->io_reason, sizeof(s->io_reason),
			 "compressed: a stream is read in order, %u threads decode pieces of it",
			 threads);
	else
		snprintf(s->io_reason, sizeof(s->io_reason),
			 "compressed: a stream is read in order, one thread decodes it");
}

static void fill_stats(struct fl_exec *x, unsigned threads, const struct fl_faults *before)
{
	struct fl_stats *s = &x->pl->stats;
	struct fl_faults now;

	fl_exec_sample_rss(x, fl_clock_ns());
	fl_faults_process(&now);
	*s = (struct fl_stats){.size = sizeof(*s),
			       .bytes = x->folded,
			       .ns = fl_clock_ns() - x->start_ns,
			       .windows = atomic_load(&x->env.windows),
			       .minor_faults = now.minor - before->minor + x->remote_faults.minor,
			       .major_faults = now.major - before->major + x->remote_faults.major,
			       .copied_bytes = atomic_load(&x->env.copied),
			       .threads = threads,
			       .loader_threads = x->choice.readahead,
			       .kernels = fl_kernels_get()->name,
			       .peak_rss_anon_bytes = x->peak.anon_bytes,
			       .peak_rss_file_bytes = x->peak.file_bytes,
			       .window_bytes = x->plan.window_bytes,
			       .chunk_bytes = x->plan.chunk_bytes};
	s->io_used = fl_auto_explain(&x->adapt, &x->choice, s->io_reason, sizeof(s->io_reason));
	if (x->src->decoder && !x->env.frames)
		say_decoded(x->src->decoding, s);
	if (x->readahead)
		s->copied_bytes += fl_readahead_loaded(x->readahead);
}

/* Are the chunks of this run mapped by worker processes? */
static bool is_spread(const struct fl_exec *x)
{
	return x->pl->spread && fl_source_seekable(x->src) && !x->needs.keep_view && !x->feeder &&
	       x->plan.chunks > 1 && x->plan.end != FL_SIZE_UNKNOWN && !x->pl->stream;
}

static int run_spread(struct fl_exec *x, const struct fl_faults *before, struct fl_error *reterr)
{
	int r = x->pl->spread(x, x->plan.threads);

	if (x->readahead)
		fl_readahead_stop(x->readahead);
	fill_stats(x, x->plan.threads, before);
	if (r < 0 && reterr)
		*reterr = x->error;
	return r;
}

static int run_crewed(struct fl_exec *x, const struct fl_faults *before, struct fl_error *reterr)
{
	int r = x->pl->crew->run(x->pl->crew, x);

	fill_stats(x, x->plan.threads, before);
	fl_ring_done(&x->ring);
	if (r < 0 && reterr)
		*reterr = x->error;
	return r;
}

static void say_by_threads(struct fl_exec *x)
{
	size_t len = strlen(x->choice.reason);

	snprintf(x->choice.reason + len, sizeof(x->choice.reason) - len, ", by threads");
}

static int run_workers(struct fl_exec *x, struct fl_error *reterr)
{
	struct fl_faults before;
	unsigned threads;
	int r = fl_ring_init(&x->ring, x->plan.depth, x->pl->stage_count, x->plan.part_limit);

	x->ring.fold = fl_exec_fold;
	x->ring.arg = x;
	fl_faults_process(&before);
	fl_seats_init(&x->seats, x->plan.threads);
	if (r == 0 && x->crewed)
		return run_crewed(x, &before, reterr);
	if (x->pl->spread && !is_spread(x))
		say_by_threads(x);
	if (r == 0 && is_spread(x)) {
		r = run_spread(x, &before, reterr);
	} else if (r == 0) {
		threads = fl_pool_run(x->pl->pool, x->plan.threads, fl_exec_worker, x);
		if (x->readahead)
			fl_readahead_stop(x->readahead);
		fill_stats(x, threads, &before);
		r = x->result;
		if (r < 0 && reterr)
			*reterr = x->error;
		if (r == 0 && x->init_result < 0) {
			r = x->init_result;
			fl_stages_blame(x->pl, x->init_op, x->plan.from);
			if (reterr)
				*reterr = x->init_error;
		}
	}
	fl_ring_done(&x->ring);
	return r;
}

/* A follower works on what the leader sees: the file may have grown since. */
static int follow(struct fl_exec *x, struct fl_error *reterr)
{
	const struct fl_crew *crew = x->pl->crew;
	struct fl_file *file = &x->src->file;

	if (!fl_source_seekable(x->src))
		return fl_error_set(reterr, -FL_ECHANGED, FL_OFF_NONE,
				    "is not the file that rank 0 has opened");
	if (file->size_bytes < crew->size_bytes)
		return fl_error_set(reterr, -FL_ETRUNCATED, file->size_bytes, NULL);
	file->size_bytes = crew->size_bytes;
	return 0;
}

static bool is_follower(const struct fl_pipeline *pl)
{
	return pl->crew && !pl->crew->leads;
}

/* The operators' last word, where their folds were. */
static int finish(struct fl_exec *x, int r, struct fl_error *reterr)
{
	struct fl_pipeline *pl = x->pl;

	if (is_follower(pl))
		return r;
	if (pl->shard.count > 0)
		return r == 0 ? fl_shard_end(pl, reterr) : r;
	if (r == 0)
		return fl_stages_finish(pl, x->plan.from + x->folded, reterr);
	fl_stages_abandon(pl);
	return r;
}

static void tear_down(struct fl_exec *x)
{
	fl_readahead_free(x->readahead);
	fl_feeder_free(x->feeder);
	fl_framecache_free(x->env.frames);
	if (x->coldset)
		fl_coldset_drop(x->coldset, 0, x->plan.size);
	fl_coldset_free(x->coldset);
	fl_auto_done(&x->adapt);
}

static int run(struct fl_pipeline *pl, struct fl_source *src, struct fl_error *reterr)
{
	struct fl_exec *x;
	int r;

	if (pl->running || pl->stage_count == 0)
		return fl_error_set(reterr, pl->running ? -EBUSY : -EINVAL, FL_OFF_NONE, NULL);
	if (pl->replay)
		return fl_shard_replay(pl, reterr);
	if (pl->shard.count == 0 && !is_follower(pl) && fl_small_applies(pl, src)) {
		r = fl_small_run(pl, src, reterr);
		if (r <= 0)
			return r;
	}
	x = aligned_alloc(FL_CACHE_LINE_BYTES, fl_round_up(sizeof(*x), FL_CACHE_LINE_BYTES));
	if (!x)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	memset(x, 0, sizeof(*x));
	x->pl = pl;
	x->src = src;
	x->start_ns = x->progress_ns = fl_clock_ns();
	pl->running = true;
	pl->started = 0;
	r = collect_needs(x, reterr);
	if (r == 0 && pl->shard.count > 0)
		r = fl_shard_check(x, reterr);
	if (r == 0 && is_follower(pl))
		r = follow(x, reterr);
	if (r == 0)
		r = set_up(x, reterr);
	if (r == 0 && is_follower(pl) && !x->crewed)
		r = fl_error_set(reterr, -FL_ECHANGED, FL_OFF_NONE,
				 "is not the file that rank 0 has opened");
	if (r == 0)
		r = fl_exec_start_operators(x, reterr);
	if (r == 0 && pl->shard.count > 0)
		r = fl_shard_begin(x, reterr);
	if (r == 0)
		r = run_workers(x, reterr);
	tear_down(x);
	if (r == 0 && atomic_load_explicit(&pl->cancel, memory_order_relaxed) && !x->early)
		r = fl_error_set(reterr, -FL_ECANCELED, FL_OFF_NONE, NULL);
	if (r == 0 && !x->early && !is_follower(pl))
		r = fl_exec_check_source(src, reterr);
	r = finish(x, r, reterr);
	pl->running = false;
	free(x);
	return r;
}

int fl_exec_run(struct fl_pipeline *pl, struct fl_source *src, struct fl_error *reterr)
{
	struct fl_error err = {0};
	int r = run(pl, src, &err);

	/* An operator may return an error and say nothing of it. */
	if (r < 0 && err.code != r)
		(void)fl_error_set(&err, r, FL_OFF_NONE, NULL);
	if (r < 0 && err.off != FL_OFF_NONE)
		pl->failure.off = err.off;
	if (r < 0 && reterr)
		*reterr = err;
	return r;
}
