/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "plat/guard.h"
#include "plat/mapping.h"
#include "store/journal_block.h"
#include "store/same_store.h"

/*
 * Changes of a stretch of the file are stored by pwrite where there are fewer than MANY_CHANGES of them, else in
 * whole blocks (same_block.h), and where those must not be, through a map. Source: data/stores.tsv (scripts/bench/stores.c). On
 * large folios a pwrite of some bytes takes 6 us, whatever their number, and dirties one page; a
 * map stores them in a tenth of that time, but dirties the whole folio of up to 2 MiB. With one
 * change per 16 KiB the map is 4 times as fast (2 times when it has to be durable), with one per
 * 256 KiB pwrite is (4 times when durable).
 */
#define STRETCH_BYTES FL_MIB(4)
#define MANY_CHANGES 128u

/* Enough to hide a miss, and 2 KiB. */
#define BATCH_CHANGES 32u

/* Fill bytes are written from a buffer of this size. */
#define FILL_BYTES 4096u

/**
 * struct storer - stores the changes of one group
 * @to:   memory for [@off, @off + @len), a map or that of the block; NULL = pwrite
 * @slot: of the SIGBUS guard, -1 = none
 * @block: that of which @to is the memory, or NULL
 * @dense_end: end of the stretch in which many changes lie, if any
 * @page: the last one that was counted
 */
struct storer {
	struct fl_store_job *job;
	bool old;
	unsigned char *to;
	uint64_t off;
	size_t len;
	int slot;
	struct fl_same_block *block;
	uint64_t dense_end;
	uint64_t page;
};

static int close_map(struct storer *st, struct fl_error *reterr)
{
	uint64_t at;
	int r = 0;

	if (fl_guard_poisoned(st->slot, &at))
		r = fl_store_job_check_size(st->job, st->job->target.size_bytes, reterr) < 0
			    ? -FL_ETRUNCATED
			    : fl_error_set(reterr, -EIO, at, NULL);
	fl_guard_aim(st->slot, NULL, 0, 0);
	fl_unmap(st->to, st->len);
	return r;
}

static int close_memory(struct storer *st, struct fl_error *reterr)
{
	int r = 0;

	if (st->to)
		r = st->block ? fl_same_block_close(st->block, st->job, reterr)
			      : close_map(st, reterr);
	st->to = NULL;
	st->block = NULL;
	return r;
}

/**
 * struct row - all changes of a group, in the order of the file
 * @p, @len: runs that are to come; @run: what is left of the one at hand
 */
struct row {
	const unsigned char *p;
	size_t len;
	struct fl_change_reader run;
};

/* Return: 1; 0 at the end; -FL_ECORRUPT. */
static int row_next(struct row *row, struct fl_change *ret)
{
	int r;

	while ((r = fl_change_next(&row->run, ret)) == 0) {
		r = fl_same_next_run(&row->p, &row->len, &row->run);
		if (r <= 0)
			return r;
	}
	return r < 0 || (ret->old_len > 0 && ret->old_len == ret->new_len) ? r : -FL_ECORRUPT;
}

/**
 * struct batch - changes that are known before they are stored
 *
 * What they lie in is asked for meanwhile: stores that miss the caches one by one take 15 ns more each
 * (600,000 addresses in 300 MB: 110 -> 101 ms of processor time in all).
 */
struct batch {
	struct fl_change changes[BATCH_CHANGES];
	size_t count;
};

static void ask_for(const struct storer *st, const struct fl_change *c)
{
	if (!st->to || st->block || c->off - st->off >= st->len)
		return;
	__builtin_prefetch(st->to + (c->off - st->off), 1);
	__builtin_prefetch(st->to + (c->off + c->old_len - 1 - st->off), 1);
}

