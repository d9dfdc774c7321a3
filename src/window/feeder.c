/* SPDX-License-Identifier: MIT */
#include "window/feeder.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "kern/kernels.h"
#include "plat/poll.h"
#include "window/feeder_impl.h"
#include "window/seam.h"

void fl_fed_init(struct fl_fed *fed, size_t limit)
{
	*fed = (struct fl_fed){.block = -1};
	fl_gather_init(&fed->gather, limit);
}

void fl_fed_done(struct fl_fed *fed)
{
	fl_gather_done(&fed->gather);
}

/* Largest unit boundary <= off, so that no unit that starts in the chunk lacks bytes. */
static uint64_t unit_floor(const struct fl_feeder *f, uint64_t off)
{
	if (off < f->plan.begin)
		return off;
	return f->plan.begin + fl_round_down(off - f->plan.begin, f->needs.unit_bytes);
}

static uint64_t cut_at_range_end(struct fl_feeder *f, const struct fl_piece *piece)
{
	uint64_t from = fl_max_u64(piece->off, f->plan.end - 1);

	if (f->needs.records && !memchr(piece->data + (from - piece->off), f->needs.delimiter,
					(size_t)(piece->off + piece->len - from)))
		return 0;
	f->ended = true;
	return f->plan.end;
}

/* The next place where a group begins: what came before the piece has been searched. */
static bool next_group(struct fl_feeder *f, const struct fl_piece *piece)
{
	uint64_t begin = f->plan.begin, group = f->needs.group_bytes;
	uint64_t unit = begin + fl_round_down(f->group_off - begin, group) + group;
	uint64_t from = fl_max_u64(unit - 1, piece->off), end = piece->off + piece->len;
	const unsigned char *hit = NULL;

	if (from < end)
		hit = memchr(piece->data + (from - piece->off), f->needs.delimiter,
			     (size_t)(end - from));
	if (hit)
		f->group_off = piece->off + (uint64_t)(hit - piece->data) + 1;
	return hit != NULL;
}

static uint64_t cut_at_group(struct fl_feeder *f, const struct fl_piece *piece, uint64_t floor)
{
	uint64_t cut = 0;

	while (next_group(f, piece))
		if (f->group_off <= floor && f->group_off > f->next_off)
			cut = f->group_off;
	return cut;
}

uint64_t fl_feeder_cut(struct fl_feeder *f, const struct fl_piece *piece)
{
	uint64_t filled = piece->off + piece->len, floor;
	const unsigned char *hit;

	if (f->eof) {
		f->ended = true;
		/* A stream may end before its range begins. */
		return fl_max_u64(f->plan.begin, fl_min_u64(f->plan.end, filled));
	}
	if (filled >= f->plan.end)
		return cut_at_range_end(f, piece);
	floor = unit_floor(f, filled);
	if (f->needs.group_bytes)
		return cut_at_group(f, piece, floor);
	if (floor <= piece->off || floor <= f->next_off)
		return 0;
	if (!f->needs.records)
		return floor;
	hit = memrchr(piece->data, f->needs.delimiter, (size_t)(floor - piece->off));
	if (!hit || piece->off + (uint64_t)(hit - piece->data) < f->next_off)
		return 0;
	return piece->off + (uint64_t)(hit - piece->data) + 1;
}

static int keep_carry(struct fl_feeder *f, const struct fl_piece *piece, uint64_t cut)
{
	size_t n = (size_t)(piece->off + piece->len - fl_min_u64(cut, piece->off + piece->len));
	unsigned char *bigger;

	if (f->ended)
		n = 0;
	if (n > f->carry_cap) {
		bigger = realloc(f->carry, n);
		if (!bigger)
			return -ENOMEM;
		f->carry = bigger;
		f->carry_cap = n;
	}
	if (n > 0)
		memcpy(f->carry, piece->data + (cut - piece->off), n);
	f->carry_len = n;
	f->carry_off = cut;
	return 0;
}

/* @all: the chunk's bytes and what lies behind its end */
static void give(struct fl_feeder *f, struct fl_fed *fed, const struct fl_span *all, uint64_t cut)
{
	uint64_t filled = all->off + all->len;

	fed->span = *all;
	fed->chunk = (struct fl_chunk){.seq = f->next_seq++,
				       .off = fl_min_u64(f->next_off, cut),
				       .end = cut,
				       .begin = f->plan.begin,
				       .unit_end = f->eof ? fl_min_u64(f->plan.end, filled)
							  : f->plan.end,
				       .limit = f->eof ? filled : UINT64_MAX,
				       .starts_record = f->next_off > f->plan.begin ||
							f->next_off == 0 || f->needs.at_record,
				       .whole_groups = true};
	f->next_off = cut;
}

