/* SPDX-License-Identifier: MIT */
#include "kern/packed.h"

#include <stdlib.h>

#include "kern/byte_freq.h"
#include "kern/packed_common.h"

#define MILLION 1e6

static bool is_letter(unsigned char c)
{
	return c >= 'a' && c <= 'z';
}

/* How many of a million bytes of text match `c`. */
static double commonness(unsigned char c, bool icase)
{
	double n = fl_bytes_per_million[c];

	return icase && is_letter(c) ? n + fl_bytes_per_million[c ^ 0x20] : n;
}

/* How often the fragment at @at stands in a text whose bytes come by chance. */
static double fragment_chance(const struct fl_packed_literal *lit, size_t at, unsigned depth,
			      bool icase)
{
	double chance = 1;

	for (unsigned i = 0; i < depth; i++)
		chance *= commonness(lit->bytes[at + i], icase) / MILLION;
	return chance;
}

static void choose_fragment(struct fl_packed_literal *lit, unsigned depth, bool icase)
{
	double best = 2;

	for (size_t at = 0; at + depth <= lit->len; at++) {
		double chance = fragment_chance(lit, at, depth, icase);

		if (chance < best) {
			best = chance;
			lit->at = at;
		}
	}
}

/* Literals with like fragments share a bucket: together they let the least through. */
static int by_fragment(const void *a, const void *b)
{
	const struct fl_packed_literal *x = a;
	const struct fl_packed_literal *y = b;
	size_t left_x = x->len - x->at, left_y = y->len - y->at;
	size_t most = left_x < left_y ? left_x : left_y;
	int r = memcmp(x->bytes + x->at, y->bytes + y->at,
		       most < FL_PACKED_DEPTH_MAX ? most : FL_PACKED_DEPTH_MAX);

	return r ? r : (left_x > left_y) - (left_x < left_y);
}

static void add_byte(struct fl_packed *k, unsigned i, unsigned char c, unsigned char bucket)
{
	k->seven[i][c & 127] |= bucket;
	k->low[i][c & 15] |= bucket;
	k->high[i][c >> 4] |= bucket;
}

static void fill_tables(struct fl_packed *k)
{
	for (unsigned b = 0; b < FL_PACKED_BUCKETS; b++)
		for (size_t n = k->first[b]; n < k->first[b + 1]; n++)
			for (unsigned i = 0; i < k->depth; i++) {
				unsigned char c = k->literals[n].bytes[k->literals[n].at + i];

				add_byte(k, i, c, (unsigned char)(1u << b));
				if (k->icase && is_letter(c))
					add_byte(k, i, c ^ 0x20, (unsigned char)(1u << b));
			}
}

void fl_packed_init(struct fl_packed *k, const struct fl_packed_literal *literals, size_t count,
		    bool icase)
{
	memset(k, 0, sizeof(*k));
	k->count = count;
	k->icase = icase;
	k->depth = FL_PACKED_DEPTH_MAX;
	for (size_t i = 0; i < count; i++)
		if (literals[i].len < k->depth)
			k->depth = (unsigned)literals[i].len;
	for (size_t i = 0; i < count; i++) {
		k->literals[i] = literals[i];
		choose_fragment(&k->literals[i], k->depth, icase);
	}
	qsort(k->literals, count, sizeof(*k->literals), by_fragment);
	for (unsigned b = 0; b <= FL_PACKED_BUCKETS; b++)
		k->first[b] = count * b / FL_PACKED_BUCKETS;
	fill_tables(k);
}

double fl_packed_candidates(const struct fl_packed *k)
{
	double sum = 0;

	for (unsigned b = 0; b < FL_PACKED_BUCKETS; b++) {
		double chance = 1;

		for (unsigned i = 0; i < k->depth; i++) {
			double fits = 0;

			for (unsigned c = 0; c < 256; c++)
				if (k->low[i][c & 15] & k->high[i][c >> 4] & (1u << b))
					fits += fl_bytes_per_million[c];
			chance *= fits / MILLION;
		}
		sum += chance;
	}
	return sum;
}

static unsigned buckets_at(const struct fl_packed *k, const unsigned char *p)
{
	unsigned buckets = k->seven[0][p[0] & 127];

	for (unsigned i = 1; buckets && i < k->depth; i++)
		buckets &= k->seven[i][p[i] & 127];
	return buckets;
}

const unsigned char *fl_packed_rest(const struct fl_packed_text *t, const unsigned char *p)
{
	for (; (size_t)(t->end - p) >= t->k->depth; p++) {
		unsigned buckets = buckets_at(t->k, p);
		const unsigned char *hit = buckets ? fl_packed_at(t, p, buckets) : NULL;

		if (hit)
			return hit;
	}
	return NULL;
}

const unsigned char *fl_find_packed_generic(const struct fl_packed *k, const unsigned char *p,
					    size_t n)
{
	const struct fl_packed_text t = {.k = k, .begin = p, .end = p + n};

	return fl_packed_rest(&t, p);
}
