/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "cluster/mpi/mpi_crew.h"
#include "engine/stages.h"

/* Bytes in one MPI message. */
#define PIECE_BYTES FL_KIB(256)

/* Such a piece says that more will be sent at once. */
#define BUSY_BYTES FL_KIB(4)

/**
 * struct follow - another rank than 0 during a run
 * @node:    packet that is being sent; @at: bytes of it that are in pieces
 * @pieces:  buffers, of which one is filled while the other is under way
 * @large:   what was sent last goes in steps, for which both sides have to look
 * @sent:    bytes so far
 * @back:    the baton is on its way back
 * @said:    FL_PACKET_DONE is on its way
 */
struct follow {
	struct fl_mpi_crew *c;
	struct fl_exec *x;
	struct fl_mapper *m;
	struct fl_control control;
	struct fl_packet_node *node;
	size_t at;
	unsigned char *piece;
	MPI_Request request;
	bool sending;
	bool large;
	uint64_t sent;
	MPI_Request back_request;
	bool back;
	bool said;
};

static bool receive(struct follow *f)
{
	struct fl_pipeline *pl = f->x ? f->x->pl : NULL;
	MPI_Comm comm = f->c->ranks->comm;
	int there = 0;

	MPI_Iprobe(0, FL_TAG_CONTROL, comm, &there, MPI_STATUS_IGNORE);
	if (!there)
		return false;
	MPI_Recv(&f->control, (int)sizeof(f->control), MPI_BYTE, 0, FL_TAG_CONTROL, comm,
		 MPI_STATUS_IGNORE);
	for (unsigned k = 0; pl && k < pl->stage_count; k++)
		if (f->control.stopped & (UINT64_C(1) << k))
			atomic_store_explicit(&pl->stages[k].stopped, true, memory_order_relaxed);
	return true;
}

static struct fl_packet_node *done_node(int code, const struct fl_error *err, const char *where)
{
	char text[sizeof(err->text) + 512];
	struct fl_packet head = {.kind = FL_PACKET_DONE,
				 .stage = FL_OPERATOR_NONE,
				 .off = FL_OFF_NONE,
				 .code = code};
	struct fl_packet_node *node;

	if (code < 0) {
		head.off = err->off;
		head.len = (uint64_t)snprintf(text, sizeof(text), "%s%s", err->text, where);
	}
	node = fl_packet_new(&head, text);
	if (!node)
		abort();
	return node;
}

/* All is mapped: the file has to be as long as it was. */
static struct fl_packet_node *last_word(struct follow *f)
{
	struct fl_exec *x = f->x;
	struct fl_packet_node *node;
	struct fl_error err = {0};
	int r = x->init_result;

	if (f->said || !fl_mapper_is_done(f->m))
		return NULL;
	f->said = true;
	if (r < 0)
		err = x->init_error;
	else
		r = fl_exec_check_source(x->src, &err);
	node = done_node(r, &err, f->c->ranks->where);
	if (x->init_result < 0) {
		node->head.stage = x->init_op;
		node->head.failed_off = x->plan.from;
	}
	return node;
}

/* Bytes of the packet at hand from f->at on, at most n. Return: how many. */
static size_t copy_some(struct follow *f, unsigned char *to, size_t n)
{
	struct fl_packet_node *node = f->node;
	size_t head = sizeof(node->head), total = head + (size_t)node->head.len, k;

	n = fl_min_size(n, total - f->at);
	k = f->at < head ? fl_min_size(n, head - f->at) : 0;
	memcpy(to, (const unsigned char *)&node->head + f->at, k);
	if (n > k)
		memcpy(to + k, node->data + (f->at + k - head), n - k);
	f->at += n;
	if (f->at == total) {
		if (f->m)
			fl_mapper_return(f->m, node);
		else
			fl_packet_free(node);
		f->node = NULL;
	}
	return n;
}

/* As much as fits into a piece and is allowed. Return: whether that was much. */
static bool send_piece(struct follow *f)
{
	size_t room = (size_t)fl_min_u64(PIECE_BYTES, f->control.given - f->sent), len = 0;

	while (len < room) {
		if (!f->node) {
			f->node = f->m ? fl_mapper_pop(f->m, UINT64_MAX) : NULL;
			f->at = 0;
		}
		if (!f->node && f->m)
			f->node = last_word(f);
		if (!f->node)
			break;
		len += copy_some(f, f->piece + len, room - len);
	}
	if (len == 0)
		return false;
	MPI_Isend(f->piece, (int)len, MPI_BYTE, 0, FL_TAG_DATA, f->c->ranks->comm, &f->request);
	f->sending = true;
	f->sent += len;
	f->large = len >= BUSY_BYTES;
	return f->large;
}

static bool is_under_way(MPI_Request *request, bool *sending)
{
	int sent = 0;

	if (*sending) {
		MPI_Test(request, &sent, MPI_STATUS_IGNORE);
		*sending = !sent;
	}
	return *sending;
}

static bool is_sending(struct follow *f)
{
	return is_under_way(&f->request, &f->sending);
}

