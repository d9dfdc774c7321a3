/* SPDX-License-Identifier: MIT */
#include "window/auto.h"

#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "plat/guard.h"
#include "plat/mapping.h"
#include "plat/residency.h"

/* One pread is cheaper than mmap, fault and munmap up to here (measured: 12 us against 20 us
 * at 64 KiB, equal at 256 KiB). */
#define SMALL_BYTES FL_KIB(256)

/* Loading threads beside the computing ones (DESIGN measurements: buffered preads of 1 MiB in
 * file order reach the device's limit at 8 threads). */
#define READAHEAD_THREADS 8u

/* A file takes at most this share of what memory is available, else it evicts itself and others. */
#define CACHE_SHARE_PERCENT 80u

/* With 2 MiB folios there are 0.5 faults per MiB, with 64 KiB folios 16: from here on read(2)
 * may be faster. */
#define FAULTS_PER_MIB_SMALL 4.0

/* Look again after this many chunks: 2 % of the bytes are spent on looking. */
#define KEEP_CHUNKS_PER_LOOK 50u

/* read must be this much faster to be worth its copies and buffers. */
#define READ_MARGIN 1.03

static void say(struct fl_choice *c, enum fl_io io, const char *reason)
{
	c->io = io;
	snprintf(c->reason, sizeof(c->reason), "%s", reason);
}

/* Percent of the range in the page cache; 100 if that cannot be seen. */
static unsigned resident_percent(const struct fl_file *file, const struct fl_plan *plan)
{
	uint64_t pages = 0, len = plan->end - plan->begin;
	uint64_t all = len / fl_page_bytes() + 1;

	if (fl_resident_pages(file->fd, file->base_off + plan->begin, len, &pages, NULL) < 0)
		return 100;
	return (unsigned)(fl_min_u64(pages, all) * 100 / all);
}

static void choose_missing(const struct fl_options *opt, const struct fl_plan *plan,
			   unsigned percent, struct fl_choice *c)
{
	uint64_t len = plan->end - plan->begin;
	uint64_t room = fl_memory_available();
	uint64_t missing = len / 100 * (100 - percent);

	if (percent < 50 && (opt->flags & FL_RUN_COLD)) {
		c->fed = true;
		say(c, FL_IO_DIRECT,
		    "not in the page cache, which is to be left alone: read past it");
	} else if (percent < 50 && missing > room / 100 * CACHE_SHARE_PERCENT) {
		c->fed = true;
		c->io = FL_IO_DIRECT;
		snprintf(c->reason, sizeof(c->reason),
			 "%u %% cached and larger than the %llu MiB that are free: read past the "
			 "page cache",
			 percent, (unsigned long long)(room >> 20));
	} else {
		c->readahead = READAHEAD_THREADS;
		c->io = FL_IO_MMAP;
		snprintf(c->reason, sizeof(c->reason),
			 "%u %% cached: loading threads ahead of mapped windows", percent);
	}
}

static void choose_auto(const struct fl_options *opt, const struct fl_file *file,
			const struct fl_plan *plan, struct fl_choice *c)
{
	uint64_t len = plan->end - plan->begin;
	unsigned percent;

	if (!file->can_map)
		say(c, FL_IO_READ, "this kind of file cannot be mapped");
	else if (len <= SMALL_BYTES)
		say(c, FL_IO_READ, "small file");
	else {
		percent = resident_percent(file, plan);
		if (percent < 98) {
			choose_missing(opt, plan, percent, c);
			return;
		}
		say(c, FL_IO_MMAP, "in the page cache");
		c->adaptive = true;
	}
}

void fl_auto_choose(const struct fl_options *opt, const struct fl_file *file,
		    const struct fl_plan *plan, struct fl_choice *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (plan->size == FL_SIZE_UNKNOWN) {
		ret->fed = true;
		say(ret, FL_IO_READ, "a stream is read in order");
	} else if (opt->io == FL_IO_AUTO) {
		choose_auto(opt, file, plan, ret);
	} else {
		ret->fed = opt->io == FL_IO_DIRECT || opt->io == FL_IO_URING;
		say(ret, opt->io, "as asked");
	}
}

