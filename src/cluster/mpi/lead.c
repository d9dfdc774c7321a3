/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "cluster/mpi/mpi_crew.h"
#include "engine/stages.h"

/* What all ranks together may send before they are asked to: MPI and the inboxes hold it. */
#define CREDIT_ALL FL_MIB(16)
#define CREDIT_LEAST FL_KIB(4)
#define CREDIT_MOST FL_KIB(256)

/* Asked for at a time of the rank whose chunk is folded next: its next piece comes while this one is
 * folded. So much may be more than it needed, and stay with it: not with all of many ranks. */
#define CREDIT_OWNER FL_MIB(1)
#define AHEAD_ALL FL_MIB(64)

/* Pieces of a checkpoint for each rank: files of 512 MiB at most. */
#define PIECES_EACH 128u
#define STEP_MOST 64u

/* More than so many chunks at a time (512 MiB) are not needed to keep the counter idle: 4,096 ranks with
 * 5 GB/s each then come 40,000 times a second, and MPI libraries add a million times a second. */
#define CLAIM_MOST 64u

/* Where parts are held until the fold comes: so many for each thread of all ranks. The fold goes from rank
 * to rank once in a claim, in 0.3 ms or so, during which all of them map a claim: with more of them, claims
 * are larger. Few of them find what they hold in their processor's caches: 2 ranks hashed 4.5 GB in claims
 * of 2 to 4 chunks in 140 to 155 ms, of 8 in 180, of 32 in 230 (lower quartiles of 12, on a busy machine). */
#define CLAIM_HELD 2u

/* The baton is looked for every 160 us then. */
#define BATON_QUIET 3u

/* Bytes in one turn that say that more will come at once. */
#define BUSY_BYTES FL_KIB(4)

/**
 * struct lead - rank 0 during a run
 * @chunk: that is folded next
 * @owner: rank that has it, or -1: nobody has said anything of it yet
 * @done:  followers that have mapped all they will
 * @away:  rank that has the baton, or 0
 * @ahead: bytes that followers may send, or have sent, beyond what is folded
 * @moved: bytes that came or were folded in this turn
 */
struct lead {
	struct fl_mpi_crew *c;
	struct fl_exec *x;
	struct fl_mapper *m;
	uint64_t chunk;
	int owner;
	int done;
	int away;
	MPI_Request request;
	uint64_t ahead;
	uint64_t moved;
};

/* Return: 0; or the error that the run ends with, before it has begun. */
static int make_order(struct fl_mpi_crew *c, struct fl_exec *x)
{
	int size = c->ranks->size;
	uint64_t pieces = c->saved.dir ? (uint64_t)size * PIECES_EACH : x->plan.chunks;

	c->order.kind = FL_ORDER_RUN;
	c->order.run++;
	c->order.name_len = strlen(x->src->name);
	c->order.recipe_len = c->recipe_len;
	c->order.size_bytes = x->src->file.size_bytes;
	c->order.begin = x->plan.begin;
	c->order.end = x->plan.end;
	c->order.chunk_bytes = x->plan.chunk_bytes;
	c->order.chunks = x->plan.chunks;
	c->order.step = fl_max_u64(1, fl_min_u64(x->plan.chunks / pieces, STEP_MOST));
	c->order.most = CLAIM_MOST;
	if (fl_stages_carry_bytes(x->pl) > 0)
		c->order.most =
			fl_min_u64(CLAIM_MOST, CLAIM_HELD * (uint64_t)size * x->plan.threads);
	c->order.credit =
		fl_max_u64(CREDIT_LEAST, fl_min_u64(CREDIT_ALL / (uint64_t)size, CREDIT_MOST));
	x->result = fl_saved_plan(&c->saved, x, &c->order);
	x->plan.chunk_bytes = (size_t)c->order.chunk_bytes;
	x->plan.chunks = c->order.chunks;
	c->order.pieces_len = c->saved.pieces_bytes;
	return x->result;
}

static void send_order(struct fl_mpi_crew *c, struct fl_exec *x)
{
	char *tail = calloc(1, fl_order_tail_bytes(&c->order)), *at = tail;

	if (!tail)
		MPI_Abort(c->ranks->comm, 2);
	for (int i = 0; i < c->ranks->size; i++)
		fl_inbox_begin(&c->inbox[i], c->order.credit);
	memcpy(at, x->src->name, (size_t)c->order.name_len);
	at += c->order.name_len + 1;
	if (c->recipe_len > 0)
		memcpy(at, c->recipe, c->recipe_len);
	if (c->saved.pieces_bytes > 0)
		memcpy(at + c->recipe_len, c->saved.pieces, c->saved.pieces_bytes);
	fl_ranks_reset(c->ranks, 0);
	fl_ranks_order(c->ranks, &c->order, &tail);
	free(tail);
}