/* Return: 1 or 0 as row_next() of the last one; -FL_ECORRUPT. */
static int batch_fill(struct batch *batch, struct row *row, const struct storer *st)
{
	int r = 1;

	for (batch->count = 0; r > 0 && batch->count<BATCH_CHANGES; batch->count += r> 0) {
		r = row_next(row, &batch->changes[batch->count]);
		if (r > 0)
			ask_for(st, &batch->changes[batch->count]);
	}
	return r;
}

/* Are there MANY_CHANGES before @end? From number @k of the batch on, then those of @ahead, a copy. */
static bool are_many(const struct batch *batch, size_t k, struct row ahead, uint64_t end)
{
	unsigned n = 0;
	struct fl_change c;

	for (; k < batch->count && batch->changes[k].off < end; k++)
		n++;
	if (k < batch->count)
		return n >= MANY_CHANGES;
	while (n < MANY_CHANGES && row_next(&ahead, &c) > 0 && c.off < end)
		n++;
	return n >= MANY_CHANGES;
}

static void open_map(struct storer *st, uint64_t end)
{
	struct fl_target *t = &st->job->target;
	int err;

	if (st->slot < 0)
		st->slot = fl_guard_claim();
	if (st->slot < 0)
		return;
	fl_guard_allow_stores(st->slot);
	st->off = fl_round_down(st->off, STRETCH_BYTES);
	st->len = (size_t)(end - st->off);
	st->to = fl_durable_map(&st->job->durable, t->fd, st->off, st->len, &err);
	if (st->to)
		fl_guard_aim(st->slot, st->to, st->len, st->off);
}

/* For number @k of the batch, behind which @rest comes. Whatever stands in the way, pwrite does it. */
static void open_memory(struct storer *st, const struct batch *batch, size_t k,
			const struct row *rest)
{
	struct fl_target *t = &st->job->target;
	uint64_t off = batch->changes[k].off;
	uint64_t end = fl_round_down(off, STRETCH_BYTES) + STRETCH_BYTES;

	end = fl_min_u64(end, t->size_bytes);
	st->off = off;
	st->len = (size_t)(end - fl_min_u64(off, end));
	if (t->has_holes || st->job->set.count > 0 || off >= end)
		return;
	if (off >= st->dense_end && !are_many(batch, k, *rest, end))
		return;
	st->dense_end = end;
	st->block = fl_same_block_open(st->job, off);
	if (!st->block) {
		open_map(st, end);
		return;
	}
	st->to = st->block->bytes;
	st->off = st->block->off;
	st->len = st->block->len;
}

static int write_fill(struct storer *st, uint64_t off, uint64_t len, unsigned char byte,
		      struct fl_error *reterr)
{
	unsigned char buf[FILL_BYTES];
	int r = 0;

	memset(buf, byte, (size_t)fl_min_u64(len, sizeof(buf)));
	while (r == 0 && len > 0) {
		size_t n = (size_t)fl_min_u64(len, sizeof(buf));

		r = fl_store_job_write(st->job, buf, n, off, reterr);
		off += n;
		len -= n;
	}
	return r;
}

static void count(struct storer *st, const struct fl_change *c)
{
	struct fl_store_stats *stats = &st->job->stats;
	uint64_t first = c->off / 4096, last = (c->off + c->old_len - 1) / 4096;

	stats->changes++;
	stats->stored_bytes += c->old_len;
	stats->pages += last - first + (first != st->page || stats->pages == 0);
	st->page = last;
}

/* A file that was cut would become long again, with zeros before what is written: looked at last thing. */
static int write_change(struct storer *st, const struct fl_change *c, const unsigned char *bytes,
			bool fill, struct fl_error *reterr)
{
	int r = fl_store_job_check_size(st->job, c->off + c->old_len, reterr);

	st->job->stats.by_pwrite++;
	if (r < 0)
		return r;
	return fill ? write_fill(st, c->off, c->old_len, *bytes, reterr)
		    : fl_store_job_write(st->job, bytes, (size_t)c->old_len, c->off, reterr);
}

