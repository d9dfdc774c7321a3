/* SPDX-License-Identifier: MIT */
/*
 * Bit streams, once per instruction set; included by kern_template.h, whose names it uses, and
 *
 *   SHUFFLE(table, v)  for each byte of v the byte of the table (16 bytes, again and again) that its
 *                      low four bits name, 0 for bytes from 128 on
 *   COMMON_BITS(a, b)  uint64_t with a bit for each byte in which both have a bit in common
 */
typedef uint64_t NAME(words) __attribute__((vector_size(VEC), aligned(8), may_alias));

/* A block: the next one comes while this one is worked on. */
#define STREAMS_AHEAD_BYTES FL_STREAM_BYTES

/* Words in a vector. */
#define LANES (VEC / sizeof(uint64_t))

TARGET static inline NAME(words) NAME(words_at)(const uint64_t *p)
{
	return *(const NAME(words) *)p;
}

/* The upper four bits of a byte below 128, as one of eight bits; 0 for others. */
static const unsigned char NAME(high_bits)[16] = {1, 2, 4, 8, 16, 32, 64, 128};

/* Words whose bytes and upper halves stay in registers while one class after another is looked at. */
#define GROUP (VEC / 16)
#define PARTS (64 / VEC)

TARGET static inline void NAME(classify_group)(const struct fl_stream_program *prog,
					       const unsigned char *p, uint64_t *slots)
{
	NAME(bytes) v[GROUP * PARTS], high[GROUP * PARTS];
	uint64_t above[GROUP] = {0};

	for (size_t i = 0; i < GROUP * PARTS; i++) {
		v[i] = NAME(load)(p + i * VEC);
		high[i] = SHUFFLE(NAME(high_bits), (v[i] >> 4));
		above[i / PARTS] |= BITS((NAME(masks))v[i] < 0) << (i % PARTS * VEC);
	}
	for (size_t c = 0; c < prog->class_count; c++) {
		const struct fl_stream_class *class = &prog->classes[c];
		uint64_t *to = fl_stream(slots, c == 0 ? FL_STREAM_ENDS : FL_STREAM_FIRST - 1 + c);
		uint64_t all = -(uint64_t) class->high;

		for (size_t w = 0; w < GROUP; w++) {
			uint64_t bits = above[w] & all;

			for (size_t i = 0; i < PARTS; i++)
				bits |= COMMON_BITS(SHUFFLE(class->low, v[w * PARTS + i]),
						    high[w * PARTS + i])
					<< (i * VEC);
			to[w] = bits;
		}
	}
}

TARGET static void NAME(classify)(const struct fl_stream_program *prog, const unsigned char *p,
				  size_t words, uint64_t *slots)
{
	for (size_t w = 0; w < words; w += GROUP, p += 64 * GROUP, slots += GROUP) {
		for (size_t i = 0; i < GROUP; i++)
			__builtin_prefetch(p + STREAMS_AHEAD_BYTES + i * LINE_BYTES);
		NAME(classify_group)(prog, p, slots);
	}
}

/* Each carry runs through a word's end into the next word. */
static void NAME(span)(uint64_t *to, const uint64_t *a, const uint64_t *b, size_t words)
{
	unsigned long long carry = 0;

	for (size_t w = 0; w < words; w++) {
		unsigned long long sum, more;

		more = __builtin_add_overflow((unsigned long long)(a[w] & b[w]), b[w], &sum);
		more |= __builtin_add_overflow(sum, carry, &sum);
		carry = more;
		to[w] = (sum ^ b[w]) | a[w];
	}
}

/* The bits of x & y, one place up. */
#define UP(x, y, w)                                                                                \
	((NAME(words_at)((x) + (w)) & NAME(words_at)((y) + (w))) << 1 |                            \
	 (NAME(words_at)((x) + (w)-1) & NAME(words_at)((y) + (w)-1)) >> 63)
#define EACH(expression)                                                                           \
	do {                                                                                       \
		for (size_t w = 0; w < words; w += LANES)                                          \
			*(NAME(words) *)(to + w) = (expression);                                   \
	} while (0)

TARGET static void NAME(stream_step)(const struct fl_stream_op *op, uint64_t *slots, size_t words)
{
	uint64_t *to = fl_stream(slots, op->to);
	const uint64_t *a = fl_stream(slots, op->a), *b = fl_stream(slots, op->b);
	const uint64_t *c = fl_stream(slots, op->c);

	switch (op->kind) {
	case FL_STREAM_ADVANCE:
		EACH(UP(a, b, w));
		break;
	case FL_STREAM_ADVANCE_OR:
		EACH(UP(a, b, w) | NAME(words_at)(c + w));
		break;
	case FL_STREAM_SPAN:
		NAME(span)(to, a, b, words);
		break;
	case FL_STREAM_OR:
		EACH(NAME(words_at)(a + w) | NAME(words_at)(b + w));
		break;
	case FL_STREAM_AND:
		EACH(NAME(words_at)(a + w) & NAME(words_at)(b + w));
		break;
	case FL_STREAM_LINE_START:
		EACH(UP(b, b, w));
		to[0] |= 1;
		break;
	case FL_STREAM_EDGE:
		EACH(UP(b, b, w) ^ NAME(words_at)(b + w));
		break;
	case FL_STREAM_NO_EDGE:
		EACH(~(UP(b, b, w) ^ NAME(words_at)(b + w)));
		break;
	}
}
#undef UP
#undef EACH

TARGET static void NAME(run_streams)(const struct fl_stream_program *prog, const unsigned char *p,
				     size_t words, uint64_t *slots)
{
	NAME(classify)(prog, p, words, slots);
	for (size_t i = 0; i < prog->op_count; i++)
		NAME(stream_step)(&prog->ops[i], slots, words);
}
