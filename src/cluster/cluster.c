/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <faultline/cluster.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/size.h"
#include "cluster/cluster_boss.h"
#include "cluster/turns.h"
#include "plat/subprocess.h"
#include "plat/futex.h"
#include "plat/thread.h"

/* How long the coordinator sleeps before it looks for dead workers and a cancelled run. */
#define LOOK_NS UINT64_C(2000000)

/* More than bad luck. */
#define DEATHS_MAX 16u

/* Nobody kills so many while a single chunk is mapped: they cannot begin. */
#define STARTS_MAX 1000u

/* Folding what a chunk has said so far, before its end, when it says more than this: a line that
 * is longer than memory. Peak memory of a run stays below 64 MiB. */
#define HELD_MAX (UINT64_C(16) << 20)

/* In the segment: the control with its tallies, what the turns need, the rings. */
static uint64_t turns_off(const struct fl_cluster *c)
{
	return sizeof(struct fl_cluster_control) + c->processes * sizeof(struct fl_cluster_tally);
}

static uint64_t ring_off(const struct fl_cluster *c, unsigned w)
{
	uint64_t ring = fl_round_up(fl_bytering_bytes(FL_CLUSTER_RING_BYTES), 4096);

	return fl_round_up(turns_off(c) + c->turns_bytes, 4096) + w * ring;
}

static void *in_segment(const struct fl_cluster *c, uint64_t off)
{
	return (unsigned char *)c->control + off;
}

struct fl_bytering_body *fl_cluster_ring_body(const struct fl_cluster *c, unsigned w)
{
	return in_segment(c, ring_off(c, w));
}

struct fl_turns_control *fl_cluster_turns(const struct fl_cluster *c)
{
	return c->turns_bytes > 0 ? in_segment(c, turns_off(c)) : NULL;
}

void fl_cluster_wake(struct fl_cluster_control *c)
{
	atomic_fetch_add(&c->turn, 1);
	if (atomic_load(&c->sleepers) > 0)
		fl_futex_wake(&c->turn, INT32_MAX);
}

static void set_limit(struct fl_boss *b, uint64_t limit)
{
	atomic_store(&b->c.control->limit, limit);
	fl_cluster_wake(b->c.control);
}

/* With loading threads: a chunk may be taken when its bytes are in the cache. */
static void *gate(void *arg)
{
	struct fl_boss *b = arg;
	struct fl_exec *x = b->c.x;
	uint64_t k, off, end;

	for (k = 0; k < b->c.chunks && !atomic_load(&b->c.control->done); k++) {
		fl_plan_chunk(&x->plan, k, &off, &end);
		fl_readahead_wait(x->readahead, end);
		while (k >= atomic_load(&b->c.control->base) + FL_CLUSTER_WINDOW - 1 &&
		       !atomic_load(&b->c.control->done))
			(void)fl_futex_wait(&b->c.control->turn, atomic_load(&b->c.control->turn),
					    LOOK_NS);
		set_limit(b, k + 1);
	}
	return NULL;
}

static int prepare(struct fl_boss *b, struct fl_exec *x, unsigned processes)
{
	struct fl_segment_options o;
	uint64_t k;
	int r;

	b->c.x = x;
	b->c.processes = processes;
	b->c.chunks = x->plan.chunks;
	b->c.turns_bytes = fl_turns_bytes(x);
	b->children = calloc(processes, sizeof(*b->children));
	b->piles = calloc(FL_CLUSTER_WINDOW, sizeof(*b->piles));
	if (!b->children || !b->piles)
		return fl_error_set(&x->error, -ENOMEM, FL_OFF_NONE, NULL);
	fl_segment_options_init(&o);
	o.type = FL_SEGMENT_MEMFD;
	o.name = "faultline-workers";
	o.bytes = ring_off(&b->c, processes);
	r = fl_segment_create(&o, &b->c.seg, &x->error);
	if (r < 0)
		return r;
	b->c.control = fl_segment_data(b->c.seg, NULL);
	if (b->c.turns_bytes > 0)
		fl_turns_begin(fl_cluster_turns(&b->c), x->pl);
	for (k = 0; k < FL_CLUSTER_WINDOW; k++)
		atomic_store(&b->c.control->claims[k], k << FL_CLAIM_BITS);
	atomic_store(&b->c.control->limit,
		     x->readahead ? 0 : fl_min_u64(b->c.chunks, FL_CLUSTER_WINDOW - 1));
	if (x->readahead && fl_thread_start(&b->gate, gate, b, "fl-gate") == 0)
		b->gated = true;
	else if (x->readahead)
		set_limit(b, fl_min_u64(b->c.chunks, FL_CLUSTER_WINDOW - 1));
	return 0;
}

