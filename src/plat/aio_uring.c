/* SPDX-License-Identifier: MIT */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "plat/aio_impl.h"

#include "base/error.h"
#include "plat/aio.h"

#ifdef HAVE_LIBURING

#include <errno.h>
#include <liburing.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/uio.h>

/* One system call reads at most MAX_RW_COUNT, 2 GiB less a page (read(2)). */
#define CALL_BYTES_MAX ((size_t)1 << 30)

/* The kernel could not take a request just now; it may after another thread has run. */
#define SUBMIT_TRIES 1000

/**
 * struct uring
 * @lock:    everything below, and the submission side of the ring
 * @reaping: one thread is waiting at the completion side, without the lock, so that others can
 *           submit meanwhile
 * @reaped:  it has come back
 */
struct uring {
	pthread_mutex_t lock;
	pthread_cond_t reaped;
	bool reaping;
	struct io_uring ring;
	int fd;
	unsigned depth;
	unsigned in_flight;
	char *registered;
	size_t registered_bytes;
	struct fl_aio_read *reads;
};

static bool is_registered(const struct uring *u, const char *p, size_t n)
{
	return u->registered && p >= u->registered && n <= u->registered_bytes &&
	       (size_t)(p - u->registered) <= u->registered_bytes - n;
}

static void prepare(const struct uring *u, struct io_uring_sqe *sqe, const struct fl_aio_read *rd)
{
	size_t n = rd->n - rd->got;
	char *p = (char *)rd->buf + rd->got;
	unsigned bytes = (unsigned)(n < CALL_BYTES_MAX ? n : CALL_BYTES_MAX);

	if (is_registered(u, p, bytes))
		io_uring_prep_read_fixed(sqe, u->fd, p, bytes, rd->off + rd->got, 0);
	else
		io_uring_prep_read(sqe, u->fd, p, bytes, rd->off + rd->got);
}

/* Hands over all that is in the submission queue. */
static int flush(struct uring *u)
{
	int tries, r = -EAGAIN;

	for (tries = 0; tries < SUBMIT_TRIES && io_uring_sq_ready(&u->ring) > 0; tries++) {
		r = io_uring_submit(&u->ring);
		if (r < 0 && r != -EINTR && r != -EAGAIN && r != -EBUSY)
			break;
		if (r <= 0)
			sched_yield();
	}
	if (io_uring_sq_ready(&u->ring) == 0)
		return 0;
	return r < 0 ? r : -EAGAIN;
}

/* Under the lock. */
static int push(struct uring *u, unsigned id)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&u->ring);
	int r;

	if (!sqe)
		return -EAGAIN;
	prepare(u, sqe, &u->reads[id]);
	io_uring_sqe_set_data64(sqe, id);
	r = flush(u);
	if (r < 0) {
		/* It stays in the queue, but must never write into a buffer of the caller's. */
		io_uring_prep_nop(sqe);
		io_uring_sqe_set_data64(sqe, u->depth);
		return r;
	}
	u->in_flight++;
	return 0;
}

static int submit(void *self, unsigned id, void *buf, size_t n, uint64_t off)
{
	struct uring *u = self;
	int r;

	pthread_mutex_lock(&u->lock);
	u->reads[id] = (struct fl_aio_read){.buf = buf, .n = n, .off = off};
	r = push(u, id);
	pthread_mutex_unlock(&u->lock);
	return r;
}

/* Under the lock. */
static void take(struct uring *u, uint64_t id, int res)
{
	struct fl_aio_read *rd;
	bool again = res == -EINTR || res == -EAGAIN;
	int r;

	if (id >= u->depth)
		return;
	rd = &u->reads[id];
	u->in_flight--;
	if (again || fl_aio_read_on(rd, res)) {
		r = push(u, (unsigned)id);
		if (r == 0)
			return;
		rd->result = r;
	}
	rd->done = true;
}

