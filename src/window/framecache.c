/* SPDX-License-Identifier: MIT */
#include "window/framecache.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/size.h"
#include "plat/mapping.h"

enum state {
	EMPTY,
	DECODING,
	READY
};

/**
 * struct slot
 * @frame:  first, so that the frame is the slot
 * @k:      number of the frame
 * @pins:   threads that hold it
 * @used:   when it was asked for last, in calls
 */
struct slot {
	struct fl_frame frame;
	unsigned char *memory;
	uint64_t k;
	enum state state;
	unsigned pins;
	uint64_t used;
};

struct fl_framecache {
	struct fl_source *src;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct slot *slots;
	unsigned count;
	uint64_t calls;
};

unsigned fl_framecache_slots(uint64_t most_bytes, uint64_t budget, unsigned *threads)
{
	uint64_t fit = budget / fl_max_u64(most_bytes, 1);
	unsigned wanted = 2 * *threads + 2;

	/* With a thread less than asked for, reading in order is as quick: it overlaps with the maps. */
	if (fit < 2 || (fit < 3 && *threads > 1))
		return 0;
	if (fit >= wanted)
		return wanted;
	if (*threads >= fit)
		*threads = (unsigned)fit - 1;
	return (unsigned)fit;
}

int fl_framecache_new(struct fl_source *src, unsigned slots, struct fl_framecache **ret)
{
	struct fl_framecache *fc = calloc(1, sizeof(*fc));

	if (!fc)
		return -ENOMEM;
	fc->slots = calloc(slots, sizeof(*fc->slots));
	if (!fc->slots) {
		free(fc);
		return -ENOMEM;
	}
	fc->src = src;
	fc->count = slots;
	pthread_mutex_init(&fc->lock, NULL);
	pthread_cond_init(&fc->changed, NULL);
	*ret = fc;
	return 0;
}

void fl_framecache_free(struct fl_framecache *fc)
{
	unsigned i;

	if (!fc)
		return;
	for (i = 0; i < fc->count; i++)
		fl_unmap(fc->slots[i].memory, (size_t)fc->src->frames->most_bytes);
	pthread_cond_destroy(&fc->changed);
	pthread_mutex_destroy(&fc->lock);
	free(fc->slots);
	free(fc);
}

uint64_t fl_framecache_find(const struct fl_framecache *fc, uint64_t off)
{
	const struct fl_frames *frames = fc->src->frames;
	uint64_t low = 0, high = frames->count - 1, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (frames->ends[mid] > off)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

/* Under the lock. The frame's slot, or the one that may be overwritten, or NULL: wait. */
static struct slot *choose(struct fl_framecache *fc, uint64_t k)
{
	struct slot *free_slot = NULL;
	unsigned i;

	for (i = 0; i < fc->count; i++) {
		struct slot *s = &fc->slots[i];

		if (s->state != EMPTY && s->k == k)
			return s;
		if (s->state == DECODING || s->pins > 0)
			continue;
		if (!free_slot || s->state == EMPTY ||
		    (free_slot->state != EMPTY && s->used < free_slot->used))
			free_slot = s;
	}
	return free_slot;
}

static int decode(struct fl_framecache *fc, void **decoder, struct slot *s, struct fl_error *reterr)
{
	const struct fl_frames *frames = fc->src->frames;
	uint64_t begin = s->k > 0 ? frames->ends[s->k - 1] : 0;
	int r = 0;

	if (!*decoder)
		r = frames->begin(fc->src, decoder, reterr);
	if (r == 0 && !s->memory) {
		s->memory = fl_map_anon_large((size_t)frames->most_bytes);
		if (!s->memory)
			r = fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	}
	s->frame = (struct fl_frame){
		.data = s->memory, .off = begin, .len = (size_t)(frames->ends[s->k] - begin)};
	return r < 0 ? r : frames->decode(fc->src, *decoder, s->k, s->memory, reterr);
}

int fl_framecache_get(struct fl_framecache *fc, void **decoder, uint64_t k,
		      const struct fl_frame **ret, struct fl_error *reterr)
{
	struct slot *s;
	int r = 0;

	pthread_mutex_lock(&fc->lock);
	for (;;) {
		s = choose(fc, k);
		if (s && s->state != DECODING)
			break;
		pthread_cond_wait(&fc->changed, &fc->lock);
	}
	s->used = ++fc->calls;
	if (s->state != READY || s->k != k) {
		s->k = k;
		s->state = DECODING;
		pthread_mutex_unlock(&fc->lock);
		r = decode(fc, decoder, s, reterr);
		pthread_mutex_lock(&fc->lock);
		s->state = r < 0 ? EMPTY : READY;
		pthread_cond_broadcast(&fc->changed);
	}
	s->pins += r == 0;
	pthread_mutex_unlock(&fc->lock);
	if (r == 0)
		*ret = &s->frame;
	return r;
}

void fl_framecache_put(struct fl_framecache *fc, const struct fl_frame *frame)
{
	unsigned i;

	pthread_mutex_lock(&fc->lock);
	for (i = 0; i < fc->count; i++)
		if (frame == &fc->slots[i].frame && --fc->slots[i].pins == 0)
			pthread_cond_broadcast(&fc->changed);
	pthread_mutex_unlock(&fc->lock);
}

void fl_framecache_leave(struct fl_framecache *fc, void *decoder)
{
	if (decoder)
		fc->src->frames->end(decoder);
}
