/* SPDX-License-Identifier: MIT */
#ifndef FL_WINDOW_WINDOW_H
#define FL_WINDOW_WINDOW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <faultline/pipeline.h>

#include "plat/file.h"
#include "plat/mapping.h"
#include "window/gather.h"

struct fl_frame;
struct fl_framecache;

/**
 * DOC: Windows.
 *
 * A window is one worker's sight of the source: show() makes a range of bytes
 * addressable and check() says, afterwards, whether what was seen can be
 * trusted. Behind it stands a loader: `mmap` slides a mapping, `read` fills a
 * buffer, a fed chunk (feeder.h) is memory already. Offsets count from the
 * start of the source.
 */

/**
 * struct fl_span - addressable bytes
 * @data: of offset @off; valid until the next show() on the same window
 * @len:  bytes
 */
struct fl_span {
	const unsigned char *data;
	uint64_t off;
	size_t len;
};

/** fl_span_holds() - [off, off + want), clipped to the source's @size? */
bool fl_span_holds(const struct fl_span *s, uint64_t off, size_t want, uint64_t size);

/* What was shown may have held zeros that never stood in the file: do the chunk again with the
 * read loader. Beyond errno and the public codes; never leaves the library. */
#define FL_WINDOW_RETRY (-5000)

/**
 * struct fl_window_env - what the windows of one run share
 * @file:         the source
 * @size:         of the source at open
 * @window_bytes: as planned
 * @slice_bytes:  what is shown at a time; a mapped window reaches this much further, so that
 *                the end of a chunk's last record needs no second mapping
 * @buffer_limit: bytes a read buffer may grow to
 * @advise:       for mappings
 * @own_stores:   the run writes to the file itself: its change time says nothing
 * @tiny:         drop each window as soon as it has been checked
 * @changes:      the file was seen to change while it was read: each read looks for itself
 * @frames:       the source is decoded: its frames, of which some are kept; else NULL
 * @windows, @copied: counters for the statistics
 */
struct fl_window_env {
	const struct fl_file *file;
	uint64_t size;
	size_t window_bytes;
	size_t slice_bytes;
	size_t buffer_limit;
	enum fl_advise advise;
	bool own_stores;
	bool tiny;
	atomic_bool changes;
	struct fl_framecache *frames;
	_Atomic uint64_t windows;
	_Atomic uint64_t copied;
};

struct fl_window;

/**
 * struct fl_loader_ops - how bytes get into a window
 * @show:  extend or move w->span so that it holds [off, off + want), clipped to the size at open.
 *         Return: 0; -ENOMEM, -ENODEV, -EACCES, -EPERM, -EAGAIN: this loader cannot, try the
 *         read loader; -FL_ETRUNCATED; -EIO ...
 * @check: is what was shown since the last check sound? 0, FL_WINDOW_RETRY, or an error
 * @drop:  forget the span, give back what it held
 */
struct fl_loader_ops {
	enum fl_io io;
	int (*show)(struct fl_window *w, uint64_t off, size_t want, struct fl_error *reterr);
	int (*check)(struct fl_window *w, struct fl_error *reterr);
	void (*drop)(struct fl_window *w);
};

extern const struct fl_loader_ops fl_loader_mmap;
extern const struct fl_loader_ops fl_loader_read;
extern const struct fl_loader_ops fl_loader_frames;

