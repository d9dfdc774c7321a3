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
 * Changes of a stretch of the file are stored through a map where there are at least
 * MAP_CHANGES of them, else by pwrite. Source: data/stores.tsv (scripts/bench/stores.c). On
 * large folios a pwrite of some bytes takes 6 us, whatever their number, and dirties one page; a
 * map stores them in a tenth of that time, but dirties the whole folio of up to 2 MiB. With one
 * change per 16 KiB the map is 4 times as fast (2 times when it has to be durable), with one per
 * 256 KiB pwrite is (4 times when durable).
 */
#define STRETCH_BYTES FL_MIB(4)
#define MAP_CHANGES 128u

/* Fill bytes are written from a buffer of this size. */
#define FILL_BYTES 4096u

/**
 * struct storer - stores the changes of one group
 * @map: of [@map_off, @map_off + @map_len), NULL = pwrite; @slot: of the SIGBUS guard, -1 = none
 * @page: the last one that was counted
 */
struct storer {
	struct fl_store_job *job;
	bool old;
	unsigned char *map;
	uint64_t map_off;
	size_t map_len;
	int slot;
	uint64_t page;
};

static int close_map(struct storer *st, struct fl_error *reterr)
{
	uint64_t at;
	int r = 0;

	if (!st->map)
		return 0;
	if (fl_guard_poisoned(st->slot, &at))
		r = fl_store_job_check_size(st->job, st->job->target.size_bytes, reterr) < 0
			    ? -FL_ETRUNCATED
			    : fl_error_set(reterr, -EIO, at, NULL);
	fl_guard_aim(st->slot, NULL, 0, 0);
	fl_unmap(st->map, st->map_len);
	st->map = NULL;
	return r;
}

/* How many changes lie before @end? @ahead: a copy of the reader, at the first of them. */
static unsigned count_before(struct fl_change_reader ahead, uint64_t end)
{
	struct fl_change c;
	unsigned n = 0;

	while (n < MAP_CHANGES && fl_change_next(&ahead, &c) > 0 && c.off < end)
		n++;
	return n;
}

/* Whatever stands in the way of a map, pwrite does it. */
static void open_map(struct storer *st, const struct fl_change_reader *at, uint64_t off)
{
	struct fl_target *t = &st->job->target;
	uint64_t end;
	int err;

	st->map_off = fl_round_down(off, STRETCH_BYTES);
	end = fl_min_u64(st->map_off + STRETCH_BYTES, t->size_bytes);
	st->map_len = (size_t)(end - st->map_off);
	if (t->has_holes || st->job->set.count > 0 || off >= end ||
	    count_before(*at, end) < MAP_CHANGES)
		return;
	if (st->slot < 0)
		st->slot = fl_guard_claim();
	if (st->slot < 0)
		return;
	fl_guard_allow_stores(st->slot);
	st->map = fl_durable_map(&st->job->durable, t->fd, st->map_off, st->map_len, &err);
	if (st->map)
		fl_guard_aim(st->slot, st->map, st->map_len, st->map_off);
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

static int store(struct storer *st, const struct fl_change *c, struct fl_error *reterr)
{
	bool fill = c->fill && !st->old;
	const unsigned char *bytes = st->old ? c->old_bytes : c->new_bytes;
	unsigned char *to;

	count(st, c);
	if (!st->map || c->off + c->old_len > st->map_off + st->map_len)
		return write_change(st, c, bytes, fill, reterr);
	st->job->stats.by_map++;
	to = st->map + (c->off - st->map_off);
	if (fill)
		memset(to, *bytes, (size_t)c->old_len);
	else
		memcpy(to, bytes, (size_t)c->old_len);
	return 0;
}

static int store_run(struct storer *st, struct fl_change_reader reader, struct fl_error *reterr)
{
	struct fl_change_reader before = reader;
	struct fl_change c;
	int r, closed;

	while ((r = fl_change_next(&reader, &c)) > 0) {
		if (c.old_len == 0 || c.old_len != c.new_len)
			return -FL_ECORRUPT;
		if (c.off < st->map_off || c.off >= st->map_off + st->map_len) {
			r = close_map(st, reterr);
			if (r < 0)
				return r;
			open_map(st, &before, c.off);
		}
		r = store(st, &c, reterr);
		if (r < 0)
			return r;
		before = reader;
	}
	closed = close_map(st, reterr);
	st->map_len = 0;
	return r < 0 ? r : closed;
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

int fl_same_apply(struct fl_store_job *job, const unsigned char *group, size_t len, bool old,
		  struct fl_error *reterr)
{
	struct storer st = {.job = job, .old = old, .slot = -1, .page = UINT64_MAX};
	struct fl_change_reader reader = {0};
	uint64_t begin = len >= FL_RUN_HEAD_BYTES ? fl_get64(group) : 0;
	int r;

	job->stored = true;
	while ((r = fl_same_next_run(&group, &len, &reader)) > 0) {
		r = store_run(&st, reader, reterr);
		if (r < 0)
			break;
	}
	if (st.map)
		(void)close_map(&st, NULL);
	if (st.slot >= 0)
		fl_guard_release(st.slot);
	if (r == -FL_ECORRUPT)
		return fl_error_set(reterr, r, FL_OFF_NONE, "the journal contradicts itself");
	if (r == 0)
		fl_durable_start(&job->durable, job->target.fd, begin,
				 fl_max_u64(reader.base, begin) - begin);
	return r;
}
