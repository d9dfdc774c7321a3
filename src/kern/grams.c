/* SPDX-License-Identifier: MIT */
#include "kern/grams.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "kern/byte_freq.h"
#include "kern/literal_same.h"

#define BITS ((size_t)1 << FL_GRAMS_BITS_LOG2)
#define SLOTS ((size_t)1 << FL_GRAMS_SLOTS_LOG2)
#define MILLION 1e6

/* 2**32 divided by the golden ratio (Knuth, The Art of Computer Programming 3, 6.4). */
#define HASH_FACTOR UINT32_C(0x9E3779B1)

/* Places looked at before the bits of all are tested at once. No loop: at -O2 it would stay one. */
#define ROUND 8

/* As in kern_template.h. */
#define AHEAD_BYTES 1024

static inline uint32_t load_gram(const unsigned char *p, uint32_t fold)
{
	uint32_t gram;

	memcpy(&gram, p, sizeof(gram));
	return gram | fold;
}

/* The upper bits: of the bitmap's bits, and fewer of them of the slots. */
static inline uint32_t hash_gram(uint32_t gram)
{
	return gram * HASH_FACTOR >> (32 - FL_GRAMS_BITS_LOG2);
}

static inline uint32_t slot_of(uint32_t hash)
{
	return hash >> (FL_GRAMS_BITS_LOG2 - FL_GRAMS_SLOTS_LOG2);
}

static inline uint32_t bit_of(const struct fl_grams *g, uint32_t hash)
{
	return g->bitmap[hash / 32] >> hash % 32 & 1;
}

static double commonness(const struct fl_grams *g, unsigned char c)
{
	double n = fl_bytes_per_million[c];

	return g->icase && c >= 'a' && c <= 'z' ? n + fl_bytes_per_million[c ^ 0x20] : n;
}

/* How often one of the grams from @at on stands in a text whose bytes come by chance. */
static double window_chance(const struct fl_grams *g, const struct fl_gram_literal *lit, size_t at)
{
	double sum = 0;

	for (size_t i = at; i < at + g->stride; i++) {
		double chance = 1;

		for (size_t k = 0; k < FL_GRAM_BYTES; k++)
			chance *= commonness(g, lit->bytes[i + k]) / MILLION;
		sum += chance;
	}
	return sum;
}

static size_t choose_window(const struct fl_grams *g, const struct fl_gram_literal *lit)
{
	double best = window_chance(g, lit, 0);
	size_t chosen = 0;

	for (size_t at = 1; at + g->stride + FL_GRAM_BYTES - 1 <= lit->len; at++) {
		double chance = window_chance(g, lit, at);

		if (chance < best) {
			best = chance;
			chosen = at;
		}
	}
	return chosen;
}

static int by_slot(const void *a, const void *b)
{
	const struct fl_gram_entry *x = a;
	const struct fl_gram_entry *y = b;
	uint32_t i = hash_gram(x->gram), k = hash_gram(y->gram);

	return (i > k) - (i < k);
}

static void fill_tables(struct fl_grams *g)
{
	size_t total = g->count * g->stride, n = 0;

	for (size_t i = 0; i < g->count; i++) {
		size_t at = choose_window(g, &g->literals[i]);

		for (unsigned k = 0; k < g->stride; k++, at++) {
			uint32_t gram = load_gram(g->literals[i].bytes + at, g->fold);
			uint32_t hash = hash_gram(gram);

			g->bitmap[hash / 32] |= UINT32_C(1) << hash % 32;
			g->entries[n++] = (struct fl_gram_entry){
				.gram = gram, .literal = (uint32_t)i, .at = at};
		}
	}
	qsort(g->entries, total, sizeof(*g->entries), by_slot);
	n = 0;
	for (uint32_t slot = 0; slot <= SLOTS; slot++) {
		while (n < total && slot_of(hash_gram(g->entries[n].gram)) < slot)
			n++;
		g->first[slot] = (uint32_t)n;
	}
}

static size_t shortest(const struct fl_gram_literal *literals, size_t count)
{
	size_t least = SIZE_MAX;

	for (size_t i = 0; i < count; i++)
		if (literals[i].len < least)
			least = literals[i].len;
	return least;
}

