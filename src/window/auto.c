/* SPDX-License-Identifier: MIT */
#include "window/auto.h"

#include <stdio.h>
#include <string.h>

#include "base/size.h"
#include "plat/disk.h"
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

/* Samples of either loader before one is preferred, and how often they are asked for: some do not count. What
 * disturbs a sample makes it slower: the fastest of the first ones counts. */
#define SAMPLES_MIN 3u
#define ASKED_MOST (5 * SAMPLES_MIN)

/* How often the other loader is tried as long as nothing is known of it, but for small folios, where it is at once. */
#define UNKNOWN_EVERY FL_MIB(32)

/*
 * A page fault that takes longer, less than half of the 18 to 20 us that it takes with shadow page tables (PVM), is
 * taken for a sign of them: there, reading was 1.0 to 1.5 times as fast as mapping even large folios. What is cached
 * is read at first, what is not is read to its end.
 */
#define DEAR_FAULT_NS 8000u

/*
 * Where the kernel reads so far ahead by itself, reads that follow each other leave folios of 2 MiB too (4,480
 * faults to map 4.5 GB afterwards), and loading threads cost more processor time than they save: 0.65 s instead
 * of 0.25. With the usual 128 KiB it would be 68,000 faults, and 2.5 s instead of 1.0.
 */
#define FAR_AHEAD_BYTES FL_HUGE_BYTES

/*
 * How far a worker goes before it asks again where it tries what it does not know: with the first
 * bytes, and with the loader that is not the preferred one. Less, and what a stretch costs by itself weighs
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
 * What is read may have come to large folios, which only mapping shows. Where they are known to pay,
 * looking may cost 4 %, and after each look that finds small ones again a fifth less, down to the above:
 * as much as is lost where a stretch of large folios is read until the next look, as long as stretches
 * are of 100 MiB or so; a file without large ones never pays it.
 */
#define MIXED_COST 0.04
#define MIXED_DECAY 0.8

/*
 * Weight of a new sample, and what it may be at most beside the average: an interrupted chunk does not decide. Of
 * the loader in use there is a sample of each chunk, and of chunks of 1 MiB one in six takes twice as long as usual
 * (PVM): it has the weight of its share of SAMPLE_BYTES, lest the loader change whenever a few of them come together.
 * (With 8 and 16 MiB it still did; keeping to a loader that is hardly slower instead was slow to follow a file.)
 */
#define SAMPLE_WEIGHT 0.25
#define SAMPLE_BYTES FL_MIB(32)
#define SAMPLE_MOST 2.0

/*
 * A file in large folios may have small ones here and there, each of which costs a mapping much: 0.13 ms for
 * 2 MiB in one folio, 1.5 to 3.5 ms in single pages where page tables are shadowed (PVM). No single stretch
 * tells: what counts is what mapping has taken over the last stretches, each at most so many times as long as usual.
 */
#define LONG_RUN_STRETCHES 32.0
#define LONG_RUN_MOST 8.0

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

static bool is_read_far_ahead(const struct fl_file *file)
{
	uint64_t bytes = fl_disk_readahead_bytes(file->disk);

	return bytes != UINT64_MAX && bytes >= FAR_AHEAD_BYTES;
}

/* What is missing has room in the cache, and is to come there in large folios. */
static void choose_filling(const struct fl_file *file, unsigned percent, bool dear,
			   struct fl_choice *c)
{
	const char *how = "loading threads ahead of mapped windows";

	c->io = dear ? FL_IO_READ : FL_IO_MMAP;
	c->readahead = file->rotational ? 1 : READAHEAD_THREADS;
	if (dear)
		how = "reads behind loading threads, for page faults are dear";
	if (dear && !file->rotational && is_read_far_ahead(file)) {
		c->readahead = 0;
		how = "reads, for page faults are dear and the kernel reads far ahead";
	}
	snprintf(c->reason, sizeof(c->reason), "%u %% cached: %s", percent, how);
}

static void choose_missing(const struct fl_options *opt, const struct fl_file *file,
			   const struct fl_plan *plan, unsigned percent, bool dear,
			   struct fl_choice *c)
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
		choose_filling(file, percent, dear, c);
	}
}

static void choose_auto(const struct fl_options *opt, const struct fl_file *file,
			const struct fl_plan *plan, uint64_t fault_ns, struct fl_choice *c)
{
	uint64_t len = plan->end - plan->begin;
	bool dear = fault_ns > DEAR_FAULT_NS;
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
			choose_missing(opt, file, plan, percent, dear, c);
			apply_tuning(file, c);
			return;
		}
		if (dear)
			say(c, FL_IO_READ, "in the page cache, page faults are dear");
		else
			say(c, FL_IO_MMAP, "in the page cache");
		c->adaptive = true;
	}
}