/* ---- folding */

static int fold_end(struct lead *l, const struct fl_packet *head, const unsigned char *data)
{
	struct fl_exec *x = l->x;
	struct fl_slot slot = {.result = (int)head->code,
			       .failed_op = head->stage,
			       .failed_off = head->failed_off,
			       .end = head->end};

	if (head->code < 0)
		(void)fl_error_set(&slot.error, (int)head->code, head->off, "%.*s", (int)head->len,
				   data);
	l->chunk++;
	l->owner = -1;
	return fl_exec_fold_end(x, &slot);
}

static int fold_part(struct lead *l, const struct fl_packet *head, const unsigned char *data)
{
	struct fl_exec *x = l->x;
	struct fl_part part = {.data = (unsigned char *)(uintptr_t)data,
			       .len = (size_t)head->len,
			       .capacity = (size_t)head->len,
			       .limit = x->plan.part_limit,
			       .off = head->off,
			       .end = head->end};
	int r;

	if (head->stage >= x->pl->stage_count)
		return fl_error_set(&x->error, -FL_ECORRUPT, FL_OFF_NONE, "a rank sent nonsense");
	r = fl_exec_fold_here(x, head->stage, &part, &x->error);
	if (r < 0)
		x->result = r;
	return r;
}

/* ---- the baton */

int fl_crew_begin_baton(struct fl_mpi_crew *c, const struct fl_pipeline *pl)
{
	unsigned char *more;

	c->baton_bytes = sizeof(struct fl_baton) + fl_stages_carry_bytes(pl);
	more = realloc(c->baton, c->baton_bytes);
	if (!more)
		return -ENOMEM;
	c->baton = more;
	return 0;
}

/* Folds of what another rank holds: the baton goes there. */
static void fold_held(struct lead *l, int rank, const struct fl_packet *head)
{
	struct fl_mpi_crew *c = l->c;
	struct fl_baton baton = {.mark = head->off};

	memcpy(c->baton, &baton, sizeof(baton));
	fl_stages_carry_save(l->x->pl, c->baton + sizeof(baton));
	MPI_Isend(c->baton, (int)c->baton_bytes, MPI_BYTE, rank, FL_TAG_CARRY, c->ranks->comm,
		  &l->request);
	l->away = rank;
}

/* Return: 1: it is back; 0: it is not; or an error of the folds. */
static int take_baton(struct lead *l)
{
	struct fl_mpi_crew *c = l->c;
	struct fl_exec *x = l->x;
	struct fl_baton baton;
	int there = 0, r;

	MPI_Iprobe(l->away, FL_TAG_CARRY, c->ranks->comm, &there, MPI_STATUS_IGNORE);
	if (!there)
		return 0;
	MPI_Wait(&l->request, MPI_STATUS_IGNORE);
	MPI_Recv(c->baton, (int)c->baton_bytes, MPI_BYTE, l->away, FL_TAG_CARRY, c->ranks->comm,
		 MPI_STATUS_IGNORE);
	l->away = 0;
	memcpy(&baton, c->baton, sizeof(baton));
	r = (int)baton.code;
	if (r == 0)
		r = fl_stages_carry_load(x->pl, c->baton + sizeof(baton));
	if (r < 0)
		x->result = fl_error_set(&x->error, r, baton.off, NULL);
	return r < 0 ? r : 1;
}

/* A rank has no more to say; its error, if there is one, is that of no chunk. */
static int note_done(struct lead *l, const struct fl_packet *head, const unsigned char *data)
{
	l->done++;
	if (head->code == 0)
		return 0;
	fl_stages_blame(l->x->pl, head->stage, head->failed_off);
	l->x->result = fl_error_set(&l->x->error, (int)head->code, head->off, "%.*s",
				    (int)head->len, data);
	return l->x->result;
}

static int fold_packet(struct lead *l, int rank, const struct fl_packet *head,
		       const unsigned char *data)
{
	if (head->kind == FL_PACKET_HELD) {
		fold_held(l, rank, head);
		return 0;
	}
	if (head->kind == FL_PACKET_PART)
		return fold_part(l, head, data);
	if (head->kind == FL_PACKET_END)
		return fold_end(l, head, data);
	return note_done(l, head, data);
}

/* Return: 1: a packet was folded; 2: and the run is over; 0: none of ours is next; or an error. */
static int fold_own(struct lead *l)
{
	struct fl_packet_node *node = fl_mapper_pop(l->m, l->chunk);
	int r;

	if (!node)
		return 0;
	l->owner = 0;
	r = fold_packet(l, 0, &node->head, node->data);
	l->moved += node->head.len;
	fl_mapper_return(l->m, node);
	return r < 0 ? r : r + 1;
}