static int append(struct fl_gather *g, const void *data, size_t n)
{
	unsigned char *to;
	size_t step;
	int r = 0;

	while (n > 0 && r == 0) {
		step = fl_min_size(n, g->limit);
		r = fl_gather_space(g, step, &to);
		if (r < 0)
			return r;
		memcpy(to, data, step);
		r = fl_gather_commit(g, step);
		data = (const unsigned char *)data + step;
		n -= step;
	}
	return r;
}

/* What no source says: a record exceeds max_record_bytes. */
#define RECORD_TOO_LONG 1

/* Of 0, RECORD_TOO_LONG and -errno. What a long record lacks is not memory. */
static int gather_result(const struct fl_feeder *f, const struct fl_fed *fed, int r, uint64_t off,
			 struct fl_error *reterr)
{
	if (r == 0)
		return 0;
	if (r == RECORD_TOO_LONG)
		return fl_record_too_long(f->next_off, f->needs.max_record_bytes, reterr);
	if (r == -ENOMEM && fed->gather.fd >= 0)
		return fl_error_set(reterr, r, off,
				    "a record of more than %" PRIu64
				    " bytes does not fit into the address space",
				    fed->gather.len);
	return fl_error_set(reterr, r, off, NULL);
}

/* Where the record begins that the next chunk begins with; FL_OFF_NONE: before the range, it is not ours. */
static uint64_t first_record(const struct fl_feeder *f)
{
	bool is_known = f->next_off > f->plan.begin || f->next_off == 0 || f->needs.at_record;

	return is_known ? f->next_off : FL_OFF_NONE;
}

/* A record that begins at @begin has been seen up to @end, and not its end. */
static bool is_too_long(const struct fl_feeder *f, uint64_t begin, uint64_t end)
{
	uint64_t most = f->needs.max_record_bytes;

	return most > 0 && f->needs.records && !f->needs.units && !f->needs.group_bytes &&
	       begin != FL_OFF_NONE && end > begin && end - begin > most;
}

static int finish_gathered(struct fl_feeder *f, struct fl_fed *fed, uint64_t off,
			   const struct fl_piece *piece, uint64_t cut)
{
	struct fl_span all = {.off = off, .len = (size_t)fed->gather.len};
	int r = keep_carry(f, piece, cut);

	if (r == 0)
		r = fl_gather_finish(&fed->gather, &all.data);
	if (r == 0)
		give(f, fed, &all, cut);
	return r;
}

/* What is longer than memory allows is not copied to a temporary file if it stands in one already. */
static bool is_to_be_mapped(const struct fl_feeder *f, const struct fl_fed *fed,
			    const struct fl_block *block)
{
	return f->src->file.can_map && fed->gather.len + block->len > fed->gather.limit;
}

/* The chunk from @off on: its window will show it. */
static int leave_to_window(struct fl_feeder *f, struct fl_fed *fed, uint64_t off,
			   const struct fl_piece *piece, uint64_t cut)
{
	struct fl_span all = {.off = off, .len = (size_t)(piece->off + piece->len - off)};
	int r = keep_carry(f, piece, cut);

	fl_gather_reset(&fed->gather);
	if (r == 0)
		give(f, fed, &all, cut);
	return r;
}

/* The record is longer than what fits before a block: copy blocks until it ends. */
static int gather_blocks(struct fl_feeder *f, struct fl_fed *fed, struct fl_block *block,
			 struct fl_error *reterr)
{
	struct fl_piece piece = {0};
	uint64_t off = f->carry_len ? f->carry_off : block->off, cut = 0;
	bool mapped = false;
	int r = append(&fed->gather, f->carry, f->carry_len);

	while (r == 0) {
		mapped = mapped || is_to_be_mapped(f, fed, block);
		if (!mapped)
			r = append(&fed->gather, block->data, block->len);
		if (r < 0)
			break;
		piece = (struct fl_piece){
			.data = block->data, .len = block->len, .off = block->off};
		f->eof = block->last;
		cut = fl_feeder_cut(f, &piece);
		if (!cut && is_too_long(f, first_record(f), piece.off + piece.len)) {
			r = RECORD_TOO_LONG;
			break;
		}
		if (cut || f->ended) {
			r = mapped ? leave_to_window(f, fed, off, &piece, cut)
				   : finish_gathered(f, fed, off, &piece, cut);
			break;
		}
		fl_blocks_release(f->blocks, block->id);
		block->id = -1;
		r = fl_blocks_next(f->blocks, block, reterr);
		if (r < 0)
			return r;
	}
	fl_blocks_release(f->blocks, block->id);
	return gather_result(f, fed, r, off, reterr);
}