void fl_auto_choose(const struct fl_options *opt, const struct fl_file *file,
		    const struct fl_plan *plan, uint64_t fault_ns, struct fl_choice *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (plan->size == FL_SIZE_UNKNOWN) {
		ret->fed = true;
		say(ret, FL_IO_READ, "a stream is read in order");
	} else if (opt->io == FL_IO_AUTO) {
		choose_auto(opt, file, plan, fault_ns, ret);
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

void fl_auto_init(struct fl_auto *a, const struct fl_choice *choice, uint64_t window_share)
{
	*a = (struct fl_auto){.adaptive = choice->adaptive,
			      .io = choice->io,
			      .window_share = window_share,
			      .look_cost = OTHER_COST};
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

/* Of the loader, where folios are as they were seen last. */
static struct fl_pace *pace_of(struct fl_auto *a, enum fl_io io)
{
	if (io == FL_IO_READ)
		return &a->pace[FL_PACE_READ];
	return &a->pace[a->small ? FL_PACE_MAP_SMALL : FL_PACE_MAP_LARGE];
}

static double mib(uint64_t bytes)
{
	return (double)bytes / 1048576.0;
}

static double faults_per_mib(const struct fl_sample *s)
{
	return s->bytes > 0 ? (double)s->faults / mib(s->bytes) : 0;
}

/*
 * A mapping is paid for by all that will be seen through it, not by the stretch that happened to need it.
 * With shadow page tables (PVM) it mostly takes 140 to 300 us, as long as reading 2 MiB or more.
 */
static double ns_per_mib(struct fl_auto *a, const struct fl_sample *s)
{
	double own = (double)(s->ns - fl_min_u64(s->ns, s->mapping_ns));

	if (s->mapping_ns > 0) {
		a->mapping_ns = (double)s->mapping_ns;
		a->rent = a->mapping_ns / mib(fl_max_u64(a->window_share, s->bytes));
	}
	return own / mib(s->bytes) + (s->io == FL_IO_READ ? 0 : a->rent);
}

/* What was disturbed counts as long as nothing better is known. */
static void add(struct fl_pace *p, double now, double weight, bool disturbed)
{
	if (p->samples < SAMPLES_MIN) {
		p->ns_per_mib = p->ns_per_mib <= 0 || now < p->ns_per_mib ? now : p->ns_per_mib;
		p->samples += !disturbed;
	} else if (disturbed) {
		return;
	} else if (now > p->ns_per_mib * SAMPLE_MOST) {
		p->ns_per_mib *= 1 + weight * (SAMPLE_MOST - 1);
	} else {
		p->ns_per_mib += weight * (now - p->ns_per_mib);
	}
}

static void add_to_long_run(struct fl_auto *a, const struct fl_sample *s, double now)
{
	const struct fl_pace *p = pace_of(a, s->io);
	double keep = 1 - 1 / LONG_RUN_STRETCHES;

	if (p->ns_per_mib > 0 && now > p->ns_per_mib * LONG_RUN_MOST)
		now = p->ns_per_mib * LONG_RUN_MOST;
	a->long_ns = a->long_ns * keep + now * mib(s->bytes);
	a->long_mib = a->long_mib * keep + mib(s->bytes);
}

static bool is_uncertain(const struct fl_pace *p)
{
	return p->samples < SAMPLES_MIN && p->asked < ASKED_MOST;
}

/* A first sample, even a disturbed one, tells what looking costs. */
static bool is_unknown(const struct fl_pace *p)
{
	return p->ns_per_mib <= 0 && p->asked < ASKED_MOST;
}

/* What a MiB is expected to take. Of mapping, what these folios take, or what all took if that was more. */
static double expected(struct fl_auto *a, enum fl_io io)
{
	double now = pace_of(a, io)->ns_per_mib;
	double long_run = a->long_mib > 0 ? a->long_ns / a->long_mib : 0;

	return io == FL_IO_MMAP && long_run > now ? long_run : now;
}

/* As it began, until both are known. */
static enum fl_io faster(struct fl_auto *a)
{
	double read = expected(a, FL_IO_READ), map = expected(a, FL_IO_MMAP);

	if (is_uncertain(pace_of(a, FL_IO_READ)) || is_uncertain(pace_of(a, FL_IO_MMAP)))
		return a->io;
	return read > 0 && read * READ_MARGIN < map ? FL_IO_READ : FL_IO_MMAP;
}

/* Only where there may be large folios that are worth it, is finding them worth more than usual. */
static double cost_of_look(const struct fl_auto *a, enum fl_io other)
{
	const struct fl_pace *large = &a->pace[FL_PACE_MAP_LARGE];
	bool pays = large->ns_per_mib > 0 &&
		    large->ns_per_mib < a->pace[FL_PACE_READ].ns_per_mib * READ_MARGIN;

	return other == FL_IO_MMAP && a->small && pays ? a->look_cost : OTHER_COST;
}

static bool other_is_due(struct fl_auto *a, enum fl_io io, enum fl_io other)
{
	double now = expected(a, io), then = expected(a, other), extra;

	if (is_unknown(pace_of(a, other)))
		return a->since >= UNKNOWN_EVERY;
	if (now <= 0 || then <= 0)
		return false;
	extra = then > now * (1 + OTHER_SLOWER) ? then - now : now * OTHER_SLOWER;
	extra = extra * mib(TRIAL_BYTES) + (other == FL_IO_MMAP ? a->mapping_ns : 0);
	return mib(a->since) * now * cost_of_look(a, other) >= extra;
}

/* Small folios, and not known what to do with them: there is much to gain. */
static bool is_urgent(struct fl_auto *a)
{
	return a->small && a->io == FL_IO_MMAP &&
	       (is_uncertain(pace_of(a, FL_IO_MMAP)) || is_uncertain(pace_of(a, FL_IO_READ)));
}

/* Under the lock. */
static struct fl_pick pick_faster(struct fl_auto *a)
{
	struct fl_pace *map = pace_of(a, FL_IO_MMAP), *read = pace_of(a, FL_IO_READ);
	enum fl_io io = faster(a), other = io == FL_IO_READ ? FL_IO_MMAP : FL_IO_READ;

	if (is_urgent(a)) {
		bool maps = !is_uncertain(read) || (is_uncertain(map) && map->asked <= read->asked);

		return (struct fl_pick){.io = maps ? FL_IO_MMAP : FL_IO_READ, .bytes = TRIAL_BYTES};
	}
	if (other_is_due(a, io, other)) {
		a->since = 0;
		a->look_cost *= MIXED_DECAY;
		if (a->look_cost < OTHER_COST)
			a->look_cost = OTHER_COST;
		return (struct fl_pick){.io = other, .bytes = TRIAL_BYTES};
	}
	return (struct fl_pick){.io = io, .bytes = UINT64_MAX};
}

/* What is only looked at now and then counts in full. */
static double weight_of(struct fl_auto *a, const struct fl_sample *s)
{
	uint64_t bytes = s->io == faster(a) ? fl_min_u64(s->bytes, SAMPLE_BYTES) : SAMPLE_BYTES;

	return SAMPLE_WEIGHT * mib(bytes) / mib(SAMPLE_BYTES);
}

struct fl_pick fl_auto_pick(struct fl_auto *a, bool settled)
{
	struct fl_pick pick = {.io = a->io, .bytes = UINT64_MAX};

	if (!a->adaptive)
		return pick;
	pthread_mutex_lock(&a->lock);
	pick = pick_faster(a);
	pace_of(a, pick.io)->asked++;
	if (pick.io == FL_IO_MMAP && (!settled || a->mapped.bytes == 0))
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
	if (s->bytes == 0 && pace_of(a, s->io)->asked > 0)
		pace_of(a, s->io)->asked--;
	if (a->adaptive && s->bytes > 0) {
		double now = ns_per_mib(a, s);

		if (s->io != FL_IO_READ && !s->settling) {
			a->mapped.bytes += s->bytes;
			a->mapped.faults += s->faults;
			note_folios(a, faults_per_mib(s) >= FL_AUTO_FAULTS_PER_MIB_SMALL);
		}
		if (!s->disturbed && !s->settling && s->io != FL_IO_READ)
			add_to_long_run(a, s, now);
		add(pace_of(a, s->io), now, weight_of(a, s), s->disturbed || s->settling);
	}
	pthread_mutex_unlock(&a->lock);
}

static const char *folios(const struct fl_auto *a)
{
	if (faults_per_mib(&a->mapped) >= FL_AUTO_FAULTS_PER_MIB_SMALL)
		return "small";
	return a->pace[FL_PACE_MAP_SMALL].ns_per_mib > 0 ? "mostly large" : "large";
}

/* Of mapped folios of the kind that was seen more often. */
static double mapped_pace(const struct fl_auto *a)
{
	const struct fl_pace *large = &a->pace[FL_PACE_MAP_LARGE];
	const struct fl_pace *small = &a->pace[FL_PACE_MAP_SMALL];

	if (faults_per_mib(&a->mapped) >= FL_AUTO_FAULTS_PER_MIB_SMALL && small->ns_per_mib > 0)
		return small->ns_per_mib;
	return large->ns_per_mib > 0 ? large->ns_per_mib : small->ns_per_mib;
}

enum fl_io fl_auto_explain(const struct fl_auto *a, const struct fl_choice *choice, char *reason,
			   size_t n)
{
	double map = mapped_pace(a), read = a->pace[FL_PACE_READ].ns_per_mib;
	char seen[64] = "", paces[64] = "";

	if (a->mapped.bytes > 0)
		snprintf(seen, sizeof(seen), ", %s folios: %.1f faults per MiB", folios(a),
			 faults_per_mib(&a->mapped));
	if (map > 0 && read > 0)
		snprintf(paces, sizeof(paces), ", mmap %.1f, read %.1f GB/s per thread",
			 1048576.0 / map, 1048576.0 / read);
	snprintf(reason, n, "%s%s%s", choice->reason, seen, paces);
	if (choice->fed || a->served[0] + a->served[1] == 0)
		return choice->io;
	return a->served[1] > a->served[0] ? FL_IO_READ : FL_IO_MMAP;
}
