/* SPDX-License-Identifier: MIT */
#ifndef FL_WINDOW_FEEDER_IMPL_H
#define FL_WINDOW_FEEDER_IMPL_H

#include "window/feeder.h"

struct fl_blocks;

/**
 * struct fl_feeder - shared state, all under @lock
 * @blocks:    direct loaders; NULL for streams
 * @carry:     bytes from @next_off on (first chunk: from one before, for the look-behind)
 * @carry_off: offset of carry[0]
 * @next_off:  where the next chunk begins
 * @group_off: the last place found where a group of records begins
 * @eof:       the source has ended; @size is then known
 */
struct fl_feeder {
	pthread_mutex_t lock;
	struct fl_source *src;
	struct fl_plan plan;
	struct fl_needs needs;
	struct fl_blocks *blocks;
	const _Atomic int *cancel;
	_Atomic bool stopped;
	struct fl_window_env *env;
	unsigned char *carry;
	size_t carry_len;
	size_t carry_cap;
	uint64_t carry_off;
	uint64_t next_off;
	uint64_t group_off;
	uint64_t next_seq;
	bool eof;
	bool ended;
};

/**
 * struct fl_piece - the bytes that came last
 * @data, @len: in memory now
 * @off:        of data[0]
 */
struct fl_piece {
	const unsigned char *data;
	size_t len;
	uint64_t off;
};

/* A block of the direct loaders; @room bytes before data[0] may be written to. */
struct fl_block {
	unsigned char *data;
	size_t len;
	size_t room;
	uint64_t off;
	int id;
	bool last;
};

/** fl_feeder_cut() - where the chunk may end, given what came last; 0 = more bytes are needed */
uint64_t fl_feeder_cut(struct fl_feeder *f, const struct fl_piece *piece);

/**
 * fl_feeder_read() - fill a piece of the stream
 * Return: bytes; 0 at the end; -FL_ECANCELED; -errno.
 */
int64_t fl_feeder_read(struct fl_feeder *f, void *to, size_t n);

/**
 * fl_feeder_fill_ahead() - fill a chunk whose views look ahead
 * @piece: all that is in sight, from @base on
 * @ret_cut: where the chunk ends: so many bytes, or the end of the stream, are in sight behind it
 *
 * A record that is longer than memory allows is looked through again each time it has grown by a
 * quarter. Return: 0; as fl_feeder_read(); -ENOMEM.
 */
int fl_feeder_fill_ahead(struct fl_feeder *f, struct fl_fed *fed, uint64_t base,
			 struct fl_piece *piece, uint64_t *ret_cut);

/** fl_blocks_new() - reads in flight from @off to @size of file */
int fl_blocks_new(const struct fl_file *file, const struct fl_plan *plan, bool uring, uint64_t off,
		  struct fl_blocks **ret, struct fl_error *reterr);
/** fl_blocks_next() - the next in order; len 0 and last at the end */
int fl_blocks_next(struct fl_blocks *b, struct fl_block *ret, struct fl_error *reterr);
/** fl_blocks_release() - may be read into again; any thread */
void fl_blocks_release(struct fl_blocks *b, int id);
void fl_blocks_free(struct fl_blocks *b);

#endif
