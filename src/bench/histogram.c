/* SPDX-License-Identifier: MIT */
#include "bench/histogram.h"

#define SUB_BITS 4
#define SUBS (1u << SUB_BITS)

static unsigned bucket_of(uint64_t ns)
{
	unsigned power;

	if (ns < SUBS)
		return (unsigned)ns;
	power = 63u - (unsigned)__builtin_clzll(ns);
	return (power - SUB_BITS + 1) * SUBS + (unsigned)((ns >> (power - SUB_BITS)) & (SUBS - 1));
}

/* The middle of a bucket. */
static uint64_t value_of(unsigned bucket)
{
	unsigned power = bucket / SUBS;

	if (power == 0)
		return bucket;
	return ((UINT64_C(2) * (SUBS + bucket % SUBS) + 1) << (power - 1)) / 2;
}

void fl_histogram_add(struct fl_histogram *h, uint64_t ns)
{
	h->count[bucket_of(ns)]++;
	if (ns > h->max_ns)
		h->max_ns = ns;
}

void fl_histogram_merge(struct fl_histogram *to, const struct fl_histogram *from)
{
	for (unsigned i = 0; i < FL_HISTOGRAM_BUCKETS; i++)
		to->count[i] += from->count[i];
	if (from->max_ns > to->max_ns)
		to->max_ns = from->max_ns;
}

static uint64_t percentile(const struct fl_histogram *h, uint64_t all, unsigned per_mille)
{
	uint64_t rank = (all * per_mille + 999) / 1000, seen = 0;
	unsigned i;

	for (i = 0; i < FL_HISTOGRAM_BUCKETS; i++) {
		seen += h->count[i];
		if (seen >= rank)
			return value_of(i) < h->max_ns ? value_of(i) : h->max_ns;
	}
	return h->max_ns;
}

void fl_histogram_report(const struct fl_histogram *h, uint64_t ret_ns[5])
{
	static const unsigned at[4] = {500, 900, 990, 999};
	uint64_t all = 0;
	unsigned i;

	for (i = 0; i < FL_HISTOGRAM_BUCKETS; i++)
		all += h->count[i];
	for (i = 0; i < 4; i++)
		ret_ns[i] = all > 0 ? percentile(h, all, at[i]) : 0;
	ret_ns[4] = h->max_ns;
}
