/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include <faultline/cache.h>

#include "base/error.h"
#include "base/size.h"
#include "bench/bench_impl.h"
#include "plat/file.h"
#include "plat/machine.h"
#include "plat/mapping.h"
#include "plat/prefetch.h"
#include "plat/residency.h"
#include "window/auto.h"

/* A page that somebody else maps or reads cannot be had out, or came back: a hundredth may. */
#define SLACK_PERCENT 1

/* Looked at to find out about folios. */
#define PROBE_BYTES FL_MIB(2)
#define PROBES 16

/* As much as fl_prefetch() takes. */
#define LOOK_BYTES FL_MIB(4)

static int resident_percent(const struct fl_target *t, unsigned *ret)
{
	struct fl_cache_status st = {.size = sizeof(st)};
	int r = fl_cache_status(t->src, 0, t->bytes, 0, &st);

	if (r == 0)
		*ret = st.pages > 0 ? (unsigned)(st.resident * 100 / st.pages) : 100;
	return r;
}

static int refuse(struct fl_error *reterr, const char *text)
{
	return fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE, "%s", text);
}

/* A folio goes as a whole or not at all: the last one may reach beyond what is measured. */
static int evict(const struct fl_target *t)
{
	return fl_cache_evict(t->src, 0, fl_round_up(t->bytes, FL_HUGE_BYTES));
}

static int make_cold(struct fl_target *t, struct fl_error *reterr)
{
	unsigned percent = 100;
	int r;

	if (fl_device_is_memory(t->src->file.fd))
		return refuse(reterr, "this file system is memory: its pages cannot be dropped");
	r = evict(t);
	if (r == 0)
		r = resident_percent(t, &percent);
	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	if (percent > SLACK_PERCENT)
		return fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE,
				    "%u %% of the file stay in the page cache: they are mapped, "
				    "locked or in use elsewhere",
				    percent);
	fl_memory_use(t->bytes);
	return 0;
}

/* About; looks at what is in the cache. */
static double faults_per_mib(const struct fl_target *t)
{
	uint64_t blocks = t->bytes / PROBE_BYTES, faults = 0, base = t->src->file.base_off;
	uint64_t n = fl_min_u64(blocks, PROBES), i, one;

	for (i = 0; i < n; i++) {
		one = fl_prefetch_faults(t->src->file.fd, base + blocks * i / n * PROBE_BYTES,
					 PROBE_BYTES);
		if (one == UINT64_MAX)
			return 0;
		faults += one;
	}
	return n > 0 ? (double)faults / (double)(n * PROBE_BYTES / FL_MIB(1)) : 1e9;
}

static int check_warm(const struct fl_target *t, struct fl_error *reterr)
{
	unsigned percent = 0;
	int r = resident_percent(t, &percent);

	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	if (percent < 100 - SLACK_PERCENT)
		return fl_error_set(reterr, -FL_EUNSUPPORTED, FL_OFF_NONE,
				    "only %u %% of the file stay in the page cache: memory is "
				    "short",
				    percent);
	return 0;
}

/* What the device put into memory no processor has seen yet: in a virtual machine the first look at
 * each page may cost a fault of the host's, in all ten times what the run takes, and would be put
 * down to whichever method comes first. */
static void look_through(const struct fl_target *t)
{
	uint64_t off, base = t->src->file.base_off;

	for (off = 0; off < t->bytes; off += LOOK_BYTES)
		fl_prefetch(t->src->file.fd, base + off,
			    (size_t)fl_min_u64(LOOK_BYTES, t->bytes - off));
}

static int make_warm(struct fl_target *t, struct fl_error *reterr)
{
	if (!fl_device_is_memory(t->src->file.fd)) {
		(void)evict(t);
		(void)fl_cache_touch(t->src, 0, t->bytes);
		look_through(t);
	}
	return check_warm(t, reterr);
}

static int make_warm_small(struct fl_target *t, struct fl_error *reterr)
{
	int r;

	if (fl_device_is_memory(t->src->file.fd))
		return refuse(reterr, "this file system is memory: its pages cannot be dropped");
	(void)evict(t);
	r = fl_prefetch_small(t->src->file.fd, t->src->file.base_off, t->bytes);
	if (r < 0)
		return fl_error_set(reterr, r, FL_OFF_NONE, NULL);
	r = check_warm(t, reterr);
	if (r == 0 && faults_per_mib(t) < FL_AUTO_FAULTS_PER_MIB_SMALL)
		return refuse(reterr, "the kernel keeps this file in large folios all the same");
	return r;
}

/* Is what was prepared still there? A look at 256 places, not a count of all pages. */
static bool still_warm(const struct fl_target *t, enum fl_bench_cache cache)
{
	unsigned percent = 0;

	return t->prepared && t->cache == cache &&
	       fl_resident_percent(t->src->file.fd, t->src->file.base_off, t->bytes, &percent) ==
		       0 &&
	       percent >= 100 - SLACK_PERCENT;
}

int fl_target_prepare(struct fl_target *t, enum fl_bench_cache cache, struct fl_error *reterr)
{
	bool warm = cache == FL_BENCH_WARM || cache == FL_BENCH_WARM_SMALL;
	int r;

	if (warm && still_warm(t, cache))
		return 0;
	t->prepared = false;
	if (cache == FL_BENCH_WARM)
		r = make_warm(t, reterr);
	else if (cache == FL_BENCH_WARM_SMALL)
		r = make_warm_small(t, reterr);
	else
		r = make_cold(t, reterr);
	t->prepared = r == 0;
	t->cache = cache;
	return r;
}
