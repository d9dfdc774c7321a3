/* SPDX-License-Identifier: MIT */
#include <faultline/stream.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <faultline/operator.h>

#include "base/error.h"
#include "base/size.h"
#include "window/source_impl.h"
#include "window/stream_impl.h"

#define CAPACITY_MAX ((size_t)1 << 30)
/* What a pipe holds by default, pipe(7). */
#define CAPACITY_MIN ((size_t)64 << 10)

/* How long a cancelled run may still wait for a silent writer, as for a silent pipe. */
#define WAIT_NS 50000000

/**
 * struct fl_stream - a ring of bytes
 * @source:  the reading side; first, so that the source is the stream
 * @lock:    the rest; bytes are copied without it: [tail, tail + used) is the reader's,
 *           what is free the writer's
 * @came, @went: bytes, or the end; room, or the reader's end
 */
struct fl_stream {
	struct fl_source source;
	pthread_mutex_t lock;
	pthread_cond_t came;
	pthread_cond_t went;
	unsigned char *ring;
	size_t capacity;
	size_t tail;
	size_t used;
	bool ended;
	bool closed;
	int result;
};

static size_t wrapped(const struct fl_stream *st, size_t at)
{
	return at < st->capacity ? at : at - st->capacity;
}

/* Under the lock. Return: false after WAIT_NS without a byte or an end. */
static bool wait_for_bytes(struct fl_stream *st)
{
	struct timespec until;
	int r = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += WAIT_NS;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	while (st->used == 0 && !st->ended && r == 0)
		r = pthread_cond_timedwait(&st->came, &st->lock, &until);
	return st->used > 0 || st->ended;
}

static int64_t stream_read(struct fl_source *src, void *buf, size_t n)
{
	struct fl_stream *st = (struct fl_stream *)src;
	size_t first, tail;
	bool any;

	pthread_mutex_lock(&st->lock);
	any = wait_for_bytes(st);
	n = fl_min_size(n, st->used);
	tail = st->tail;
	pthread_mutex_unlock(&st->lock);
	if (!any)
		return -EAGAIN;
	if (n == 0)
		return st->result;
	first = fl_min_size(n, st->capacity - tail);
	memcpy(buf, st->ring + tail, first);
	memcpy((unsigned char *)buf + first, st->ring, n - first);
	pthread_mutex_lock(&st->lock);
	st->tail = wrapped(st, tail + n);
	st->used -= n;
	pthread_cond_signal(&st->went);
	pthread_mutex_unlock(&st->lock);
	return (int64_t)n;
}

static bool stream_ready(struct fl_source *src)
{
	struct fl_stream *st = (struct fl_stream *)src;
	bool ready;

	pthread_mutex_lock(&st->lock);
	ready = st->used > 0 || st->ended;
	pthread_mutex_unlock(&st->lock);
	return ready;
}

static const struct fl_source_ops stream_ops = {.read = stream_read, .ready = stream_ready};

/* Return: bytes that may be written at *ret_at now; 0 when nobody reads any more. */
static size_t wait_for_room(struct fl_stream *st, size_t *ret_at)
{
	size_t room;

	pthread_mutex_lock(&st->lock);
	while (!st->closed && st->used == st->capacity)
		pthread_cond_wait(&st->went, &st->lock);
	*ret_at = wrapped(st, st->tail + st->used);
	room = st->closed ? 0 : fl_min_size(st->capacity - st->used, st->capacity - *ret_at);
	pthread_mutex_unlock(&st->lock);
	return room;
}

int fl_stream_write(struct fl_stream *st, const void *data, size_t len)
{
	const unsigned char *from = data;
	size_t at, n;

	while (len > 0) {
		n = fl_min_size(len, wait_for_room(st, &at));
		if (n == 0)
			return FL_FOLD_STOP;
		memcpy(st->ring + at, from, n);
		pthread_mutex_lock(&st->lock);
		st->used += n;
		pthread_cond_signal(&st->came);
		pthread_mutex_unlock(&st->lock);
		from += n;
		len -= n;
	}
	return 0;
}

void fl_stream_end(struct fl_stream *st, int result)
{
	pthread_mutex_lock(&st->lock);
	if (!st->ended)
		st->result = result < 0 ? result : 0;
	st->ended = true;
	pthread_cond_signal(&st->came);
	pthread_mutex_unlock(&st->lock);
}

void fl_stream_close(struct fl_stream *st)
{
	pthread_mutex_lock(&st->lock);
	st->closed = true;
	pthread_cond_signal(&st->went);
	pthread_mutex_unlock(&st->lock);
}

size_t fl_stream_fit(uint64_t memory_bytes)
{
	return fl_max_size(fl_min_size((size_t)(memory_bytes / 8), FL_STREAM_BYTES_DEFAULT),
			   CAPACITY_MIN);
}

void fl_stream_rest(struct fl_stream *st)
{
	free(st->ring);
	st->ring = NULL;
	st->capacity = 0;
}

int fl_stream_reopen(struct fl_stream *st, size_t capacity_bytes)
{
	if (capacity_bytes != st->capacity) {
		unsigned char *ring = malloc(capacity_bytes);

		if (!ring)
			return -ENOMEM;
		free(st->ring);
		st->ring = ring;
		st->capacity = capacity_bytes;
	}
	pthread_mutex_lock(&st->lock);
	st->tail = st->used = 0;
	st->ended = st->closed = false;
	st->result = 0;
	pthread_mutex_unlock(&st->lock);
	if (st->source.ops->restart)
		st->source.ops->restart(&st->source);
	return 0;
}

struct fl_source *fl_stream_source(struct fl_stream *st)
{
	return &st->source;
}

void fl_stream_free(struct fl_stream *st)
{
	if (!st)
		return;
	if (st->source.ops && st->source.ops->close)
		st->source.ops->close(&st->source);
	pthread_cond_destroy(&st->came);
	pthread_cond_destroy(&st->went);
	pthread_mutex_destroy(&st->lock);
	free(st->source.name);
	free(st->ring);
	free(st);
}

static void init_locks(struct fl_stream *st)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&st->lock, NULL);
	pthread_cond_init(&st->came, &attr);
	pthread_cond_init(&st->went, &attr);
	pthread_condattr_destroy(&attr);
}

int fl_stream_new(size_t capacity_bytes, const char *name, struct fl_stream **ret,
		  struct fl_error *reterr)
{
	struct fl_stream *st;

	if (capacity_bytes > CAPACITY_MAX)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, "stream of more than 1 GiB");
	st = calloc(1, sizeof(*st));
	if (!st)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	init_locks(st);
	st->capacity = capacity_bytes ? capacity_bytes : FL_STREAM_BYTES_DEFAULT;
	st->ring = malloc(st->capacity);
	st->source.name = strdup(name);
	st->source.ops = &stream_ops;
	st->source.file =
		(struct fl_file){.fd = -1, .kind = FL_SOURCE_STREAM, .size_bytes = FL_SIZE_UNKNOWN};
	if (!st->ring || !st->source.name) {
		fl_stream_free(st);
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	}
	*ret = st;
	return 0;
}
