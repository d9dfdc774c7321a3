/* SPDX-License-Identifier: MIT */
#include "window/readahead.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/size.h"
#include "plat/disk.h"
#include "plat/mapping.h"
#include "plat/prefetch.h"
#include "plat/residency.h"
#include "plat/thread.h"

/* One folio. Where such folios cannot be had it is one read, and 1 - 2 MiB were as good. */
#define BLOCK_BYTES FL_HUGE_BYTES

/* How far the loaders run ahead: enough for every thread's next window, little enough to stay
 * in the cache under a small memory limit. */
#define AHEAD_BYTES FL_MIB(64)

#define THREADS_MAX 16u

/**
 * struct fl_readahead
 * @fd:        of the loaders: the kernel keeps readahead state per open file
 * @next:      block to be taken by a loader
 * @done:      ring of flags: block n has come
 * @watermark: blocks [0, watermark) have come
 * @limit:     blocks below this may be loaded
 * @loaded:    bytes that went through read(2)
 */
struct fl_readahead {
	pthread_mutex_t lock;
	pthread_cond_t came;
	pthread_cond_t go_on;
	const struct fl_file *file;
	int fd;
	uint64_t begin;
	uint64_t end;
	uint64_t blocks;
	uint64_t next;
	uint64_t watermark;
	uint64_t limit;
	bool stop;
	bool *done;
	size_t ring;
	_Atomic uint64_t loaded;
	unsigned threads;
	pthread_t thread[THREADS_MAX];
};

static bool take(struct fl_readahead *ra, uint64_t *ret)
{
	bool ok;

	pthread_mutex_lock(&ra->lock);
	while (!ra->stop && ra->next < ra->blocks &&
	       (ra->next >= ra->limit || ra->next - ra->watermark >= ra->ring))
		pthread_cond_wait(&ra->go_on, &ra->lock);
	ok = !ra->stop && ra->next < ra->blocks;
	if (ok)
		*ret = ra->next++;
	pthread_mutex_unlock(&ra->lock);
	return ok;
}

static void has_come(struct fl_readahead *ra, uint64_t block)
{
	pthread_mutex_lock(&ra->lock);
	ra->done[block % ra->ring] = true;
	while (ra->watermark < ra->next && ra->done[ra->watermark % ra->ring]) {
		ra->done[ra->watermark % ra->ring] = false;
		ra->watermark++;
	}
	pthread_cond_broadcast(&ra->came);
	pthread_cond_broadcast(&ra->go_on);
	pthread_mutex_unlock(&ra->lock);
}

static bool resident(int fd, uint64_t off, uint64_t len)
{
	uint64_t pages = 0;

	return fl_resident_pages(fd, off, len, &pages, NULL) == 0 &&
	       pages >= fl_round_up(len, fl_page_bytes()) / fl_page_bytes();
}

static void load(struct fl_readahead *ra, uint64_t off, size_t len)
{
	int fd = ra->fd >= 0 ? ra->fd : ra->file->fd;

	if (resident(ra->file->fd, off, len))
		return;
	fl_prefetch_folios(fd, off, len);
	if (resident(ra->file->fd, off, len))
		return;
	fl_prefetch(fd, off, len);
	atomic_fetch_add_explicit(&ra->loaded, len, memory_order_relaxed);
}

static void *loader(void *arg)
{
	struct fl_readahead *ra = arg;
	uint64_t block, off, len;

	while (take(ra, &block)) {
		off = ra->begin + block * BLOCK_BYTES;
		len = fl_min_u64(BLOCK_BYTES, ra->end - off);
		if (ra->file->rotational)
			fl_disk_turn(ra->file->disk);
		load(ra, off, (size_t)len);
		if (ra->file->rotational)
			fl_disk_turn_end(ra->file->disk);
		has_come(ra, block);
	}
	return NULL;
}

