/* SPDX-License-Identifier: MIT */
#include "cluster/mpi/mapper.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/size.h"
#include "engine/stages.h"
#include "plat/thread.h"

/* Of the memory that a run may take, beside parts and buffers (plan.c). */
#define BUDGET_SHARE(memory) ((memory) / 8)
#define BUDGET_MAX FL_MIB(64)

/* Parts that are held by one mark: block sums of 16 or 32 MiB. More wait for less often, fewer ask
 * more often. */
#define HELD_BYTES FL_MIB(2)

/* ---- claims */

/* Chunk of the @seq-th one; it has been claimed. */
static uint64_t chunk_of(const struct fl_mapper *m, uint64_t seq)
{
	unsigned i = 0;

	for (; i + 1 < m->claims_count; i++)
		if (seq < m->claims[(m->claims_at + i + 1) % FL_CLAIMS_MAX].seq)
			break;
	i = (m->claims_at + i) % FL_CLAIMS_MAX;
	return m->claims[i].chunk + (seq - m->claims[i].seq);
}

static int take(void *arg, uint64_t seq, uint64_t *ret_chunk)
{
	struct fl_mapper *m = arg;
	int r = 0;

	pthread_mutex_lock(&m->lock);
	while (seq >= m->claimed && !m->exhausted && !m->closed)
		pthread_cond_wait(&m->work, &m->lock);
	if (seq < m->claimed && !m->closed) {
		*ret_chunk = chunk_of(m, seq);
		m->taken = fl_max_u64(m->taken, seq + 1);
		r = 1;
	}
	pthread_mutex_unlock(&m->lock);
	return r;
}

bool fl_mapper_is_hungry(struct fl_mapper *m)
{
	bool r;

	pthread_mutex_lock(&m->lock);
	r = !m->exhausted && !m->closed && m->claims_count < FL_CLAIMS_MAX &&
	    m->claimed - m->taken < m->x->plan.threads;
	pthread_mutex_unlock(&m->lock);
	return r;
}

static void add_claim(struct fl_mapper *m, uint64_t chunk, uint64_t count)
{
	struct fl_claim *last =
		&m->claims[(m->claims_at + m->claims_count + FL_CLAIMS_MAX - 1) % FL_CLAIMS_MAX];

	if (m->claims_count > 0 && last->chunk + last->count == chunk) {
		last->count += count;
	} else {
		last = &m->claims[(m->claims_at + m->claims_count++) % FL_CLAIMS_MAX];
		*last = (struct fl_claim){.seq = m->claimed, .chunk = chunk, .count = count};
	}
	m->claimed += count;
}

void fl_mapper_feed(struct fl_mapper *m, uint64_t chunk, uint64_t count)
{
	pthread_mutex_lock(&m->lock);
	if (count > 0)
		add_claim(m, chunk, count);
	else
		m->exhausted = true;
	pthread_cond_broadcast(&m->work);
	pthread_mutex_unlock(&m->lock);
}

/* ---- the queue */

/* Under the lock. Return: 0; -FL_ECANCELED. */
static int push(struct fl_mapper *m, struct fl_packet_node *node)
{
	while (m->bytes >= m->budget && !m->closed)
		pthread_cond_wait(&m->work, &m->lock);
	if (m->closed) {
		free(node);
		return -FL_ECANCELED;
	}
	if (m->last)
		m->last->next = node;
	else
		m->first = node;
	m->last = node;
	m->bytes += sizeof(*node) + (size_t)node->head.len;
	pthread_cond_signal(&m->news);
	return 0;
}

static struct fl_packet_node *make_node(const struct fl_packet *head, const void *data)
{
	struct fl_packet_node *node = malloc(sizeof(*node) + (size_t)head->len);

	if (!node)
		return NULL;
	node->next = NULL;
	node->head = *head;
	if (head->len > 0)
		memcpy(node->data, data, (size_t)head->len);
	return node;
}

/* Under the lock. What is held up to here is to be folded before what comes next. */
static int push_mark(struct fl_mapper *m)
{
	struct fl_packet head = {
		.kind = FL_PACKET_HELD, .chunk = chunk_of(m, m->sent), .off = m->mark};
	struct fl_packet_node *node = make_node(&head, NULL);

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
	if (m->held_last)
		m->held_last->next = node;
	else
		m->held = node;
	m->held_last = node;
	m->held_bytes += sizeof(*node) + (size_t)node->head.len;
	return m->held_bytes >= HELD_BYTES ? push_mark(m) : 0;
}

