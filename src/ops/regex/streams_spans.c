/* SPDX-License-Identifier: MIT */
#include "ops/regex/streams_block.h"

#include "kern/kernels.h"

/* Steps that walks to the left may take for each byte of a block, when nothing comes of them; then the block is
 * PCRE2's. */
#define VAIN_STEPS 16

/**
 * struct spans - matches in one block
 * @low:   where the last one ended
 * @vain:  steps that may still be taken for nothing
 */
struct spans {
	const struct fl_chain *chain;
	struct fl_streams_lane *lane;
	const struct fl_streams_block *block;
	const unsigned char *low;
	size_t vain;
};

/* Return: 1; 0: too much was done for nothing; -ENOMEM. */
static int take_end(struct spans *s, size_t place)
{
	const struct fl_streams_block *b = s->block;
	const unsigned char *end = b->data + place;
	const unsigned char *begin = fl_chain_left(s->chain, s->low, end);
	int r;

	if (!begin) {
		size_t most = (size_t)(end - s->low);

		if (most > s->vain)
			return 0;
		s->vain -= most;
		return 1;
	}
	if (!s->chain->one_end)
		end = fl_chain_right(s->chain, begin, b->data + b->len);
	s->low = end;
	r = fl_streams_add(s->lane,
			   (struct fl_stream_line){.begin = b->off + (size_t)(begin - b->data),
						   .end = b->off + (size_t)(end - b->data),
						   .sure = true});
	return r < 0 ? r : 1;
}

/* Places at which a match ends; where the last class has no limit, only those where it ends. */
static uint64_t ends_in_word(const struct fl_streams *s, const struct fl_streams_lane *lane,
			     size_t w)
{
	uint64_t ends = fl_stream(lane->slots, s->text.result)[w];

	return s->chain_last ? ends & ~fl_stream(lane->slots, s->chain_last)[w] : ends;
}

static int spans_in_block(const struct fl_streams *s, struct fl_streams_lane *lane,
			  const struct fl_streams_block *b)
{
	struct spans spans = {.chain = &s->chain,
			      .lane = lane,
			      .block = b,
			      .low = b->data,
			      .vain = VAIN_STEPS * b->len};
	int r = 1;

	for (size_t w = 0; w < b->words; w++)
		for (uint64_t ends = ends_in_word(s, lane, w); ends != 0; ends &= ends - 1) {
			size_t place = w * 64 + (size_t)__builtin_ctzll(ends);

			if (place > b->len)
				return r;
			if (b->data + place <= spans.low)
				continue;
			r = take_end(&spans, place);
			if (r <= 0)
				return r;
		}
	return r;
}

int fl_streams_spans(const struct fl_streams *s, struct fl_streams_lane *lane,
		     const unsigned char *data, size_t len)
{
	struct fl_streams_block b;
	size_t pos = 0;
	int r = 1;

	lane->count = 0;
	while (pos < len && r >= 0) {
		size_t before = lane->count;

		r = fl_streams_next_block(&s->text, lane, data, len, &pos, &b);
		if (r > 0)
			r = spans_in_block(s, lane, &b);
		if (r == 0) {
			lane->count = before;
			r = fl_streams_add(lane,
					   (struct fl_stream_line){b.off, b.off + b.len, false});
		}
	}
	return r < 0 ? r : 0;
}