void fl_readahead_wait(struct fl_readahead *ra, uint64_t end)
{
	uint64_t absolute = fl_min_u64(ra->file->base_off + end, ra->end);
	uint64_t block;

	if (absolute <= ra->begin)
		return;
	block = (absolute - ra->begin + BLOCK_BYTES - 1) / BLOCK_BYTES;
	pthread_mutex_lock(&ra->lock);
	/* A window larger than the distance would wait for ever. */
	if (block > ra->limit) {
		ra->limit = block;
		pthread_cond_broadcast(&ra->go_on);
	}
	while (!ra->stop && ra->watermark < block)
		pthread_cond_wait(&ra->came, &ra->lock);
	pthread_mutex_unlock(&ra->lock);
}

void fl_readahead_consumed(struct fl_readahead *ra, uint64_t off)
{
	uint64_t absolute = ra->file->base_off + off;
	uint64_t limit;

	if (absolute < ra->begin)
		return;
	limit = (absolute - ra->begin + AHEAD_BYTES) / BLOCK_BYTES;
	pthread_mutex_lock(&ra->lock);
	if (limit > ra->limit) {
		ra->limit = limit;
		pthread_cond_broadcast(&ra->go_on);
	}
	pthread_mutex_unlock(&ra->lock);
}

uint64_t fl_readahead_loaded(const struct fl_readahead *ra)
{
	return atomic_load_explicit(&ra->loaded, memory_order_relaxed);
}

void fl_readahead_stop(struct fl_readahead *ra)
{
	pthread_mutex_lock(&ra->lock);
	ra->stop = true;
	pthread_cond_broadcast(&ra->came);
	pthread_cond_broadcast(&ra->go_on);
	pthread_mutex_unlock(&ra->lock);
}

void fl_readahead_free(struct fl_readahead *ra)
{
	unsigned i;

	if (!ra)
		return;
	fl_readahead_stop(ra);
	for (i = 0; i < ra->threads; i++)
		pthread_join(ra->thread[i], NULL);
	pthread_cond_destroy(&ra->came);
	pthread_cond_destroy(&ra->go_on);
	pthread_mutex_destroy(&ra->lock);
	fl_fd_close(ra->fd);
	free(ra->done);
	free(ra);
}

int fl_readahead_new(const struct fl_file *file, const struct fl_plan *plan, unsigned threads,
		     struct fl_readahead **ret)
{
	struct fl_readahead *ra = calloc(1, sizeof(*ra));
	int r;

	if (!ra)
		return -ENOMEM;
	pthread_mutex_init(&ra->lock, NULL);
	pthread_cond_init(&ra->came, NULL);
	pthread_cond_init(&ra->go_on, NULL);
	ra->file = file;
	if (fl_file_reopen(file, &ra->fd) < 0)
		ra->fd = -1;
	ra->begin = fl_round_down(file->base_off + plan->from, BLOCK_BYTES);
	ra->end = file->base_off + plan->to;
	ra->blocks = (ra->end - ra->begin + BLOCK_BYTES - 1) / BLOCK_BYTES;
	ra->limit = AHEAD_BYTES / BLOCK_BYTES;
	ra->ring = (AHEAD_BYTES + (size_t)plan->threads * plan->chunk_bytes) / BLOCK_BYTES + 64;
	ra->ring = fl_min_size(ra->ring, (size_t)fl_min_u64(ra->blocks + 64, 1 << 16));
	ra->done = calloc(ra->ring, sizeof(*ra->done));
	r = ra->done ? 0 : -ENOMEM;
	while (r == 0 && ra->threads < threads && ra->threads < THREADS_MAX) {
		r = fl_thread_start(&ra->thread[ra->threads], loader, ra, "fl-load");
		if (r == 0)
			ra->threads++;
	}
	if (ra->threads == 0) {
		fl_readahead_free(ra);
		return r < 0 ? r : -EAGAIN;
	}
	*ret = ra;
	return 0;
}
