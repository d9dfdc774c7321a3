/* SPDX-License-Identifier: MIT */
#include <faultline/cache.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "plat/machine.h"
#include "plat/mapping.h"
#include "plat/pagecache.h"
#include "plat/residency.h"
#include "window/plan.h"
#include "window/readahead.h"
#include "window/source_impl.h"

/* What --io=auto loads with, and why: window/auto.c. */
#define TOUCH_THREADS 8u

#define CELLS_MAX 4096

/**
 * struct range - absolute file offsets
 */
struct range {
	uint64_t begin;
	uint64_t end;
};

static int range_of(const struct fl_source *src, uint64_t off, uint64_t len, struct range *ret)
{
	uint64_t size = src->file.size_bytes, end;

	if (!fl_source_seekable(src))
		return -ESPIPE;
	if (off > size)
		off = size;
	end = fl_min_u64(fl_add_sat(off, len), size);
	*ret = (struct range){.begin = src->file.base_off + off, .end = src->file.base_off + end};
	return 0;
}

static uint64_t pages_of(const struct range *r)
{
	uint64_t page = fl_page_bytes();

	if (r->end <= r->begin)
		return 0;
	return (fl_round_up(r->end, page) - fl_round_down(r->begin, page)) / page;
}

static void take_counts(struct fl_cache_status *st, const struct fl_pagecache *c)
{
	st->resident = c->resident;
	st->dirty = c->dirty;
	st->writeback = c->writeback;
	st->evicted = c->evicted;
	st->recently_evicted = c->recently_evicted;
	st->flags |= FL_CACHE_EXACT | FL_CACHE_DETAIL;
	st->method = "cachestat";
}

static int count_exactly(int fd, const struct range *r, struct fl_cache_status *st)
{
	uint64_t len = r->end - r->begin;
	struct fl_pagecache c = {0};

	if (len == 0 || fl_pagecache_count(fd, r->begin, len, &c) == 0) {
		take_counts(st, &c);
		return 0;
	}
	if (fl_pagecache_mincore(fd, r->begin, len, &st->resident) == 0) {
		st->flags |= FL_CACHE_EXACT;
		st->method = "mincore";
		return 0;
	}
	return -EOPNOTSUPP;
}

static int count(int fd, const struct range *r, struct fl_cache_status *st)
{
	if (count_exactly(fd, r, st) == 0)
		return 0;
	return fl_resident_pages(fd, r->begin, r->end - r->begin, &st->resident, &st->method);
}

_Static_assert(FL_CACHE_ORDERS == FL_FOLIO_ORDERS, "one is handed on as the other");

int fl_cache_status(struct fl_source *src, uint64_t off, uint64_t len, unsigned want,
		    struct fl_cache_status *ret)
{
	struct fl_cache_status st = {.size = sizeof(st), .page_bytes = fl_page_bytes()};
	int fd, r;
	struct range range;

	if (!src || ret->size != sizeof(*ret) || (want & ~FL_CACHE_FOLIOS))
		return -EINVAL;
	r = range_of(src, off, len, &range);
	if (r < 0)
		return r;
	fd = src->file.fd;
	st.pages = pages_of(&range);
	r = count(fd, &range, &st);
	if (r < 0)
		return r;
	if (fl_device_is_memory(fd))
		st.flags |= FL_CACHE_MEMORY;
	if ((want & FL_CACHE_FOLIOS) && range.end > range.begin &&
	    fl_pagecache_folios(fd, range.begin, range.end - range.begin, st.folios) == 0)
		st.flags |= FL_CACHE_FOLIOS;
	*ret = st;
	return 0;
}

static int percent_of(int fd, const struct range *r, unsigned char *ret)
{
	struct fl_cache_status st = {0};
	uint64_t pages = pages_of(r);
	int rc;

	*ret = 0;
	if (pages == 0)
		return 0;
	rc = count_exactly(fd, r, &st);
	/* Only a cell without any missing page is full, only one without any page is empty. */
	if (rc == 0 && st.resident >= pages)
		*ret = 100;
	else if (rc == 0 && st.resident > 0)
		*ret = (unsigned char)fl_max_u64(fl_min_u64(st.resident * 100 / pages, 99), 1);
	return rc;
}

