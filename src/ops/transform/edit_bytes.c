/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "kern/kernels.h"
#include "ops/transform/edit_step.h"

/* Blocks that change are told from others only where so many in a row do not: a delta costs some 40
 * bytes and a step of its own. */
#define JOIN_BLOCKS 1
/* Translated at once; the bits of its blocks fit into four words. */
#define PIECE_BYTES ((size_t)16 << 10)
#define PIECE_BLOCKS (PIECE_BYTES / FL_TRANSLATE_BLOCK_BYTES)

static bool is_changed(const uint64_t *changed, size_t block)
{
	return changed[block / 64] >> block % 64 & 1;
}

/* The next run of changed blocks at or behind *at, with single others between them. */
static bool next_run(const uint64_t *changed, size_t blocks, size_t *at, size_t *end)
{
	size_t last;

	while (*at < blocks && !is_changed(changed, *at))
		++*at;
	if (*at == blocks)
		return false;
	last = *at;
	for (size_t b = *at; b < blocks && b - last <= JOIN_BLOCKS; b++)
		if (is_changed(changed, b))
			last = b;
	*end = last + 1;
	return true;
}

/* A delta from the first byte that changes to the last one. Others may write to @p meanwhile: then
 * it may be that none is different any more. */
static int put_run(const unsigned char *p, const unsigned char *changed, uint64_t off, size_t len,
		   struct fl_deltas *out)
{
	size_t begin = 0;

	while (begin < len && p[begin] == changed[begin])
		begin++;
	while (len > begin && p[len - 1] == changed[len - 1])
		len--;
	if (begin == len)
		return 0;
	return fl_deltas_put_kept(out, &(struct fl_delta){.off = off + begin,
							  .old_len = len - begin,
							  .new_len = len - begin,
							  .new_bytes = changed + begin});
}

static int translate_piece(const struct fl_translation *t, const unsigned char *p, size_t len,
			   uint64_t off, struct fl_deltas *out)
{
	uint64_t changed[PIECE_BLOCKS / 64];
	size_t blocks = (len + FL_TRANSLATE_BLOCK_BYTES - 1) / FL_TRANSLATE_BLOCK_BYTES;
	size_t block = 0, end;
	unsigned char *room;
	uint64_t count;
	int r = fl_deltas_room(out, len, 0, &room);

	if (r < 0)
		return r;
	count = fl_kernels_get()->translate(t, p, len, room, changed);
	if (count == 0)
		return 0;
	out->matches += count;
	fl_deltas_keep(out, len);
	for (; r == 0 && next_run(changed, blocks, &block, &end); block = end) {
		size_t from = block * FL_TRANSLATE_BLOCK_BYTES;
		size_t to = end * FL_TRANSLATE_BLOCK_BYTES;

		r = put_run(p + from, room + from, off + from, (to < len ? to : len) - from, out);
	}
	return r;
}

static int translate_span(const struct fl_translation *t, const struct fl_edit_text *text,
			  const struct fl_edit_span *span, struct fl_deltas *out)
{
	size_t pos = span->begin, n;
	int r = 0;

	for (; r == 0 && pos < span->end; pos += n) {
		n = span->end - pos < PIECE_BYTES ? span->end - pos : PIECE_BYTES;
		r = translate_piece(t, text->data + pos, n, text->off + pos, out);
	}
	return r;
}

/* A record's end is none of its bytes: y/\n/ / does not join lines, as in sed. */
static int translate(const struct fl_step *step, const struct fl_edit_text *text,
		     struct fl_deltas *out)
{
	struct fl_edit_span span = {0, text->len - (text->one_record ? text->end_len : 0)};
	int r = 0;

	if (text->one_record || step->translation.table[text->delimiter] == text->delimiter)
		return translate_span(&step->translation, text, &span, out);
	for (size_t pos = 0; r == 0 && pos < text->len; pos = fl_edit_record_next(text, &span)) {
		span = fl_edit_record_at(text, pos);
		r = translate_span(&step->translation, text, &span, out);
	}
	return r;
}

/* Only a CR right before a record's end is meant, and only where that end is there. */
static int convert_ends(const struct fl_step *step, const struct fl_edit_text *text,
			struct fl_deltas *out)
{
	struct fl_edit_span record;
	int r = 0;

	for (size_t pos = 0; r == 0 && pos < text->len; pos = fl_edit_record_next(text, &record)) {
		bool dos;

		record = fl_edit_record_at(text, pos);
		if (record.end == text->len)
			break;
		dos = record.end > pos && text->data[record.end - 1] == '\r';
		if (dos != (step->kind == FL_STEP_DOS2UNIX))
			continue;
		out->matches++;
		r = dos ? fl_deltas_put(out, text->off + record.end - 1, 1, 0)
			: fl_deltas_add(out, &(struct fl_delta){
						     .off = text->off + record.end,
						     .new_len = 1,
						     .new_bytes = (const unsigned char *)"\r"});
	}
	return r;
}

int fl_step_bytes(const struct fl_step *step, const struct fl_edit_text *text,
		  struct fl_deltas *out)
{
	return step->kind == FL_STEP_TRANSLATE ? translate(step, text, out)
					       : convert_ends(step, text, out);
}
