/* SPDX-License-Identifier: MIT */
/*
 * The kernels, once per instruction set. Defined before inclusion:
 *
 *   NAME(x)      x with the instruction set's name behind it
 *   ISA          that name as a string
 *   TARGET       function attribute, or nothing
 *   VEC          bytes in a vector: 64 is a multiple of it
 *   BITS(m)      uint64_t with a bit per lane of a comparison's result
 *   ANY(m)       is a lane of it set?
 *   SPACES(v)    comparison's result: bytes that are white space (9-13, 32)
 *   LANE_SUM(v)  uint64_t, the sum of the bytes
 *   LEAST(v, w)  the lesser byte of each lane
 *   POPCOUNT(x)  bits set in a uint64_t
 *   BLOCK_SUMS, APPLY_BLOCKS  the XXH3 kernels
 *   FIND_AHEAD_BYTES, COUNT_AHEAD_BYTES  of find_literal and count_byte: see below
 *   PAIRS, BOTH, PAIRS_BITS, PAIRS_ANY  where comparisons have a type of their own: see below
 *   SHUFFLE, STREAMS_ARE_FAST  see streams_template.h, and whether the processor has it
 *   WITHIN(v, low, span)       see quads_template.h
 *   FIND_RANGES, FIND_PACKED, TRANSLATE  those of byte_ranges.h, packed.h and translate.h
 *
 * The compiler's own vector types carry the rest.
 */
typedef unsigned char NAME(bytes) __attribute__((vector_size(VEC), aligned(1), may_alias));
typedef signed char NAME(masks) __attribute__((vector_size(VEC)));

/*
 * How far ahead of the loads to ask for cache lines (FIND_AHEAD_BYTES, WORDS_AHEAD_BYTES): the
 * processor's own prefetching ends with each page. Measured on one core of a Zen 3, 512 MiB of mapped
 * log, GB/s:
 *
 *   bytes ahead   none    512   1024   2048   4096
 *   find_literal  16.6   17.4   19.5   18.1   16.7
 *   count_words   13.7   13.4   15.2   16.6   17.7
 *   count_byte    21.0   19.2   16.5   16.2   15.5   (21.2: a loop that only adds words up)
 *
 * count_byte reads two streams there. On a Zen 5 one is faster, with lines asked for 6144 bytes ahead: 4.5 GB
 * on one core 0.139 s, on two 0.107; two streams 0.148 and 0.115.
 *
 * Beyond the end of a mapping a prefetch does nothing.
 */
#define WORDS_AHEAD_BYTES 4096
#define LINE_BYTES 64

/* Four vectors a step: enough loads in flight, and one branch for all of them. */
#define STEP ((size_t)4 * VEC)

/* BOTH(v, a, w, b): which lanes of v hold the byte a where those of w hold b? A PAIRS. */
#ifndef PAIRS
#define PAIRS NAME(masks)
#define BOTH(v, a, w, b) (((v) == (a)) & ((w) == (b)))
#define PAIRS_BITS(m) BITS(m)
#define PAIRS_ANY(m) ANY(m)
#endif

TARGET static inline NAME(bytes) NAME(load)(const unsigned char *p)
{
	return *(const NAME(bytes) *)p;
}

/* The lines of a step; written out, because the compiler makes a loop of a loop. */
static inline void NAME(ask_for_step)(const unsigned char *p)
{
	__builtin_prefetch(p);
	if (STEP > LINE_BYTES)
		__builtin_prefetch(p + LINE_BYTES);
	if (STEP > (size_t)2 * LINE_BYTES) {
		__builtin_prefetch(p + (size_t)2 * LINE_BYTES);
		__builtin_prefetch(p + (size_t)3 * LINE_BYTES);
	}
}

/* Less than a step: single vectors, and one that overlaps what has been counted. */
TARGET static uint64_t NAME(count_rest)(const unsigned char *p, size_t n, unsigned char c,
					bool overlap)
{
	NAME(bytes) lanes = {0};
	uint64_t count = 0;

	for (; n >= VEC; n -= VEC, p += VEC, overlap = true)
		lanes -= (NAME(bytes))(NAME(load)(p) == c);
	if (overlap && n > 0) {
		count = POPCOUNT(BITS(NAME(load)(p + n - VEC) == c) >> (VEC - n));
		n = 0;
	}
	for (; n > 0; n--)
		count += *p++ == c;
	return count + LANE_SUM(lanes);
}

