/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_AIO_IMPL_H
#define FL_PLAT_AIO_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>

/**
 * struct fl_aio_read - one read: what was asked for, and where it stands
 * @got:    bytes that have arrived
 * @result: when @done: bytes, or -errno
 */
struct fl_aio_read {
	void *buf;
	size_t n;
	uint64_t off;
	size_t got;
	int64_t result;
	bool done;
};

/* The smallest sector there is: direct reads that stop elsewhere have met the end of the file. */
#define FL_AIO_SECTOR_BYTES 512

/**
 * fl_aio_read_on() - take in what one system call returned
 * @r: bytes, or -errno
 *
 * A short read is continued only from a sector's edge: the rest of an unaligned one cannot be
 * asked for with O_DIRECT (-EINVAL), and is the end of the file anyway.
 * Return: true when the rest must be asked for; else rd->result is set (rd->done is not).
 */
static inline bool fl_aio_read_on(struct fl_aio_read *rd, int64_t r)
{
	if (r > 0)
		rd->got += (size_t)r;
	rd->result = r < 0 ? r : (int64_t)rd->got;
	return r > 0 && rd->got < rd->n && rd->got % FL_AIO_SECTOR_BYTES == 0;
}

/* What a backend does; `self` is its own. All as in aio.h. */
struct fl_aio_backend {
	int (*submit)(void *self, unsigned id, void *buf, size_t n, uint64_t off);
	int64_t (*wait)(void *self, unsigned id);
	void (*free)(void *self);
};

/** fl_aio_threads_new() - see fl_aio_new(); @depth >= 1 */
int fl_aio_threads_new(int fd, unsigned depth, const struct fl_aio_backend **ret_backend,
		       void **ret_self);

/** fl_aio_uring_new() - see fl_aio_new(); @depth >= 1 */
int fl_aio_uring_new(int fd, unsigned depth, void *buffers, size_t buffer_bytes,
		     const struct fl_aio_backend **ret_backend, void **ret_self,
		     struct fl_error *reterr);

#endif
