/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/attr.h"
#include "base/size.h"
#include "kern/kernels.h"
#include "ops/lines/lines_impl.h"

/* Room that a piece is not worth opening without. */
#define PIECE_BYTES_MIN 4096u

/* Finalizer of MurmurHash3 (Appleby, 2011, public domain): every bit of the offset moves all. */
static uint64_t mix(uint64_t x)
{
	x ^= x >> 33;
	x *= UINT64_C(0xff51afd7ed558ccd);
	x ^= x >> 33;
	x *= UINT64_C(0xc4ceb9fe1a85ec53);
	return x ^ (x >> 33);
}

static bool is_drawn(const struct fl_lines *l, uint64_t off)
{
	return mix(off + mix(l->opt.seed + UINT64_C(0x9e3779b97f4a7c15))) < l->threshold;
}

/* Copies as much as the part has room for, and has it folded when it is full. */
static int put(const struct fl_lines *l, struct fl_part *part, const unsigned char *data,
	       size_t len, struct fl_error *reterr)
{
	struct fl_lines_piece piece;
	size_t room;
	int r = 0;

	while (r == 0 && len > 0) {
		room = part->limit > part->len ? part->limit - part->len : 0;
		if (part->len > 0 && room < sizeof(piece) + PIECE_BYTES_MIN) {
			r = fl_part_flush(part, reterr);
			continue;
		}
		room = room > sizeof(piece) ? room - sizeof(piece) : 0;
		piece.len = fl_min_size(len, fl_max_size(room, PIECE_BYTES_MIN));
		r = fl_part_append(part, &piece, sizeof(piece));
		if (r == 0)
			r = fl_part_append(part, data, piece.len);
		if (r < 0)
			return r;
		/* Counted in the copy: the bytes may be a mapping that others write to. */
		piece.ends = fl_kernels_get()->count_byte(part->data + part->len - piece.len,
							  piece.len, l->delimiter);
		memcpy(part->data + part->len - piece.len - sizeof(piece), &piece, sizeof(piece));
		data += piece.len;
		len -= piece.len;
	}
	return r;
}

static int put_drawn(const struct fl_lines *l, struct fl_part *part, const struct fl_view *in,
		     struct fl_error *reterr)
{
	size_t at = 0, len;
	const unsigned char *end;
	int r = 0;

	while (r == 0 && at < in->len) {
		end = memchr(in->data + at, l->delimiter, in->len - at);
		len = end ? (size_t)(end - in->data) + 1 - at : in->len - at;
		if (is_drawn(l, in->off + at))
			r = put(l, part, in->data + at, len, reterr);
		at += len;
	}
	return r;
}

int fl_lines_map(const void *op, void *scratch FL_UNUSED, const struct fl_view *in,
		 struct fl_part *part, struct fl_error *reterr)
{
	const struct fl_lines *l = op;
	int r = l->opt.mode == FL_LINES_FRACTION ? put_drawn(l, part, in, reterr)
						 : put(l, part, in->data, in->len, reterr);

	/* The fold has been told already that no more is needed. */
	return r == FL_FOLD_STOP ? 0 : r;
}
