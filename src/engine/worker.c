/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/size.h"
#include "engine/exec.h"
#include "engine/part_impl.h"
#include "plat/mapping.h"

/**
 * struct stretch - what is done with one pick of --io=auto: a chunk, or less where it tries something
 * @done:   bytes so far
 * @before: bytes of the chunk that earlier stretches did
 * @start:  ns, @faults of the thread, and what its window had spent on mapping, when it began
 * @room:   bytes of the parts' memory that had been touched then
 */
struct stretch {
	struct fl_pick pick;
	uint64_t done;
	uint64_t before;
	uint64_t start;
	struct fl_faults faults;
	uint64_t mapping_ns;
	uint64_t room;
};

/**
 * struct worker - one thread's side of a run
 * @flushed: something of this chunk has been folded: it cannot be done again
 * @sound:   after an error: what was mapped before it can be trusted
 * @lost:    the error is one of reading, which a map that flushed was told: it is not its operator's
 * @refused: the last flush ended in an error of the operator's fold
 * @settled: it has done a stretch with this loader, which is read at [1]
 */
struct worker {
	struct fl_exec *x;
	unsigned number;
	struct fl_window window;
	struct fl_fed fed;
	void *scratch[FL_OPERATORS_MAX];
	struct fl_slot *slot;
	bool flushed;
	bool sound;
	bool lost;
	bool refused;
	bool settled[2];
	struct stretch stretch;
};

/* A full part is folded as soon as everything before it has been. */
static int flush(struct worker *w, unsigned k, uint64_t end, struct fl_error *err)
{
	struct fl_part *part = &w->slot->parts[k];
	int r = fl_window_check(&w->window, err);

	w->lost = r != 0;
	w->refused = false;
	if (r != 0)
		return r;
	r = fl_ring_turn(&w->x->ring, w->slot);
	if (r < 0)
		return r;
	part->end = end;
	w->flushed = true;
	fl_window_repeatable(&w->window, false);
	r = fl_exec_fold_part(w->x, k, part, err);
	/* Later somebody else may have the baton. */
	w->refused = r < 0 && w->x->pl->stages[k].failed;
	fl_part_reset(part);
	fl_ring_yield(&w->x->ring);
	return r;
}

/* fl_part_flush(): the map goes on with an empty part. */
static int flush_in_map(void *arg, struct fl_part *part, struct fl_error *err)
{
	struct worker *w = arg;
	unsigned k = (unsigned)(part - w->slot->parts);
	uint64_t off = part->off, end = part->end;
	int r = flush(w, k, end, err);

	part->off = off;
	part->end = end;
	if (r < 0)
		return r;
	return atomic_load_explicit(&w->x->pl->stages[k].stopped, memory_order_relaxed)
		       ? FL_FOLD_STOP
		       : 0;
}

/* fl_part_is_next(): nobody else folds before this slot is published. */
static int is_next(void *arg, const struct fl_part *part FL_UNUSED)
{
	struct worker *w = arg;

	return fl_ring_is_next(&w->x->ring, w->slot);
}

/* Operator @k was at work at @off, which is where the error is if it did not say. */
static int blame(struct fl_slot *slot, unsigned k, uint64_t off, int r, struct fl_error *err)
{
	slot->failed_op = k;
	slot->failed_off = off;
	return err->code == r ? r : fl_error_set(err, r, off, NULL);
}