/* 2 * @steps steps: the first half and the second one side by side. */
TARGET static uint64_t NAME(count_halves)(const unsigned char *p, size_t steps, unsigned char c)
{
	const unsigned char *q = p + steps * STEP;
	uint64_t count = 0;

	while (steps > 0) {
		/* Eight byte lanes come together: below 256. */
		size_t rounds = steps > 31 ? 31 : steps;
		NAME(bytes) s0 = {0}, s1 = s0, s2 = s0, s3 = s0;

		for (steps -= rounds; rounds > 0; rounds--, p += STEP, q += STEP) {
			s0 -= (NAME(bytes))(NAME(load)(p) == c);
			s1 -= (NAME(bytes))(NAME(load)(p + VEC) == c);
			s2 -= (NAME(bytes))(NAME(load)(p + 2 * VEC) == c);
			s3 -= (NAME(bytes))(NAME(load)(p + 3 * VEC) == c);
			s0 -= (NAME(bytes))(NAME(load)(q) == c);
			s1 -= (NAME(bytes))(NAME(load)(q + VEC) == c);
			s2 -= (NAME(bytes))(NAME(load)(q + 2 * VEC) == c);
			s3 -= (NAME(bytes))(NAME(load)(q + 3 * VEC) == c);
		}
		count += LANE_SUM(s0 + s1 + s2 + s3);
	}
	return count;
}

TARGET static uint64_t NAME(count_byte)(const unsigned char *p, size_t n, unsigned char c)
{
	const size_t ahead = COUNT_AHEAD_BYTES;
	size_t steps = n / STEP, rest = n % STEP;
	size_t half = ahead == 0 && n >= FL_TWO_STREAMS_BYTES ? steps / 2 : 0;
	bool overlap = steps > 0;
	uint64_t count = NAME(count_halves)(p, half, c);

	p += 2 * half * STEP;
	steps -= 2 * half;
	while (steps > 0) {
		/* The sum of four byte lanes stays below 256. */
		size_t rounds = steps > 63 ? 63 : steps;
		NAME(bytes) s0 = {0}, s1 = s0, s2 = s0, s3 = s0;

		for (steps -= rounds; rounds > 0; rounds--, p += STEP) {
			if (ahead > 0)
				NAME(ask_for_step)(p + ahead);
			s0 -= (NAME(bytes))(NAME(load)(p) == c);
			s1 -= (NAME(bytes))(NAME(load)(p + VEC) == c);
			s2 -= (NAME(bytes))(NAME(load)(p + 2 * VEC) == c);
			s3 -= (NAME(bytes))(NAME(load)(p + 3 * VEC) == c);
		}
		count += LANE_SUM(s0 + s1 + s2 + s3);
	}
	return count + NAME(count_rest)(p, rest, c, overlap);
}

/*
 * For the first look at bytes, the one that waits for memory. Without asking ahead it waits longer than
 * memchr(3) and a count_byte() from the cache together: of `scan -n`, 4.5 GB on one core of a Zen 5,
 * 0.30 s of processor time, with it 0.25, with those two 0.27. The least byte tells of NULs in one operation a
 * vector: out of the cache 84 -> 142 GB/s with AVX-512, where comparisons become masks and those vectors again.
 */
TARGET static bool NAME(count_blocks)(const unsigned char *p, size_t blocks, unsigned char c,
				      uint16_t *counts)
{
	const size_t ahead = FIND_AHEAD_BYTES;
	NAME(bytes) least = ~(NAME(bytes)){0};

	for (; blocks > 0; blocks--) {
		const unsigned char *end = p + FL_COUNT_BLOCK_BYTES;
		/* A block is 64 vectors at most: no lane wraps. */
		NAME(bytes) s0 = {0}, s1 = s0;

		for (; p < end; p += (size_t)2 * VEC) {
			NAME(bytes) v = NAME(load)(p), w = NAME(load)(p + VEC);

			__builtin_prefetch(p + ahead);
			if (VEC == 64)
				__builtin_prefetch(p + ahead + LINE_BYTES);
			s0 -= (NAME(bytes))(v == c);
			s1 -= (NAME(bytes))(w == c);
			least = LEAST(least, LEAST(v, w));
		}
		*counts++ = (uint16_t)LANE_SUM(s0 + s1);
	}
	return ANY(least == 0);
}

/* A literal's two rare bytes, ready to be compared. */
struct NAME(rare) {
	size_t at1, at2;
	unsigned char byte1, byte2;
	unsigned char fold1, fold2;
};

/* Which of the VEC places from p on have both rare bytes where they belong. */
TARGET static inline PAIRS NAME(pair)(const unsigned char *p, const struct NAME(rare) * r)
{
	NAME(bytes) first = NAME(load)(p + r->at1) | r->fold1;
	NAME(bytes) second = NAME(load)(p + r->at2) | r->fold2;

	return BOTH(first, r->byte1, second, r->byte2);
}

/* Less than a step of places: single vectors, and one that overlaps what has been searched. */
TARGET static const unsigned char *NAME(find_rest)(const struct fl_literal *lit,
						   const struct NAME(rare) * r,
						   const unsigned char *p, size_t places,
						   bool overlap)
{
	const unsigned char *hit;

	for (; places >= VEC; places -= VEC, p += VEC, overlap = true) {
		hit = fl_literal_first_of(lit, p, PAIRS_BITS(NAME(pair)(p, r)));
		if (hit)
			return hit;
	}
	if (overlap && places > 0) {
		uint64_t old = (UINT64_C(1) << (VEC - places)) - 1;

		p -= VEC - places;
		return fl_literal_first_of(lit, p, PAIRS_BITS(NAME(pair)(p, r)) & ~old);
	}
	for (; places > 0; places--, p++)
		if ((p[r->at1] | r->fold1) == r->byte1 && fl_literal_matches_at(lit, p))
			return p;
	return NULL;
}