static int start_child(struct fl_boss *b, unsigned w)
{
	struct fl_hand *child = &b->children[w];
	struct fl_bytering_body *body = fl_cluster_ring_body(&b->c, w);
	int r;

	memset(body, 0, sizeof(*body));
	fl_bytering_init(body, FL_CLUSTER_RING_BYTES);
	r = fl_bytering_open(&child->ring, body, fl_bytering_bytes(FL_CLUSTER_RING_BYTES), false);
	if (r < 0)
		return fl_error_set(&b->c.x->error, r, FL_OFF_NONE, NULL);
	child->ring.watched = true;
	child->ring.lot = FL_CLUSTER_RING_BYTES / 2;
	child->head_got = child->body_got = 0;
	child->pile = NULL;
	child->pid = fl_subprocess_fork();
	if (child->pid == 0) {
		fl_cluster_work(&b->c, w);
		fl_subprocess_exit(0);
	}
	return child->pid < 0 ? fl_error_set(&b->c.x->error, child->pid, FL_OFF_NONE,
					     "a worker process could not be started")
			      : 0;
}

/* A dead worker had begun chunk @k, and not ended it: whoever comes may have it. */
static void set_free(struct fl_boss *b, uint64_t k)
{
	struct fl_cluster_control *c = b->c.control;
	struct fl_pile *p = fl_boss_pile(b, k);

	if (p && p->ended)
		return;
	if (p)
		fl_boss_drop_pile(b, p);
	if (k == atomic_load(&c->base))
		fl_replay_again(&b->replay);
	b->deaths = k == b->death_chunk ? b->deaths + 1 : 1;
	b->death_chunk = k;
	atomic_store(&c->claims[k % FL_CLUSTER_WINDOW], k << FL_CLAIM_BITS);
}

/* What a dead worker completed stays; what it had begun is free again. */
static int bury(struct fl_boss *b, unsigned w)
{
	struct fl_cluster_control *c = b->c.control;
	uint64_t base = atomic_load(&c->base), k;
	int r;

	b->children[w].pid = 0;
	do
		r = fl_boss_hear(b, w, 0);
	while (r > 0);
	if (r < 0 && r != -EOWNERDEAD)
		return r;
	for (k = base; k < base + FL_CLUSTER_WINDOW && k < b->c.chunks; k++)
		if (atomic_load(&c->claims[k % FL_CLUSTER_WINDOW]) ==
		    ((k << FL_CLAIM_BITS) | (w + 1)))
			set_free(b, k);
	if (++b->starts > STARTS_MAX)
		return fl_error_set(&b->c.x->error, -ECHILD, FL_OFF_NONE,
				    "worker processes end as soon as they begin");
	if (b->deaths >= DEATHS_MAX)
		return fl_error_set(&b->c.x->error, -ECHILD,
				    b->c.x->plan.begin + b->death_chunk * b->c.x->plan.chunk_bytes,
				    "worker processes die here again and again");
	fl_cluster_wake(c);
	return start_child(b, w);
}

static int look_after(struct fl_boss *b)
{
	int r = 0;

	for (unsigned w = 0; r == 0 && w < b->c.processes; w++)
		if (b->children[w].pid > 0 && fl_subprocess_ended(b->children[w].pid))
			r = bury(b, w);
	if (r == 0 && atomic_load_explicit(&b->c.x->pl->cancel, memory_order_relaxed))
		r = fl_error_set(&b->c.x->error, -FL_ECANCELED, FL_OFF_NONE, NULL);
	return r;
}

/* Said by a worker that took over, but not what the one before it had said. */
static int contradiction(struct fl_boss *b)
{
	struct fl_exec *x = b->c.x;
	uint64_t chunk = atomic_load(&b->c.control->base);

	return fl_error_set(
		&x->error, -FL_ECHANGED, x->plan.begin + chunk * x->plan.chunk_bytes,
		"the file changed here: a worker process died when half of this had been "
		"written, and the next one finds something else");
}