/* Waits for one completion and takes it in. Under the lock, which is given up meanwhile. */
static int reap(struct uring *u)
{
	struct io_uring_cqe *cqe;
	uint64_t id = 0;
	int r, res = 0;

	u->reaping = true;
	pthread_mutex_unlock(&u->lock);
	do
		r = io_uring_wait_cqe(&u->ring, &cqe);
	while (r == -EINTR);
	if (r == 0) {
		id = io_uring_cqe_get_data64(cqe);
		res = cqe->res;
		io_uring_cqe_seen(&u->ring, cqe);
	}
	pthread_mutex_lock(&u->lock);
	u->reaping = false;
	if (r == 0)
		take(u, id, res);
	pthread_cond_broadcast(&u->reaped);
	return r;
}

static int64_t wait_for(void *self, unsigned id)
{
	struct uring *u = self;
	int64_t result = 0;

	pthread_mutex_lock(&u->lock);
	while (result == 0 && !u->reads[id].done) {
		if (u->reaping)
			pthread_cond_wait(&u->reaped, &u->lock);
		else
			result = reap(u);
	}
	if (result == 0)
		result = u->reads[id].result;
	pthread_mutex_unlock(&u->lock);
	return result;
}

static void uring_free(void *self)
{
	struct uring *u = self;

	/* The kernel may still be writing into the caller's buffers. */
	pthread_mutex_lock(&u->lock);
	while (u->in_flight > 0 && reap(u) == 0)
		;
	pthread_mutex_unlock(&u->lock);
	io_uring_queue_exit(&u->ring);
	pthread_cond_destroy(&u->reaped);
	pthread_mutex_destroy(&u->lock);
	free(u->reads);
	free(u);
}

static const struct fl_aio_backend backend = {
	.submit = submit, .wait = wait_for, .free = uring_free};

/* A ring whose kernel knows the plain read (5.6). */
static int ring_open(unsigned depth, struct io_uring *ret)
{
	struct io_uring_probe *probe;
	bool can_read;
	int r = io_uring_queue_init(depth, ret, 0);

	if (r < 0)
		return r;
	probe = io_uring_get_probe_ring(ret);
	can_read = probe && io_uring_opcode_supported(probe, IORING_OP_READ);
	io_uring_free_probe(probe);
	if (can_read)
		return 0;
	io_uring_queue_exit(ret);
	return -ENOSYS;
}

/* Registered memory counts against RLIMIT_MEMLOCK; without it reads are a little slower. */
static void register_buffers(struct uring *u, void *buffers, size_t bytes)
{
	struct iovec iov = {.iov_base = buffers, .iov_len = bytes};

	if (!buffers || io_uring_register_buffers(&u->ring, &iov, 1) != 0)
		return;
	u->registered = buffers;
	u->registered_bytes = bytes;
}

int fl_aio_uring_new(int fd, unsigned depth, void *buffers, size_t buffer_bytes,
		     const struct fl_aio_backend **ret_backend, void **ret_self,
		     struct fl_error *reterr)
{
	struct uring *u = calloc(1, sizeof(*u));
	int r;

	if (u)
		u->reads = calloc(depth, sizeof(*u->reads));
	if (!u || !u->reads) {
		free(u);
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	}
	r = ring_open(depth, &u->ring);
	if (r < 0) {
		free(u->reads);
		free(u);
		return fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE,
				    "the kernel refuses io_uring: %s", fl_strerror(r));
	}
	pthread_mutex_init(&u->lock, NULL);
	pthread_cond_init(&u->reaped, NULL);
	u->fd = fd;
	u->depth = depth;
	register_buffers(u, buffers, buffer_bytes);
	*ret_backend = &backend;
	*ret_self = u;
	return 0;
}

bool fl_aio_uring_available(const char **ret_reason)
{
	struct io_uring ring;
	int r = ring_open(1, &ring);

	if (r < 0) {
		*ret_reason = fl_strerror(r);
		return false;
	}
	io_uring_queue_exit(&ring);
	return true;
}

#else

int fl_aio_uring_new(int fd, unsigned depth, void *buffers, size_t buffer_bytes,
		     const struct fl_aio_backend **ret_backend, void **ret_self,
		     struct fl_error *reterr)
{
	(void)fd;
	(void)depth;
	(void)buffers;
	(void)buffer_bytes;
	(void)ret_backend;
	(void)ret_self;
	return fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE, "built without liburing");
}

bool fl_aio_uring_available(const char **ret_reason)
{
	*ret_reason = "built without liburing";
	return false;
}

#endif
