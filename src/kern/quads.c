/* SPDX-License-Identifier: MIT */
#include "kern/quads.h"

#include <string.h>

#include "kern/kernels.h"

/* Less text than this is copied, with zeros behind it: a kernel reads whole steps. */
#define TAIL_BYTES ((size_t)1024)

static void look_at_block(struct fl_quads *q)
{
	size_t left = q->len - q->base;
	unsigned char tail[TAIL_BYTES];
	const unsigned char *p = q->p + q->base;

	q->words = FL_STREAM_WORDS;
	if (left < FL_STREAM_BYTES)
		q->words = left / FL_STREAM_STEP_BYTES * (FL_STREAM_STEP_BYTES / 64);
	if (left < TAIL_BYTES) {
		memset(tail, 0, sizeof(tail));
		memcpy(tail, p, left);
		p = tail;
		q->words = TAIL_BYTES / 64;
	}
	fl_kernels_get()->quad_ends(p, q->words, q->slots);
	/* The first word of a block is the last one of the block before. */
	q->word = q->base > 0;
	q->bits = fl_stream(q->slots, FL_QUAD_ENDS)[q->word];
}

void fl_quads_init(struct fl_quads *q, const unsigned char *p, size_t len, size_t from)
{
	q->p = p;
	q->len = len;
	q->from = from;
	q->base = from > 64 ? from - 64 : 0;
	for (size_t i = 0; i < FL_QUAD_SLOTS; i++)
		memset(q->slots + i * FL_STREAM_STRIDE, 0, FL_STREAM_PAD_WORDS * sizeof(uint64_t));
	look_at_block(q);
}

/* The 64 bits before place @at of a stream: the last one is the highest. */
static uint64_t before(const uint64_t *stream, size_t at)
{
	size_t word = at / 64, bit = at % 64;

	return bit ? stream[word] << (64 - bit) | stream[word - 1] >> bit : stream[word - 1];
}

/* Are the @digits before @end more than 255? */
static bool is_high(const unsigned char *end, unsigned digits)
{
	return digits == 3 &&
	       (end[-3] << 16 | end[-2] << 8 | end[-1]) > ('2' << 16 | '5' << 8 | '5');
}

/*
 * The streams say that four numbers of one to three digits end at place @at of the block. What stands
 * in the text may be something else by now, so it is asked for values only.
 */
static bool take(struct fl_quads *q, size_t at, size_t *ret_begin, size_t *ret_end)
{
	const unsigned char *end = q->p + q->base + at;
	uint64_t dots = before(fl_stream(q->slots, FL_QUAD_DOTS), at);
	bool high = false;
	unsigned n;

	*ret_end = q->base + at;
	if (q->len - *ret_end >= 2 && end[0] == '.' && end[1] >= '0' && end[1] <= '9')
		return false;
	for (unsigned i = 0; i < 3; i++) {
		n = (unsigned)__builtin_clzll(dots);
		high |= is_high(end, n);
		dots <<= n + 1;
		at -= n + 1;
		end -= n + 1;
	}
	n = (unsigned)__builtin_clzll(~before(fl_stream(q->slots, FL_QUAD_DIGITS), at));
	*ret_begin = q->base + at - n;
	return !high && !is_high(end, n) && *ret_begin >= q->from;
}

/* To a word with ends. Return: false behind the last one. */
static bool next_word(struct fl_quads *q)
{
	while (q->bits == 0) {
		if (++q->word < q->words) {
			q->bits = fl_stream(q->slots, FL_QUAD_ENDS)[q->word];
		} else if (q->base + q->words * 64 > q->len) {
			q->word = q->words;
			return false;
		} else {
			q->base += (q->words - 1) * 64;
			look_at_block(q);
		}
	}
	return true;
}

bool fl_quads_next(struct fl_quads *q, size_t *ret_begin, size_t *ret_end)
{
	while (next_word(q)) {
		size_t at = q->word * 64 + (size_t)__builtin_ctzll(q->bits);

		q->bits &= q->bits - 1;
		if (take(q, at, ret_begin, ret_end))
			return true;
	}
	return false;
}
