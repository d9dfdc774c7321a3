/* SPDX-License-Identifier: MIT */
#include "window/auto.h"

#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "plat/guard.h"
#include "plat/mapping.h"
#include "plat/residency.h"
#include "plat/tuning.h"

/* One pread is cheaper than mmap, fault and munmap up to here (measured: 12 us against 20 us
 * at 64 KiB, equal at 256 KiB). */
#define SMALL_BYTES FL_KIB(256)

/* Loading threads beside the computing ones (DESIGN measurements: buffered preads of 1 MiB in
 * file order reach the device's limit at 8 threads). */
#define READAHEAD_THREADS 8u

/* A file takes at most this share of what memory is available, else it evicts itself and others. */
#define CACHE_SHARE_PERCENT 80u

/* Samples of either loader before one is preferred. What disturbs a sample makes it slower: the
 * fastest of the first ones counts. */
#define SAMPLES_MIN 3u

/*
 * How far a worker goes before it asks again where it tries what it does not know: with the first
 * bytes, and with the loader that is not the preferred one. Less, and what a mapping costs once weighs
 * too much; more, and looking does: of 96 chunks of 8 MiB in small folios five were mapped to find
 * out that reading is 1.4 to 2.3 times as fast.
 */
#define TRIAL_BYTES FL_MIB(2)

/*
 * The other loader is tried again and again, and the more seldom the slower it is known to be, so that
 * looking costs 1 % however much slower it is (2.3 times was seen), and as if it were at least a fifth
 * slower.
 */
#define OTHER_COST 0.01
#define OTHER_SLOWER 0.2

/*
 * What is read may have come to large folios, which only mapping shows. Where both kinds have been seen,
 * looking may cost 4 %, and after each look that finds small ones again a fifth less, down to the above:
 * as much as is lost where a stretch of large folios is read until the next look, as long as stretches
 * are of 100 MiB or so; a file without large ones never pays it.
 */
#define MIXED_COST 0.04
#define MIXED_DECAY 0.8

/* Weight of a new sample, and what it may be at most beside the average: an interrupted chunk
 * does not decide. */
#define SAMPLE_WEIGHT 0.25
#define SAMPLE_MOST 2.0

/* read must be this much faster to be worth its copies and buffers. */
#define READ_MARGIN 1.04

static void say(struct fl_choice *c, enum fl_io io, const char *reason)
{
	c->io = io;
	snprintf(c->reason, sizeof(c->reason), "%s", reason);
}

/* 100 if it cannot be seen. */
static unsigned resident_percent(const struct fl_file *file, const struct fl_plan *plan)
{
	unsigned percent;

	return fl_resident_percent(file->fd, file->base_off + plan->begin, plan->end - plan->begin,
				   &percent) < 0
		       ? 100
		       : percent;
}

/* Past the page cache. io_uring falls back to threads where it is not to be had; with it the queue
 * stays full without a thread to be woken for each read: 1.2 s against 1.6 s per GB on a busy
 * two-core machine. */
static void choose_past_cache(struct fl_choice *c)
{
	c->fed = true;
	c->io = FL_IO_URING;
}

