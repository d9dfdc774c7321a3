/* SPDX-License-Identifier: MIT */
#include "plat/aio_impl.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "plat/thread.h"

/* More threads than this did not add throughput (ARCHITECTURE.md, loading: cold O_DIRECT preads
 * by 1 / 2 / 4 / 8 threads gave 2.3 / 4.0 / 4.3 / 4.2-5.0 GB/s). */
#define THREADS_MAX 8u

/**
 * struct queue
 * @fifo: ids in the order of submission; @head, @tail count for ever
 */
struct queue {
	pthread_mutex_t lock;
	pthread_cond_t work;
	pthread_cond_t done;
	int fd;
	unsigned depth;
	struct fl_aio_read *reads;
	unsigned *fifo;
	uint64_t head;
	uint64_t tail;
	bool quit;
	unsigned threads;
	pthread_t thread[THREADS_MAX];
};

static int64_t read_all(int fd, struct fl_aio_read rd)
{
	ssize_t r;

	do {
		do
			r = pread(fd, (char *)rd.buf + rd.got, rd.n - rd.got,
				  (off_t)(rd.off + rd.got));
		while (r < 0 && errno == EINTR);
	} while (fl_aio_read_on(&rd, r < 0 ? -errno : r));
	return rd.result;
}

static void *reader(void *arg)
{
	struct queue *q = arg;
	struct fl_aio_read *rd;
	int64_t result;

	pthread_mutex_lock(&q->lock);
	for (;;) {
		while (!q->quit && q->head == q->tail)
			pthread_cond_wait(&q->work, &q->lock);
		if (q->quit)
			break;
		rd = &q->reads[q->fifo[q->head++ % q->depth]];
		pthread_mutex_unlock(&q->lock);
		result = read_all(q->fd, *rd);
		pthread_mutex_lock(&q->lock);
		rd->result = result;
		rd->done = true;
		pthread_cond_broadcast(&q->done);
	}
	pthread_mutex_unlock(&q->lock);
	return NULL;
}

static int submit(void *self, unsigned id, void *buf, size_t n, uint64_t off)
{
	struct queue *q = self;

	pthread_mutex_lock(&q->lock);
	q->reads[id] = (struct fl_aio_read){.buf = buf, .n = n, .off = off};
	q->fifo[q->tail++ % q->depth] = id;
	pthread_cond_signal(&q->work);
	pthread_mutex_unlock(&q->lock);
	return 0;
}

static int64_t wait_for(void *self, unsigned id)
{
	struct queue *q = self;
	int64_t result;

	pthread_mutex_lock(&q->lock);
	while (!q->reads[id].done)
		pthread_cond_wait(&q->done, &q->lock);
	result = q->reads[id].result;
	pthread_mutex_unlock(&q->lock);
	return result;
}

/* What no thread has begun is dropped: nobody will wait for it. */
static void queue_free(void *self)
{
	struct queue *q = self;
	unsigned i;

	pthread_mutex_lock(&q->lock);
	q->quit = true;
	pthread_cond_broadcast(&q->work);
	pthread_mutex_unlock(&q->lock);
	for (i = 0; i < q->threads; i++)
		pthread_join(q->thread[i], NULL);
	pthread_cond_destroy(&q->work);
	pthread_cond_destroy(&q->done);
	pthread_mutex_destroy(&q->lock);
	free(q->reads);
	free(q->fifo);
	free(q);
}

static const struct fl_aio_backend backend = {
	.submit = submit, .wait = wait_for, .free = queue_free};

int fl_aio_threads_new(int fd, unsigned depth, const struct fl_aio_backend **ret_backend,
		       void **ret_self)
{
	struct queue *q = calloc(1, sizeof(*q));
	int r = 0;

	if (!q)
		return -ENOMEM;
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->work, NULL);
	pthread_cond_init(&q->done, NULL);
	q->fd = fd;
	q->depth = depth;
	q->reads = calloc(depth, sizeof(*q->reads));
	q->fifo = calloc(depth, sizeof(*q->fifo));
	if (!q->reads || !q->fifo)
		r = -ENOMEM;
	while (r == 0 && q->threads < depth && q->threads < THREADS_MAX) {
		r = fl_thread_start(&q->thread[q->threads], reader, q, "fl-direct");
		if (r == 0)
			q->threads++;
	}
	/* Fewer threads than wished for are slower, not wrong. */
	if (q->threads == 0) {
		queue_free(q);
		return r;
	}
	*ret_backend = &backend;
	*ret_self = q;
	return 0;
}