static int map_view(struct worker *w, unsigned k, struct fl_view view, struct fl_error *err)
{
	struct fl_stage *st = &w->x->pl->stages[k];
	struct fl_part *part = &w->slot->parts[k];
	bool keep = st->ops->flags & FL_OP_KEEP_VIEW;
	uint64_t done, start;
	int r;

	part->flush = flush_in_map;
	part->flush_arg = w;
	part->is_next = w->x->remote || w->x->pl->shard.count > 0 ? NULL : is_next;
	w->lost = false;
	while (view.len > 0 && !atomic_load_explicit(&st->stopped, memory_order_relaxed)) {
		if (part->end == 0)
			part->off = view.off;
		part->end = view.off + view.len;
		start = fl_clock_ns();
		r = st->ops->map(st->op, w->scratch[k], &view, part, err);
		atomic_fetch_add_explicit(&st->ns, fl_clock_ns() - start, memory_order_relaxed);
		if (r < 0)
			return w->lost ? r : blame(w->slot, k, view.off, r, err);
		done = r == FL_MAP_FULL ? part->next_off - view.off : view.len;
		if (done > view.len || (done == 0 && part->len == 0))
			return fl_error_set(err, -EINVAL, view.off, "operator %s makes no progress",
					    st->ops->name);
		part->view = keep ? &(struct fl_view){.off = view.off,
						      .len = (size_t)done,
						      .data = view.data}
				  : NULL;
		part->view_count = keep;
		if (r == FL_MAP_FULL || keep) {
			uint64_t from = part->off;

			r = flush(w, k, view.off + done, err);
			if (w->refused)
				return blame(w->slot, k, from, r, err);
			if (r < 0)
				return r;
		}
		view.off += done;
		view.data += done;
		view.len -= (size_t)done;
	}
	return 0;
}

/* Bytes that the parts hold or, at the beginning of a chunk, that they have held before. */
static uint64_t parts_bytes(const struct worker *w, bool chunk_begins)
{
	uint64_t sum = 0;

	for (unsigned k = 0; k < w->x->pl->stage_count; k++) {
		const struct fl_part *part = &w->slot->parts[k];

		sum += chunk_begins ? part->capacity : part->len;
	}
	return sum;
}

/* Pages that the parts have grown by were touched for the first time: not the loader's faults. */
static uint64_t faults_of_parts(const struct worker *w)
{
	uint64_t sum = parts_bytes(w, false);

	return sum > w->stretch.room ? (sum - w->stretch.room) / fl_page_bytes() : 0;
}

/* Reads have none that matter, and asking is a system call. */
static void look_at_faults(const struct worker *w, struct fl_faults *ret)
{
	*ret = (struct fl_faults){0};
	if (w->stretch.pick.io != FL_IO_READ)
		fl_faults_thread(ret);
}

/* @before: see struct stretch */
static void begin_stretch(struct worker *w, uint64_t before)
{
	struct stretch *t = &w->stretch;
	uint64_t room =
		before > 0 ? fl_max_u64(t->room, parts_bytes(w, false)) : parts_bytes(w, true);

	*t = (struct stretch){.pick = fl_auto_pick(&w->x->adapt, w->settled[0] || w->settled[1]),
			      .before = before,
			      .room = room};
	/* A chunk with two passes is one stretch: they cost different times. */
	if (w->x->needs.keep_view)
		t->pick.bytes = UINT64_MAX;
	fl_window_use(&w->window, t->pick.io);
	if (!w->x->choice.adaptive)
		return;
	look_at_faults(w, &t->faults);
	t->mapping_ns = w->window.mapping_ns;
	t->start = fl_clock_ns();
}

static void end_stretch(struct worker *w, uint64_t bytes)
{
	struct stretch *t = &w->stretch;
	bool *settled = &w->settled[t->pick.io == FL_IO_READ];
	struct fl_sample s = {.io = t->pick.io, .settling = !*settled, .bytes = bytes};
	struct fl_faults faults;

	if (w->x->choice.adaptive) {
		look_at_faults(w, &faults);
		s.faults = faults.minor - t->faults.minor;
		s.disturbed = faults.preempted != t->faults.preempted || faults_of_parts(w) > 0;
		s.faults -= fl_min_u64(s.faults, faults_of_parts(w));
		s.ns = fl_clock_ns() - t->start;
		s.mapping_ns = w->window.mapping_ns - t->mapping_ns;
	} else {
		s.io = w->window.ops->io;
	}
	fl_auto_report(&w->x->adapt, &s);
	*settled = *settled || bytes > 0;
}