static bool is_word(const char *word, const char *a, const char *b)
{
	return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

/* A word that is not known is none. */
static bool follow(const struct fl_tuning *t, struct fl_choice *c)
{
	if (c->fed) {
		if (!is_word(t->past, "uring", "direct"))
			return false;
		c->io = strcmp(t->past, "direct") == 0 ? FL_IO_DIRECT : FL_IO_URING;
		return true;
	}
	if (strcmp(t->cold, "readahead") == 0)
		return true;
	if (!is_word(t->cold, "window", "read"))
		return false;
	c->readahead = 0;
	c->io = strcmp(t->cold, "read") == 0 ? FL_IO_READ : FL_IO_MMAP;
	return true;
}

/* What `faultline tune` found out about this device, said in the reason. */
static void apply_tuning(const struct fl_file *file, struct fl_choice *c)
{
	struct fl_tuning t;
	size_t n = strlen(c->reason);

	if (fl_tuning_ignored || fl_tuning_load(file->fd, &t) < 0 || !follow(&t, c))
		return;
	snprintf(c->reason + n, sizeof(c->reason) - n, "; tuned: %s", c->fed ? t.past : t.cold);
}

static void choose_missing(const struct fl_options *opt, const struct fl_file *file,
			   const struct fl_plan *plan, unsigned percent, struct fl_choice *c)
{
	uint64_t len = plan->end - plan->begin;
	uint64_t room = fl_memory_available();
	uint64_t missing = len / 100 * (100 - percent);

	if (percent < 50 && (opt->flags & FL_RUN_COLD)) {
		choose_past_cache(c);
		say(c, c->io, "not in the page cache, which is to be left alone: read past it");
	} else if (percent < 50 && missing > room / 100 * CACHE_SHARE_PERCENT) {
		choose_past_cache(c);
		snprintf(c->reason, sizeof(c->reason),
			 "%u %% cached and larger than the %llu MiB that are free: read past the "
			 "page cache",
			 percent, (unsigned long long)(room >> 20));
	} else {
		c->readahead = file->rotational ? 1 : READAHEAD_THREADS;
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

	if ((opt->flags & FL_RUN_COLD) && file->can_map && !fl_resident_is_exact(file->fd)) {
		choose_past_cache(c);
		say(c, c->io, "what is cached cannot be seen: read past the page cache");
	} else if (!file->can_map)
		say(c, FL_IO_READ, "this kind of file cannot be mapped");
	else if (len <= SMALL_BYTES)
		say(c, FL_IO_READ, "small file");
	else {
		percent = resident_percent(file, plan);
		if (percent < 98) {
			choose_missing(opt, file, plan, percent, c);
			apply_tuning(file, c);
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
	/* Blocks end where they end: nothing is in sight behind them. */
	if (ret->fed && plan->ahead_bytes > 0 && plan->size != FL_SIZE_UNKNOWN) {
		ret->fed = false;
		say(ret, file->can_map ? FL_IO_MMAP : FL_IO_READ,
		    "matches across lines are not looked for past the cache");
	}
}

void fl_auto_init(struct fl_auto *a, const struct fl_choice *choice)
{
	*a = (struct fl_auto){
		.adaptive = choice->adaptive, .io = choice->io, .look_cost = OTHER_COST};
	pthread_mutex_init(&a->lock, NULL);
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

static double faults_per_mib(const struct fl_sample *s)
{
	return s->bytes > 0 ? (double)s->faults / mib(s->bytes) : 0;
}

static void add(struct fl_pace *p, const struct fl_sample *s)
{
	double now = (double)s->ns / mib(s->bytes);

	if (s->preempted && p->samples > 0)
		return;
	if (p->samples < SAMPLES_MIN)
		p->ns_per_mib = p->samples++ == 0 || now < p->ns_per_mib ? now : p->ns_per_mib;
	else if (now > p->ns_per_mib * SAMPLE_MOST)
		p->ns_per_mib *= 1 + SAMPLE_WEIGHT * (SAMPLE_MOST - 1);
	else
		p->ns_per_mib += SAMPLE_WEIGHT * (now - p->ns_per_mib);
}

static enum fl_io faster(const struct fl_auto *a)
{
	return a->pace[1].ns_per_mib > 0 &&
			       a->pace[1].ns_per_mib * READ_MARGIN < a->pace[0].ns_per_mib
		       ? FL_IO_READ
		       : FL_IO_MMAP;
}

static bool other_is_due(const struct fl_auto *a)
{
	double ratio = a->pace[1].ns_per_mib / a->pace[0].ns_per_mib;
	double slower = (ratio > 1 ? ratio : 1 / ratio) - 1;

	double cost = ratio < 1 ? a->look_cost : OTHER_COST;

	if (slower < OTHER_SLOWER)
		slower = OTHER_SLOWER;
	return (double)a->since >= (double)TRIAL_BYTES * slower / cost;
}

/* Under the lock, where folios are small. */
static struct fl_pick pick_small(struct fl_auto *a)
{
	enum fl_io io = faster(a), other = io == FL_IO_READ ? FL_IO_MMAP : FL_IO_READ;

	if (a->pace[0].asked < SAMPLES_MIN || a->pace[1].asked < SAMPLES_MIN) {
		io = a->pace[0].asked <= a->pace[1].asked ? FL_IO_MMAP : FL_IO_READ;
		return (struct fl_pick){.io = io, .measured = true, .bytes = TRIAL_BYTES};
	}
	if (other_is_due(a)) {
		a->since = 0;
		a->look_cost *= MIXED_DECAY;
		if (a->look_cost < OTHER_COST)
			a->look_cost = OTHER_COST;
		return (struct fl_pick){.io = other, .measured = true, .bytes = TRIAL_BYTES};
	}
	return (struct fl_pick){.io = io, .measured = true, .bytes = UINT64_MAX};
}

struct fl_pick fl_auto_pick(struct fl_auto *a, bool settled)
{
	struct fl_pick pick = {.io = a->io, .bytes = UINT64_MAX};

	if (!a->adaptive)
		return pick;
	pthread_mutex_lock(&a->lock);
	if (a->small) {
		pick = pick_small(a);
		a->pace[slot_of(pick.io)].asked++;
	}
	if (!settled || a->mapped.bytes == 0)
		pick.bytes = TRIAL_BYTES;
	pthread_mutex_unlock(&a->lock);
	return pick;
}

/* Under the lock. */
static void note_folios(struct fl_auto *a, bool small)
{
	if (!small)
		a->look_cost = MIXED_COST;
	else if (!a->small)
		a->since = 0;
	a->small = small;
}

void fl_auto_report(struct fl_auto *a, const struct fl_sample *s)
{
	pthread_mutex_lock(&a->lock);
	a->served[slot_of(s->io)] += s->bytes;
	a->since += s->bytes;
	if (a->adaptive && !s->settling && s->bytes > 0) {
		if (s->io == FL_IO_MMAP) {
			a->mapped.bytes += s->bytes;
			a->mapped.faults += s->faults;
			note_folios(a, faults_per_mib(s) >= FL_AUTO_FAULTS_PER_MIB_SMALL);
		}
		if (a->small && s->measured)
			add(&a->pace[slot_of(s->io)], s);
	}
	pthread_mutex_unlock(&a->lock);
}

enum fl_io fl_auto_explain(const struct fl_auto *a, const struct fl_choice *choice, char *reason,
			   size_t n)
{
	double faults = faults_per_mib(&a->mapped);

	if (a->pace[0].ns_per_mib > 0 && a->pace[1].ns_per_mib > 0)
		snprintf(reason, n,
			 "%s, %s folios: %.1f faults per MiB, mmap %.1f, read %.1f GB/s per "
			 "thread",
			 choice->reason,
			 faults < FL_AUTO_FAULTS_PER_MIB_SMALL ? "mostly large" : "small", faults,
			 1048576.0 / a->pace[0].ns_per_mib, 1048576.0 / a->pace[1].ns_per_mib);
	else if (faults > 0)
		snprintf(reason, n, "%s, large folios: %.1f faults per MiB", choice->reason,
			 faults);
	else
		snprintf(reason, n, "%s", choice->reason);
	if (choice->fed || a->served[0] + a->served[1] == 0)
		return choice->io;
	return a->served[1] > a->served[0] ? FL_IO_READ : FL_IO_MMAP;
}