int fl_grams_init(struct fl_grams *g, const struct fl_gram_literal *literals, size_t count,
		  bool icase)
{
	size_t least = shortest(literals, count);

	if (count == 0 || count > UINT32_MAX / FL_GRAMS_STRIDE_MAX || least < FL_GRAM_BYTES)
		return -EINVAL;
	*g = (struct fl_grams){
		.count = count, .icase = icase, .fold = icase ? UINT32_C(0x20202020) : 0};
	g->stride = FL_GRAMS_STRIDE_MAX;
	if (least - FL_GRAM_BYTES + 1 < g->stride)
		g->stride = (unsigned)(least - FL_GRAM_BYTES + 1);
	g->literals = calloc(count, sizeof(*g->literals));
	g->bitmap = calloc(BITS / 32, sizeof(*g->bitmap));
	g->first = calloc(SLOTS + 1, sizeof(*g->first));
	g->entries = calloc(count * g->stride, sizeof(*g->entries));
	if (!g->literals || !g->bitmap || !g->first || !g->entries) {
		fl_grams_done(g);
		return -ENOMEM;
	}
	memcpy(g->literals, literals, count * sizeof(*literals));
	fill_tables(g);
	return 0;
}

void fl_grams_done(struct fl_grams *g)
{
	free(g->literals);
	free(g->bitmap);
	free(g->first);
	free(g->entries);
	*g = (struct fl_grams){0};
}

/* The literal of whose grams one stands at @p, or NULL. */
static __attribute__((noinline)) const unsigned char *literal_at(const struct fl_grams *g,
								 const unsigned char *begin,
								 const unsigned char *p,
								 const unsigned char *end)
{
	uint32_t gram = load_gram(p, g->fold);
	uint32_t slot = slot_of(hash_gram(gram));

	for (uint32_t i = g->first[slot]; i < g->first[slot + 1]; i++) {
		const struct fl_gram_entry *e = &g->entries[i];
		const struct fl_gram_literal *lit = &g->literals[e->literal];

		if (e->gram == gram && (size_t)(p - begin) >= e->at &&
		    (size_t)(end - p) >= lit->len - e->at &&
		    fl_literal_same(p - e->at, lit->bytes, lit->len, g->icase))
			return p - e->at;
	}
	return NULL;
}

static inline uint32_t look(const struct fl_grams *g, const unsigned char *p, unsigned shift)
{
	return bit_of(g, hash_gram(load_gram(p, g->fold))) << shift;
}

static inline __attribute__((always_inline)) const unsigned char *
search(const struct fl_grams *g, const unsigned char *begin, size_t n, const unsigned stride)
{
	const unsigned char *p = begin, *end = begin + n, *hit;

	for (; (size_t)(end - p) >= ROUND * stride + FL_GRAM_BYTES; p += ROUND * stride) {
		uint32_t found;

		__builtin_prefetch(p + AHEAD_BYTES);
		found = look(g, p, 0) | look(g, p + stride, 1) | look(g, p + 2 * stride, 2) |
			look(g, p + 3 * stride, 3) | look(g, p + 4 * stride, 4) |
			look(g, p + 5 * stride, 5) | look(g, p + 6 * stride, 6) |
			look(g, p + 7 * stride, 7);
		for (; FL_UNLIKELY(found); found &= found - 1) {
			hit = literal_at(g, begin, p + (unsigned)__builtin_ctz(found) * stride,
					 end);
			if (hit)
				return hit;
		}
	}
	for (; (size_t)(end - p) >= FL_GRAM_BYTES; p += stride) {
		hit = bit_of(g, hash_gram(load_gram(p, g->fold))) ? literal_at(g, begin, p, end)
								  : NULL;
		if (hit)
			return hit;
		if ((size_t)(end - p) < stride)
			break;
	}
	return NULL;
}

const unsigned char *fl_find_grams(const struct fl_grams *g, const unsigned char *p, size_t n)
{
	switch (g->stride) {
	case 1:
		return search(g, p, n, 1);
	case 2:
		return search(g, p, n, 2);
	case 3:
		return search(g, p, n, 3);
	default:
		return search(g, p, n, 4);
	}
}