/* Long enough? What was seen has to be trusted before the loader may change. */
static int go_on(struct worker *w, const struct fl_slice *slice, struct fl_error *err)
{
	int r;

	w->stretch.done += fl_max_size(slice->records.len, slice->units.len);
	if (w->stretch.done < w->stretch.pick.bytes)
		return 0;
	r = fl_window_check(&w->window, err);
	if (r != 0)
		return r;
	end_stretch(w, w->stretch.done);
	begin_stretch(w, w->stretch.before + w->stretch.done);
	return 0;
}

static bool cancelled(const struct worker *w)
{
	return atomic_load_explicit(&w->x->pl->cancel, memory_order_relaxed);
}

/* @kept: the operators that fold over the input bytes, or the others */
static int map_pass(struct worker *w, const struct fl_chunk *chunk, bool kept, struct fl_error *err)
{
	struct fl_pipeline *pl = w->x->pl;
	struct fl_slicer slicer;
	struct fl_slice slice;
	unsigned k;
	int warm, r = fl_slicer_init(&slicer, &w->window, &w->x->needs, chunk, err);

	while (r == 0 && (r = fl_slicer_next(&slicer, &slice, err)) > 0) {
		r = cancelled(w) ? fl_error_set(err, -FL_ECANCELED, FL_OFF_NONE, NULL) : 0;
		for (k = 0, warm = 0; r == 0 && k < pl->stage_count; k++) {
			const struct fl_operator *ops = pl->stages[k].ops;
			struct fl_view view =
				ops->cut == FL_CUT_RECORD ? slice.records : slice.units;

			if (kept != !!(ops->flags & FL_OP_KEEP_VIEW))
				continue;
			view.warm = warm;
			r = map_view(w, k, view, err);
			warm = 1;
		}
		if (r == 0)
			r = go_on(w, &slice, err);
	}
	return r != 0 ? r : fl_window_check(&w->window, err);
}

/*
 * Those that fold over the input wait for their turn slice by slice. The others come first, in a
 * pass of their own, so that they do not wait with them: their maps run on all threads.
 */
static int map_slices(struct worker *w, const struct fl_chunk *chunk, struct fl_error *err)
{
	const struct fl_needs *needs = &w->x->needs;
	int r = needs->plain_view ? map_pass(w, chunk, false, err) : 0;

	if (r == 0 && needs->keep_view)
		r = map_pass(w, chunk, true, err);
	return r;
}

/* An error, too, may come of zeros that the file never held. */
static int map_doubted(struct worker *w, const struct fl_chunk *chunk, struct fl_error *err)
{
	int r = map_slices(w, chunk, err), doubt;

	if (r >= 0 || r == FL_WINDOW_RETRY)
		return r;
	doubt = fl_window_check(&w->window, NULL);
	w->sound = doubt == 0;
	return doubt == FL_WINDOW_RETRY && !w->flushed ? FL_WINDOW_RETRY : r;
}

/* Where zeros may have been seen that the file never held, the chunk is done again with reads. */
static int map_chunk(struct worker *w, const struct fl_chunk *chunk, struct fl_error *err)
{
	unsigned k;
	int r;

	fl_window_repeatable(&w->window, true);
	r = map_doubted(w, chunk, err);
	fl_window_repeatable(&w->window, false);
	if (r == FL_WINDOW_RETRY && !w->flushed) {
		for (k = 0; k < w->x->pl->stage_count; k++)
			fl_part_reset(&w->slot->parts[k]);
		fl_window_use(&w->window, FL_IO_READ);
		w->stretch.pick.bytes = UINT64_MAX;
		err->code = 0;
		r = map_doubted(w, chunk, err);
	}
	if (r == FL_WINDOW_RETRY)
		r = fl_error_set(err, -FL_ECHANGED, chunk->off,
				 "file was cut and rewritten here while it was read");
	fl_window_rest(&w->window);
	return r;
}

