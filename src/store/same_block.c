/* SPDX-License-Identifier: MIT */
#include "store/same_block.h"

#include <stdlib.h>

#include "base/size.h"
#include "plat/file.h"
#include "store/store_job.h"

#define PAGE_BYTES 4096u

/*
 * Pages without a change are written along where that saves a request. Source: addresses in 301 MB, durable: runs of
 * changed pages alone were 4,000 requests and took twice as long.
 */
#define GAP_PAGES 4u

_Static_assert(FL_SAME_BLOCK_BYTES / PAGE_BYTES <= 64, "a bit for each page");

/* Whoever waits for the file gets it after the block at hand. */
static bool have_lease(struct fl_same_block *b, const struct fl_target *t)
{
	if (b->refused)
		return false;
	if (b->leased ? fl_target_leased(t) : fl_target_lease(t, true) == 0) {
		b->leased = true;
		return true;
	}
	if (b->leased)
		(void)fl_target_lease(t, false);
	b->leased = false;
	b->refused = true;
	return false;
}

/* Its bytes are read before they are looked at: not zeroed. */
static struct fl_same_block *make_block(void)
{
	struct fl_same_block *b = malloc(sizeof(*b));

	if (b) {
		b->leased = false;
		b->refused = false;
	}
	return b;
}

struct fl_same_block *fl_same_block_open(struct fl_store_job *job, uint64_t off)
{
	const struct fl_target *t = &job->target;
	struct fl_same_block *b = job->block;
	size_t got;

	if (!b)
		b = job->block = make_block();
	if (!b || !have_lease(b, t))
		return NULL;
	b->off = fl_round_down(off, FL_SAME_BLOCK_BYTES);
	b->len = (size_t)fl_min_u64(FL_SAME_BLOCK_BYTES, t->size_bytes - b->off);
	b->dirty = 0;
	b->count = 0;
	if (fl_file_pread(t->fd, b->bytes, b->len, b->off, &got) < 0 || got < b->len)
		return NULL;
	return b;
}

bool fl_same_block_change(struct fl_same_block *b, size_t at, size_t len)
{
	if (b->count == FL_SAME_BLOCK_CHANGES)
		return false;
	b->changes[b->count].at = (uint32_t)at;
	b->changes[b->count].len = (uint32_t)len;
	b->count++;
	for (size_t page = at / PAGE_BYTES; page <= (at + len - 1) / PAGE_BYTES; page++)
		b->dirty |= UINT64_C(1) << page;
	return true;
}

static int write_changes(const struct fl_same_block *b, struct fl_store_job *job,
			 struct fl_error *reterr)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < b->count; i++) {
		uint64_t off = b->off + b->changes[i].at;

		r = fl_store_job_check_size(job, off + b->changes[i].len, reterr);
		if (r == 0)
			r = fl_store_job_write(job, b->bytes + b->changes[i].at, b->changes[i].len,
					       off, reterr);
	}
	return r;
}

/* The first of a run of pages to write, from @page on, and its @ret_end; 64: there is none. */
static unsigned next_run(uint64_t dirty, unsigned page, unsigned *ret_end)
{
	uint64_t left = page < 64 ? dirty >> page << page : 0;
	unsigned first, last;

	if (left == 0)
		return 64;
	first = last = (unsigned)__builtin_ctzll(left);
	for (left &= left - 1; left != 0; left &= left - 1) {
		unsigned next = (unsigned)__builtin_ctzll(left);

		if (next - last > GAP_PAGES + 1)
			break;
		last = next;
	}
	*ret_end = last + 1;
	return first;
}

static int write_pages(const struct fl_same_block *b, struct fl_store_job *job,
		       struct fl_error *reterr)
{
	int r = fl_store_job_check_size(job, b->off + b->len, reterr);
	unsigned first, end = 0;

	while (r == 0 && (first = next_run(b->dirty, end, &end)) < 64) {
		size_t at = (size_t)first * PAGE_BYTES;
		size_t len = fl_min_size((size_t)end * PAGE_BYTES, b->len) - at;

		r = fl_store_job_write(job, b->bytes + at, len, b->off + at, reterr);
	}
	return r;
}

int fl_same_block_close(struct fl_same_block *b, struct fl_store_job *job, struct fl_error *reterr)
{
	/* Stopped for longer than leases last: the bytes between are not ours any more. */
	int r = have_lease(b, &job->target) ? write_pages(b, job, reterr)
					    : write_changes(b, job, reterr);

	b->dirty = 0;
	b->count = 0;
	return r;
}

void fl_same_block_leave(struct fl_store_job *job)
{
	struct fl_same_block *b = job->block;

	if (!b)
		return;
	if (b->leased)
		(void)fl_target_lease(&job->target, false);
	b->leased = false;
	b->refused = false;
}