/* A rank may send some more than @base bytes. It is told before it has used up half of what it may, not with
 * each packet that was folded: each message is a look of both sides. */
static void give(struct lead *l, struct fl_inbox *in, uint64_t base)
{
	bool is_owner = l->owner >= 0 && in == &l->c->inbox[l->owner];
	uint64_t credit = l->c->order.credit;

	if (is_owner && l->ahead + CREDIT_OWNER <= AHEAD_ALL)
		credit = CREDIT_OWNER;
	if (base + credit / 2 <= in->want.given)
		return;
	l->ahead += base + credit - in->want.given;
	in->want.given = base + credit;
}

/* Return: as above, of one rank's oldest packet. */
static int fold_from(struct lead *l, int rank)
{
	struct fl_inbox *in = &l->c->inbox[rank];
	const unsigned char *data;
	struct fl_packet head;
	int there = fl_inbox_peek(in, &head, &data), r;

	if (there == 0 || (head.kind != FL_PACKET_DONE && head.chunk != l->chunk))
		return 0;
	if (head.kind != FL_PACKET_DONE)
		l->owner = rank;
	if (there < 2) {
		give(l, in, in->got);
		return 0;
	}
	r = fold_packet(l, rank, &head, data);
	fl_inbox_drop(in, &head);
	l->ahead -= fl_min_u64(l->ahead, sizeof(head) + head.len);
	give(l, in, in->folded);
	return r < 0 ? r : r + 1;
}

/* Return: as above, of a piece that an earlier job has mapped. */
static int fold_saved(struct lead *l)
{
	struct fl_packet_node *node = NULL;
	int r = fl_saved_get(&l->c->saved, l->chunk, &node);

	if (r < 0) {
		l->x->result = fl_error_set(&l->x->error, r, FL_OFF_NONE,
					    "checkpoint: run %u, piece %llu: %s", l->c->saved.run,
					    (unsigned long long)(l->chunk / l->c->saved.step),
					    fl_strerror(r));
		return r;
	}
	r = fold_packet(l, 0, &node->head, node->data);
	fl_packet_free(node);
	return r < 0 ? r : r + 1;
}

/* Return: as above: of whoever has the chunk that is next. */
static int fold_next(struct lead *l)
{
	int r = 0;

	if (l->away > 0)
		return take_baton(l);
	if (fl_saved_has(&l->c->saved, l->chunk))
		return fold_saved(l);
	if (l->owner > 0)
		return fold_from(l, l->owner);
	r = fold_own(l);
	for (int i = 1; r == 0 && l->owner < 0 && i < l->c->ranks->size; i++)
		r = fold_from(l, i);
	return r;
}

/* ---- the run */

/* Of a claim, what an earlier job has mapped is left out. */
static void feed(struct fl_mpi_crew *c, uint64_t first, uint64_t end)
{
	uint64_t step = c->order.step;

	for (; first < end; first += step)
		if (!fl_saved_has(&c->saved, first))
			fl_mapper_feed(&c->mapper, first, fl_min_u64(step, end - first));
}

void fl_crew_claim(struct fl_mpi_crew *c)
{
	const struct fl_order *order = &c->order;
	uint64_t first, step;

	while (fl_mapper_is_hungry(&c->mapper)) {
		step = fl_claims_step(order->chunks - c->seen, (uint64_t)c->ranks->size,
				      order->step,
				      fl_min_u64(order->most, fl_mapper_fit(&c->mapper)));
		first = fl_ranks_claim(c->ranks, step);
		c->seen = fl_min_u64(first + step, order->chunks);
		if (first >= order->chunks)
			fl_mapper_feed(&c->mapper, first, 0);
		else
			feed(c, first, c->seen);
	}
}

static void tell_all(struct lead *l, uint64_t over)
{
	const struct fl_pipeline *pl = l->x->pl;
	uint64_t stopped = 0;

	for (unsigned k = 0; k < pl->stage_count; k++)
		if (atomic_load_explicit(&pl->stages[k].stopped, memory_order_relaxed))
			stopped |= UINT64_C(1) << k;
	for (int i = 1; i < l->c->ranks->size; i++) {
		l->c->inbox[i].want.stopped = stopped;
		l->c->inbox[i].want.over = over;
		fl_inbox_tell(&l->c->inbox[i], l->c->ranks, i);
	}
}

/* Workers that could not begin say nothing of any chunk. */
static int look_after_own(struct lead *l)
{
	struct fl_exec *x = l->x;

	if (atomic_load_explicit(&x->pl->cancel, memory_order_relaxed))
		x->result = fl_error_set(&x->error, -FL_ECANCELED, FL_OFF_NONE, NULL);
	else if (fl_mapper_is_done(l->m) && x->init_result < 0) {
		fl_stages_blame(x->pl, x->init_op, x->plan.from);
		x->error = x->init_error;
		x->result = x->init_result;
	}
	return x->result;
}

