/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/size.h"
#include "ops/lines/lines_impl.h"

/* 2^64, the number of values that a line's draw may have. */
#define DRAWS 18446744073709551616.0

static int lines_start(void *op, const struct fl_run *run, struct fl_error *reterr FL_UNUSED)
{
	struct fl_lines *l = op;

	l->delimiter = run->delimiter;
	l->begin = run->off;
	l->line = 0;
	l->last.begin = l->last.len = 0;
	l->last.ends = 0;
	return 0;
}

/* Offset in the bytes at which line number @line begins; @len if it does not. */
static size_t line_at(const struct fl_lines *l, const unsigned char *data, size_t len,
		      uint64_t line)
{
	const unsigned char *at = data, *end = data + len, *hit;
	uint64_t now = l->line;

	while (now < line && at < end) {
		hit = memchr(at, l->delimiter, (size_t)(end - at));
		if (!hit)
			return len;
		at = hit + 1;
		now++;
	}
	return (size_t)(at - data);
}

static int fold_slice(struct fl_lines *l, const unsigned char *data,
		      const struct fl_lines_piece *piece)
{
	uint64_t last = l->line + piece->ends; /* the line that is open behind the piece */
	size_t from = 0, to = piece->len;
	int r = 0;

	if (last < l->opt.from)
		from = to;
	else if (l->line < l->opt.from)
		from = line_at(l, data, piece->len, l->opt.from);
	if (last >= l->opt.to)
		to = line_at(l, data, piece->len, l->opt.to);
	if (to > from)
		r = l->opt.write(l->opt.arg, data + from, to - from);
	l->line = last;
	if (r == 0 && last >= l->opt.to)
		r = FL_FOLD_STOP;
	return r;
}

static bool is_nth(const struct fl_lines *l, uint64_t line)
{
	return line >= l->opt.from && (line - l->opt.from) % l->opt.every == 0;
}

static int fold_every(struct fl_lines *l, const unsigned char *data,
		      const struct fl_lines_piece *piece)
{
	size_t at = 0, len;
	const unsigned char *end;
	int r = 0;

	while (r == 0 && at < piece->len) {
		end = memchr(data + at, l->delimiter, piece->len - at);
		len = end ? (size_t)(end - data) + 1 - at : piece->len - at;
		if (is_nth(l, l->line))
			r = l->opt.write(l->opt.arg, data + at, len);
		l->line += end != NULL;
		at += len;
	}
	return r;
}

static int fold_piece(struct fl_lines *l, const unsigned char *data,
		      const struct fl_lines_piece *piece, struct fl_error *reterr)
{
	switch (l->opt.mode) {
	case FL_LINES_SLICE:
		return fold_slice(l, data, piece);
	case FL_LINES_EVERY:
		return fold_every(l, data, piece);
	case FL_LINES_LAST:
		return fl_lines_last_add(l, data, piece, reterr);
	default:
		return l->opt.write(l->opt.arg, data, piece->len);
	}
}

/* The first error in the order of bytes; FL_FOLD_STOP when no more is needed. */
static int lines_fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	struct fl_lines *l = op;
	struct fl_lines_piece piece;
	size_t at = 0;
	int r = 0;

	while (r == 0 && at < part->len) {
		memcpy(&piece, part->data + at, sizeof(piece));
		at += sizeof(piece);
		r = fold_piece(l, part->data + at, &piece, reterr);
		at += piece.len;
	}
	return r < 0 && (!reterr || reterr->code != r) ? fl_error_set(reterr, r, FL_OFF_NONE, NULL)
						       : r;
}

/* Bytes are told apart by where they stand: they are clipped before they are copied. */
static int bytes_map(const void *op, void *scratch, const struct fl_view *in, struct fl_part *part,
		     struct fl_error *reterr)
{
	const struct fl_lines *l = op;
	uint64_t from = fl_max_u64(in->off, fl_add_sat(l->begin, l->opt.from));
	uint64_t to = fl_min_u64(in->off + in->len, fl_add_sat(l->begin, l->opt.to));
	struct fl_view some = *in;

	if (from >= to)
		return 0;
	some.data += from - in->off;
	some.off = from;
	some.len = (size_t)(to - from);
	return fl_lines_map(op, scratch, &some, part, reterr);
}

static int bytes_fold(void *op, const struct fl_part *part, struct fl_error *reterr)
{
	struct fl_lines *l = op;
	int r = lines_fold(op, part, reterr);

	return r == 0 && part->end >= fl_add_sat(l->begin, l->opt.to) ? FL_FOLD_STOP : r;
}

static int lines_finish(void *op, struct fl_error *reterr)
{
	struct fl_lines *l = op;
	int r = l->opt.mode == FL_LINES_LAST ? fl_lines_last_finish(l) : 0;

	if (r >= 0 && l->opt.done)
		r = l->opt.done(l->opt.arg);
	return r < 0 ? fl_error_set(reterr, r, FL_OFF_NONE, NULL) : 0;
}

static const struct fl_operator lines_operator = {.size = sizeof(lines_operator),
						  .name = "lines",
						  .cut = FL_CUT_RECORD,
						  .start = lines_start,
						  .map = fl_lines_map,
						  .fold = lines_fold,
						  .finish = lines_finish};

static const struct fl_operator bytes_operator = {.size = sizeof(bytes_operator),
						  .name = "bytes",
						  .cut = FL_CUT_UNIT,
						  .unit_bytes = 1,
						  .start = lines_start,
						  .map = bytes_map,
						  .fold = bytes_fold,
						  .finish = lines_finish};

static bool is_bytes(enum fl_lines_mode mode)
{
	return mode == FL_LINES_ALL || mode == FL_LINES_BYTES;
}

static int check(const struct fl_lines_options *opt, struct fl_error *reterr)
{
	if (opt->size != sizeof(*opt) || (unsigned)opt->mode > FL_LINES_FRACTION || !opt->write)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, "option value out of range");
	if (opt->mode == FL_LINES_EVERY && opt->every == 0)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, "every 0th line is none");
	if (opt->mode == FL_LINES_FRACTION && !(opt->fraction >= 0 && opt->fraction <= 1))
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE, "the fraction is not in 0 .. 1");
	if ((opt->mode == FL_LINES_SLICE || opt->mode == FL_LINES_BYTES) && opt->from > opt->to)
		return fl_error_set(reterr, -EINVAL, FL_OFF_NONE,
				    "the end is before the beginning");
	return 0;
}

int fl_lines_new(const struct fl_lines_options *opt, struct fl_lines **ret, struct fl_error *reterr)
{
	struct fl_lines *l;
	int r = check(opt, reterr);

	if (r < 0)
		return r;
	l = calloc(1, sizeof(*l));
	if (!l)
		return fl_error_set(reterr, -ENOMEM, FL_OFF_NONE, NULL);
	l->opt = *opt;
	l->ops = is_bytes(opt->mode) ? bytes_operator : lines_operator;
	if (opt->mode == FL_LINES_ALL) {
		l->opt.from = 0;
		l->opt.to = UINT64_MAX;
	}
	/* A fraction of 1 is all of them, and 2^64 is no uint64_t. */
	l->threshold = opt->fraction >= 1 ? UINT64_MAX : (uint64_t)(opt->fraction * DRAWS);
	*ret = l;
	return 0;
}

const struct fl_operator *fl_lines_operator(const struct fl_lines *lines)
{
	return &lines->ops;
}

void fl_lines_free(struct fl_lines *lines)
{
	if (!lines)
		return;
	free(lines->last.data);
	free(lines);
}
