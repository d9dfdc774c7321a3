/* SPDX-License-Identifier: MIT */
#include "engine/beside.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include <faultline/operator.h>
#include <faultline/stream.h>

#include "base/error.h"
#include "base/size.h"
#include "engine/exec.h"
#include "plat/thread.h"
#include "window/stream_impl.h"

/** struct fl_beside - @failed: it ended with an error */
struct fl_beside {
	struct fl_pipeline *pl;
	struct fl_stream *stream;
	pthread_t thread;
	_Atomic bool failed;
	int result;
	struct fl_error error;
};

/* What the stream holds is part of the memory that the pipeline was given. */
static void *run(void *arg)
{
	struct fl_beside *b = arg;
	uint64_t memory = b->pl->opt.max_memory_bytes;

	b->pl->opt.max_memory_bytes = fl_max_u64(memory - fl_stream_fit(memory), FL_MIB(4));
	b->result = fl_pipeline_run(b->pl, fl_stream_source(b->stream), &b->error);
	b->pl->opt.max_memory_bytes = memory;
	atomic_store(&b->failed, b->result < 0);
	fl_stream_close(b->stream);
	return NULL;
}

static void discard(struct fl_beside *b)
{
	fl_stream_free(b->stream);
	free(b);
}

int fl_beside_begin(struct fl_pipeline *pl, const char *name, struct fl_beside **ret,
		    struct fl_error *reterr)
{
	struct fl_beside *b = calloc(1, sizeof(*b));
	int r;

	if (!b)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	b->pl = pl;
	pl->opt.progress = NULL;
	r = fl_stream_new(fl_stream_fit(pl->opt.max_memory_bytes), name, &b->stream, reterr);
	if (r == 0) {
		r = fl_thread_start(&b->thread, run, b, "fl-beside");
		if (r < 0)
			fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	}
	if (r < 0)
		discard(b);
	else
		*ret = b;
	return r;
}

int fl_beside_write(struct fl_beside *b, const void *data, size_t len)
{
	int r = fl_stream_write(b->stream, data, len);

	return r == FL_FOLD_STOP && atomic_load(&b->failed) ? -FL_ECANCELED : r;
}

int fl_beside_end(struct fl_beside *b, int result, struct fl_error *reterr)
{
	bool was_first = atomic_load(&b->failed);

	fl_stream_end(b->stream, result);
	pthread_join(b->thread, NULL);
	/* Whoever stores now has use for the memory. */
	for (struct fl_pipeline *pl = b->pl; pl; pl = pl->next)
		if (pl->stream)
			fl_stream_rest(pl->stream);
	if (b->result < 0 && (result == 0 || (result == -FL_ECANCELED && was_first))) {
		result = b->result;
		if (reterr)
			*reterr = b->error;
	}
	discard(b);
	return result;
}
