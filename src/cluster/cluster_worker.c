/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <faultline/board.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/size.h"
#include "cluster/cluster_impl.h"
#include "cluster/turns.h"
#include "engine/stages.h"
#include "plat/futex.h"
#include "plat/process.h"

/* Between two looks whether there is something to do: the coordinator wakes those who sleep. */
#define IDLE_NS UINT64_C(20000000)

/* Jobs shorter than this do not show on the board. */
#define BOARD_NS UINT64_C(200000000)

/**
 * struct worker - @chunk: claimed last
 * @turns: parts that wait for the folds before theirs
 */
struct worker {
	struct fl_cluster *cluster;
	unsigned index;
	struct fl_bytering ring;
	struct fl_turns turns;
	uint64_t chunk;
	uint64_t bytes;
	struct fl_board *board;
	bool asked_board;
	struct fl_faults before;
};

/* The coordinator cannot fold a chunk before its end has come: it is not woken for less. */
static int send_message(struct worker *w, const struct fl_message *m, const void *data)
{
	int r = fl_bytering_write(&w->ring, m, sizeof(*m), UINT64_MAX);

	if (r == 0 && m->len > 0)
		r = fl_bytering_write(&w->ring, data, (size_t)m->len, UINT64_MAX);
	if (m->kind != FL_MESSAGE_PART)
		fl_bytering_nudge(&w->ring);
	return r;
}

/* The lowest free chunk that may be taken. Return: 1; 0: none now. */
static int try_take(struct worker *w, uint64_t *ret)
{
	struct fl_cluster_control *c = w->cluster->control;
	uint64_t limit = fl_min_u64(atomic_load(&c->limit), w->cluster->chunks);
	uint64_t k = atomic_load(&c->base);

	for (; k < limit; k++) {
		uint64_t free_claim = k << FL_CLAIM_BITS;

		if (atomic_compare_exchange_strong(&c->claims[k % FL_CLUSTER_WINDOW], &free_claim,
						   free_claim | (w->index + 1))) {
			*ret = w->chunk = k;
			return 1;
		}
	}
	return 0;
}

/* A worker without a chunk waits for the end: another one may die, and leave its own. One that holds
 * many waits for its turn. */
static int take(void *arg, uint64_t seq FL_UNUSED, uint64_t *ret)
{
	struct worker *w = arg;
	struct fl_cluster_control *c = w->cluster->control;
	uint32_t seen;
	int folded;

	while (!atomic_load(&c->done)) {
		seen = atomic_load(&c->turn);
		folded = fl_turns_fold(&w->turns);
		if (folded < 0)
			return 0;
		if (folded > 0)
			fl_cluster_wake(c);
		if (!fl_turns_full(&w->turns) && try_take(w, ret))
			return 1;
		if (folded > 0)
			continue;
		atomic_fetch_add(&c->sleepers, 1);
		(void)fl_futex_wait(&c->turn, seen, IDLE_NS);
		atomic_fetch_sub(&c->sleepers, 1);
	}
	return 0;
}

static int part(void *arg, unsigned k, struct fl_part *p)
{
	struct worker *w = arg;
	struct fl_message m = {.kind = FL_MESSAGE_PART,
			       .stage = k,
			       .chunk = w->chunk,
			       .off = p->off,
			       .end = p->end,
			       .len = p->len};
	int r = fl_turns_takes(&w->turns, k) ? fl_turns_part(&w->turns, w->chunk, k, p)
					     : send_message(w, &m, p->data);

	if (r < 0)
		return r;
	return atomic_load(&w->cluster->control->stopped) & (UINT64_C(1) << k) ? FL_FOLD_STOP : 0;
}

static void tell_board(struct worker *w)
{
	struct fl_exec *x = w->cluster->x;
	uint64_t ns = fl_clock_ns() - x->start_ns;
	struct fl_job job = {.size = sizeof(job), .bytes = w->bytes, .total = FL_SIZE_UNKNOWN};

	if (!w->asked_board && ns > BOARD_NS) {
		w->asked_board = true;
		(void)fl_board_join("worker", fl_process_parent(), &w->board);
	}
	if (!w->board)
		return;
	strncpy(job.file, x->src->name, sizeof(job.file) - 1);
	strcpy(job.phase, "map");
	fl_board_publish(w->board, &job, ns);
}

static void keep_tally(struct worker *w)
{
	struct fl_cluster_tally *t = &w->cluster->control->tally[w->index];
	struct fl_exec *x = w->cluster->x;
	struct fl_faults now;

	fl_faults_process(&now);
	atomic_store(&t->windows, atomic_load(&x->env.windows));
	atomic_store(&t->copied_bytes, atomic_load(&x->env.copied));
	atomic_store(&t->minor_faults, now.minor - w->before.minor);
	atomic_store(&t->major_faults, now.major - w->before.major);
	atomic_store(&t->bytes, w->bytes);
}

static int end(void *arg, const struct fl_slot *slot, int result, const struct fl_error *err)
{
	struct worker *w = arg;
	struct fl_message m = {.kind = FL_MESSAGE_END,
			       .stage = slot->failed_op,
			       .failed_off = slot->failed_off,
			       .chunk = w->chunk,
			       .off = FL_OFF_NONE,
			       .end = slot->end,
			       .code = result,
			       .sound = slot->sound};

	if (result < 0) {
		m.off = err->off;
		m.len = strlen(err->text);
	}
	w->bytes += w->cluster->x->plan.chunk_bytes;
	keep_tally(w);
	tell_board(w);
	if (w->turns.control && result >= 0)
		return fl_turns_end(&w->turns, &m);
	fl_turns_drop(&w->turns, w->chunk);
	return send_message(w, &m, fl_turns_blame(&w->turns, &m) ? w->turns.error.text : err->text);
}

static int say(void *arg, const struct fl_message *m, const char *text)
{
	return send_message(arg, m, text);
}

static void tell_failure(struct worker *w)
{
	struct fl_exec *x = w->cluster->x;
	struct fl_message m = {.kind = FL_MESSAGE_FAILED,
			       .stage = x->init_op,
			       .failed_off = x->plan.from,
			       .code = x->init_result,
			       .off = x->init_error.off,
			       .len = strlen(x->init_error.text)};

	(void)send_message(w, &m, x->init_error.text);
}

void fl_cluster_work(struct fl_cluster *c, unsigned index)
{
	struct worker w = {.cluster = c, .index = index};
	struct fl_remote remote = {.arg = &w, .take = take, .part = part, .end = end};
	struct fl_exec *x = c->x;

	fl_faults_process(&w.before);
	if (fl_bytering_open(&w.ring, fl_cluster_ring_body(c, index),
			     fl_bytering_bytes(FL_CLUSTER_RING_BYTES), true) < 0)
		return;
	w.turns = (struct fl_turns){.control = fl_cluster_turns(c),
				    .x = x,
				    .state_bytes = fl_stages_carry_bytes(x->pl),
				    .say = say,
				    .arg = &w};
	/* Who starts workers sees that they died, and they die with it. */
	w.ring.watched = true;
	/* The loading threads and the pages to be dropped are the coordinator's. */
	x->readahead = NULL;
	x->coldset = NULL;
	x->remote = &remote;
	if (fl_ring_init(&x->ring, 1, x->pl->stage_count, x->plan.part_limit) < 0)
		return;
	x->ring.fold = fl_exec_fold;
	x->ring.arg = x;
	fl_exec_worker(x, index);
	if (x->init_result < 0)
		tell_failure(&w);
	fl_turns_done(&w.turns);
	fl_board_leave(w.board);
	fl_bytering_close(&w.ring);
}