/* A function of its own, so that the loop keeps its registers. */
TARGET static FL_NOINLINE const unsigned char *
NAME(first_in_step)(const struct fl_literal *lit, const unsigned char *p, const PAIRS *pairs)
{
	const unsigned char *hit = NULL;

	for (size_t i = 0; i < STEP / VEC && !hit; i++)
		hit = fl_literal_first_of(lit, p + i * VEC, PAIRS_BITS(pairs[i]));
	return hit;
}

/* From here on loads are aligned. */
#define ALIGN_WORTH_BYTES (8 * STEP)

/*
 * The first VEC places of a long text, so that the loads of the first rare byte are aligned after them: of
 * those that cross from one line to the next, only the second's are left. `scan -c -j1` of 4.5 GB on a Zen 5:
 * 0.152 -> 0.145 s.
 */
TARGET static inline const unsigned char *NAME(find_aligning)(const struct fl_literal *lit,
							      const struct NAME(rare) * r,
							      const unsigned char **p,
							      size_t *places)
{
	size_t skew = (size_t)(-(uintptr_t)(*p + r->at1) % VEC);
	const unsigned char *hit = fl_literal_first_of(lit, *p, PAIRS_BITS(NAME(pair)(*p, r)));

	*p += skew;
	*places -= skew;
	return hit;
}

/* Candidates are places where both rare bytes stand; the rest of the literal decides. */
TARGET static const unsigned char *NAME(find_literal)(const struct fl_literal *lit,
						      const unsigned char *p, size_t n)
{
	unsigned char byte1 = lit->bytes[lit->rare1], byte2 = lit->bytes[lit->rare2];
	const struct NAME(rare) r = {lit->rare1,
				     lit->rare2,
				     byte1,
				     byte2,
				     fl_fold_bit(lit, byte1),
				     fl_fold_bit(lit, byte2)};
	const size_t ahead = FIND_AHEAD_BYTES;
	size_t places = n < lit->len ? 0 : n - lit->len + 1;
	bool overlap = places >= STEP;

	if (places >= ALIGN_WORTH_BYTES) {
		const unsigned char *hit = NAME(find_aligning)(lit, &r, &p, &places);

		if (hit)
			return hit;
	}
	for (; places >= STEP; places -= STEP, p += STEP) {
		PAIRS a = NAME(pair)(p, &r), b = NAME(pair)(p + VEC, &r);
		PAIRS c = NAME(pair)(p + 2 * VEC, &r), d = NAME(pair)(p + 3 * VEC, &r);
		const unsigned char *hit;

		NAME(ask_for_step)(p + ahead);
		if (FL_LIKELY(!PAIRS_ANY(a | b | c | d)))
			continue;
		hit = NAME(first_in_step)(lit, p, (const PAIRS[]){a, b, c, d});
		if (hit)
			return hit;
	}
	return NAME(find_rest)(lit, &r, p, places, overlap);
}

/* The words that begin in 64 bytes. */
TARGET static inline uint64_t NAME(words_64)(const unsigned char *p, uint64_t *in)
{
	uint64_t print = 0, space = 0;
	size_t i;

	for (i = 0; i < 64; i += VEC) {
		NAME(bytes) v = NAME(load)(p + i);

		/* 33-126 become 34-127; what lies above turns negative or 0. */
		print |= BITS((NAME(masks))(v + 1) > 33) << i;
		space |= BITS(SPACES(v)) << i;
	}
	return POPCOUNT(fl_word_starts(print, space, in));
}

TARGET static uint64_t NAME(count_words_ascii)(const unsigned char *p, size_t n, bool *in_word)
{
	uint64_t words = 0, in = *in_word;

	for (; n >= 64; n -= 64, p += 64) {
		__builtin_prefetch(p + WORDS_AHEAD_BYTES);
		words += NAME(words_64)(p, &in);
	}
	if (n > 0) {
		/* NUL is neither white space nor printable: the state stays as it is. */
		unsigned char rest[64] = {0};

		memcpy(rest, p, n);
		words += NAME(words_64)(rest, &in);
	}
	*in_word = in != 0;
	return words;
}

#include "kern/streams_template.h"
#include "kern/quads_template.h"

const struct fl_kernels NAME(fl_kernels) = {.name = ISA,
					    .count_byte = NAME(count_byte),
					    .count_blocks = NAME(count_blocks),
					    .find_literal = NAME(find_literal),
					    .count_words_ascii = NAME(count_words_ascii),
					    .run_streams = NAME(run_streams),
					    .streams_are_fast = STREAMS_ARE_FAST,
					    .quad_ends = NAME(quad_ends),
					    .find_ranges = FIND_RANGES,
					    .find_packed = FIND_PACKED,
					    .translate = TRANSLATE,
					    .xxh3_block_sums = BLOCK_SUMS,
					    .xxh3_apply_blocks = APPLY_BLOCKS};