/* The leader has come to what is held here. Return: whether it has. */
static bool take_baton(struct follow *f)
{
	struct fl_mpi_crew *c = f->c;
	struct fl_pipeline *pl = f->x->pl;
	struct fl_baton baton;
	struct fl_error err = {.off = FL_OFF_NONE};
	int there = 0;

	if (!is_under_way(&f->back_request, &f->back))
		MPI_Iprobe(0, FL_TAG_CARRY, c->ranks->comm, &there, MPI_STATUS_IGNORE);
	if (!there)
		return false;
	MPI_Recv(c->baton, (int)c->baton_bytes, MPI_BYTE, 0, FL_TAG_CARRY, c->ranks->comm,
		 MPI_STATUS_IGNORE);
	memcpy(&baton, c->baton, sizeof(baton));
	baton.code = fl_stages_carry_load(pl, c->baton + sizeof(baton));
	if (baton.code == 0)
		baton.code = fl_carry_fold(f->m, baton.mark, &err);
	baton.off = err.off;
	memcpy(c->baton, &baton, sizeof(baton));
	fl_stages_carry_save(pl, c->baton + sizeof(baton));
	MPI_Isend(c->baton, (int)c->baton_bytes, MPI_BYTE, 0, FL_TAG_CARRY, c->ranks->comm,
		  &f->back_request);
	f->back = true;
	return true;
}

static void work(struct follow *f)
{
	unsigned quiet = 0;
	bool moved;

	while (!f->control.over) {
		moved = receive(f);
		if (f->m) {
			fl_crew_claim(f->c);
			moved |= take_baton(f);
		}
		if (!is_sending(f))
			moved |= send_piece(f);
		quiet = moved ? 0 : quiet + 1;
		if (moved)
			continue;
		if (f->m)
			fl_mapper_wait(f->m,
				       fl_crew_nap_ns(f->c, f->sending && f->large ? 0 : quiet));
		else
			fl_ranks_nap(quiet);
	}
}

/* The last message of the run, and the sums. */
static void leave(struct follow *f, struct fl_tally *tally)
{
	struct fl_ranks *ranks = f->c->ranks;
	unsigned quiet = 0;

	while (is_sending(f) || is_under_way(&f->back_request, &f->back))
		fl_ranks_nap(quiet++);
	fl_packet_free(f->node);
	free(f->piece);
	MPI_Isend(NULL, 0, MPI_BYTE, 0, FL_TAG_DATA, ranks->comm, &f->request);
	f->sending = true;
	for (quiet = 0; is_sending(f);)
		fl_ranks_nap(quiet++);
	fl_ranks_sum(ranks, tally);
}

static void begin(struct follow *f, struct fl_mpi_crew *c)
{
	f->c = c;
	c->seen = 0;
	f->control.given = c->order.credit;
	f->piece = malloc(PIECE_BYTES);
	if (!f->piece)
		abort();
	c->pending = false;
}

int fl_crew_follow(struct fl_crew *crew, struct fl_exec *x)
{
	struct fl_mpi_crew *c = (struct fl_mpi_crew *)crew;
	struct follow f = {.x = x, .m = &c->mapper};
	struct fl_faults before, now;
	struct fl_tally tally;
	int r;

	begin(&f, c);
	fl_faults_process(&before);
	r = fl_crew_begin_baton(c, x->pl);
	if (r == 0)
		r = fl_mapper_start(&c->mapper, x);
	if (r < 0) {
		f.m = NULL;
		(void)fl_error_set(&x->error, r, FL_OFF_NONE, NULL);
		f.node = done_node(r, &x->error, c->ranks->where);
	}
	work(&f);
	if (x->remote)
		fl_mapper_stop(&c->mapper);
	fl_faults_process(&now);
	tally = (struct fl_tally){.windows = atomic_load(&x->env.windows),
				  .copied_bytes = atomic_load(&x->env.copied),
				  .minor_faults = now.minor - before.minor,
				  .major_faults = now.major - before.major};
	leave(&f, &tally);
	return 0;
}

void fl_crew_refuse(struct fl_mpi_crew *c, const struct fl_error *err)
{
	struct follow f = {.m = NULL};
	struct fl_tally tally = {0};

	if (!c->pending)
		return;
	begin(&f, c);
	f.node = done_node(err->code < 0 ? err->code : -FL_EUNSUPPORTED, err, c->ranks->where);
	work(&f);
	leave(&f, &tally);
}

int fl_crew_wait(struct fl_mpi_crew *c)
{
	struct fl_error err = {.code = -FL_ECHANGED, .off = FL_OFF_NONE};

	if (c->order.kind == FL_ORDER_END)
		return 0;
	snprintf(err.text, sizeof(err.text), "could not begin");
	fl_crew_refuse(c, &err);
	free(c->name);
	c->name = NULL;
	fl_ranks_order(c->ranks, &c->order, &c->name);
	if (c->order.kind == FL_ORDER_END)
		return 0;
	c->recipe = c->name + c->order.name_len + 1;
	c->recipe_len = (size_t)c->order.recipe_len;
	if (c->order.kind == FL_ORDER_RUN)
		fl_saved_follow(&c->saved, &c->order, (const char *)c->recipe + c->recipe_len);
	c->crew.size_bytes = c->order.size_bytes;
	c->crew.begin = c->order.begin;
	c->crew.end = c->order.end;
	c->crew.chunk_bytes = c->order.chunk_bytes;
	c->pending = c->order.kind == FL_ORDER_RUN;
	return 1;
}