static void put(const struct storer *st, const struct fl_change *c, const unsigned char *bytes,
		bool fill)
{
	unsigned char *to = st->to + (c->off - st->off);

	if (fill)
		memset(to, *bytes, (size_t)c->old_len);
	else
		memcpy(to, bytes, (size_t)c->old_len);
}

static int store(struct storer *st, const struct fl_change *c, struct fl_error *reterr)
{
	bool fill = c->fill && !st->old;
	const unsigned char *bytes = st->old ? c->old_bytes : c->new_bytes;
	bool inside = st->to && c->off + c->old_len <= st->off + st->len;
	int r = 0;

	count(st, c);
	if (inside && st->block)
		inside = fl_same_block_change(st->block, c->off - st->off, (size_t)c->old_len);
	if (!inside) {
		/* What is read and not yet written would undo what is written past it. */
		if (st->block) {
			r = close_memory(st, reterr);
			st->len = 0;
		}
		return r < 0 ? r : write_change(st, c, bytes, fill, reterr);
	}
	st->job->stats.by_map += !st->block;
	st->job->stats.by_block += !!st->block;
	put(st, c, bytes, fill);
	return 0;
}

/* A map or a block stays as long as changes of its bytes come. */
static int store_batch(struct storer *st, const struct batch *batch, const struct row *rest,
		       struct fl_error *reterr)
{
	int r = 0;

	for (size_t k = 0; r == 0 && k < batch->count; k++) {
		const struct fl_change *c = &batch->changes[k];

		if (c->off < st->off || c->off >= st->off + st->len) {
			r = close_memory(st, reterr);
			if (r < 0)
				return r;
			open_memory(st, batch, k, rest);
		}
		r = store(st, c, reterr);
	}
	return r;
}

static int store_row(struct storer *st, struct row *row, struct fl_error *reterr)
{
	struct batch batch;
	int r, more;

	do {
		more = batch_fill(&batch, row, st);
		if (more < 0)
			return more;
		r = store_batch(st, &batch, row, reterr);
	} while (r == 0 && more > 0);
	return r < 0 ? r : close_memory(st, reterr);
}

int fl_same_next_run(const unsigned char **p, size_t *len, struct fl_change_reader *ret)
{
	uint64_t bytes;

	if (*len == 0)
		return 0;
	if (*len < FL_RUN_HEAD_BYTES)
		return -FL_ECORRUPT;
	bytes = fl_get64(*p + 8);
	if (bytes > *len - FL_RUN_HEAD_BYTES)
		return -FL_ECORRUPT;
	ret->base = fl_get64(*p);
	ret->p = *p + FL_RUN_HEAD_BYTES;
	ret->end = ret->p + bytes;
	ret->bare = false;
	*p = ret->end;
	*len -= (size_t)bytes + FL_RUN_HEAD_BYTES;
	return 1;
}

static void begin_writing(struct fl_store_job *job, uint64_t off, uint64_t len)
{
	if (job->behind)
		fl_write_behind_add(job->behind, off, len);
	else
		fl_durable_start(&job->durable, job->target.fd, off, len);
}

int fl_same_apply(struct fl_store_job *job, const unsigned char *group, size_t len, bool old,
		  struct fl_error *reterr)
{
	struct storer st = {.job = job, .old = old, .slot = -1, .page = UINT64_MAX};
	struct row row = {.p = group, .len = len};
	uint64_t begin = len >= FL_RUN_HEAD_BYTES ? fl_get64(group) : 0;
	int r;

	r = store_row(&st, &row, reterr);
	if (st.to && !st.block)
		(void)close_map(&st, NULL);
	fl_same_block_leave(job);
	if (st.slot >= 0)
		fl_guard_release(st.slot);
	if (r == -FL_ECORRUPT)
		return fl_error_set(reterr, r, FL_OFF_NONE, "the journal contradicts itself");
	if (r == 0)
		begin_writing(job, begin, fl_max_u64(row.run.base, begin) - begin);
	return r;
}