static int fold_part(struct fl_boss *b, const struct fl_message *m, unsigned char *data, bool early)
{
	struct fl_exec *x = b->c.x;
	struct fl_part part = {.data = data,
			       .len = (size_t)m->len,
			       .limit = x->plan.part_limit,
			       .off = m->off,
			       .end = m->end,
			       .capacity = (size_t)m->len};
	int r = early || b->replay.any ? fl_replay_part(&b->replay, m, data) : 1;

	if (r <= 0)
		return r < 0 ? contradiction(b) : 0;
	r = fl_exec_fold_part(x, m->stage, &part, &x->error);
	if (atomic_load_explicit(&x->pl->stages[m->stage].stopped, memory_order_relaxed))
		atomic_fetch_or(&b->c.control->stopped, UINT64_C(1) << m->stage);
	return r;
}

/* Return: 0; 1: the run is over; <0. */
static int fold_end(struct fl_boss *b, const struct fl_message *m, const unsigned char *text)
{
	struct fl_exec *x = b->c.x;
	struct fl_part none[FL_OPERATORS_MAX];
	struct fl_slot slot = {.parts = none,
			       .result = (int)m->code,
			       .failed_op = m->stage,
			       .failed_off = m->failed_off,
			       .end = m->end};

	memset(none, 0, sizeof(none));
	if (m->code < 0)
		(void)fl_error_set(&slot.error, (int)m->code, m->off, "%.*s", (int)m->len, text);
	for (unsigned k = 0; m->code >= 0 && k < x->pl->stage_count; k++)
		if (fl_replay_is_short(&b->replay, k) &&
		    !atomic_load_explicit(&x->pl->stages[k].stopped, memory_order_relaxed))
			return contradiction(b);
	return fl_exec_fold(x, &slot);
}

/* @early: more of the chunk is to come */
static int fold_pile(struct fl_boss *b, struct fl_pile *p, bool early)
{
	size_t at = 0;
	int r = 0;

	while (r == 0 && at < p->len) {
		struct fl_message m;
		unsigned char *data = p->data + at + sizeof(m);

		memcpy(&m, p->data + at, sizeof(m));
		if (m.kind == FL_MESSAGE_PART)
			r = fold_part(b, &m, data, early);
		else
			r = fold_end(b, &m, data);
		at = (size_t)fl_round_up(at + sizeof(m) + (size_t)m.len, 8);
	}
	p->len = 0;
	return r;
}

/* The oldest chunk is done: its entry becomes that of a later one. */
static void advance(struct fl_boss *b)
{
	struct fl_cluster_control *c = b->c.control;
	uint64_t k = atomic_load(&c->base);

	atomic_store(&c->claims[k % FL_CLUSTER_WINDOW], (k + FL_CLUSTER_WINDOW) << FL_CLAIM_BITS);
	atomic_store(&c->base, k + 1);
	fl_replay_begin(&b->replay);
	b->starts = 0;
	if (!b->gated && atomic_load(&c->limit) < b->c.chunks)
		set_limit(b, fl_min_u64(b->c.chunks, k + FL_CLUSTER_WINDOW));
}

/* Wait for the oldest chunk's worker to say something, or for one to take it. */
static int listen(struct fl_boss *b, uint64_t chunk)
{
	struct fl_cluster_control *c = b->c.control;
	uint32_t seen = atomic_load(&c->turn);
	uint64_t claim = atomic_load(&c->claims[chunk % FL_CLUSTER_WINDOW]);
	unsigned owner = (unsigned)(claim & FL_CLAIM_MASK);
	int r = 0;

	if (owner == 0 || owner > b->c.processes)
		(void)fl_futex_wait(&c->turn, seen, UINT64_C(100000));
	else
		r = fl_boss_hear(b, owner - 1, LOOK_NS);
	return r > 0 ? 0 : r == -EOWNERDEAD ? 0 : r;
}

/* A line that is longer than memory comes in pieces: they go on before its end has come. */
static int commit_early(struct fl_boss *b, struct fl_pile *p)
{
	size_t before = p->len;
	int r;

	if (before < HELD_MAX)
		return 0;
	r = fold_pile(b, p, true);
	/* What has come of the next message moves to the front, too. */
	for (unsigned w = 0; w < b->c.processes; w++)
		if (b->children[w].pile == p && b->children[w].body_got > 0)
			memmove(p->data + sizeof(struct fl_message),
				p->data + before + sizeof(struct fl_message),
				b->children[w].body_got);
	return r;
}

