/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "plat/file.h"
#include "window/feeder_impl.h"

#define BLOCK ((size_t)64 << 10)

static unsigned char byte_at(uint64_t off)
{
	return (unsigned char)(1 + (off * 31 + (off >> 12) * 7) % 250);
}

static int patterned_file(uint64_t size)
{
	unsigned char *text = malloc(size + 1);
	int fd = fl_file_temp();

	cr_assert(fd >= 0);
	for (uint64_t i = 0; i < size; i++)
		text[i] = byte_at(i);
	cr_assert_eq(fl_fd_pwrite(fd, text, size, 0), 0);
	cr_assert_eq(fsync(fd), 0);
	free(text);
	return fd;
}

struct ring {
	struct fl_file file;
	struct fl_blocks *blocks;
	int r;
	struct fl_error err;
};

static struct ring open_ring(int fd, bool uring, unsigned count, uint64_t off)
{
	struct ring ring = {0};
	struct fl_plan plan = {.feed_block = BLOCK, .feed_blocks = count};

	cr_assert_eq(fl_file_from_fd(fd, &ring.file, &ring.err), 0);
	plan.size = ring.file.size_bytes;
	ring.r = fl_blocks_new(&ring.file, &plan, uring, off, &ring.blocks, &ring.err);
	if (ring.r == -FL_EUNSUPPORTED)
		cr_skip_test("%s", ring.err.text);
	return ring;
}

static void close_ring(struct ring *ring)
{
	fl_blocks_free(ring->blocks);
	fl_file_close(&ring->file);
}

static void check_block(const struct fl_block *b)
{
	for (size_t i = 0; i < b->len; i++)
		if (b->data[i] != byte_at(b->off + i))
			cr_assert_fail("byte %llu", (unsigned long long)(b->off + i));
}

static void read_all_from(int fd, bool uring, uint64_t off, uint64_t size)
{
	struct ring ring = open_ring(fd, uring, 3, off);
	struct fl_block b = {0};
	uint64_t at = off - off % 4096; /* no coarser alignment is asked for anywhere */
	bool first = true;

	cr_assert_eq(ring.r, 0, "%s", ring.err.text);
	while (!b.last) {
		cr_assert_eq(fl_blocks_next(ring.blocks, &b, &ring.err), 0, "%s", ring.err.text);
		if (first && b.len > 0) {
			cr_assert(b.off >= at && b.off <= off);
			at = b.off;
		}
		first = false;
		if (b.len > 0)
			cr_assert_eq(b.off, at);
		check_block(&b);
		/* Room for what the block before left over; it may be written to. */
		if (b.len > 0)
			memset(b.data - b.room, 0, b.room);
		at += b.len;
		fl_blocks_release(ring.blocks, b.id);
	}
	cr_assert_eq(at, size);
	cr_assert_eq(fl_blocks_next(ring.blocks, &b, &ring.err), 0);
	cr_assert(b.len == 0 && b.last);
	close_ring(&ring);
}

Test(blocks, every_size_round_the_block)
{
	static const uint64_t sizes[] = {1,
					 511,
					 512,
					 4096,
					 BLOCK - 1,
					 BLOCK,
					 BLOCK + 1,
					 3 * BLOCK,
					 3 * BLOCK + 513,
					 10 * BLOCK - 4096,
					 20 * BLOCK + 7};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		int fd = patterned_file(sizes[i]);

		for (int uring = 0; uring < 2; uring++) {
			read_all_from(fd, uring, 0, sizes[i]);
			read_all_from(fd, uring, sizes[i] / 2, sizes[i]);
			read_all_from(fd, uring, sizes[i] - 1, sizes[i]);
		}
		close(fd);
	}
}

/* What a thread of the pool does: take in order, look later, give back. */
struct crowd {
	struct fl_blocks *blocks;
	pthread_mutex_t lock;
	bool ended;
	_Atomic uint64_t bytes;
	_Atomic int wrong;
};

static void *take_and_look(void *arg)
{
	struct crowd *c = arg;
	struct fl_block b;

	for (;;) {
		pthread_mutex_lock(&c->lock);
		if (c->ended || fl_blocks_next(c->blocks, &b, NULL) < 0) {
			pthread_mutex_unlock(&c->lock);
			return NULL;
		}
		c->ended = b.last;
		pthread_mutex_unlock(&c->lock);
		usleep(300);
		for (size_t i = 0; i < b.len; i++)
			if (b.data[i] != byte_at(b.off + i))
				atomic_fetch_add(&c->wrong, 1);
		atomic_fetch_add(&c->bytes, b.len);
		fl_blocks_release(c->blocks, b.id);
	}
}

Test(blocks, more_threads_than_blocks)
{
	uint64_t size = 40 * BLOCK + 99;
	int fd = patterned_file(size);

	for (int uring = 0; uring < 2; uring++) {
		struct ring ring = open_ring(fd, uring, 3, 0);
		struct crowd c = {.blocks = ring.blocks};
		pthread_t thread[8];

		cr_assert_eq(ring.r, 0, "%s", ring.err.text);
		pthread_mutex_init(&c.lock, NULL);
		for (int i = 0; i < 8; i++)
			cr_assert_eq(pthread_create(&thread[i], NULL, take_and_look, &c), 0);
		for (int i = 0; i < 8; i++)
			pthread_join(thread[i], NULL);
		cr_assert_eq(atomic_load(&c.wrong), 0);
		cr_assert_eq(atomic_load(&c.bytes), size);
		close_ring(&ring);
	}
	close(fd);
}

Test(blocks, a_file_that_shrinks)
{
	for (int uring = 0; uring < 2; uring++) {
		int fd = patterned_file(8 * BLOCK);
		struct ring ring = open_ring(fd, uring, 3, 0);
		struct fl_block b = {.last = false};
		int r = 0;

		cr_assert_eq(ring.r, 0, "%s", ring.err.text);
		cr_assert_eq(fl_blocks_next(ring.blocks, &b, &ring.err), 0);
		cr_assert_eq(ftruncate(fd, 5 * BLOCK + 100), 0);
		while (r == 0 && !b.last) {
			check_block(&b);
			fl_blocks_release(ring.blocks, b.id);
			r = fl_blocks_next(ring.blocks, &b, &ring.err);
		}
		cr_assert_eq(r, -FL_ETRUNCATED);
		cr_assert_eq(ring.err.off, 5 * BLOCK + 100);
		close_ring(&ring);
		close(fd);
	}
}

Test(blocks, where_o_direct_is_not_to_be_had)
{
	struct fl_plan plan = {.size = 4096, .feed_block = BLOCK, .feed_blocks = 3};
	struct fl_blocks *blocks = NULL;
	struct fl_file file;
	struct fl_error err;

	cr_assert_eq(fl_file_open("/proc/self/maps", &file, &err), 0, "%s", err.text);
	cr_assert(fl_blocks_new(&file, &plan, false, 0, &blocks, &err) < 0);
	cr_assert(strstr(err.text, "O_DIRECT"), "%s", err.text);
	cr_assert_null(blocks);
	fl_file_close(&file);
}