int fl_cache_map(struct fl_source *src, uint64_t off, uint64_t len, unsigned char *ret,
		 size_t cells)
{
	struct range all, cell;
	uint64_t pages, page = fl_page_bytes(), first;
	size_t i;
	int r;

	if (!src || !ret || cells == 0 || cells > CELLS_MAX)
		return -EINVAL;
	r = range_of(src, off, len, &all);
	pages = r == 0 ? pages_of(&all) : 0;
	first = r == 0 ? fl_round_down(all.begin, page) : 0;
	for (i = 0; r == 0 && i < cells; i++) {
		cell.begin = first + pages * i / cells * page;
		cell.end = first + pages * (i + 1) / cells * page;
		/* Fewer pages than cells: several show the same page. */
		if (cell.end == cell.begin && pages > 0)
			cell.end += page;
		r = percent_of(src->file.fd, &cell, &ret[i]);
	}
	return r;
}

int fl_cache_touch(struct fl_source *src, uint64_t off, uint64_t len)
{
	struct fl_readahead *ra = NULL;
	struct fl_plan plan = {0};
	struct range range;
	uint64_t base, at;
	int r;

	if (!src)
		return -EINVAL;
	r = range_of(src, off, len, &range);
	if (r < 0 || range.end <= range.begin)
		return r;
	base = src->file.base_off;
	plan.begin = plan.from = range.begin - base;
	plan.end = plan.to = range.end - base;
	plan.threads = 1;
	r = fl_readahead_new(&src->file, &plan, TOUCH_THREADS, &ra);
	if (r < 0)
		return r;
	for (at = plan.begin; at < plan.end; at += FL_HUGE_BYTES) {
		fl_readahead_wait(ra, fl_min_u64(at + FL_HUGE_BYTES, plan.end));
		fl_readahead_consumed(ra, at);
	}
	fl_readahead_free(ra);
	return 0;
}

/* Where nothing waits to be written a sync would still have the disk empty its own cache. */
static bool is_clean(int fd, const struct range *r)
{
	struct fl_pagecache c = {0};

	return fl_pagecache_count(fd, r->begin, r->end - r->begin, &c) == 0 && c.dirty == 0 &&
	       c.writeback == 0;
}

int fl_cache_evict(struct fl_source *src, uint64_t off, uint64_t len)
{
	struct range range;
	uint64_t page = fl_page_bytes();
	int r;

	if (!src)
		return -EINVAL;
	r = range_of(src, off, len, &range);
	if (r < 0 || range.end <= range.begin)
		return r;
	if (!is_clean(src->file.fd, &range))
		r = fl_pagecache_sync(src->file.fd);
	if (r < 0)
		return r;
	fl_drop_pages(src->file.fd, fl_round_down(range.begin, page),
		      fl_round_up(range.end, page) - fl_round_down(range.begin, page));
	return 0;
}

struct fl_cache_lock {
	void *p;
	size_t len;
};

static int explain_lock(int r, struct fl_error *reterr)
{
	struct fl_machine m;

	fl_machine_read(&m);
	if ((r == -ENOMEM || r == -EAGAIN || r == -EPERM) && m.memlock_bytes != UINT64_MAX)
		return fl_error_set(reterr, r, FL_OFF_NONE,
				    "cannot be locked: the limit is %llu KiB (ulimit -l)",
				    (unsigned long long)(m.memlock_bytes >> 10));
	return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
}

int fl_cache_lock(struct fl_source *src, uint64_t off, uint64_t len, struct fl_cache_lock **ret,
		  struct fl_error *reterr)
{
	struct fl_cache_lock *lock;
	struct range range;
	uint64_t begin;
	int r;

	if (!src || !ret)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, NULL);
	r = range_of(src, off, len, &range);
	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	lock = calloc(1, sizeof(*lock));
	if (!lock)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	begin = fl_round_down(range.begin, fl_page_bytes());
	lock->len = (size_t)(range.end - begin);
	if (range.end > range.begin)
		r = fl_pagecache_lock(src->file.fd, begin, lock->len, &lock->p);
	if (r < 0) {
		free(lock);
		return explain_lock(r, reterr);
	}
	*ret = lock;
	return 0;
}

void fl_cache_unlock(struct fl_cache_lock *lock)
{
	if (!lock)
		return;
	fl_unmap(lock->p, lock->len);
	free(lock);
}