/**
 * struct fl_window - one worker's window
 * @env:        shared
 * @ops:        loader in use
 * @span:       what is addressable now
 * @cannot_map: this file or process cannot map: the read loader from now on
 * @window_bytes: halved when address space is short
 * @state:      fstat at the time of the last mapping, or from before any read that no check has judged
 * @arena, @slot: mmap loader: reserved range, and its entry in the guard's registry (-1 = none)
 * @mapped_at, @mapped_len: what of the arena is mapped, and @mapped: which bytes of the source that shows,
 *              none while a giant is mapped; it outlasts reads
 * @mapping_ns: spent on mapping, and on giving back what was mapped before
 * @seen, @seen_end: mmap loader: offsets between which bytes were shown that no check has judged yet
 * @latest: offset of the last show: who asked may still look at it after a check
 * @judged: nothing was shown since the last check, which found it sound, or ever
 * @giant, @giant_len: a record longer than the window, mapped whole
 * @buffer, @buffer_cap: read loader
 * @repeatable: see fl_window_repeatable()
 * @looked, @unsure: read loader: @state is its own; it has read since the last check, which is to see
 *              whether the file has changed since
 * @frame, @decoder: frames loader: the frame in hand, or NULL; the thread's decoder
 * @gather:     frames loader: what lies in several frames, put together
 */
struct fl_window {
	struct fl_window_env *env;
	const struct fl_loader_ops *ops;
	struct fl_span span;
	bool cannot_map;
	size_t window_bytes;
	struct fl_file_state state;
	struct fl_arena arena;
	int slot;
	size_t mapped_at;
	size_t mapped_len;
	struct fl_span mapped;
	uint64_t mapping_ns;
	uint64_t seen;
	uint64_t seen_end;
	uint64_t latest;
	bool judged;
	void *giant;
	size_t giant_len;
	unsigned char *buffer;
	size_t buffer_cap;
	bool repeatable;
	bool looked;
	bool unsure;
	const struct fl_frame *frame;
	void *decoder;
	struct fl_gather gather;
};

/** fl_window_init() - nothing is allocated until the first show */
void fl_window_init(struct fl_window *w, struct fl_window_env *env);

/** fl_window_done() - release everything; may be init'ed again */
void fl_window_done(struct fl_window *w);

/**
 * fl_window_use() - choose the loader (FL_IO_MMAP or FL_IO_READ) for what is shown next
 *
 * What was shown has been checked. Each loader keeps what it has for the next time.
 */
void fl_window_use(struct fl_window *w, enum fl_io io);

/**
 * fl_window_repeatable() - what is shown from now on can be done again, or cannot (as at first)
 *
 * Only where it can, does the read loader leave it to the check to see that the file has not changed. Then
 * FL_WINDOW_RETRY may come of its windows, too.
 */
void fl_window_repeatable(struct fl_window *w, bool yes);

/** fl_window_fed() - show memory that is there already; show() then only checks bounds */
void fl_window_fed(struct fl_window *w, const struct fl_span *fed);

/**
 * fl_window_show() - make [off, off + want) addressable
 * @ret: begins at @off; at least @want bytes unless the source ends before. Of a mapping no more than
 *       a slice beyond: what is shown is what a check has to judge.
 *
 * Before a mapping is replaced it is checked; FL_WINDOW_RETRY is passed on.
 * Falls back from mmap to read by itself.
 */
int fl_window_show(struct fl_window *w, uint64_t off, size_t want, struct fl_span *ret,
		   struct fl_error *reterr);

/**
 * fl_window_check() - may what was computed from this window be published?
 * Return: 0; FL_WINDOW_RETRY; -FL_ETRUNCATED, -EIO ... with the offset in reterr.
 */
int fl_window_check(struct fl_window *w, struct fl_error *reterr);

/** fl_window_drop() - give back what the loader holds; show() begins anew */
void fl_window_drop(struct fl_window *w);

/** fl_window_rest() - the chunk is done: a build with tiny windows unmaps at once */
void fl_window_rest(struct fl_window *w);

/**
 * fl_window_find() - offset of the first byte `c` in [off, end), sliding as it goes
 * @ret_off: UINT64_MAX if there is none
 * Moves the window. Return: as fl_window_show().
 */
int fl_window_find(struct fl_window *w, uint64_t off, uint64_t end, unsigned char c,
		   uint64_t *ret_off, struct fl_error *reterr);

#endif
