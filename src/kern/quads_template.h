/* SPDX-License-Identifier: MIT */
/*
 * Streams of quads.h, once per instruction set; included by kern_template.h behind
 * streams_template.h, whose names it uses, and
 *
 *   WITHIN(v, low, span)  uint64_t with a bit for each byte from low to low + span
 */
#define QUADS_AHEAD_BYTES 4096

/* Slots: one to three digits before a place, no digit at it; and places. */
#define QUAD_ONE 3
#define QUAD_TWO 4
#define QUAD_THREE 5
#define QUAD_OTHERS 6
#define QUAD_SPARE 7

TARGET static void NAME(quad_classes)(const unsigned char *p, size_t words, uint64_t *digits,
				      uint64_t *dots)
{
	for (size_t w = 0; w < words; w++, p += 64) {
		uint64_t digit = 0, dot = 0;

		__builtin_prefetch(p + QUADS_AHEAD_BYTES);
		for (size_t i = 0; i < 64; i += VEC) {
			NAME(bytes) v = NAME(load)(p + i);

			digit |= WITHIN(v, '0', 9) << i;
			dot |= WITHIN(v, '.', 0) << i;
		}
		digits[w] = digit;
		dots[w] = dot;
	}
}

/* The stream, @n places up. */
TARGET static inline NAME(words) NAME(up)(const uint64_t *stream, unsigned n)
{
	return NAME(words_at)(stream) << n | NAME(words_at)(stream - 1) >> (64 - n);
}

/* @border: what may stand before the first number: no digit, and no dot that has one before it. */
TARGET static void NAME(quad_digits)(uint64_t *slots, size_t words, uint64_t *border)
{
	const uint64_t *digits = fl_stream(slots, FL_QUAD_DIGITS);
	const uint64_t *dots = fl_stream(slots, FL_QUAD_DOTS);
	uint64_t *one = fl_stream(slots, QUAD_ONE), *two = fl_stream(slots, QUAD_TWO);
	uint64_t *three = fl_stream(slots, QUAD_THREE), *others = fl_stream(slots, QUAD_OTHERS);

	for (size_t w = 0; w < words; w += LANES) {
		NAME(words) a = NAME(up)(digits + w, 1), b = a & NAME(up)(digits + w, 2);

		*(NAME(words) *)(one + w) = a;
		*(NAME(words) *)(two + w) = b;
		*(NAME(words) *)(three + w) = b & NAME(up)(digits + w, 3);
		*(NAME(words) *)(others + w) = ~NAME(words_at)(digits + w);
		*(NAME(words) *)(border + w) =
			NAME(words_at)(others + w) & ~(NAME(words_at)(dots + w) & a);
	}
}

/* From behind the bytes @from over up to three digits, to a byte in @gate. */
TARGET static inline void NAME(quad_step)(uint64_t *slots, size_t words, const uint64_t *from,
					  const uint64_t *gate, uint64_t *to)
{
	const uint64_t *one = fl_stream(slots, QUAD_ONE), *two = fl_stream(slots, QUAD_TWO);
	const uint64_t *three = fl_stream(slots, QUAD_THREE);

	for (size_t w = 0; w < words; w += LANES)
		*(NAME(words) *)(to + w) = NAME(words_at)(gate + w) &
					   ((NAME(up)(from + w, 2) & NAME(words_at)(one + w)) |
					    (NAME(up)(from + w, 3) & NAME(words_at)(two + w)) |
					    (NAME(up)(from + w, 4) & NAME(words_at)(three + w)));
}

TARGET static void NAME(quad_ends)(const unsigned char *p, size_t words, uint64_t *slots)
{
	uint64_t *digits = fl_stream(slots, FL_QUAD_DIGITS), *dots = fl_stream(slots, FL_QUAD_DOTS);
	uint64_t *a = fl_stream(slots, FL_QUAD_ENDS), *b = fl_stream(slots, QUAD_SPARE);

	NAME(quad_classes)(p, words, digits, dots);
	/* Before the text stands what may stand before a number. */
	a[-1] = ~UINT64_C(0);
	NAME(quad_digits)(slots, words, a);
	NAME(quad_step)(slots, words, a, dots, b);
	a[-1] = 0;
	NAME(quad_step)(slots, words, b, dots, a);
	NAME(quad_step)(slots, words, a, dots, b);
	NAME(quad_step)(slots, words, b, fl_stream(slots, QUAD_OTHERS), a);
}