static int next_block_chunk(struct fl_feeder *f, struct fl_fed *fed, struct fl_error *reterr)
{
	struct fl_block block;
	struct fl_span all;
	struct fl_piece piece;
	uint64_t cut, skip;
	int r = fl_blocks_next(f->blocks, &block, reterr);

	if (r < 0)
		return r;
	atomic_fetch_add_explicit(&f->env->windows, 1, memory_order_relaxed);
	/* The first block begins at an aligned offset before the range. */
	if (f->next_seq == 0 && block.off < f->carry_off) {
		skip = fl_min_u64(f->carry_off - block.off, block.len);
		block = (struct fl_block){.data = block.data + skip,
					  .len = block.len - skip,
					  .room = 0,
					  .off = block.off + skip,
					  .id = block.id,
					  .last = block.last};
	}
	all = (struct fl_span){.data = block.data - f->carry_len,
			       .off = block.off - f->carry_len,
			       .len = block.len + f->carry_len};
	if (f->carry_len > block.room)
		return gather_blocks(f, fed, &block, reterr);
	if (f->carry_len > 0)
		memcpy(block.data - f->carry_len, f->carry, f->carry_len);
	f->eof = block.last;
	piece = (struct fl_piece){.data = all.data, .len = all.len, .off = all.off};
	cut = fl_feeder_cut(f, &piece);
	if (!cut && !f->ended)
		return gather_blocks(f, fed, &block, reterr);
	r = keep_carry(f, &piece, cut);
	if (r < 0)
		return fl_error_set(reterr, r, block.off, NULL);
	fed->block = block.id;
	give(f, fed, &all, cut);
	return 0;
}

int64_t fl_feeder_read(struct fl_feeder *f, void *to, size_t n)
{
	int64_t got;

	do {
		if (atomic_load_explicit(f->cancel, memory_order_relaxed) ||
		    atomic_load_explicit(&f->stopped, memory_order_relaxed))
			return -FL_ECANCELED;
		got = f->src->ops->read(f->src, to, n);
	} while (got == -EAGAIN);
	if (got > 0)
		atomic_fetch_add_explicit(&f->env->copied, (uint64_t)got, memory_order_relaxed);
	return got;
}

/* A decoder knows more than the number: the place in its input. */
static int tell(struct fl_feeder *f, int r, uint64_t off, struct fl_error *reterr)
{
	fl_error_set(reterr, r, off, NULL);
	if (f->src->ops->explain && r != -FL_ECANCELED)
		f->src->ops->explain(f->src, reterr);
	return r;
}

/* Of the byte before the range it is only known that it is the last one of a record. */
static void count_skipped(struct fl_feeder *f, const unsigned char *data, size_t n)
{
	f->src->records_before +=
		f->needs.records ? fl_kernels_get()->count_byte(data, n, f->needs.delimiter) : 0;
}

/* A range that begins further on: pipes cannot seek. */
static int skip_stream(struct fl_feeder *f, struct fl_gather *g, uint64_t *ret_left)
{
	uint64_t left = f->carry_off;
	unsigned char *to;
	int64_t got;
	int r;

	f->src->records_before = f->plan.begin > 0;
	while (left > 0 && !f->eof) {
		*ret_left = left;
		r = fl_gather_space(g, (size_t)fl_min_u64(left, g->limit), &to);
		if (r < 0)
			return r;
		got = fl_feeder_read(
			f, to,
			(size_t)fl_min_u64(left, fl_min_size(g->limit, f->plan.chunk_bytes)));
		if (got < 0)
			return (int)got;
		count_skipped(f, to, (size_t)got);
		f->eof = got == 0;
		left -= (uint64_t)got;
	}
	if (f->eof)
		f->ended = true;
	return 0;
}

/* A record that is too long begins at @begin: what stands before it is a chunk. Return: 0, with *ret_cut; RECORD_TOO_LONG. */
static int end_before(const struct fl_feeder *f, struct fl_gather *g, uint64_t begin,
		      struct fl_piece *piece, uint64_t *ret_cut)
{
	if (begin == f->next_off)
		return RECORD_TOO_LONG;
	*piece = (struct fl_piece){.len = (size_t)g->len, .off = f->carry_off};
	*ret_cut = begin;
	return fl_gather_finish(g, &piece->data);
}

/*
 * Reads until the chunk is full, but does not keep whole records waiting for a slow writer.
 * Only what came since the last look is searched. Return: 0; RECORD_TOO_LONG; -errno.
 */