void fl_auto_init(struct fl_auto *a, const struct fl_choice *choice, unsigned threads)
{
	*a = (struct fl_auto){.adaptive = choice->adaptive, .io = choice->io};
	pthread_mutex_init(&a->lock, NULL);
	a->per_phase = 2 * threads;
	a->left = a->per_phase;
	a->phase = FL_AUTO_MMAP;
}

void fl_auto_done(struct fl_auto *a)
{
	pthread_mutex_destroy(&a->lock);
}

static int slot_of(enum fl_io io)
{
	return io == FL_IO_READ;
}

static void enter(struct fl_auto *a, enum fl_auto_phase phase, enum fl_io io)
{
	a->phase = phase;
	a->io = io;
	a->left = phase == FL_AUTO_KEEP ? a->per_phase * KEEP_CHUNKS_PER_LOOK : a->per_phase;
	if (phase != FL_AUTO_KEEP)
		a->sum[slot_of(io)] = (struct fl_sample){0};
}

/* All chunks of a phase have been reported: what next? */
static void next_phase(struct fl_auto *a)
{
	const struct fl_sample *s = &a->sum[slot_of(a->io)];
	double mib = (double)s->bytes / 1048576.0;

	if (a->phase == FL_AUTO_KEEP) {
		enter(a, FL_AUTO_MMAP, FL_IO_MMAP);
		return;
	}
	if (mib > 0)
		a->ns_per_mib[slot_of(a->io)] = (double)s->ns / mib;
	if (a->phase == FL_AUTO_MMAP) {
		a->faults_per_mib = mib > 0 ? (double)s->faults / mib : 0;
		if (a->faults_per_mib < FAULTS_PER_MIB_SMALL)
			enter(a, FL_AUTO_KEEP, FL_IO_MMAP);
		else
			enter(a, FL_AUTO_READ, FL_IO_READ);
		return;
	}
	enter(a, FL_AUTO_KEEP,
	      a->ns_per_mib[1] * READ_MARGIN < a->ns_per_mib[0] ? FL_IO_READ : FL_IO_MMAP);
}

enum fl_io fl_auto_pick(struct fl_auto *a)
{
	enum fl_io io;

	if (!a->adaptive)
		return a->io;
	pthread_mutex_lock(&a->lock);
	io = a->io;
	if (a->left > 0) {
		a->left--;
		a->pending++;
	}
	pthread_mutex_unlock(&a->lock);
	return io;
}

void fl_auto_report(struct fl_auto *a, const struct fl_sample *s)
{
	struct fl_sample *sum = &a->sum[slot_of(s->io)];

	pthread_mutex_lock(&a->lock);
	a->served[slot_of(s->io)] += s->bytes;
	sum->bytes += s->bytes;
	sum->ns += s->ns;
	sum->faults += s->faults;
	if (a->adaptive && a->pending > 0 && --a->pending == 0 && a->left == 0)
		next_phase(a);
	pthread_mutex_unlock(&a->lock);
}

enum fl_io fl_auto_explain(const struct fl_auto *a, const struct fl_choice *choice, char *reason,
			   size_t n)
{
	if (!a->adaptive || a->ns_per_mib[0] <= 0) {
		snprintf(reason, n, "%s", choice->reason);
		return a->adaptive || choice->fed || a->served[1] == 0 ? choice->io : FL_IO_READ;
	}
	if (a->ns_per_mib[1] <= 0)
		snprintf(reason, n, "%s, in large folios (%.1f faults per MiB)", choice->reason,
			 a->faults_per_mib);
	else
		snprintf(reason, n,
			 "%s, in small folios (%.0f faults per MiB): mmap %.1f, read %.1f GB/s per "
			 "thread",
			 choice->reason, a->faults_per_mib, 1048576.0 / a->ns_per_mib[0],
			 1048576.0 / a->ns_per_mib[1]);
	return a->served[1] > a->served[0] ? FL_IO_READ : FL_IO_MMAP;
}
