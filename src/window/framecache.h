/* SPDX-License-Identifier: MIT */
#ifndef FL_WINDOW_FRAMECACHE_H
#define FL_WINDOW_FRAMECACHE_H

#include <stdint.h>

#include "window/source_impl.h"

/**
 * DOC: Decoded frames that several threads look at.
 *
 * A chunk is one frame, but its first record may have begun in the frame before
 * and its last one may end in the next. Each frame is decoded once, by whoever
 * needs it first; others wait for it, and it is kept until its memory is wanted
 * for another one.
 */
struct fl_framecache;

/**
 * struct fl_frame - a decoded frame
 * @data: its bytes
 * @off:  of data[0] in the decoded stream
 * @len:  bytes
 */
struct fl_frame {
	const unsigned char *data;
	uint64_t off;
	size_t len;
};

/**
 * fl_framecache_slots() - how many frames to keep
 * @most_bytes: of one frame
 * @budget:     bytes for all
 * @threads:    that will look at them; lowered where the budget does not suffice for as many
 *
 * Each thread may hold one frame and wait for another one: at least a slot more than threads.
 * Return: slots; 0: the frames are too long, read them in order.
 */
unsigned fl_framecache_slots(uint64_t most_bytes, uint64_t budget, unsigned *threads);

/** fl_framecache_new() - for @src, which has frames. Return: 0 or -ENOMEM. */
int fl_framecache_new(struct fl_source *src, unsigned slots, struct fl_framecache **ret);

/** fl_framecache_free() - NULL is fine; no frame may be in anybody's hands */
void fl_framecache_free(struct fl_framecache *fc);

/** fl_framecache_find() - number of the frame that holds byte @off of the decoded stream */
uint64_t fl_framecache_find(const struct fl_framecache *fc, uint64_t off);

/**
 * fl_framecache_get() - frame @k, decoded; give it back with fl_framecache_put()
 * @decoder: the thread's state, made when first needed; fl_framecache_leave() frees it
 *
 * Threads: any. Cost: decodes it, or waits for who does, or for memory.
 * Return: 0; or what the decoder said.
 */
int fl_framecache_get(struct fl_framecache *fc, void **decoder, uint64_t k,
		      const struct fl_frame **ret, struct fl_error *reterr);
void fl_framecache_put(struct fl_framecache *fc, const struct fl_frame *frame);

/** fl_framecache_leave() - the thread needs no more frames; NULL is fine */
void fl_framecache_leave(struct fl_framecache *fc, void *decoder);

#endif