/* By whoever has the baton. Return: 0; or an error, and the node is gone. */
static int number_and_save(struct fl_mapper *m, struct fl_packet_node *node)
{
	int r;

	pthread_mutex_lock(&m->lock);
	node->head.chunk = chunk_of(m, m->sent);
	pthread_mutex_unlock(&m->lock);
	r = m->saved->dir ? fl_saved_put(m->saved, node) : 0;
	if (r < 0)
		free(node);
	return r;
}

static int part(void *arg, unsigned k, struct fl_part *p)
{
	struct fl_mapper *m = arg;
	struct fl_packet head = {
		.kind = FL_PACKET_PART, .stage = k, .off = p->off, .end = p->end, .len = p->len};
	struct fl_packet_node *node = make_node(&head, p->data);
	int r;

	if (!node)
		return -ENOMEM;
	r = number_and_save(m, node);
	if (r < 0)
		return r;
	pthread_mutex_lock(&m->lock);
	r = m->x->pl->stages[k].ops->carry ? hold(m, node) : push(m, node);
	pthread_mutex_unlock(&m->lock);
	return r;
}

/* Whoever has the next chunk goes on with what this rank holds. */
static bool is_last_of_claim(const struct fl_mapper *m)
{
	const struct fl_claim *c = &m->claims[m->claims_at];

	return m->sent + 1 == c->seq + c->count;
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
	node = make_node(&head, text);
	if (!node)
		return -ENOMEM;
	r = number_and_save(m, node);
	if (r < 0)
		return r;
	pthread_mutex_lock(&m->lock);
	if (m->held_bytes > 0 && is_last_of_claim(m))
		r = push_mark(m);
	if (r < 0)
		free(node);
	else
		r = push(m, node);
	/* Claims all of whose chunks have been sent are forgotten. */
	if (is_last_of_claim(m)) {
		m->claims_at = (m->claims_at + 1) % FL_CLAIMS_MAX;
		m->claims_count--;
	}
	m->sent++;
	pthread_mutex_unlock(&m->lock);
	return r;
}

struct fl_packet_node *fl_mapper_pop(struct fl_mapper *m, uint64_t chunk)
{
	struct fl_packet_node *node;

	pthread_mutex_lock(&m->lock);
	node = m->first;
	if (node && chunk != UINT64_MAX && node->head.chunk != chunk)
		node = NULL;
	if (node) {
		m->first = node->next;
		if (!m->first)
			m->last = NULL;
		m->bytes -= sizeof(*node) + (size_t)node->head.len;
		pthread_cond_broadcast(&m->work);
	}
	pthread_mutex_unlock(&m->lock);
	return node;
}

struct fl_packet_node *fl_mapper_pop_held(struct fl_mapper *m, uint64_t mark)
{
	struct fl_packet_node *node;

	pthread_mutex_lock(&m->lock);
	node = m->held;
	if (node && node->head.chunk > mark)
		node = NULL;
	if (node) {
		m->held = node->next;
		if (!m->held)
			m->held_last = NULL;
		node->next = NULL;
		m->marked_bytes -= sizeof(*node) + (size_t)node->head.len;
		pthread_cond_broadcast(&m->work);
	}
	pthread_mutex_unlock(&m->lock);
	return node;
}

bool fl_mapper_is_done(struct fl_mapper *m)
{
	bool r;

	pthread_mutex_lock(&m->lock);
	r = m->ended && !m->first;
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
	(void)pthread_cond_timedwait(&m->news, &m->lock, &until);
	pthread_mutex_unlock(&m->lock);
}

/* ---- the threads */

static void *map(void *arg)
{
	struct fl_mapper *m = arg;

	(void)fl_pool_run(m->x->pl->pool, m->x->plan.threads, fl_exec_worker, m->x);
	pthread_mutex_lock(&m->lock);
	m->ended = true;
	pthread_cond_signal(&m->news);
	pthread_mutex_unlock(&m->lock);
	return NULL;
}

static void destroy(struct fl_mapper *m)
{
	pthread_cond_destroy(&m->work);
	pthread_cond_destroy(&m->news);
	pthread_mutex_destroy(&m->lock);
}

int fl_mapper_start(struct fl_mapper *m, struct fl_exec *x, struct fl_saved *saved,
		    const char *where)
{
	pthread_condattr_t attr;
	int r;

	memset(m, 0, sizeof(*m));
	m->x = x;
	m->saved = saved;
	m->where = where;
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

static void drop(struct fl_packet_node *node)
{
	struct fl_packet_node *next;

	for (; node; node = next) {
		next = node->next;
		free(node);
	}
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
	drop(m->first);
	drop(m->held);
	destroy(m);
}
