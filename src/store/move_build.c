/* SPDX-License-Identifier: MIT */
#include "store/move_build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/size.h"
#include "plat/file.h"
#include "store/change.h"
#include "store/journal_block.h"
#include "store/same_store.h"

/* As the slices that operators see: half of a second-level cache. */
#define PIECE_BYTES FL_KIB(256)

/**
 * struct build - one batch on its way
 * @at:   end of the source bytes that were read; @end: of all
 * @used: bytes of the piece that were taken
 * @seen: of the result, by @made->crc
 */
struct build {
	struct fl_store_job *job;
	struct fl_made *made;
	uint64_t at;
	uint64_t end;
	size_t used;
	size_t result_len;
	size_t seen;
	uint32_t source_crc;
	bool wants_crc;
};

void fl_made_done(struct fl_made *made)
{
	free(made->result.data);
	free(made->undo.data);
	free(made->piece.data);
	*made = (struct fl_made){0};
}

static int room(struct fl_made_bytes *b, size_t more)
{
	size_t cap = fl_max_size(b->len + more, b->cap + b->cap / 2);
	unsigned char *bigger;

	if (b->data && b->cap - b->len >= more)
		return 0;
	bigger = realloc(b->data, cap + 1);
	if (!bigger)
		return -ENOMEM;
	b->data = bigger;
	b->cap = cap;
	return 0;
}

/* What has become of the piece before is still in the cache. */
static void look_at_result(struct build *b)
{
	struct fl_made *made = b->made;

	if (b->wants_crc)
		made->crc = fl_crc_part(made->crc, made->result.data + b->seen,
					made->result.len - b->seen);
	b->seen = made->result.len;
}

static int next_piece(struct build *b)
{
	struct fl_made_bytes *piece = &b->made->piece;
	size_t want = (size_t)fl_min_u64(b->end - b->at, PIECE_BYTES);
	int r;

	look_at_result(b);
	if (want == 0)
		return -FL_ECHANGED;
	r = fl_file_pread(b->job->target.fd, piece->data, want, b->at, &piece->len);
	if (r == 0 && piece->len < want)
		r = -FL_ETRUNCATED;
	if (r < 0)
		return r;
	b->source_crc = fl_crc_part(b->source_crc, piece->data, want);
	b->at += want;
	b->used = 0;
	return 0;
}

/* The next @len bytes of the source. */
static int take(struct build *b, uint64_t len, struct fl_made_bytes *to)
{
	struct fl_made_bytes *piece = &b->made->piece;

	while (len > 0) {
		int r = b->used == piece->len ? next_piece(b) : 0;
		size_t n;

		if (r < 0)
			return r;
		n = (size_t)fl_min_u64(len, piece->len - b->used);
		memcpy(to->data + to->len, piece->data + b->used, n);
		to->len += n;
		b->used += n;
		len -= n;
	}
	return 0;
}

static int keep(struct build *b, uint64_t len)
{
	if (len > b->result_len - b->made->result.len)
		return -FL_ECHANGED;
	return take(b, len, &b->made->result);
}

static int put_new(struct build *b, const struct fl_change *c)
{
	struct fl_made_bytes *result = &b->made->result;
	unsigned char *to = result->data + result->len;

	if (c->new_len > b->result_len - result->len)
		return -FL_ECHANGED;
	if (c->fill)
		memset(to, *c->new_bytes, (size_t)c->new_len);
	else if (c->new_len > 0)
		memcpy(to, c->new_bytes, (size_t)c->new_len);
	result->len += (size_t)c->new_len;
	return 0;
}

/* A byte stands for all new ones. */
static int take_out(struct build *b, uint64_t base, const struct fl_change *c)
{
	struct fl_made_bytes *undo = &b->made->undo;
	struct fl_change head = *c;
	int r;

	if (c->old_len > b->end - c->off)
		return -FL_ECHANGED;
	if (room(undo, FL_CHANGE_HEAD_BYTES + (size_t)c->old_len + 1) < 0)
		return -ENOMEM;
	head.fill = c->new_len > 0;
	undo->len += fl_change_put_head(undo->data + undo->len, base, &head);
	r = take(b, c->old_len, undo);
	if (r == 0 && head.fill)
		undo->data[undo->len++] = 0;
	return r;
}

/* @pos: how far the source was taken */
static int one_run(struct build *b, struct fl_change_reader *reader, uint64_t *pos)
{
	struct fl_made_bytes *undo = &b->made->undo;
	uint64_t base = reader->base;
	struct fl_change c;
	size_t head;
	int r = room(undo, FL_RUN_HEAD_BYTES);

	if (r < 0)
		return r;
	head = undo->len;
	undo->len += FL_RUN_HEAD_BYTES;
	fl_put64(undo->data + head, base);
	while (r == 0 && (r = fl_change_next(reader, &c)) > 0) {
		r = c.off < *pos || c.off > b->end ? -FL_ECHANGED : keep(b, c.off - *pos);
		if (r == 0)
			r = take_out(b, base, &c);
		if (r == 0)
			r = put_new(b, &c);
		base = *pos = c.off + c.old_len;
		b->made->changes++;
	}
	fl_put64(undo->data + head + 8, undo->len - head - FL_RUN_HEAD_BYTES);
	return r;
}

static int all_runs(struct build *b, uint64_t src, const unsigned char *runs, size_t len)
{
	struct fl_change_reader reader;
	uint64_t pos = src;
	int r;

	while ((r = fl_same_next_run(&runs, &len, &reader)) > 0) {
		reader.bare = true;
		r = one_run(b, &reader, &pos);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : keep(b, b->end - pos);
}

static int make(struct build *b, const struct fl_batch *x, const unsigned char *runs, size_t len)
{
	struct fl_made *made = b->made;
	int r;

	made->result.len = made->undo.len = made->piece.len = 0;
	made->crc = 0;
	made->changes = 0;
	r = room(&made->result, b->result_len);
	if (r == 0)
		r = room(&made->piece, PIECE_BYTES);
	if (r == 0)
		r = all_runs(b, x->src, runs, len);
	if (r < 0)
		return r;
	look_at_result(b);
	return b->source_crc != x->crc || made->result.len != b->result_len ? -FL_ECHANGED : 0;
}

int fl_move_build(struct fl_store_job *job, const struct fl_batch *x, const unsigned char *runs,
		  size_t len, bool crc, struct fl_made *made, struct fl_error *reterr)
{
	struct build b = {.job = job,
			  .made = made,
			  .at = x->src,
			  .end = x[1].src,
			  .result_len = (size_t)(x[1].dst - x->dst),
			  .wants_crc = crc};
	int r = make(&b, x, runs, len);

	if (r == -FL_ECHANGED || r == -FL_ECORRUPT)
		return fl_error_set(reterr, -FL_ECHANGED, x->src,
				    "the file is not what it was when the rewrite began");
	return r < 0 ? fl_error_set(reterr, r, b.at, NULL) : 0;
}