/* While all goes well: seldom enough to cost nothing, often enough for a dead worker to be replaced. */
static bool is_time_to_look(struct fl_boss *b)
{
	uint64_t now = fl_clock_ns();
	bool r = now - b->looked_ns > LOOK_NS;

	if (r)
		b->looked_ns = now;
	return r || atomic_load_explicit(&b->c.x->pl->cancel, memory_order_relaxed);
}

static int fold_next(struct fl_boss *b)
{
	uint64_t chunk = atomic_load(&b->c.control->base);
	struct fl_pile *p = fl_boss_pile(b, chunk);
	unsigned quiet = 0;
	int r = is_time_to_look(b) ? look_after(b) : 0;

	while (r == 0 && !b->failure.ended && !(p && p->ended)) {
		size_t before = p ? p->len : 0;

		r = listen(b, chunk);
		p = fl_boss_pile(b, chunk);
		quiet = (p ? p->len : 0) != before ? 0 : quiet + 1;
		if (r == 0 && quiet > 0)
			r = look_after(b);
		p = fl_boss_pile(b, chunk);
		if (r == 0 && p && !p->ended)
			r = commit_early(b, p);
	}
	if (r < 0)
		return r;
	if (b->failure.ended)
		return fold_pile(b, &b->failure, false);
	r = fold_pile(b, p, false);
	fl_boss_drop_pile(b, p);
	advance(b);
	return r;
}

static void end_workers(struct fl_boss *b)
{
	struct fl_cluster_control *c = b->c.control;
	struct fl_exec *x = b->c.x;

	if (c) {
		atomic_store(&c->done, 1);
		fl_cluster_wake(c);
	}
	/* Their memory is taken down side by side. */
	for (unsigned w = 0; b->children && w < b->c.processes; w++)
		fl_subprocess_doom(b->children[w].pid);
	for (unsigned w = 0; b->children && w < b->c.processes; w++)
		fl_subprocess_kill(b->children[w].pid);
	if (b->gated) {
		fl_readahead_stop(x->readahead);
		pthread_join(b->gate, NULL);
	}
	for (unsigned w = 0; c && w < b->c.processes; w++) {
		atomic_fetch_add(&x->env.windows, atomic_load(&c->tally[w].windows));
		atomic_fetch_add(&x->env.copied, atomic_load(&c->tally[w].copied_bytes));
		x->remote_faults.minor += atomic_load(&c->tally[w].minor_faults);
		x->remote_faults.major += atomic_load(&c->tally[w].major_faults);
	}
	for (unsigned i = 0; b->piles && i < FL_CLUSTER_WINDOW; i++)
		free(b->piles[i].data);
	free(b->spare.data);
	free(b->failure.data);
	free(b->piles);
	free(b->children);
	fl_segment_detach(b->c.seg);
}

static int take_turns_back(struct fl_boss *b)
{
	int r = fl_turns_finish(fl_cluster_turns(&b->c), b->c.x->pl, b->c.chunks);

	return r < 0 ? fl_error_set(&b->c.x->error, r, FL_OFF_NONE,
				    "a worker process wrote nonsense")
		     : 0;
}

int fl_cluster_run(struct fl_exec *x, unsigned processes)
{
	struct fl_boss b = {.deaths = 0, .death_chunk = UINT64_MAX};
	int r = prepare(&b, x, processes);

	for (unsigned w = 0; r == 0 && w < processes; w++)
		r = start_child(&b, w);
	while (r == 0 && atomic_load(&b.c.control->base) < b.c.chunks)
		r = fold_next(&b);
	if (r == 0 && b.c.turns_bytes > 0)
		r = take_turns_back(&b);
	end_workers(&b);
	if (r < 0)
		x->result = r;
	return r < 0 ? r : 0;
}

int fl_pipeline_set_processes(struct fl_pipeline *pl, unsigned processes)
{
	if (processes > FL_PROCESSES_MAX)
		return -EINVAL;
	if (pl->running)
		return -EBUSY;
	if (pl->processes == 0)
		pl->threads_before = pl->opt.threads;
	pl->opt.threads = processes > 0 ? processes : pl->threads_before;
	pl->processes = processes;
	pl->spread = processes > 0 ? fl_cluster_run : NULL;
	return 0;
}
