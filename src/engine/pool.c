/* SPDX-License-Identifier: MIT */
#include "engine/pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "plat/process.h"
#include "plat/thread.h"

/* No machine has more processors that one file could keep busy. */
#define POOL_MAX 1024u

/**
 * struct fl_pool
 * @round:  which run the threads are to work for; changes wake them
 * @wanted: workers of this round, the caller among them
 * @busy:   threads that have not returned yet
 * @owner:  process that has the threads
 */
struct fl_pool {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_cond_t idle;
	pthread_t *thread;
	unsigned threads;
	unsigned wanted;
	unsigned busy;
	uint64_t round;
	bool quit;
	int32_t owner;
	void (*fn)(void *arg, unsigned i);
	void *arg;
};

struct start {
	struct fl_pool *pool;
	unsigned i;
	uint64_t round;
};

static void *work(void *arg)
{
	struct start s = *(struct start *)arg;
	struct fl_pool *p = s.pool;

	free(arg);
	pthread_mutex_lock(&p->lock);
	for (;;) {
		while (!p->quit && p->round == s.round)
			pthread_cond_wait(&p->wake, &p->lock);
		if (p->quit)
			break;
		s.round = p->round;
		if (s.i >= p->wanted)
			continue;
		pthread_mutex_unlock(&p->lock);
		p->fn(p->arg, s.i);
		pthread_mutex_lock(&p->lock);
		if (--p->busy == 0)
			pthread_cond_signal(&p->idle);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static void init_locks(struct fl_pool *p)
{
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->wake, NULL);
	pthread_cond_init(&p->idle, NULL);
	p->owner = fl_process_number();
}

/* fork(2) copies the pool, not its threads; they were waiting, or this is not allowed. */
static void forget_threads_of_parent(struct fl_pool *p)
{
	if (p->owner == fl_process_number())
		return;
	p->threads = 0;
	init_locks(p);
}

int fl_pool_new(struct fl_pool **ret)
{
	struct fl_pool *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	init_locks(p);
	*ret = p;
	return 0;
}

/* Threads 1 .. n-1 exist; fewer if the system refuses. */
static void start_threads(struct fl_pool *p, unsigned n)
{
	struct start *s;
	pthread_t *more;

	/* Those of a wider round stay: they must be joined. */
	if (n <= p->threads + 1)
		return;
	more = realloc(p->thread, n * sizeof(*more));
	if (!more)
		return;
	p->thread = more;
	while (p->threads + 1 < n) {
		s = malloc(sizeof(*s));
		if (!s)
			return;
		*s = (struct start){.pool = p, .i = p->threads + 1, .round = p->round};
		if (fl_thread_start(&p->thread[p->threads], work, s, "fl-work") < 0) {
			free(s);
			return;
		}
		p->threads++;
	}
}

unsigned fl_pool_run(struct fl_pool *p, unsigned n, void (*fn)(void *arg, unsigned i), void *arg)
{
	if (n > POOL_MAX)
		n = POOL_MAX;
	forget_threads_of_parent(p);
	pthread_mutex_lock(&p->lock);
	start_threads(p, n);
	if (n > p->threads + 1)
		n = p->threads + 1;
	p->fn = fn;
	p->arg = arg;
	p->wanted = n;
	p->busy = n - 1;
	p->round++;
	pthread_cond_broadcast(&p->wake);
	pthread_mutex_unlock(&p->lock);

	fn(arg, 0);

	pthread_mutex_lock(&p->lock);
	while (p->busy > 0)
		pthread_cond_wait(&p->idle, &p->lock);
	pthread_mutex_unlock(&p->lock);
	return n;
}

void fl_pool_free(struct fl_pool *p)
{
	unsigned i;

	if (!p)
		return;
	forget_threads_of_parent(p);
	pthread_mutex_lock(&p->lock);
	p->quit = true;
	pthread_cond_broadcast(&p->wake);
	pthread_mutex_unlock(&p->lock);
	for (i = 0; i < p->threads; i++)
		pthread_join(p->thread[i], NULL);
	pthread_cond_destroy(&p->wake);
	pthread_cond_destroy(&p->idle);
	pthread_mutex_destroy(&p->lock);
	free(p->thread);
	free(p);
}