static int fill_stream_chunk(struct fl_feeder *f, struct fl_fed *fed, struct fl_piece *piece,
			     uint64_t *ret_cut)
{
	struct fl_gather *g = &fed->gather;
	size_t step = fl_min_size(g->limit / 2, fl_max_size(f->plan.chunk_bytes, 4096));
	uint64_t cut, base = f->carry_off, begin = first_record(f);
	unsigned char *to;
	int64_t got;
	int r;

	for (*ret_cut = 0;;) {
		if (is_too_long(f, begin, base + g->len))
			return end_before(f, g, begin, piece, ret_cut);
		r = fl_gather_space(g, step, &to);
		if (r < 0)
			return r;
		got = fl_feeder_read(f, to, step);
		if (got < 0)
			return (int)got;
		r = fl_gather_commit(g, (size_t)got);
		if (r < 0)
			return r;
		f->eof = got == 0;
		*piece = (struct fl_piece){
			.data = to, .len = (size_t)got, .off = base + g->len - (uint64_t)got};
		cut = fl_feeder_cut(f, piece);
		if (cut)
			begin = cut;
		if (f->ended ||
		    (cut && (g->len >= f->plan.chunk_bytes || !f->src->ops->ready(f->src)))) {
			*ret_cut = cut;
			return 0;
		}
	}
}

static int next_stream_chunk(struct fl_feeder *f, struct fl_fed *fed, struct fl_error *reterr)
{
	struct fl_piece piece;
	uint64_t cut = 0, off = f->carry_off, left = 0;
	int r = 0;

	if (f->next_seq == 0)
		r = skip_stream(f, &fed->gather, &left);
	if (r < 0)
		return tell(f, r, off - left, reterr);
	if (f->ended)
		return 0;
	r = append(&fed->gather, f->carry, f->carry_len);
	if (r == 0 && f->needs.ahead_bytes > 0)
		r = fl_feeder_fill_ahead(f, fed, off, &piece, &cut);
	else if (r == 0)
		r = fill_stream_chunk(f, fed, &piece, &cut);
	/* What could not be read stands behind all that was. */
	if (r < 0 && r != -ENOMEM)
		return tell(f, r, off + fed->gather.len, reterr);
	if (r == 0)
		r = finish_gathered(f, fed, off, &piece, cut);
	if (r == 0)
		atomic_fetch_add_explicit(&f->env->windows, 1, memory_order_relaxed);
	return gather_result(f, fed, r, off, reterr);
}

int fl_feeder_next(struct fl_feeder *f, struct fl_fed *fed, struct fl_error *reterr)
{
	uint64_t seq;
	int r = 0;

	pthread_mutex_lock(&f->lock);
	fl_gather_reset(&fed->gather);
	seq = f->next_seq;
	fed->block = -1;
	if (!f->ended)
		r = f->blocks ? next_block_chunk(f, fed, reterr)
			      : next_stream_chunk(f, fed, reterr);
	if (r < 0) {
		f->ended = true;
		f->next_seq = seq + 1;
		fed->chunk.seq = seq;
	} else {
		r = f->next_seq > seq;
	}
	pthread_mutex_unlock(&f->lock);
	return r;
}

void fl_fed_show(const struct fl_fed *fed, struct fl_window *w)
{
	if (fed->span.data)
		fl_window_fed(w, &fed->span);
	else
		fl_window_use(w, FL_IO_MMAP);
}

void fl_feeder_release(struct fl_feeder *f, struct fl_fed *fed)
{
	if (f->blocks)
		fl_blocks_release(f->blocks, fed->block);
	fed->block = -1;
}

void fl_feeder_attach(struct fl_feeder *f, const _Atomic int *cancel, struct fl_window_env *env)
{
	f->cancel = cancel;
	f->env = env;
}

void fl_feeder_stop(struct fl_feeder *f)
{
	atomic_store_explicit(&f->stopped, true, memory_order_relaxed);
}

void fl_feeder_free(struct fl_feeder *f)
{
	if (!f)
		return;
	fl_blocks_free(f->blocks);
	pthread_mutex_destroy(&f->lock);
	free(f->carry);
	free(f);
}

int fl_feeder_new(struct fl_source *src, const struct fl_plan *plan, const struct fl_needs *needs,
		  enum fl_io io, struct fl_feeder **ret, struct fl_error *reterr)
{
	struct fl_feeder *f = calloc(1, sizeof(*f));
	int r = 0;

	if (!f)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	pthread_mutex_init(&f->lock, NULL);
	f->src = src;
	f->plan = *plan;
	f->needs = *needs;
	f->next_off = f->group_off = plan->begin;
	/* One byte more in front tells whether a record starts where the range does. */
	f->carry_off = plan->begin - (needs->records && plan->begin > 0);
	f->ended = plan->begin >= plan->end;
	if (io == FL_IO_READ) {
		fl_pipe_enlarge(fl_source_raw_file(src)->fd);
		if (src->ops->rewind)
			src->ops->rewind(src);
	} else {
		r = fl_blocks_new(&src->file, plan, io == FL_IO_URING, f->carry_off, &f->blocks,
				  reterr);
	}
	if (r < 0) {
		fl_feeder_free(f);
		return r;
	}
	*ret = f;
	return 0;
}