static bool is_complete(const struct lead *l)
{
	return l->chunk == l->x->plan.chunks && l->done == l->c->ranks->size - 1;
}

/* Return: whether there is more to do at once; the run is over where *ret_r is not 0. */
static bool turn(struct lead *l, int *ret_r)
{
	unsigned n = 0;
	int r;

	l->moved = 0;
	while ((r = fl_inbox_receive(l->c->inbox, l->c->ranks, &l->moved)) > 0)
		;
	if (r == 0)
		r = look_after_own(l);
	else
		l->x->result = fl_error_set(&l->x->error, r, FL_OFF_NONE, NULL);
	fl_crew_claim(l->c);
	for (; r == 0 && n < 256; n++) {
		r = fold_next(l);
		if (r != 1)
			break;
		r = 0;
	}
	tell_all(l, 0);
	*ret_r = r;
	return n == 256 || l->moved >= BUSY_BYTES;
}

/* All others stop, and what they have sent is taken from MPI. */
static void end_followers(struct lead *l)
{
	struct fl_mpi_crew *c = l->c;
	unsigned quiet = 0;
	int left = 1;

	/* It would be taken for that of the next run. */
	while (l->away > 0 && take_baton(l) == 0)
		fl_ranks_nap(quiet++);
	while (left < c->ranks->size) {
		tell_all(l, 1);
		quiet = fl_inbox_receive(c->inbox, c->ranks, &l->moved) != 0 ? 0 : quiet + 1;
		for (left = 1; left < c->ranks->size; left++)
			if (!c->inbox[left].left || c->inbox[left].sending)
				break;
		for (int i = 1; i < c->ranks->size; i++)
			c->inbox[i].at = c->inbox[i].len = 0;
		if (quiet > 0)
			fl_ranks_nap(quiet);
	}
}

static void sum_up(struct fl_mpi_crew *c, struct fl_exec *x)
{
	struct fl_tally tally = {0};
	size_t len = strlen(x->choice.reason);

	fl_ranks_sum(c->ranks, &tally);
	atomic_fetch_add(&x->env.windows, tally.windows);
	atomic_fetch_add(&x->env.copied, tally.copied_bytes);
	x->remote_faults.minor += tally.minor_faults;
	x->remote_faults.major += tally.major_faults;
	snprintf(x->choice.reason + len, sizeof(x->choice.reason) - len, ", on %d ranks",
		 c->ranks->size);
}

uint64_t fl_crew_nap_ns(struct fl_mpi_crew *c, unsigned quiet)
{
	if (fl_mapper_has_ended(&c->mapper))
		quiet /= 16;
	else if (c->baton_bytes > sizeof(struct fl_baton) && quiet > BATON_QUIET)
		quiet = BATON_QUIET;
	return fl_nap_ns(quiet);
}

int fl_crew_lead(struct fl_crew *crew, struct fl_exec *x)
{
	struct fl_mpi_crew *c = (struct fl_mpi_crew *)crew;
	struct lead l = {.c = c, .x = x, .m = &c->mapper, .owner = -1};
	unsigned quiet = 0;
	int r, away;

	r = make_order(c, x);
	if (r < 0)
		return r;
	c->busy = true;
	c->seen = 0;
	send_order(c, x);
	l.ahead = c->order.credit * (uint64_t)(c->ranks->size - 1);
	r = fl_crew_begin_baton(c, x->pl);
	if (r == 0)
		r = fl_mapper_start(&c->mapper, x);
	if (r < 0)
		x->result = fl_error_set(&x->error, r, FL_OFF_NONE, NULL);
	while (r == 0 && !is_complete(&l)) {
		away = l.away;
		quiet = turn(&l, &r) || l.away != away ? 0 : quiet + 1;
		if (r == 0 && quiet > 0)
			fl_mapper_wait(&c->mapper, fl_crew_nap_ns(c, quiet));
	}
	if (x->remote)
		fl_mapper_stop(&c->mapper);
	end_followers(&l);
	sum_up(c, x);
	c->busy = false;
	return x->result;
}

void fl_crew_dismiss(struct fl_mpi_crew *c)
{
	/* In the middle of a run the others listen to something else. */
	if (c->busy)
		MPI_Abort(c->ranks->comm, 2);
	char nothing[] = "", *tail = nothing;

	c->order = (struct fl_order){.kind = FL_ORDER_END};
	fl_ranks_order(c->ranks, &c->order, &tail);
}
