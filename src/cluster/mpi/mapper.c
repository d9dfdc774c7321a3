/* SPDX-License-Identifier: MIT */
#include "cluster/mpi/mapper.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/error.h"
#include "base/size.h"
#include "engine/stages.h"
#include "plat/thread.h"

/* Of the memory that a run may take, beside parts and buffers (plan.c). */
#define BUDGET_SHARE(memory) ((memory) / 8)
#define BUDGET_MAX FL_MIB(64)

/* Parts that are held by one mark: block sums of 128 MiB. */
#define HELD_BYTES FL_MIB(8)

/* Chunks for each thread, as long as it is not known how much they return. */
#define CLAIM_FIRST 2u

/* What is worth waking the thread that sends: a message that is not all overhead. */
#define WAKE_BYTES FL_KIB(64)

/* Under the lock. */
static void tell(struct fl_mapper *m)
{
	m->told = true;
	pthread_cond_signal(&m->news);
}

/* ---- claims */

/* Under the lock. A chunk for each thread is in store: to get more takes a while. */
static bool is_hungry(const struct fl_mapper *m)
{
	return !m->exhausted && !m->closed && !fl_claims_full(&m->claims) &&
	       m->claims.total - m->taken <= m->x->plan.threads;
}

static int take(void *arg, uint64_t seq, uint64_t *ret_chunk)
{
	struct fl_mapper *m = arg;
	int r = 0;

	pthread_mutex_lock(&m->lock);
	while (seq >= m->claims.total && !m->exhausted && !m->closed)
		pthread_cond_wait(&m->work, &m->lock);
	if (seq < m->claims.total && !m->closed) {
		*ret_chunk = fl_claims_chunk(&m->claims, seq);
		m->taken = fl_max_u64(m->taken, seq + 1);
		r = 1;
	}
	if (is_hungry(m))
		tell(m);
	pthread_mutex_unlock(&m->lock);
	return r;
}

bool fl_mapper_is_hungry(struct fl_mapper *m)
{
	bool r;

	pthread_mutex_lock(&m->lock);
	r = is_hungry(m);
	pthread_mutex_unlock(&m->lock);
	return r;
}

uint64_t fl_mapper_fit(struct fl_mapper *m)
{
	uint64_t each, ret = CLAIM_FIRST * (uint64_t)m->x->plan.threads;

	pthread_mutex_lock(&m->lock);
	if (m->sent > 0) {
		each = m->returned / m->sent + 1;
		ret = m->budget / 4 / each;
	}
	pthread_mutex_unlock(&m->lock);
	return fl_max_u64(ret, 1);
}

void fl_mapper_feed(struct fl_mapper *m, uint64_t chunk, uint64_t count)
{
	pthread_mutex_lock(&m->lock);
	if (count > 0)
		fl_claims_add(&m->claims, chunk, count);
	else
		m->exhausted = true;
	pthread_cond_broadcast(&m->work);
	pthread_mutex_unlock(&m->lock);
}

/* ---- the queue */

/* Under the lock. Return: 0; -FL_ECANCELED. */
static int push(struct fl_mapper *m, struct fl_packet_node *node)
{
	while (m->queue.bytes >= m->budget && !m->closed)
		pthread_cond_wait(&m->work, &m->lock);
	if (m->closed) {
		fl_packet_free(node);
		return -FL_ECANCELED;
	}
	fl_packets_add(&m->queue, node);
	if (m->queue.bytes >= WAKE_BYTES)
		tell(m);
	return 0;
}

/* Under the lock. What is held up to here is to be folded before what comes next. */
static int push_mark(struct fl_mapper *m)
{
	struct fl_packet head = {.kind = FL_PACKET_HELD,
				 .chunk = fl_claims_chunk(&m->claims, m->sent),
				 .off = m->mark};
	struct fl_packet_node *node = fl_packet_new(&head, NULL);

	if (!node)
		return -ENOMEM;
	m->mark++;
	m->marked_bytes += m->held_bytes;
	m->held_bytes = 0;
	return push(m, node);
}

/* Under the lock. */
static int hold(struct fl_mapper *m, struct fl_packet_node *node)
{
	/* What has a mark will be asked for. */
	while (m->marked_bytes >= m->budget && !m->closed)
		pthread_cond_wait(&m->work, &m->lock);
	node->head.chunk = m->mark;
	fl_packets_add(&m->held, node);
	m->held_bytes += fl_packet_bytes(node);
	return m->held_bytes >= HELD_BYTES ? push_mark(m) : 0;
}

/* By whoever has the baton. Return: 0; or an error, and the node is gone. */
static int number_and_save(struct fl_mapper *m, struct fl_packet_node *node)
{
	int r;

	pthread_mutex_lock(&m->lock);
	node->head.chunk = fl_claims_chunk(&m->claims, m->sent);
	pthread_mutex_unlock(&m->lock);
	r = m->saved->dir ? fl_saved_put(m->saved, node) : 0;
	if (r < 0)
		fl_packet_free(node);
	return r;
}

static int part(void *arg, unsigned k, struct fl_part *p)
{
	struct fl_mapper *m = arg;
	struct fl_packet_node *node;
	int r;

	pthread_mutex_lock(&m->lock);
	node = fl_packet_take(&m->spare, k, p);
	pthread_mutex_unlock(&m->lock);
	if (!node)
		return -ENOMEM;
	r = number_and_save(m, node);
	if (r < 0)
		return r;
	pthread_mutex_lock(&m->lock);
	m->returned += node->head.len;
	r = m->holds && m->x->pl->stages[k].ops->carry ? hold(m, node) : push(m, node);
	pthread_mutex_unlock(&m->lock);
	return r;
}

