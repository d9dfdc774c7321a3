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

/*
 * What is in the cache in 2 MiB folios takes 0.5-1.5 faults per MiB, in 64 KiB folios 16. Where
 * mapping costs less than this, reading was never seen to be faster.
 */
#define FAULTS_PER_MIB_SMALL 4.0

/* Chunks per thread and turn: the first of a turn pays for the change. */
#define CHUNKS_PER_TURN 2u
#define TURNS 4u

/* Chunks kept for each one explored: read serves half of those explored, so less than 2 % of the
 * bytes are spent on looking. */
#define KEEP_PER_EXPLORED 30u

/* read must be this much faster to be worth its copies and buffers. */
#define READ_MARGIN 1.04

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

static void enter(struct fl_auto *a, enum fl_auto_phase phase, enum fl_io io, unsigned length)
{
	a->phase = phase;
	a->io = io;
	a->length = length;
	a->handed_out = a->reported = 0;
	memset(a->tally, 0, sizeof(a->tally));
}

void fl_auto_init(struct fl_auto *a, const struct fl_choice *choice, unsigned threads)
{
	*a = (struct fl_auto){.adaptive = choice->adaptive, .turn = CHUNKS_PER_TURN * threads};
	pthread_mutex_init(&a->lock, NULL);
	enter(a, FL_AUTO_KEEP, choice->io, a->turn + threads);
}

void fl_auto_done(struct fl_auto *a)
{
	pthread_mutex_destroy(&a->lock);
}

static int slot_of(enum fl_io io)
{
	return io == FL_IO_READ;
}

static double mib(uint64_t bytes)
{
	return (double)bytes / 1048576.0;
}

static void add(struct fl_tally *t, const struct fl_sample *s)
{
	t->sum.bytes += s->bytes;
	t->sum.ns += s->ns;
	t->sum.faults += s->faults;
	if (s->bytes > 0 &&
	    (t->worst.bytes == 0 ||
	     (double)s->ns / mib(s->bytes) > (double)t->worst.ns / mib(t->worst.bytes)))
		t->worst = *s;
}

static double ns_per_mib(const struct fl_tally *t)
{
	uint64_t bytes = t->sum.bytes - t->worst.bytes;

	return bytes > 0 ? (double)(t->sum.ns - t->worst.ns) / mib(bytes) : 0;
}

static void weigh(struct fl_auto *a)
{
	unsigned length = a->length * KEEP_PER_EXPLORED;

	a->ns_per_mib[0] = ns_per_mib(&a->tally[0]);
	a->ns_per_mib[1] = ns_per_mib(&a->tally[1]);
	enter(a, FL_AUTO_KEEP,
	      a->ns_per_mib[1] > 0 && a->ns_per_mib[1] * READ_MARGIN < a->ns_per_mib[0]
		      ? FL_IO_READ
		      : FL_IO_MMAP,
	      length);
}

/* All chunks of a phase have been reported: what next? */
static void next_phase(struct fl_auto *a)
{
	const struct fl_sample *mapped = &a->tally[0].sum;

	if (mapped->bytes > 0)
		a->faults_per_mib = (double)mapped->faults / mib(mapped->bytes);
	if (a->phase == FL_AUTO_EXPLORE)
		weigh(a);
	else if (a->io == FL_IO_MMAP && a->faults_per_mib < FAULTS_PER_MIB_SMALL)
		enter(a, FL_AUTO_KEEP, FL_IO_MMAP, a->turn);
	else
		enter(a, FL_AUTO_EXPLORE, a->io, a->turn * TURNS);
}

enum fl_io fl_auto_pick(struct fl_auto *a)
{
	enum fl_io io;

	if (!a->adaptive)
		return a->io;
	pthread_mutex_lock(&a->lock);
	io = a->io;
	if (a->phase == FL_AUTO_EXPLORE)
		io = a->handed_out / a->turn % 2 ? FL_IO_READ : FL_IO_MMAP;
	a->handed_out++;
	pthread_mutex_unlock(&a->lock);
	return io;
}

void fl_auto_report(struct fl_auto *a, const struct fl_sample *s)
{
	pthread_mutex_lock(&a->lock);
	a->served[slot_of(s->io)] += s->bytes;
	if (!s->settling)
		add(&a->tally[slot_of(s->io)], s);
	if (a->adaptive && ++a->reported >= a->length)
		next_phase(a);
	pthread_mutex_unlock(&a->lock);
}

enum fl_io fl_auto_explain(const struct fl_auto *a, const struct fl_choice *choice, char *reason,
			   size_t n)
{
	if (a->ns_per_mib[1] > 0)
		snprintf(reason, n, "%s, %.1f faults per MiB: mmap %.1f, read %.1f GB/s per thread",
			 choice->reason, a->faults_per_mib, 1048576.0 / a->ns_per_mib[0],
			 1048576.0 / a->ns_per_mib[1]);
	else if (a->adaptive && a->faults_per_mib > 0)
		snprintf(reason, n, "%s, large folios: %.1f faults per MiB", choice->reason,
			 a->faults_per_mib);
	else
		snprintf(reason, n, "%s", choice->reason);
	if (choice->fed || a->served[0] + a->served[1] == 0)
		return choice->io;
	return a->served[1] > a->served[0] ? FL_IO_READ : FL_IO_MMAP;
}
