/* SPDX-License-Identifier: MIT */
/*
 * fl_find_packed, once per instruction set. Defined before inclusion:
 *
 *   NAME(x), TARGET  as in kern_template.h; INLINE: TARGET, and always inline
 *   VEC              bytes in a vector, whose type is @vector
 *   struct NAME(tables), load_table(tables, k, i), look_up(tables, p, i)
 *                    of byte i of the fragments: the buckets that have p[i], and p[i + 1] ...
 *   AND(a, b), OR(a, b), ANY(v) of vectors
 *   PLACES(v)        uint64_t with a bit for each byte that is not zero
 *   STORE(to, v)
 *   PACKED_AHEAD_BYTES  how far ahead of the loads to ask for cache lines
 */

/* Four vectors a step, one branch for all of them, as in kern_template.h. */
#define PACKED_STEP ((size_t)4 * VEC)
#define PACKED_LINE_BYTES 64

/* No loops in what follows: at -O2 they would stay loops, over tables in memory. */
INLINE struct NAME(tables) NAME(load_tables)(const struct fl_packed *k, const unsigned depth)
{
	struct NAME(tables) t;

	load_table(&t, k, 0);
	if (depth > 1)
		load_table(&t, k, 1);
	if (depth > 2)
		load_table(&t, k, 2);
	if (depth > 3)
		load_table(&t, k, 3);
	return t;
}

/* The buckets of the VEC places from @p on. */
INLINE NAME(packed_vec)
	NAME(buckets)(const struct NAME(tables) * t, const unsigned char *p, const unsigned depth)
{
	NAME(packed_vec) all = look_up(t, p, 0);

	if (depth > 1)
		all = AND(all, look_up(t, p, 1));
	if (depth > 2)
		all = AND(all, look_up(t, p, 2));
	if (depth > 3)
		all = AND(all, look_up(t, p, 3));
	return all;
}

/* The first literal among the candidates of one vector. */
TARGET static __attribute__((noinline)) const unsigned char *
NAME(packed_first)(const struct fl_packed_text *t, const unsigned char *p, NAME(packed_vec) v)
{
	unsigned char buckets[VEC];
	uint64_t places = PLACES(v);

	STORE(buckets, v);
	for (; places; places &= places - 1) {
		unsigned i = (unsigned)__builtin_ctzll(places);
		const unsigned char *hit = fl_packed_at(t, p + i, buckets[i]);

		if (hit)
			return hit;
	}
	return NULL;
}

TARGET static inline __attribute__((always_inline)) const unsigned char *
NAME(packed_search)(const struct fl_packed_text *t, const unsigned depth)
{
	const struct NAME(tables) tables = NAME(load_tables)(t->k, depth);
	const unsigned char *p = t->begin, *hit;
	const size_t ahead = PACKED_AHEAD_BYTES;

	for (; (size_t)(t->end - p) >= PACKED_STEP + depth - 1; p += PACKED_STEP) {
		NAME(packed_vec) v0 = NAME(buckets)(&tables, p, depth);
		NAME(packed_vec) v1 = NAME(buckets)(&tables, p + VEC, depth);
		NAME(packed_vec) v2 = NAME(buckets)(&tables, p + 2 * VEC, depth);
		NAME(packed_vec) v3 = NAME(buckets)(&tables, p + 3 * VEC, depth);

		for (size_t i = 0; i < PACKED_STEP; i += PACKED_LINE_BYTES)
			__builtin_prefetch(p + ahead + i);
		if (FL_LIKELY(!ANY(OR(OR(v0, v1), OR(v2, v3)))))
			continue;
		if ((hit = NAME(packed_first)(t, p, v0)) ||
		    (hit = NAME(packed_first)(t, p + VEC, v1)) ||
		    (hit = NAME(packed_first)(t, p + 2 * VEC, v2)) ||
		    (hit = NAME(packed_first)(t, p + 3 * VEC, v3)))
			return hit;
	}
	for (; (size_t)(t->end - p) >= VEC + depth - 1; p += VEC) {
		hit = NAME(packed_first)(t, p, NAME(buckets)(&tables, p, depth));
		if (hit)
			return hit;
	}
	return fl_packed_rest(t, p);
}

TARGET const unsigned char *NAME(fl_find_packed)(const struct fl_packed *k, const unsigned char *p,
						 size_t n)
{
	const struct fl_packed_text t = {.k = k, .begin = p, .end = p + n};

	switch (k->depth) {
	case 1:
		return NAME(packed_search)(&t, 1);
	case 2:
		return NAME(packed_search)(&t, 2);
	case 3:
		return NAME(packed_search)(&t, 3);
	default:
		return NAME(packed_search)(&t, 4);
	}
}
