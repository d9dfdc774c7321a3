/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "kern/kernels.h"
#include "kern/utf8.h"
#include "ops/regex/streams_block.h"

int fl_streams_lane_init(struct fl_streams_lane *lane)
{
	memset(lane, 0, sizeof(*lane));
	lane->slots = calloc(FL_STREAM_SLOTS_MAX * FL_STREAM_STRIDE, sizeof(*lane->slots));
	lane->copy = malloc(FL_STREAM_BYTES + FL_STREAM_STEP_BYTES);
	if (!lane->slots || !lane->copy) {
		fl_streams_lane_done(lane);
		return -ENOMEM;
	}
	return 0;
}

void fl_streams_lane_done(struct fl_streams_lane *lane)
{
	free(lane->slots);
	free(lane->copy);
	free(lane->lines);
	memset(lane, 0, sizeof(*lane));
}

int fl_streams_add(struct fl_streams_lane *lane, struct fl_stream_line line)
{
	if (lane->count == lane->size) {
		size_t size = 2 * lane->size + 256;
		struct fl_stream_line *lines = realloc(lane->lines, size * sizeof(*lines));

		if (!lines)
			return -ENOMEM;
		lane->lines = lines;
		lane->size = size;
	}
	lane->lines[lane->count++] = line;
	return 0;
}

/* The first set bit at or after @at; @bits if there is none. */
static size_t next_bit(const uint64_t *words, size_t at, size_t bits)
{
	size_t w = at / 64;
	uint64_t rest;

	if (at >= bits)
		return bits;
	for (rest = words[w] & ~UINT64_C(0) << (at % 64); rest == 0; rest = words[w])
		if (++w * 64 >= bits)
			return bits;
	return fl_min_size(w * 64 + (size_t)__builtin_ctzll(rest), bits);
}

/* One behind the last set bit in [low, at); @low if there is none. */
static size_t behind_last_bit(const uint64_t *words, size_t low, size_t at)
{
	while (at > low) {
		size_t w = (at - 1) / 64, last = (at - 1) % 64;
		uint64_t bits = words[w] << (63 - last);

		if (bits != 0)
			return fl_max_size(low, at - (size_t)__builtin_clzll(bits));
		at = w * 64;
	}
	return low;
}

/**
 * struct search - what is looked for in a block
 * @utf:   lines with bytes beyond ASCII may match
 * @exact: lines that are found match
 */
struct search {
	const struct fl_streams_block *block;
	bool utf;
	bool exact;
};

static int add_found(struct fl_streams_lane *lane, const struct search *s, const uint64_t *found)
{
	const struct fl_streams_block *b = s->block;
	const uint64_t *ends = fl_stream(lane->slots, FL_STREAM_ENDS);
	size_t at = next_bit(found, 0, b->len + 1), from = 0;
	int r = 0;

	while (at <= b->len && r == 0) {
		size_t begin = behind_last_bit(ends, from, at);
		size_t end = next_bit(ends, at, b->len);

		/* Behind the last line's end nothing stands. */
		if (begin == b->len)
			break;
		r = fl_streams_add(
			lane,
			(struct fl_stream_line){
				.begin = b->off + begin,
				.end = b->off + end,
				.sure = s->exact && (!s->utf || fl_utf8_is_ascii(b->data + begin,
										 end - begin))});
		from = end + 1;
		at = next_bit(found, from, b->len + 1);
	}
	return r;
}

/* Where lines with bytes beyond ASCII are proposed, each is found as if it matched at such a byte. */
static void add_high(const struct fl_streams_block *b, uint64_t *found)
{
	size_t at = 0;

	while (at < b->len) {
		at += fl_utf8_ascii_prefix(b->data + at, b->len - at);
		if (at < b->len)
			found[at / 64] |= UINT64_C(1) << (at % 64);
		at++;
	}
}

/* The kernel's reads may go beyond the text's end. */
static void pad(struct fl_streams_lane *lane, struct fl_streams_block *b, size_t left)
{
	size_t bytes = fl_round_up(b->len + 1, FL_STREAM_STEP_BYTES);

	b->words = bytes / 64;
	if (bytes <= left)
		return;
	memcpy(lane->copy, b->data, b->len);
	memset(lane->copy + b->len, '\n', bytes - b->len);
	b->data = lane->copy;
}

int fl_streams_next_block(const struct fl_stream_program *prog, struct fl_streams_lane *lane,
			  const unsigned char *data, size_t len, size_t *pos,
			  struct fl_streams_block *ret)
{
	const size_t most = FL_STREAM_BYTES - 1;
	struct fl_streams_block b = {.data = data + *pos, .len = len - *pos, .off = *pos};
	uint64_t *start = fl_stream(lane->slots, FL_STREAM_START);
	const unsigned char *end;

	if (b.len > most) {
		end = memrchr(b.data, '\n', most);
		if (!end) {
			/* A long line is PCRE2's. */
			end = memchr(b.data + most, '\n', b.len - most);
			b.len = end ? (size_t)(end - b.data) : b.len;
			*pos += b.len + 1;
			*ret = b;
			return 0;
		}
		b.len = (size_t)(end + 1 - b.data);
	}
	pad(lane, &b, len - *pos);
	/* Places up to the last line's end, which may be behind the block's last byte. */
	memset(start, 0xff, b.words * sizeof(*start));
	fl_kernels_get()->run_streams(prog, b.data, b.words, lane->slots);
	*pos += b.len;
	*ret = b;
	return 1;
}

int fl_streams_find(const struct fl_streams *s, struct fl_streams_lane *lane,
		    const unsigned char *data, size_t len, unsigned flags)
{
	const struct fl_stream_program *prog = flags & FL_STREAMS_SPLIT ? &s->split : &s->text;
	uint64_t *found = fl_stream(lane->slots, prog->result);
	struct fl_streams_block b;
	struct search search = {&b, flags & FL_STREAMS_UTF, s->exact};
	size_t pos = 0;
	int r = 0;

	lane->count = 0;
	while (pos < len && r == 0) {
		if (fl_streams_next_block(prog, lane, data, len, &pos, &b) == 0) {
			r = fl_streams_add(lane,
					   (struct fl_stream_line){b.off, b.off + b.len, false});
			continue;
		}
		if (search.utf)
			add_high(&b, found);
		r = add_found(lane, &search, found);
	}
	return r;
}