/* Whoever has the next chunk goes on with what this rank holds. */
static bool is_last_of_claim(const struct fl_mapper *m)
{
	return fl_claims_ends(&m->claims, m->sent);
}

static int end(void *arg, const struct fl_slot *slot, int result, const struct fl_error *err)
{
	struct fl_mapper *m = arg;
	struct fl_packet head = {.kind = FL_PACKET_END,
				 .stage = slot->failed_op,
				 .failed_off = slot->failed_off,
				 .off = FL_OFF_NONE,
				 .end = slot->end,
				 .code = result};
	char text[sizeof(err->text) + 512];
	struct fl_packet_node *node;
	int r = 0;

	if (result < 0) {
		head.off = err->off;
		head.len = (uint64_t)snprintf(text, sizeof(text), "%s%s", err->text, m->where);
	}
	node = fl_packet_new(&head, text);
	if (!node)
		return -ENOMEM;
	r = number_and_save(m, node);
	if (r < 0)
		return r;
	pthread_mutex_lock(&m->lock);
	if (m->held_bytes > 0 && is_last_of_claim(m))
		r = push_mark(m);
	if (r < 0)
		fl_packet_free(node);
	else
		r = push(m, node);
	if (is_last_of_claim(m))
		fl_claims_forget(&m->claims);
	m->sent++;
	pthread_mutex_unlock(&m->lock);
	return r;
}

struct fl_packet_node *fl_mapper_pop(struct fl_mapper *m, uint64_t chunk)
{
	struct fl_packet_node *node;

	pthread_mutex_lock(&m->lock);
	node = m->queue.first;
	if (node && chunk != UINT64_MAX && node->head.chunk != chunk)
		node = NULL;
	if (node) {
		(void)fl_packets_pop(&m->queue);
		pthread_cond_broadcast(&m->work);
	}
	pthread_mutex_unlock(&m->lock);
	return node;
}

struct fl_packet_node *fl_mapper_pop_held(struct fl_mapper *m, uint64_t mark)
{
	struct fl_packet_node *node;

	pthread_mutex_lock(&m->lock);
	node = m->held.first;
	if (node && node->head.chunk > mark)
		node = NULL;
	if (node) {
		(void)fl_packets_pop(&m->held);
		m->marked_bytes -= fl_packet_bytes(node);
		pthread_cond_broadcast(&m->work);
	}
	pthread_mutex_unlock(&m->lock);
	return node;
}

void fl_mapper_return(struct fl_mapper *m, struct fl_packet_node *node)
{
	pthread_mutex_lock(&m->lock);
	fl_packet_spare(&m->spare, node);
	pthread_mutex_unlock(&m->lock);
}

bool fl_mapper_has_ended(struct fl_mapper *m)
{
	bool r;

	pthread_mutex_lock(&m->lock);
	r = m->ended;
	pthread_mutex_unlock(&m->lock);
	return r;
}

bool fl_mapper_is_done(struct fl_mapper *m)
{
	bool r;

	pthread_mutex_lock(&m->lock);
	r = m->ended && !m->queue.first;
	pthread_mutex_unlock(&m->lock);
	return r;
}

void fl_mapper_wait(struct fl_mapper *m, uint64_t ns)
{
	struct timespec until;
	uint64_t at;

	clock_gettime(CLOCK_MONOTONIC, &until);
	at = (uint64_t)until.tv_nsec + ns;
	until.tv_sec += (time_t)(at / 1000000000u);
	until.tv_nsec = (long)(at % 1000000000u);
	pthread_mutex_lock(&m->lock);
	if (!m->told)
		(void)pthread_cond_timedwait(&m->news, &m->lock, &until);
	m->told = false;
	pthread_mutex_unlock(&m->lock);
}

/* ---- the threads */

static void *map(void *arg)
{
	struct fl_mapper *m = arg;

	(void)fl_pool_run(m->x->pl->pool, m->x->plan.threads, fl_exec_worker, m->x);
	pthread_mutex_lock(&m->lock);
	m->ended = true;
	tell(m);
	pthread_mutex_unlock(&m->lock);
	return NULL;
}

static void destroy(struct fl_mapper *m)
{
	pthread_cond_destroy(&m->work);
	pthread_cond_destroy(&m->news);
	pthread_mutex_destroy(&m->lock);
}

int fl_mapper_start(struct fl_mapper *m, struct fl_exec *x)
{
	pthread_condattr_t attr;
	int r;

	*m = (struct fl_mapper){.x = x, .saved = m->saved, .where = m->where, .holds = m->holds};
	m->budget = (size_t)fl_min_u64(BUDGET_SHARE(x->pl->opt.max_memory_bytes), BUDGET_MAX);
	m->remote = (struct fl_remote){.arg = m, .take = take, .part = part, .end = end};
	pthread_mutex_init(&m->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&m->work, &attr);
	pthread_cond_init(&m->news, &attr);
	pthread_condattr_destroy(&attr);
	x->remote = &m->remote;
	r = fl_thread_start(&m->thread, map, m, "fl-map");
	if (r == 0)
		return 0;
	destroy(m);
	x->remote = NULL;
	return r;
}

void fl_mapper_stop(struct fl_mapper *m)
{
	pthread_mutex_lock(&m->lock);
	m->closed = true;
	pthread_cond_broadcast(&m->work);
	pthread_mutex_unlock(&m->lock);
	fl_ring_stop(&m->x->ring);
	pthread_join(m->thread, NULL);
	fl_saved_abandon(m->saved);
	m->x->remote = NULL;
	fl_packets_drop(&m->queue);
	fl_packets_drop(&m->held);
	fl_packets_drop(&m->spare);
	destroy(m);
}
