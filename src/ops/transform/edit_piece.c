/* SPDX-License-Identifier: MIT */
#include "ops/transform/edit_piece.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/size.h"

/* Then pieces of twice the length are tried: in vain at most once in so many. */
#define FITTING_PIECES 64
/* No view is longer, unless one record is. */
#define LONGEST_BYTES FL_MIB(8)

/* The records of @rest that end within @p->bytes, but at least one. */
static size_t piece_len(const struct fl_edit_pieces *p, const struct fl_view *rest)
{
	const unsigned char *hit;

	if (p->bytes == 0 || p->bytes >= rest->len)
		return rest->len;
	hit = memrchr(rest->data, p->delimiter, p->bytes);
	if (!hit)
		hit = memchr(rest->data + p->bytes, p->delimiter, rest->len - p->bytes);
	return hit ? (size_t)(hit - rest->data) + 1 : rest->len;
}

static bool is_one_record(const struct fl_edit_pieces *p, const struct fl_view *piece)
{
	return memchr(piece->data, p->delimiter, piece->len - 1) == NULL;
}

static void it_fitted(struct fl_edit_pieces *p)
{
	if (p->bytes == 0 || ++p->fitting < FITTING_PIECES)
		return;
	p->fitting = 0;
	p->bytes = p->bytes < LONGEST_BYTES ? 2 * p->bytes : 0;
}

static int edit_piece(struct fl_edit_pieces *p, void *arg, const struct fl_view *piece,
		      struct fl_error *reterr)
{
	int r = p->edit(arg, piece, fl_min_size(FL_EDIT_PIECE_LIMIT, p->limit_bytes), reterr);

	if (r == 0)
		it_fitted(p);
	if (r != FL_EDIT_FULL)
		return r;
	if (is_one_record(p, piece))
		return p->edit(arg, piece, p->limit_bytes, reterr);
	p->bytes = fl_max_size(piece->len / 2, 1);
	p->fitting = 0;
	return r;
}

int fl_edit_in_pieces(struct fl_edit_pieces *p, void *arg, const struct fl_view *in,
		      struct fl_error *reterr)
{
	struct fl_view piece = *in;
	uint64_t end = in->off + in->len;
	int r = 0;

	piece.ahead = 0;
	while (r == 0 && piece.off < end) {
		size_t done = (size_t)(piece.off - in->off);

		piece.data = in->data + done;
		piece.len = in->len - done;
		piece.len = piece_len(p, &piece);
		r = edit_piece(p, arg, &piece, reterr);
		if (r == FL_EDIT_FULL)
			r = 0;
		else
			piece.off += piece.len;
	}
	return r;
}
