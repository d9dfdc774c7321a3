/* SPDX-License-Identifier: MIT */
#include "engine/chain.h"

#include <errno.h>

#include "base/error.h"
#include "base/size.h"
#include "engine/exec.h"
#include "engine/stages.h"
#include "plat/thread.h"
#include "window/stream_impl.h"

/* What a pipeline must have (fl_pipeline_new()). */
#define SEGMENT_MEMORY_MIN FL_MIB(4)

/* What a thread takes that no plan counts: of stack and arena 130 KiB (PCRE2's JIT code alone uses 32 of
 * stack), an edit's lists of changes. At most a quarter of a segment's memory goes that way. */
#define THREAD_BYTES FL_KIB(320)
#define THREADS_PART 4

/**
 * struct link - one segment's run
 * @first:   the pipeline
 * @in:      stream that it reads; NULL for the first
 * @started: @thread is to be joined
 */
struct link {
	struct fl_pipeline *first;
	struct fl_pipeline *pl;
	struct fl_source *src;
	struct fl_stream *in;
	int result;
	struct fl_error error;
	pthread_t thread;
	bool started;
};

/* The user's own wish is not overwritten, and not taken back. */
static void cancel_all(struct fl_pipeline *pl)
{
	int none;

	for (; pl; pl = pl->next) {
		none = FL_CANCEL_NONE;
		atomic_compare_exchange_strong(&pl->cancel, &none, FL_CANCEL_SEGMENT);
	}
}

static void forget_cancel(struct fl_pipeline *pl)
{
	int segment;

	for (; pl; pl = pl->next) {
		segment = FL_CANCEL_SEGMENT;
		atomic_compare_exchange_strong(&pl->cancel, &segment, FL_CANCEL_NONE);
	}
}

/* The reader is told of the end only now that the run has been checked: it ends as this one did. */
static void *run_link(void *arg)
{
	struct link *l = arg;

	l->result = fl_exec_run(l->pl, l->src, &l->error);
	if (l->in)
		fl_stream_close(l->in);
	if (l->result < 0)
		cancel_all(l->first);
	if (l->pl->stream)
		fl_stream_end(l->pl->stream, l->result);
	return NULL;
}

static unsigned prepare(struct fl_pipeline *first, struct fl_source *src, struct link *links)
{
	struct fl_pipeline *pl;
	unsigned n = 0;

	for (pl = first; pl; pl = pl->next, n++) {
		links[n] = (struct link){.first = first, .pl = pl, .src = src};
		fl_stages_blame(pl, FL_OPERATOR_NONE, FL_OFF_NONE);
		if (n > 0) {
			links[n].in = links[n - 1].pl->stream;
			links[n].src = fl_stream_source(links[n].in);
		}
	}
	return n;
}

/* Many segments at once keep all processors busy with fewer threads each. */
static void fit_segment(struct fl_options *opt, unsigned threads, uint64_t memory_bytes)
{
	uint64_t most = memory_bytes / THREADS_PART / THREAD_BYTES;
	unsigned count = threads ? threads : fl_cpu_count();

	opt->threads = count > most ? (unsigned)most : threads;
	memory_bytes -= fl_min_u64(count, most) * THREAD_BYTES;
	opt->max_memory_bytes = fl_max_u64(memory_bytes, SEGMENT_MEMORY_MIN);
}

/* What the streams hold is part of it. */
static int share_memory(struct link *links, unsigned n, uint64_t total_bytes, unsigned threads)
{
	size_t stream_bytes = fl_stream_fit(total_bytes / n);
	uint64_t streams = (uint64_t)stream_bytes * (n - 1);
	uint64_t rest = total_bytes > streams ? total_bytes - streams : 0;
	unsigned i;
	int r = 0;

	for (i = 0; r == 0 && i < n; i++) {
		fit_segment(&links[i].pl->opt, threads, fl_max_u64(rest / n, SEGMENT_MEMORY_MIN));
		if (i > 0)
			r = fl_stream_reopen(links[i].in, stream_bytes);
	}
	return r;
}

/* A segment that was cancelled, or lost its source, is a consequence: upstream errors are causes. */
static int first_error(struct fl_pipeline *pl, const struct link *links, unsigned n,
		       struct fl_error *reterr)
{
	const struct link *worst = NULL;
	unsigned i;

	for (i = 0; i < n; i++) {
		if (links[i].result == 0)
			continue;
		if (!worst || (worst->result == -FL_ECANCELED && links[i].result != -FL_ECANCELED))
			worst = &links[i];
	}
	if (!worst)
		return 0;
	if (reterr)
		*reterr = worst->error;
	pl->failure = worst->pl->failure;
	pl->failure.segment = (unsigned)(worst - links);
	return worst->result;
}

static int start_links(struct link *links, unsigned n)
{
	unsigned i;
	int r = 0;

	for (i = 1; r == 0 && i < n; i++) {
		r = fl_thread_start(&links[i].thread, run_link, &links[i], "fl-segment");
		links[i].started = r == 0;
	}
	return r;
}

int fl_chain_run(struct fl_pipeline *pl, struct fl_source *src, struct fl_error *reterr)
{
	struct link links[FL_SEGMENTS_MAX];
	uint64_t memory = pl->opt.max_memory_bytes;
	unsigned i, n = prepare(pl, src, links), threads = pl->opt.threads;
	int r = share_memory(links, n, memory, threads);

	if (r == 0)
		r = start_links(links, n);
	if (r == 0)
		run_link(&links[0]);
	else
		for (i = 0; i + 1 < n; i++)
			fl_stream_end(links[i].pl->stream, -FL_ECANCELED);
	for (i = 1; i < n; i++)
		if (links[i].started)
			pthread_join(links[i].thread, NULL);
	forget_cancel(pl);
	pl->opt.max_memory_bytes = memory;
	pl->opt.threads = threads;
	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, NULL)
		     : first_error(pl, links, n, reterr);
}
