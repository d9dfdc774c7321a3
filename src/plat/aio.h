/* SPDX-License-Identifier: MIT */
#ifndef FL_PLAT_AIO_H
#define FL_PLAT_AIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <faultline/error.h>

/**
 * DOC: A queue of outstanding reads, by threads (pread) or io_uring.
 *
 * ids are the caller's, 0 .. depth-1, each with at most one read in flight: a
 * read that was submitted is waited for before its id is used again.
 * Threads: any may submit and wait; different ids do not disturb each other.
 */
struct fl_aio;

/**
 * fl_aio_new() - a queue of `depth` reads on fd
 * @uring: io_uring instead of threads
 * @buffers, @buffer_bytes: one allocation that all reads go into (registered with io_uring
 *         when that works), or NULL
 * Return: 0; -FL_EUNSUPPORTED with the reason in reterr (built without liburing, or the kernel
 * refuses); -EINVAL for depth 0; -ENOMEM; -errno.
 */
int fl_aio_new(int fd, unsigned depth, bool uring, void *buffers, size_t buffer_bytes,
	       struct fl_aio **ret, struct fl_error *reterr);

/** fl_aio_submit() - begin reading n bytes at off into buf. Return: 0 or -errno. */
int fl_aio_submit(struct fl_aio *aio, unsigned id, void *buf, size_t n, uint64_t off);

/**
 * fl_aio_wait() - until read `id` has ended
 * Short reads are continued inside until n bytes, end of file or error; a short read that ends
 * inside a sector of 512 bytes is the end of the file.
 * Return: bytes read, or -errno.
 */
int64_t fl_aio_wait(struct fl_aio *aio, unsigned id);

/** fl_aio_free() - waits for what is in flight; NULL is fine */
void fl_aio_free(struct fl_aio *aio);

/** fl_aio_uring_available() - can io_uring be used here? reason (static) otherwise */
bool fl_aio_uring_available(const char **ret_reason);

#endif