/* Return: 1 with a chunk; 0 at the end; or an error that takes chunk->seq's place. */
static int take(struct worker *w, struct fl_chunk *chunk, struct fl_error *err)
{
	struct fl_exec *x = w->x;
	uint64_t k;
	int r;

	if (x->feeder) {
		r = fl_feeder_next(x->feeder, &w->fed, err);
		*chunk = w->fed.chunk;
		if (r > 0)
			fl_fed_show(&w->fed, &w->window);
		return r;
	}
	chunk->seq = atomic_fetch_add_explicit(&x->next, 1, memory_order_relaxed);
	k = chunk->seq;
	if (x->remote ? x->remote->take(x->remote->arg, chunk->seq, &k) == 0 : k >= x->plan.chunks)
		return 0;
	fl_plan_chunk(&x->plan, k, &chunk->off, &chunk->end);
	chunk->begin = x->plan.begin;
	chunk->unit_end = x->plan.end;
	chunk->limit = x->plan.size;
	chunk->starts_record =
		chunk->off == 0 || (chunk->off == x->plan.begin && x->needs.at_record);
	return 1;
}

static int map_measured(struct worker *w, const struct fl_chunk *chunk, struct fl_error *err)
{
	struct fl_exec *x = w->x;
	uint64_t bytes = chunk->end - chunk->off;
	int r;

	begin_stretch(w, 0);
	if (x->readahead)
		fl_readahead_wait(x->readahead, chunk->end);
	r = map_chunk(w, chunk, err);
	end_stretch(w, bytes > w->stretch.before ? bytes - w->stretch.before : 0);
	return r;
}

static void do_chunks(struct worker *w)
{
	struct fl_exec *x = w->x;
	struct fl_chunk chunk = {0};
	struct fl_error err;
	int r;

	for (;;) {
		if (fl_ring_stopped(&x->ring))
			return;
		err.code = 0;
		r = take(w, &chunk, &err);
		if (r == 0)
			return;
		(void)fl_seats_look(&x->seats, w->number);
		w->flushed = w->sound = false;
		w->slot = fl_ring_enter(&x->ring, chunk.seq);
		if (w->slot && r > 0)
			r = x->feeder ? map_chunk(w, &chunk, &err) : map_measured(w, &chunk, &err);
		if (x->feeder)
			fl_feeder_release(x->feeder, &w->fed);
		if (!w->slot)
			return;
		w->slot->result = r < 0 ? r : 0;
		if (r < 0) {
			if (err.code != r)
				(void)fl_error_set(&err, r, chunk.off, NULL);
			w->slot->error = err;
			w->slot->sound = w->sound;
		}
		w->slot->end = chunk.end;
		fl_ring_publish(&x->ring, w->slot);
	}
}

static void init_failed(struct fl_exec *x, unsigned k, int r, const struct fl_error *err)
{
	pthread_mutex_lock(&x->ring.lock);
	if (x->init_result == 0) {
		x->init_result = r;
		x->init_op = k;
		x->init_error = *err;
	}
	pthread_mutex_unlock(&x->ring.lock);
	fl_ring_stop(&x->ring);
}

void fl_exec_worker(void *arg, unsigned i)
{
	struct fl_exec *x = arg;
	struct fl_pipeline *pl = x->pl;
	/* Chunks of a feeder are done in one stretch: there is nothing to pick. */
	struct worker w = {.x = x, .number = i, .stretch = {.pick = {.bytes = UINT64_MAX}}};
	struct fl_error err = {0};
	unsigned k;
	int r = 0;

	fl_window_init(&w.window, &x->env);
	fl_fed_init(&w.fed, x->plan.buffer_limit);
	for (k = 0; k < pl->stage_count && r == 0; k++)
		if (pl->stages[k].ops->worker_init)
			r = pl->stages[k].ops->worker_init(pl->stages[k].op, &w.scratch[k], &err);
	if (r == 0)
		do_chunks(&w);
	else
		init_failed(x, k - 1, r, &err);
	/* Another worker may be waiting for a writer that has nothing to say. */
	if (x->feeder && fl_ring_stopped(&x->ring))
		fl_feeder_stop(x->feeder);
	for (k = 0; k < pl->stage_count; k++)
		if (pl->stages[k].ops->worker_done && w.scratch[k])
			pl->stages[k].ops->worker_done(pl->stages[k].op, w.scratch[k]);
	fl_fed_done(&w.fed);
	fl_window_done(&w.window);
}
